"""check_exports.py LIBRARY: what the shared library exports is what the public headers declare MDUP_PUBLIC, no more and no less."""
import pathlib
import re
import shutil
import subprocess
import sys

from source_tree import c_files, finish, skip, without_comments

PUBLIC = re.compile(r"\bMDUP_PUBLIC\b[^;{]*?\b([A-Za-z_]\w*)\s*\(")
# What compilers and sanitizers put into every library.
NOT_OURS = re.compile(r"^(_init|_fini|_edata|_end|__bss_start|__(asan|ubsan|tsan|odr_asan|sancov|start|stop)\w*)")


def declared():
    names = set()
    for path in c_files("include", suffixes=(".h", ".in")):
        text = re.sub(r"^\s*#.*(?:\\\n.*)*", "", without_comments(path.read_text()), flags=re.MULTILINE)
        names.update(PUBLIC.findall(text))
    return names


def exported(library):
    lines = subprocess.run(["nm", "-D", "--defined-only", library], check=True, stdout=subprocess.PIPE,
                           universal_newlines=True).stdout.splitlines()
    return {line.split()[-1].split("@")[0] for line in lines if line.split()}


def main(library):
    if not shutil.which("nm"):
        skip("nm is not installed")
    if not pathlib.Path(library).exists():
        skip("no shared library of that name on this system or in this build: " + library)
    want, have = declared(), {symbol for symbol in exported(library) if not NOT_OURS.match(symbol)}
    problems = ["{}: exported without the prefix mdup_".format(s) for s in sorted(have) if not s.startswith("mdup_")]
    problems += ["{}: exported, but no header in include/microdup declares it MDUP_PUBLIC".format(s)
                 for s in sorted(have - want)]
    problems += ["{}: declared MDUP_PUBLIC, but not exported".format(s) for s in sorted(want - have)]
    return finish(problems, min(len(want), len(have)), "symbols")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
