"""Joins the results of runs of single parts and writes the report: merge.py [--commit-results] OUT.json PART.json ...

The long benchmark is run part by part (`--only`).  Settings are those of the run each part was in."""

import json
import pathlib
import sys

import programs
import report

PARTS = ("frames", "crops", "cu428_shifts_px", "cu428_field_rms_px", "calibration", "detection")


def join(runs):
    joined = {"settings": dict(runs[0]["settings"]), "skipped": sorted({line for run in runs for line in run["skipped"]})}
    amounts = {"crops": ("trials",), "calibration": ("calibrate_sessions", "calibrate_size"),
               "detection": ("detect_sessions", "detect_size", "large_size")}
    for run in runs:
        for part in PARTS:
            if part in run:
                joined[part] = run[part]
                joined["settings"] |= {key: run["settings"][key] for key in amounts.get(part, ())}
        joined["settings"].setdefault("first_seeds", {}).update(run["settings"].get("first_seeds", {}))
    return joined


def main():
    arguments = [a for a in sys.argv[1:] if a != "--commit-results"]
    if len(arguments) < 2:
        raise SystemExit(__doc__)
    out, *parts = map(pathlib.Path, arguments)
    results = join([json.loads(part.read_text(encoding="utf-8")) for part in parts])
    texts = {".json": json.dumps(results, indent=1) + "\n", ".md": report.markdown(results)}
    for suffix, text in texts.items():
        out.with_suffix(suffix).write_text(text, encoding="utf-8")
        if "--commit-results" in sys.argv:
            (programs.ROOT / "doc" / f"detection{suffix}").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
