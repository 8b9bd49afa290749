"""What the structure tests share: where the sources are, and C without its comments and literals."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77  # an exit status Meson shows as a skip

_NO_CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def c_files(*folders, suffixes=(".c", ".h")):
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in suffixes)


def name(path):
    return str(path.relative_to(ROOT))


def without_comments(text, literals_too=True):
    """The text with comments (and literals) blanked; every line keeps its number."""
    def blank(match):
        found = match.group()
        if not literals_too and found[0] in "\"'":
            return found
        return re.sub(r"[^\n]", " ", found) if found[0] == "/" else found[0] + " " * (len(found) - 2) + found[-1]
    return _NO_CODE.sub(blank, text)


def finish(problems, checked, what):
    for problem in problems:
        print(problem)
    print("{} {} checked, {} problems".format(checked, what, len(problems)))
    if not checked:
        print("nothing was checked: the sources are not where they were")
    return 1 if problems or not checked else 0


def skip(reason):
    print("skipped:", reason)
    sys.exit(SKIPPED)
