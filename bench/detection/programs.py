"""The programs of build/ and what they write, by row of the session's STAR file."""

import csv
import dataclasses
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build"
NAMES = ("microdup", "microduplicate_screener")  # linked with the library as an archive: nothing else to copy
STAR = "corrected_micrographs.star"
EVERYTHING = "1e9"  # E-value that lets every pair through


class Failed(Exception):
    """A program ended with another status than 0."""


class Programs:
    """Where the programs are: a copy, so that a build in the meantime neither stops the benchmark nor mixes two versions."""

    folder = BUILD

    @classmethod
    def copy_to(cls, folder):
        folder.mkdir()
        for name in NAMES:
            if not (BUILD / name).exists():
                raise SystemExit(f"{BUILD / name} is missing: run script/build first")
            shutil.copy(BUILD / name, folder)
        cls.folder = folder


def run(name, *arguments):
    command = [str(Programs.folder / name), *(str(a) for a in arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}: status {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout


def version():
    return run("microdup", "--version").strip().splitlines()[0]


@dataclasses.dataclass
class Pair:
    """A point at (x, y) in the later micrograph is at (x + dx, y + dy) in the earlier one, px."""

    dx: float
    dy: float
    overlap: float
    evalue: float = float("nan")


def star_names(folder):
    """Names in the order of the rows; the benchmark's names hold no blanks and end in .mrc."""
    text = (folder / STAR).read_text()
    return [line.split()[0] for line in text.splitlines() if line.split() and line.split()[0].endswith(".mrc")]


def read_pairs(path, names, bin_factor=1):
    """{(i, j): Pair}, i < j rows of the session, shifts in px binned by bin_factor; the shift is turned where the table has the later row
    first."""
    row = {name: i for i, name in enumerate(names)}
    pairs = {}
    with open(path, newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            i, j = row[line["micrograph_a"]], row[line["micrograph_b"]]
            dx, dy = float(line["shift_x_px"]) / bin_factor, float(line["shift_y_px"]) / bin_factor
            sign = 1 if i < j else -1
            key = (min(i, j), max(i, j))
            pairs[key] = Pair(sign * dx, sign * dy, float(line["overlap"]), float(line.get("evalue", "nan")))
    return pairs


def simulate(folder, condition, micrographs, duplicates, overlaps, seed):
    run("microdup", "simulate", "--o", folder, *condition.arguments(), "--micrographs", micrographs, "--duplicates",
        duplicates, "--overlaps", overlaps, "--seed", seed, "--j", 1)


def can_simulate(folder, condition):
    """Whether this build knows the specimen and the artefact."""
    try:
        simulate(folder, condition, 2, 0, 0, 1)
    except Failed:
        return False
    return True


def screen(folder, threads, bin_factor=1):
    """What `microdup screen` says of every pair it lists, shifts in binned px, and how many micrographs it did not judge: all, where it
    gives up."""
    out = folder / "screened"
    names = star_names(folder)
    try:
        run("microdup", "screen", folder / STAR, "--o", out, "--bin", bin_factor, "--evalue", EVERYTHING, "--j", threads)
    except Failed as failed:
        print(f"\n{failed}", file=sys.stderr)
        return {}, len(names)
    with open(out / "micrographs.csv", newline="", encoding="utf-8") as file:
        not_judged = sum(line["status"] != "ok" for line in csv.DictReader(file))
    return read_pairs(out / "pairs.csv", names, bin_factor), not_judged


def original_ccc(folder, n, bin_factor=1):
    """{(i, j): CCC} of the original's comparison, all pairs: row i of its matrix holds the offsets 1, 2, ..."""
    out = folder / "original"
    out.mkdir()
    run("microduplicate_screener", "--i", folder / STAR, "--csvout", out / "pairs.csv", "--bin", bin_factor, "--imagespermove", 1,
        "--imagesperhole", 1, "--scanrange", n, "--order", "star", "--j", 1)
    with open(out / "ccc.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    return {(i, i + 1 + k): float(row[k]) for i, row in enumerate(rows) for k in range(n - 1 - i)}
