"""Sessions to tables: everything the report shows, as plain dictionaries that go to JSON as they are."""

import math

import settings

SAME_PLACE_px = 4


def share(values):
    """[how many, of how many]"""
    return [sum(bool(v) for v in values), len(values)]


def rms(values):
    values = [v for v in values if v is not None]
    return math.sqrt(sum(v * v for v in values) / len(values)) if values else None


def poisson_cdf(k, mean):
    term, total = math.exp(-mean), 0.0
    for i in range(k + 1):
        total += term
        term *= mean / (i + 1)
    return total


def poisson_range(mean, level=0.99):
    """The least and the largest count that are not unlikely, (1 - level) / 2 beyond each end."""
    if mean > 600:  # exp(-mean) has no digits left; a Gaussian is good enough by far
        reach = 2.576 * math.sqrt(mean)
        return [math.floor(mean - reach), math.ceil(mean + reach)]
    low = 0
    while poisson_cdf(low, mean) < (1 - level) / 2:
        low += 1
    high = low
    while poisson_cdf(high, mean) < (1 + level) / 2:
        high += 1
    return [low, high]


def calibration(sessions):
    """The steps: promised, seen, what chance allows, and the verdict of the criterion."""
    rows = {}
    for k, step in enumerate(settings.STEPS):
        promised = step * len(sessions)
        seen = sum(s["unrelated"][k] for s in sessions)
        low, high = poisson_range(promised)
        row = {"promised": promised, "seen": seen, "poisson_low": low, "poisson_high": high}
        if promised >= 5:
            row["good"] = promised / 3 <= seen <= promised * 3
        elif step == settings.CUT:
            row["good"] = seen <= high
        rows[f"{step:g}"] = row
    return {"sessions": len(sessions), "pairs": sum(s["unrelated_pairs"] for s in sessions),
            "not_judged": sum(s["not_judged"] for s in sessions), "steps": rows}


def detection_row(true, threshold):
    """Found by each method of the true pairs given; by the others, of those they were shown."""
    shown = [t for t in true if "phase" in t]
    return {"found": share([t["found"] for t in true]), "ideal": share([t["ideal"] for t in true]),
            "original": share([t["original"] for t in shown]),
            "phase": share([t["phase_right"] and t["phase"] > threshold for t in shown]),
            "wrong_shift": sum(t["wrong_shift"] for t in true),
            "median_ideal_z": sorted(t["ideal_z"] for t in true)[len(true) // 2] if true else None}


def detection(sessions, groups):
    """groups: {name: whether a true pair belongs to it}."""
    true = [t for s in sessions for t in s["true"]]
    unrelated = [v for s in sessions for v in s.get("phase_unrelated", [])]
    threshold = max(unrelated, default=math.inf)
    rows = {name: detection_row([t for t in true if belongs(t)], threshold) for name, belongs in groups.items()}
    return {"rows": rows, "all": detection_row(true, threshold),
            "false": sum(s["unrelated"][settings.STEPS.index(settings.CUT)] for s in sessions),
            "false_promised": settings.CUT * len(sessions), "unrelated_pairs": sum(s["unrelated_pairs"] for s in sessions),
            "original_false": sum(s.get("original_false", 0) for s in sessions),
            "phase_threshold": threshold if unrelated else None, "phase_unrelated_pairs": len(unrelated),
            "shift_rms_duplicates_px": rms([t["error_px"] for t in true if t["overlap"] >= 0.5]),
            "shift_rms_small_px": rms([t["error_px"] for t in true if 0.05 <= t["overlap"] <= 0.2]),
            "independent_shifts": sum(s["independent_shifts"] for s in sessions) / len(sessions),
            "missed": missed(sessions),
            "sessions": len(sessions), "seconds_per_screen": sum(s["seconds"] for s in sessions) / len(sessions)}


def missed(sessions):
    """The true pairs that the ideal filter finds and the product does not, to look into: the session's index, the rows of its STAR file,
    the product's E-value and how far off its shift is (right shift: judged too low; wrong one: not among the candidates, or not the
    best of them)."""
    keys = ("pair", "overlap", "ideal_z", "evalue", "off_px")
    return [{"session": k, **{key: t[key] for key in keys}} for k, s in enumerate(sessions) for t in s["true"]
            if t["ideal"] and not t["found"]]


def false_places(sessions):
    """The unrelated pairs of crops that were found: which whole frames, at which shift of these, how often, and the lowest E.  A coincidence
    of one place with another is met whenever both are cut out."""
    places = []
    for a, b, dx, dy, evalue in sorted(f for s in sessions for f in s["false"]):
        for p in places:
            if p["pair"] == f"{a}-{b}" and math.hypot(p["shift_px"][0] - dx, p["shift_px"][1] - dy) <= SAME_PLACE_px:
                p["times"] += 1
                p["evalue"] = min(p["evalue"], evalue)
                break
        else:
            places.append({"pair": f"{a}-{b}", "shift_px": [round(dx, 1), round(dy, 1)], "times": 1, "evalue": evalue})
    return sorted(places, key=lambda p: p["evalue"])


def bin_name(low, high):
    return f"{100 * low:.0f}-{min(100, 100 * high):.0f} %"


def overlap_groups():
    return {bin_name(low, high): (lambda t, low=low, high=high: low <= t["overlap"] < high)
            for low, high in settings.OVERLAP_BINS}


def crop_groups():
    return {f"{100 * o:.0f} %": (lambda t, o=o: t["overlap"] == o) for o in settings.CROP_OVERLAPS}
