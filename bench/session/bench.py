"""The benchmark of the session file.  run is its entry; doc/session.md has its results."""

import argparse
import json
import pathlib
import resource
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
STAR = "corrected_micrographs.star"


def arguments():
    parser = argparse.ArgumentParser(prog="bench/session/run", description=__doc__.splitlines()[0])
    parser.add_argument("--screened", type=int, default=300, help="micrographs that are screened with and without a session (300)")
    parser.add_argument("--size", default="1440x1023", help="of these, px (1440x1023)")
    parser.add_argument("--repeats", type=int, default=3, help="screens of each kind, in turn; the fastest counts (3)")
    parser.add_argument("--many", type=int, default=5000, help="micrographs of the session that is decided again (5000)")
    parser.add_argument("--scanrange", type=int, default=3, help="of that session, whose search is not the question (3)")
    parser.add_argument("--scratch", type=pathlib.Path, help="folder for the sessions, which go when it ends")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build" / "bench" / "session.json")
    return parser.parse_args()


def run(*words, cwd):
    """Seconds that passed, and seconds of the processors."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run([str(ROOT / "build" / "microdup"), *map(str, words)], cwd=cwd, capture_output=True, text=True, check=False)
    passed, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise SystemExit(f"microdup {' '.join(map(str, words))}: {done.stderr}")
    return passed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def simulate(folder, n, size, pixel_A, *more):
    run("simulate", "--o", folder, "--micrographs", n, "--size", size, "--pixel", pixel_A, *more, cwd=folder.parent)


def cost(folder, repeats):
    """What a screen takes with a session and without, the micrographs being in memory for both."""
    kinds = {"with": (), "without": ("--no-session",)}
    times = {kind: [] for kind in kinds}
    run("screen", STAR, "--scanrange", 1, "--no-session", "--o", "warm", cwd=folder)
    for i in range(repeats):
        for kind, more in kinds.items():
            times[kind].append(run("screen", STAR, "--o", f"{kind}_{i}", *more, cwd=folder))
    best = {kind: {"wall_s": min(t[0] for t in times[kind]), "cpu_s": min(t[1] for t in times[kind])} for kind in kinds}
    again = run("screen", STAR, "--o", "with_0", cwd=folder)
    share = {key: best["with"][key] / best["without"][key] - 1 for key in ("wall_s", "cpu_s")}
    return {**best, "more": share, "again_wall_s": again[0]}


def speed(folder, scanrange):
    """How large a session is, and how long the commands take that work from it."""
    run("screen", STAR, "--scanrange", scanrange, "--o", "out", cwd=folder)
    session = folder / "out" / "session.mdup"
    rows = (folder / "out" / "pairs.csv").read_text().splitlines()[1:]
    names = [line.split(",")[0] for line in (folder / "out" / "micrographs.csv").read_text().splitlines()[1:3]]
    commands = {
        "decide": ("decide", session, "--min-overlap", 0.15, "--evalue", 0.001, "--o", "decided"),
        "report": ("report", session, "--o", "reported"),
        "show": ("show", *names, "--session", session),
        "apply": ("apply", session, STAR, "--o", "applied"),
        "info": ("info", session),
    }
    best = {name: [min(seconds) for seconds in zip(*(run(*words, cwd=folder) for _ in range(3)))] for name, words in commands.items()}
    return {
        "bytes": session.stat().st_size,
        "pairs": len(rows),
        "wall_s": {name: wall for name, (wall, _) in best.items()},
        "cpu_s": {name: cpu for name, (_, cpu) in best.items()},
    }


def print_cost(options, c):
    print(f"a screen of {options.screened} micrographs of {options.size} px: {c['without']['wall_s']:.1f} s, with a session "
          f"{c['with']['wall_s']:.1f} s ({100 * c['more']['wall_s']:+.1f} %; processors {100 * c['more']['cpu_s']:+.1f} %); "
          f"once more {c['again_wall_s']:.1f} s", flush=True)


def print_speed(options, s):
    print(f"a session of {options.many} micrographs with {s['pairs']} pairs: {s['bytes'] / 1e9:.2f} GB; from it, s: "
          + ", ".join(f"{name} {s['wall_s'][name]:.2f} (processor {s['cpu_s'][name]:.2f})" for name in s["wall_s"]), flush=True)


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        few, many = pathlib.Path(scratch) / "few", pathlib.Path(scratch) / "many"
        result = {"screened": options.screened, "size": options.size, "many": options.many}
        simulate(few, options.screened, options.size, 3.32)
        result["cost"] = cost(few, options.repeats)
        print_cost(options, result["cost"])
        # Frames are as large as those of larger micrographs, and these are read faster.  Neighbours overlap, so that there are pairs to decide on.
        simulate(many, options.many, "360x256", 13.3, "--shots", 4, "--shot-overlap", 0.2)
        result["session"] = speed(many, options.scanrange)
        print_speed(options, result["session"])
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
