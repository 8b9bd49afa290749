"""All C is as clang-format leaves it, where a clang-format that knows the settings (14 or later) is installed."""
import re
import shutil
import subprocess
import sys

from source_tree import ROOT, c_files, finish, skip

OLDEST = 14


def main():
    if not shutil.which("clang-format"):
        skip("clang-format is not installed")
    version = subprocess.run(["clang-format", "--version"], stdout=subprocess.PIPE, universal_newlines=True).stdout
    found = re.search(r"version (\d+)", version)
    if not found or int(found.group(1)) < OLDEST:
        skip("clang-format is older than {}: {}".format(OLDEST, version.strip()))
    files = c_files("src", "include", "tools", "tests", "fuzz", "examples", "bench")
    run = subprocess.run(["clang-format", "--dry-run", "-Werror"] + [str(path) for path in files], cwd=str(ROOT),
                         stderr=subprocess.PIPE, universal_newlines=True)
    places = [line.replace(str(ROOT) + "/", "") for line in run.stderr.splitlines() if ": error: " in line]
    problems = places or [run.stderr] if run.returncode else []
    return finish(problems, len(files), "files")


if __name__ == "__main__":
    sys.exit(main())
