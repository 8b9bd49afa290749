"""Adds up the JUnit files of the build folders given and prints "N passed, N failed, N skipped" as the last line."""
import json
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def count(path):
    passed = failed = skipped = 0
    for case in ElementTree.parse(path).iter("testcase"):
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            failed += 1
            print("FAILED:", path.parts[0], case.get("classname", ""), case.get("name"))
        elif "skipped" in kinds:
            skipped += 1
            print("skipped:", path.parts[0], case.get("classname", ""), case.get("name"))
        else:
            passed += 1
    return passed, failed, skipped


def count_broken_off(path):
    """Programs that died between two tests: the JUnit file knows only the tests before."""
    broken = [test for test in map(json.loads, path.read_text().splitlines()) if test["result"] in ("ERROR", "TIMEOUT", "INTERRUPT")]
    for test in broken:
        print("FAILED:", path.parts[0], test["name"], "ended early")
    return len(broken)


def main(folders):
    totals = [0, 0, 0]
    for folder in map(pathlib.Path, folders):
        for path in sorted(folder.glob("meson-logs/testlog.junit.xml")) + sorted(folder.glob("testlog.junit.xml")):
            totals = [a + b for a, b in zip(totals, count(path))]
        totals[1] += sum(map(count_broken_off, folder.glob("meson-logs/testlog.json")))
    print("{} passed, {} failed, {} skipped".format(*totals))
    return 1 if totals[1] or not totals[0] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
