"""One session each: made, shown to the programs and the yardsticks, and taken away again.  These run in worker processes."""

import pathlib
import shutil
import time

import numpy

import cu428
import linear
import mrc
import phase
import programs
import settings

# What a worker was given at its start: "temp" and "programs" (folders), "threads" (of a screen), and for the crops what
# cu428.measure() gives: "images", "shifts", "fields".
SHARED = {}


def start_worker(shared):
    SHARED.update(shared)
    programs.Programs.folder = shared["programs"]


class Folder:
    """A folder of the session's own, removed at the end whatever happens."""

    def __init__(self, name):
        self.path = pathlib.Path(SHARED["temp"]) / name

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


# ---- what is said of the pairs ----


def judge_true(found, true):
    """The product's word on a true pair: found (at the cut and the right shift), at the cut but elsewhere, E-value, how far off its shift
    is, and the same as an error where the pair was found."""
    if found is None:
        return {"found": False, "wrong_shift": False, "evalue": None, "off_px": None, "error_px": None}
    error = float(numpy.hypot(found.dx - true.dx, found.dy - true.dy))
    significant = found.evalue <= settings.CUT
    right = error <= settings.RIGHT_SHIFT_px
    return {"found": significant and right, "wrong_shift": significant and not right, "evalue": found.evalue,
            "off_px": error, "error_px": error if significant and right else None}


def count_unrelated(found, related):
    """How many unrelated pairs reached each step of the calibration table."""
    evalues = [pair.evalue for key, pair in found.items() if key not in related]
    return [sum(e <= step for e in evalues) for step in settings.STEPS]


