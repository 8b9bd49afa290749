"""What does a screen cost?  Ratios side by side in one run, medians of alternating rounds."""

import argparse
import json
import pathlib

import beside
import machine
import measure
import report
import sessions

SMALL = (250, 500, 1000)
LARGE = (250, 500, 1000, 2000, 5000)


def parse_arguments():
    p = argparse.ArgumentParser(prog="bench/speed/run", description="What does a screen cost?")
    p.add_argument("--full", action="store_true", help="48 files, 7 rounds, up to 5000 micrographs (an hour, 12 GB); default: minutes")
    p.add_argument("--only", choices=("reading", "search", "growth"), action="append", help="one part; may be repeated")
    p.add_argument("--rounds", type=int, help="alternating runs of each thing timed (3; --full 7)")
    p.add_argument("--files", type=int, help="K3 files that are read (8; --full 48)")
    p.add_argument("--data", type=pathlib.Path, default=pathlib.Path("build/bench/speed-data"),
                   help="folder of the simulated sessions, which are made when they are missing (build/bench/speed-data)")
    p.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/bench/speed.json"),
                   help="results; the tables go beside it, as .md (build/bench/speed.json)")
    return p.parse_args()


def main():
    a = parse_arguments()
    rounds = a.rounds or (7 if a.full else 3)
    parts = a.only or ("reading", "search", "growth")
    results = {"machine": machine.describe(), "full": a.full, "rounds": rounds}
    a.out.parent.mkdir(parents=True, exist_ok=True)
    if "reading" in parts:
        results["reading"] = measure.reading(sessions.frames(a.data, a.files or (48 if a.full else 8)), rounds)
    sizes = LARGE if a.full else SMALL
    binned = sessions.binned(a.data, max(sizes)) if set(parts) - {"reading"} else None
    if "search" in parts:
        results["search"] = measure.search(binned, sizes, rounds)
        results["beside"] = beside.measure(binned[:2])
    if "growth" in parts:
        results["growth"] = measure.growth(binned, sizes)
    a.out.write_text(json.dumps(results, indent=1) + "\n")
    text = report.tables(results)
    a.out.with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
