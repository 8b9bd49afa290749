"""The detection benchmark.  run is its entry; report.py says what the columns mean."""

import argparse
import collections
import dataclasses
import json
import multiprocessing
import pathlib
import shutil
import signal
import sys
import tempfile
import time

import cu428
import programs
import report
import sessions
import settings
import tally

PARTS = ("frames", "crops", "calibration", "detection")


def arguments():
    parser = argparse.ArgumentParser(prog="bench/detection/run", description="How much is found, and are the E-values honest?")
    parser.add_argument("--full", action="store_true", help="the long one (hours); default: a few minutes")
    parser.add_argument("--only", choices=PARTS, action="append", help="one part; may be repeated")
    parser.add_argument("--condition", action="append", help="one kind of simulated session; may be repeated",
                        choices=[c.name for c in settings.CONDITIONS])
    parser.add_argument("--jobs", type=int, default=2, help="sessions at a time (2); with 1, a screen has 2 threads")
    parser.add_argument("--out", type=pathlib.Path, default=programs.ROOT / "build" / "bench" / "detection.json",
                        help="results; the tables go beside it, as .md (build/bench/detection.json)")
    parser.add_argument("--commit-results", action="store_true", help="write doc/detection.md and doc/detection.json too")
    for field in dataclasses.fields(settings.Amount):
        if field.name != "seed":
            parser.add_argument("--" + field.name.replace("_", "-"), type=int, metavar="N", help=argparse.SUPPRESS)
    return parser.parse_args()


def choose_amount(args):
    amount = dataclasses.replace(settings.FULL if args.full else settings.QUICK)
    for field in dataclasses.fields(amount):
        value = getattr(args, field.name, None)
        if value is not None:
            setattr(amount, field.name, value)
    return amount