def some_unrelated(n, related, most):
    keys = [(i, j) for i in range(n) for j in range(i + 1, n) if (i, j) not in related]
    return keys[:: max(1, -(-len(keys) // most))]


def judge_by_phase(frames, truth, related, most):
    """Plain phase correlation on the true pairs and on some unrelated ones."""
    shape = frames[0].shape
    spectra = [phase.whitened(frame) for frame in frames]
    true = []
    for (i, j), pair in truth.items():
        score, x, y = phase.score(spectra[i], spectra[j], shape)
        right = phase.is_right(x, y, pair.dx, pair.dy, shape, settings.RIGHT_SHIFT_px)
        true.append({"phase": score, "phase_right": right})
    keys = some_unrelated(len(frames), related, most)
    return true, [phase.score(spectra[i], spectra[j], shape)[0] for i, j in keys]


def judge_by_ideal(frames, truth, rho):
    ideal = linear.IdealFilter([linear.flatten(frame) for frame in frames], rho)
    judged = []
    for (i, j), pair in truth.items():
        z = ideal.z(i, j, pair.dx, pair.dy)
        judged.append({"ideal_z": z, "ideal": ideal.log10_evalue(z) <= numpy.log10(settings.CUT)})
    return judged, ideal.independent_shifts


def judge_by_others(folder, bin_factor, frames, truth, related, phase_pairs):
    """The original's comparison and plain phase correlation."""
    n = len(frames)
    ccc = programs.original_ccc(folder, n, bin_factor)
    by_phase, phase_unrelated = judge_by_phase(frames, truth, related, phase_pairs)
    true = [{"original": ccc[key] > settings.ORIGINAL_CUT, **p} for key, p in zip(truth, by_phase)]
    return true, {"original_false": sum(v > settings.ORIGINAL_CUT for k, v in ccc.items() if k not in related),
                  "phase_unrelated": phase_unrelated}


def judge_session(folder, bin_factor, frames, truth, related, rho, phase_pairs):
    """Everything about a session with planted pairs: frames as they are compared, binned by bin_factor; truth {(i, j): Pair}; related: pairs
    that are no evidence of error.  phase_pairs 0: without the original and phase correlation."""
    began = time.monotonic()
    found, not_judged = programs.screen(folder, SHARED["threads"], bin_factor)
    seconds = time.monotonic() - began
    n = len(frames)
    by_others, others = ([{}] * len(truth), {})
    if phase_pairs > 0:
        by_others, others = judge_by_others(folder, bin_factor, frames, truth, related, phase_pairs)
    by_ideal, independent = judge_by_ideal(frames, truth, rho)
    true = [{"pair": [key[0] + 1, key[1] + 1], "overlap": pair.overlap, **judge_true(found.get(key), pair), **p, **q}
            for (key, pair), p, q in zip(truth.items(), by_others, by_ideal)]
    false = [(key, pair) for key, pair in sorted(found.items()) if pair.evalue <= settings.CUT and key not in related]
    return {"true": true, "false": false, "unrelated": count_unrelated(found, related), "unrelated_pairs": n * (n - 1) // 2 - len(related),
            "not_judged": not_judged, "independent_shifts": independent, "seconds": seconds, **others}


# ---- the kinds of session ----


def run_crops(task):
    """(overlap, index, rho, phase_pairs)"""
    overlap, index, rho, phase_pairs = task
    crops, cut_out, rows, (dx, dy) = cu428.draw_session(index, overlap, SHARED["images"], SHARED["fields"])
    with Folder(f"crops-{overlap}-{index}") as folder:
        cu428.write_session(folder, crops)
        truth = {rows: programs.Pair(dx, dy, overlap)}
        judged = judge_session(folder, 1, crops, truth, truth, rho, phase_pairs)
    judged["false"] = [(*cu428.shift_of_frames(cut_out, *key, pair.dx, pair.dy), pair.evalue) for key, pair in judged["false"]]
    return judged


def run_frames(bin_factor):
    """The 28 whole frames; a row for each pair that is related and what else was found."""
    images, shifts = SHARED["images"], SHARED["shifts"]
    names = list(images)
    truth, allowed = cu428.frame_truth(names, shifts)
    with Folder(f"frames-{bin_factor}") as folder:
        cu428.write_session(folder, list(images.values()))
        found, _ = programs.screen(folder, SHARED["threads"], bin_factor)
        ccc = programs.original_ccc(folder, len(names), bin_factor)
    truth, allowed = ({key: (dx / bin_factor, dy / bin_factor) for key, (dx, dy) in known.items()} for known in (truth, allowed))
    rows, related = [], {**truth, **allowed}
    for key, (dx, dy) in related.items():
        pair = found.get(key)
        judged = judge_true(pair, programs.Pair(dx, dy, 0))
        rows.append({"pair": f"{names[key[0]]}-{names[key[1]]}", **judged, "ccc": ccc[key]})
    false = [{"pair": f"{names[i]}-{names[j]}", "evalue": p.evalue, "shift_px": [p.dx, p.dy]} for (i, j), p in sorted(found.items())
             if p.evalue <= settings.CUT and (i, j) not in related]
    return {"rows": rows, "unrelated": count_unrelated(found, related), "false": false,
            "original_false": sum(v > settings.ORIGINAL_CUT for k, v in ccc.items() if k not in related)}


def binned(image, factor):
    """Mean of factor x factor px; what is left over at the far borders goes."""
    ny, nx = (n // factor * factor for n in image.shape)
    return image[:ny, :nx].reshape(ny // factor, factor, nx // factor, factor).mean((1, 3)).astype(numpy.float32)


def load_simulated(folder):
    """The frames as they are compared, and {(i, j): Pair} of what was planted."""
    names = programs.star_names(folder)
    return [binned(mrc.read(folder / name), settings.BIN) for name in names], programs.read_pairs(folder / "truth.csv", names, settings.BIN)


def run_probe(condition):
    """Whether this build can simulate it."""
    with Folder(f"probe-{condition.name}") as folder:
        return programs.can_simulate(folder, condition)


def run_frc(condition):
    """The correlation of related frames: pairs that share 70 % and more, of a session of their own."""
    with Folder(f"frc-{condition.name}") as folder:
        programs.simulate(folder, condition, 60, 29, 0, condition.seed("frc", 0))
        frames, truth = load_simulated(folder)
        large = {key: pair for key, pair in truth.items() if pair.overlap >= 0.7}
        flat = {i: linear.flatten(frames[i]) for key in large for i in key}
        return linear.measure_frc([(flat[i], flat[j], pair.dx, pair.dy) for (i, j), pair in large.items()])


def run_detect(task):
    """(condition, index, size, rho, phase_pairs): a tenth of the micrographs second exposures that share more than half, three
    tenths such that share less."""
    condition, index, size, rho, phase_pairs = task
    with Folder(f"detect-{condition.name}-{index}") as folder:
        programs.simulate(folder, condition, size, size // 10, 3 * size // 10, condition.seed("detect", index))
        frames, truth = load_simulated(folder)
        return judge_session(folder, settings.BIN, frames, truth, truth, rho, phase_pairs)


def run_calibrate(task):
    """(condition, index, size): nothing but unrelated micrographs."""
    condition, index, size = task
    with Folder(f"calibrate-{condition.name}-{index}") as folder:
        programs.simulate(folder, condition, size, 0, 0, condition.seed("calibrate", index))
        began = time.monotonic()
        found, not_judged = programs.screen(folder, SHARED["threads"], settings.BIN)
        seconds = time.monotonic() - began
        return {"unrelated": count_unrelated(found, {}), "unrelated_pairs": size * (size - 1) // 2, "not_judged": not_judged,
                "seconds": seconds}
