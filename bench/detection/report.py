"""The tables, as Markdown that reads well on a terminal too."""

import settings


def table(header, rows):
    """Columns padded to one width; the first one to the left, the others to the right."""
    rows = [[str(c) for c in row] for row in [header, *rows]]
    widths = [max(len(row[k]) for row in rows) for k in range(len(header))]

    def line(row):
        cells = [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:]))]
        return "| " + " | ".join(cells) + " |"

    rule = "|" + "|".join("-" * (w + 1) + (":" if k else "-") for k, w in enumerate(widths)) + "|"
    return "\n".join([line(rows[0]), rule, *map(line, rows[1:])]) + "\n"


def part(share):
    found, n = share
    return f"{found / n:.3f}" if n else "-"


def number(value, digits=2):
    return "-" if value is None else f"{value:.{digits}f}"


def evalue(value):
    return "-" if value is None else f"{value:.1e}"


METHODS = ("found", "ideal", "original", "phase")


def detection_rows(rows):
    return [[name, row["found"][1], *(part(row[m]) for m in METHODS), row["wrong_shift"], number(row["median_ideal_z"], 1)]
            for name, row in rows.items() if row["found"][1]]


DETECTION_HEADER = ["overlap", "pairs", "microdup", "ideal filter", "original", "phase corr.", "wrong shift", "z of ideal"]


def crops_text(crops):
    d = crops["detection"]
    text = "## Quarter frames of CU428\n\n"
    text += f"Sessions of {settings.CROP_SESSION} crops, one related pair each.\n\n"
    text += table(DETECTION_HEADER, detection_rows(d["rows"]))
    text += "\n" + summary_line(d) + "\n\n" + calibration_text({"CU428 crops": crops["calibration"]})
    text += "\nThe crops come from 28 micrographs again and again, so these sessions are not independent of one another: what is false, by the whole\n"
    text += "frames and their shift (shots of one hole that are known to touch do so at 562, -441):\n\n"
    rows = [[p["pair"], *(f"{v:.0f}" for v in p["shift_px"]), p["times"], evalue(p["evalue"])] for p in crops["false_places"]]
    return text + table(["pair", "dx, px", "dy, px", "times", "lowest E"], rows)


def summary_line(d):
    return (f"False pairs at E <= {settings.CUT}: {d['false']} (promised {d['false_promised']:.2f}) of {d['unrelated_pairs']} "
            f"unrelated; original: {d['original_false']}.  Shift error, rms: duplicates "
            f"{number(d['shift_rms_duplicates_px'])} px, overlaps of 5 to 20 % {number(d['shift_rms_small_px'])} px.")


def frames_text(frames):
    text = "## The whole frames of CU428\n\n"
    for name, result in frames.items():
        rows = [[r["pair"], "yes" if r["found"] else "no", evalue(r["evalue"]), number(r["off_px"]), number(r["ccc"], 3)]
                for r in result["rows"]]
        text += f"{name}\n\n" + table(["pair", "found", "E", "shift off by, px", "original's CCC"], rows)
        text += f"\nUnrelated pairs at E <= 0.01: {result['unrelated'][0]}; <= 1: {result['unrelated'][2]}; "
        text += f"with the original's CCC over {settings.ORIGINAL_CUT}: {result['original_false']}\n\n"
        for f in result["false"]:
            text += f"False: {f['pair']} at E = {evalue(f['evalue'])}, shift {f['shift_px'][0]:.1f}, {f['shift_px'][1]:.1f}\n\n"
    return text


def detection_text(conditions):
    text = "## Simulated sessions: what is found\n\n"
    header = ["", "pairs", "microdup", "ideal filter", "original", "phase corr.", "wrong shift", "z of ideal"]
    header += ["false", "promised", "original's false", "rms dup., px", "rms 5-20 %, px"]
    rows = []
    for name, d in conditions.items():
        row = detection_rows({name: d["all"]})[0]
        row += [d["false"], number(d["false_promised"]), d["original_false"]]
        rows.append(row + [number(d["shift_rms_duplicates_px"]), number(d["shift_rms_small_px"])])
    text += table(header, rows) + "\n"
    for name, d in conditions.items():
        text += f"### {name}\n\n" + table(DETECTION_HEADER, detection_rows(d["rows"])) + "\n"
    return text


def calibration_text(conditions):
    """A row a condition: seen / promised at each step; the last column says which steps are outside the criterion."""
    header = ["", "sessions", "pairs", "not judged", *(f"E <= {s:g}" for s in settings.STEPS), "bad"]
    rows = []
    for name, c in conditions.items():
        cells = [f"{r['seen']} / {r['promised']:g} ({r['poisson_low']}-{r['poisson_high']})" for r in c["steps"].values()]
        bad = [step for step, r in c["steps"].items() if r.get("good") is False]
        rows.append([name, c["sessions"], c["pairs"], c["not_judged"], *cells, ", ".join(bad) or "none"])
    return table(header, rows)


INTRODUCTION = """# Detection: what was measured

Written by `bench/detection/run`; do not edit.

- *microdup*: share of the true pairs found at E <= {cut} and within {px} px of the right shift.
- *ideal filter*: share found by the best linear filter, which is told the true correlation of related frames at each frequency
  (rho / (1 - rho^2) / P on the cross-spectrum, zero-padded, divided by the root of the shared area), at the same E by an ideal
  Gaussian null: E = pairs x independent shifts x Q(z), z at the right shift.  Independent shifts = shifts that share at least
  1.2 % of the frame / the sum of the squared autocorrelation of the filter's map (the area of its peak).
- *original*: CCC over {ccc}, whatever the shift.  *phase corr.*: circular, fully whitened, highest peak / sd at the right shift and above
  the highest of the unrelated pairs it was shown.
- *wrong shift*: true pairs at E <= {cut} at another shift.  *z of ideal*: median.
- Calibration: unrelated pairs seen / promised, and in brackets the counts of which chance leaves out 1 %.  *bad*: steps that promise
  5 or more and are off by more than a factor of 3, and E <= {cut} when more were seen than the brackets allow.

"""


def settings_text(results):
    s = results["settings"]
    text = f"Setting: {s['name']}, seed {s['seed']}, {s['program']}. "
    amounts = {"crops": f"Crops: {s['trials']} trials an overlap. ",
               "detection": f"Detection: {s['detect_sessions']} sessions of {s['detect_size']} a condition. ",
               "calibration": f"Calibration: {s['calibrate_sessions']} sessions of {s['calibrate_size']} in all. "}
    text += "".join(line for part, line in amounts.items() if part in results) + "\n"
    for line in results["skipped"]:
        text += f"\nSKIPPED: {line}\n"
    return text + "\n"


def markdown(results):
    text = INTRODUCTION.format(cut=settings.CUT, px=settings.RIGHT_SHIFT_px, ccc=settings.ORIGINAL_CUT) + settings_text(results)
    if "frames" in results:
        text += frames_text(results["frames"])
    if "crops" in results:
        text += crops_text(results["crops"]) + "\n"
    if "calibration" in results:
        text += "## Simulated sessions: calibration\n\n" + calibration_text(results["calibration"]) + "\n"
    if "detection" in results:
        text += detection_text(results["detection"])
    return text.rstrip() + "\n"
