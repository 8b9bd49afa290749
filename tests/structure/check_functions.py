"""No function is longer than 80 lines, and nine of ten have at most 40: from the line of its name to its closing brace."""
import json
import re
import shutil
import subprocess
import sys

from source_tree import c_files, finish, name, without_comments

LONGEST, USUAL, USUAL_SHARE = 80, 40, 0.9


def by_ctags(files):
    run = subprocess.run(["ctags", "--output-format=json", "--kinds-C=f", "--language-force=C", "--fields=+ne", "-o", "-"] +
                         [str(path) for path in files], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         universal_newlines=True)
    for line in run.stdout.splitlines():
        tag = json.loads(line)
        if "end" in tag:
            yield tag["path"], tag["line"], tag["name"], tag["end"] - tag["line"] + 1


def by_braces(files):
    """Functions begin with '{' and end with '}' in the first column, as clang-format has it."""
    for path in files:
        start = title = None
        for number, line in enumerate(without_comments(path.read_text()).splitlines(), 1):
            heading = re.match(r"(?!typedef|enum|struct|union|#)[A-Za-z_].*?\b(\w+)\(", line)
            if heading:
                start, title = number, heading.group(1)
            elif line.startswith("}") and start:
                if not line.startswith("};"):
                    yield str(path), start, title, number - start + 1
                start = None
            elif line.rstrip().endswith(";") and not line.startswith(" "):
                start = None


def has_ctags():
    if not shutil.which("ctags"):
        return False
    run = subprocess.run(["ctags", "--list-features"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True)
    return "json" in run.stdout


def main():
    files = c_files("src", "tools", suffixes=(".c",))
    functions = list(by_ctags(files) if has_ctags() else by_braces(files))
    paths = {str(path): name(path) for path in files}
    problems = ["{}:{}: {} has {} lines, more than {}".format(paths[path], line, title, length, LONGEST)
                for path, line, title, length in functions if length > LONGEST]
    usual = sum(length <= USUAL for _, _, _, length in functions)
    print("{} of {} functions have at most {} lines".format(usual, len(functions), USUAL))
    if usual < USUAL_SHARE * len(functions):
        problems.append("fewer than {:.0f} % of the functions have at most {} lines".format(100 * USUAL_SHARE, USUAL))
    if len(functions) < len(files):
        problems.append("only {} functions were found in {} files".format(len(functions), len(files)))
    return finish(problems, len(functions), "functions")


if __name__ == "__main__":
    sys.exit(main())
