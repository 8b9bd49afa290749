"""Functions that are not used here, paths of a machine, blanks at the end of lines."""
import re
import sys

from source_tree import ROOT, c_files, finish, name, without_comments

UNSAFE = "atoi atol atoll atof sprintf vsprintf strcpy stpcpy strcat gets sscanf strtok strtok_r".split()
NUMBERS = "strtol strtoll strtoul strtoull strtod strtof strtold".split()  # base/number.c only
PRINTS = "printf vprintf puts putchar perror exit _exit abort quick_exit".split()  # a library does neither
MACHINE_PATH = re.compile(r"(?<![\w.])/(home|root|work|Users|mnt|scratch)/\w")


def banned_in(path):
    words = list(UNSAFE)
    if name(path) != "src/base/number.c":
        words += NUMBERS
    if name(path).startswith("src/"):
        words += PRINTS
    return words


def problems_of(path):
    text = path.read_text()
    code = without_comments(text)
    calls = re.compile(r"(?<![\w.])(?<!->)({})\s*\(".format("|".join(banned_in(path))))
    for match in calls.finditer(code):
        yield "{}:{}: {} is not used here".format(name(path), code.count("\n", 0, match.start()) + 1, match.group(1))
    if name(path).startswith("src/"):
        for match in re.finditer(r"\b(stdout|stderr)\b", code):
            yield "{}:{}: the library does not write to {}".format(name(path), code.count("\n", 0, match.start()) + 1,
                                                                    match.group(1))


def line_problems(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        where = "{}:{}: ".format(name(path), number)
        if line != line.rstrip():
            yield where + "blanks at the end"
        if MACHINE_PATH.search(line):
            yield where + "a path of one machine"
        if "\t" in line:
            yield where + "a tab"


def main():
    code = c_files("src", "include", "tools")
    # The tests hold inputs with tabs, blanks and the paths of foreign machines in them.
    texts = c_files("src", "include", "tools", "examples", "fuzz", "bench", "tests/structure",
                    suffixes=(".c", ".h", ".in", ".py", ".sh", ".build"))
    problems = [p for path in code for p in problems_of(path)]
    problems += [p for path in texts for p in line_problems(path)]
    return finish(problems, min(len(code), len(texts)), "files")


if __name__ == "__main__":
    sys.exit(main())
