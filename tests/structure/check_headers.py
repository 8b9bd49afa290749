"""check_headers.py BUILD: each public header compiles alone, as C17 and as C++17, with warnings as errors."""
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

from source_tree import ROOT, finish, skip

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wundef", "-Werror"]


def compilers():
    found = []
    for variable, default, language, standard in (("CC", "cc", "c", "c17"), ("CXX", "c++", "c++", "c++17")):
        command = shlex.split(os.environ.get(variable, default))
        if shutil.which(command[0]):
            found.append((command + ["-x", language, "-std=" + standard], standard))
        else:
            print("no compiler for {}: not checked".format(standard))
    return found


def main(build):
    built = pathlib.Path(build) / "include"
    headers = {path.name for folder in (ROOT / "include", built) for path in (folder / "microdup").glob("*.h")}
    to_use = compilers()
    if not to_use:
        skip("no compiler")
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "alone"
        for header in sorted(headers):
            # Twice: the guard is part of the header.
            source.write_text("#include <microdup/{0}>\n#include <microdup/{0}>\n".format(header))
            for command, standard in to_use:
                run = subprocess.run(command + WARNINGS + ["-I", str(ROOT / "include"), "-I", str(built),
                                                           "-fsyntax-only", str(source)],
                                     stderr=subprocess.PIPE, universal_newlines=True)
                if run.returncode:
                    problems.append("{} as {}:\n{}".format(header, standard, run.stderr))
    if "version.h" not in headers:
        problems.append("version.h is not in {}".format(built))
    return finish(problems, len(headers), "headers")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