class Pool:
    """Worker processes; results in the order of the tasks, whatever finishes first."""

    def __init__(self, jobs, shared):
        self.pool = multiprocessing.Pool(jobs, sessions.start_worker, (shared,))

    def map(self, name, function, tasks):
        began, results = time.monotonic(), []
        for result in self.pool.imap(function, tasks):
            results.append(result)
            print(f"\r{name:<12} {len(results)}/{len(tasks)}, {time.monotonic() - began:.0f} s", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        return results

    def close(self):
        self.pool.terminate()
        self.pool.join()


def grouped(tasks, results):
    """By the condition the task begins with."""
    by_name = collections.defaultdict(list)
    for task, result in zip(tasks, results):
        by_name[task[0].name].append(result)
    return by_name


# ---- the parts ----


def run_frames(pool):
    factors = (1, 2)
    results = pool.map("frames", sessions.run_frames, factors)
    return {f"--bin {factor}": result for factor, result in zip(factors, results)}


def run_crops(pool, amount, rho):
    tasks = [(overlap, index, rho, amount.phase_pairs if index < amount.others else 0) for overlap in settings.CROP_OVERLAPS for index in range(amount.trials)]
    results = pool.map("crops", sessions.run_crops, tasks)
    return {"detection": tally.detection(results, tally.crop_groups()), "calibration": tally.calibration(results),
            "false_places": tally.false_places(results)}


def run_calibration(pool, amount, conditions):
    tasks = [(conditions[k % len(conditions)], k // len(conditions), amount.calibrate_size) for k in range(amount.calibrate_sessions)]
    results = pool.map("calibration", sessions.run_calibrate, tasks)
    table = {"all": tally.calibration(results)}
    return table | {name: tally.calibration(group) for name, group in grouped(tasks, results).items()}


def run_large(pool, amount, conditions):
    """{name: result}"""
    tasks = [(condition, 10**6, amount.large_size, rho, 0) for condition, rho in conditions
             if amount.large_size > 0 and condition.particles == 0 and condition.name.startswith("particles")]
    return {task[0].name: result for task, result in zip(tasks, pool.map("large", sessions.run_detect, tasks))}


def run_detection(pool, amount, conditions):
    frc = pool.map("frc", sessions.run_frc, conditions)
    tasks = [(condition, index, amount.detect_size, rho, amount.phase_pairs if index < amount.others else 0)
             for condition, rho in zip(conditions, frc) for index in range(amount.detect_sessions)]
    results = pool.map("detection", sessions.run_detect, tasks)
    large = run_large(pool, amount, zip(conditions, frc))
    groups = tally.overlap_groups()
    clean = [r for t, r in zip(tasks, results) if t[0].specimen == "particles" and not t[0].artefact]
    table = {"particles of all masses": tally.detection(clean, groups)} if clean else {}
    table |= {name: tally.detection(group, groups) for name, group in grouped(tasks, results).items()}
    table |= {f"{name}, a session of {amount.large_size}": tally.detection([result], groups) for name, result in large.items()}
    for condition, rho in zip(conditions, frc):
        table[condition.name]["frc"] = [round(float(r), 4) for r in rho]
    return table


def usable_conditions(pool, args, skipped):
    """Those asked for that this build can simulate."""
    wanted = [c for c in settings.CONDITIONS if not args.condition or c.name in args.condition]
    usable = pool.map("probe", sessions.run_probe, wanted)
    skipped += [f"{c.name}: this build cannot simulate it" for c, known in zip(wanted, usable) if not known]
    return [c for c, known in zip(wanted, usable) if known]


def run_real(pool, amount, parts, real, results):
    if real is None:
        results["skipped"].append("frames and crops of CU428: $MDUP_SHARED/data/cu428 is not there")
        return
    results["cu428_shifts_px"] = {f"{a}-{b}": shift for (a, b), shift in real["shifts"].items()}
    results["cu428_field_rms_px"] = {f"{a}-{b}": round(field.rms_px, 3) for (a, b), field in real["fields"].items()}
    if "frames" in parts:
        results["frames"] = run_frames(pool)
    if "crops" in parts and amount.trials > 0:
        results["crops"] = run_crops(pool, amount, real["rho"])


def run_parts(pool, args, amount, parts, real):
    results = {"settings": describe(args, amount), "skipped": []}
    if {"frames", "crops"} & set(parts):
        run_real(pool, amount, parts, real, results)
    if {"calibration", "detection"} & set(parts):
        conditions = usable_conditions(pool, args, results["skipped"])
        results["settings"]["first_seeds"] = {c.name: {use: c.seed(use, 0) for use in ("frc", "detect", "calibrate")} for c in conditions}
        if "calibration" in parts and conditions and amount.calibrate_sessions > 0:
            results["calibration"] = run_calibration(pool, amount, conditions)
        if "detection" in parts and conditions and amount.detect_sessions > 0:
            results["detection"] = run_detection(pool, amount, conditions)
    return results


# ---- the frame around them ----


def describe(args, amount):
    return {"name": "full" if args.full else "quick", "program": programs.version(), **dataclasses.asdict(amount)}


def load_real(parts):
    """The micrographs of CU428 and what was measured of them; None when they are not there or not needed."""
    if not {"frames", "crops"} & set(parts) or cu428.folder() is None:
        return None
    images = cu428.load()
    rho, shifts, fields = cu428.measure(images)
    return {"images": images, "rho": rho, "shifts": shifts, "fields": fields}


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def publish(args, results):
    text, data = report.markdown(results), json.dumps(results, indent=1) + "\n"
    print(text)
    write(args.out, data)
    write(args.out.with_suffix(".md"), text)
    if args.commit_results:
        write(programs.ROOT / "doc" / "detection.json", data)
        write(programs.ROOT / "doc" / "detection.md", text)


def stop(*_):
    raise SystemExit(130)  # so that the folder is removed


def main():
    args = arguments()
    amount, parts = choose_amount(args), args.only or PARTS
    signal.signal(signal.SIGTERM, stop)
    temp = pathlib.Path(tempfile.mkdtemp(prefix="microdup-detection-"))
    pool = None
    try:
        programs.Programs.copy_to(temp / "programs")
        real = load_real(parts)
        shared = {"temp": temp, "programs": temp / "programs", "threads": 1 if args.jobs > 1 else 2}
        pool = Pool(args.jobs, shared | (real or {}))
        results = run_parts(pool, args, amount, parts, real)
    finally:
        if pool:
            pool.close()
        shutil.rmtree(temp, ignore_errors=True)
    publish(args, results)


if __name__ == "__main__":
    main()
