"""The real micrographs: what is known about them, and sessions of quarter-frame crops with one known overlap."""

import os
import pathlib

import numpy

import linear
import mrc
import settings

PIXEL_A = 10.96
CROP_NY, CROP_NX = 256, 360
EDGE_ROWS_px = 6  # rows at top and bottom that ring from Fourier cropping; a quarter frame would not have them
DUPLICATES = (("04700", "04736"), ("04701", "04737"), ("04702", "04738"), ("04703", "04739"))
DUPLICATE_SHIFT = (57, -18)  # to a whole px; measure() refines it
CORNERS = {("04700", "04703"): (562, -441), ("04736", "04739"): (562, -440), ("04703", "04736"): (-506, 423)}
ALLOWED = {("04700", "04739"): (617, -458)}  # 1.5 %: finding it is right, missing it is allowed
# Micrographs that show a common place; the two shots of one hole overlap in a corner.
PLACES = ({"04700", "04736", "04703", "04739"}, {"04701", "04737"}, {"04702", "04738"})


def folder():
    path = pathlib.Path(os.environ.get("MDUP_SHARED", "/nonexistent")) / "data" / "cu428"
    return path if path.is_dir() else None


def load():
    """{running number: image}, in order."""
    return {path.name[6:11]: mrc.read(path) for path in sorted(folder().glob("CU428_*.mrc"))}


def measure(images):
    """The duplicates' correlation at each frequency, their shifts as a whole to a fraction of a px, and how the shift changes over the
    frame: rho, {(a, b): (dx, dy)}, {(a, b): Field}."""
    flat = {name: linear.flatten(images[name]) for pair in DUPLICATES for name in pair}
    shifts = {pair: DUPLICATE_SHIFT for pair in DUPLICATES}
    for _ in range(2):
        rho = linear.measure_frc([(flat[a], flat[b], *shifts[a, b]) for a, b in DUPLICATES])
        shifts = {(a, b): linear.refine_shift(flat[a], flat[b], *shifts[a, b], rho) for a, b in DUPLICATES}
    fields = {(a, b): Field(flat[a], flat[b], rho) for a, b in DUPLICATES}
    return rho, {pair: tuple(round(float(v), 2) for v in shift) for pair, shift in shifts.items()}, fields


class Field:
    """The shift of two exposures as a polynomial of second order in the place: the ice moved between them, by 1 to 2 px from one side of
    the frame to the other, so that one shift for the whole frame is wrong for a small overlap by more than what is to be measured."""

    PATCH_px, STRIDE_px, REACH_px = 180, 60, 3.0
    MOST_RESIDUAL_px = 0.8  # patches further off show a chance peak

    def __init__(self, a, b, rho):
        dx, dy = DUPLICATE_SHIFT
        in_a, in_b, _, _ = linear.shared(a, b, dx, dy)
        self.scale = numpy.array(in_b.shape[::-1], float)
        places, shifts = [], []
        for y in range(0, in_b.shape[0] - self.PATCH_px + 1, self.STRIDE_px):
            for x in range(0, in_b.shape[1] - self.PATCH_px + 1, self.STRIDE_px):
                patch = numpy.s_[y : y + self.PATCH_px, x : x + self.PATCH_px]
                shifts.append(linear.refine_shift(in_a[patch], in_b[patch], 0, 0, rho, self.REACH_px))
                places.append((x + self.PATCH_px / 2 + max(0, -dx), y + self.PATCH_px / 2 + max(0, -dy)))
        self._fit(numpy.array(places), numpy.array(shifts) + DUPLICATE_SHIFT)

    def _terms(self, places):
        x, y = (numpy.atleast_2d(places) / self.scale - 0.5).T
        return numpy.stack([numpy.ones_like(x), x, y, x * x, x * y, y * y], axis=1)

    def _fit(self, places, shifts):
        terms, kept = self._terms(places), numpy.ones(len(places), bool)
        for _ in range(4):
            self.coefficients = numpy.linalg.lstsq(terms[kept], shifts[kept], rcond=None)[0]
            residual = numpy.hypot(*(shifts - terms @ self.coefficients).T)
            kept = residual < self.MOST_RESIDUAL_px
        self.rms_px = float(numpy.sqrt((residual[kept] ** 2).mean()))
        self.left_out = [int((~kept).sum()), len(kept)]

    def at(self, x, y):
        """The shift at a place of B."""
        return (self._terms((x, y)) @ self.coefficients)[0]


def draw_shift(rng, overlap):
    """Whole px, the shared area `overlap` of a crop; beside, above or in a corner."""
    share_x = overlap ** rng.uniform(0.05, 0.95)
    dx = round(CROP_NX * (1 - share_x)) * int(rng.choice([-1, 1]))
    dy = round(CROP_NY * (1 - overlap / share_x)) * int(rng.choice([-1, 1]))
    return dx, dy


def is_inside(x, y, shape):
    return EDGE_ROWS_px <= y <= shape[0] - CROP_NY - EDGE_ROWS_px and 0 <= x <= shape[1] - CROP_NX


def draw_corner(rng, shape):
    y = int(rng.integers(EDGE_ROWS_px, shape[0] - CROP_NY - EDGE_ROWS_px + 1))
    return int(rng.integers(0, shape[1] - CROP_NX + 1)), y


def crop(image, x, y):
    return image[y : y + CROP_NY, x : x + CROP_NX]


def draw_pair(rng, images, fields, overlap):
    """Two crops of the two exposures of a place, in either order, the shift between them where they overlap, and where they were cut out."""
    while True:
        a, b = DUPLICATES[rng.integers(len(DUPLICATES))]
        dx, dy = draw_shift(rng, overlap)
        xa, ya = draw_corner(rng, images[a].shape)
        # A point at (x, y) in B is at (x, y) + DUPLICATE_SHIFT in A.
        xb, yb = xa + dx - DUPLICATE_SHIFT[0], ya + dy - DUPLICATE_SHIFT[1]
        if is_inside(xb, yb, images[b].shape):
            break
    true_x, true_y = fields[a, b].at(xb + (CROP_NX - dx) / 2, yb + (CROP_NY - dy) / 2)  # the middle of what they share
    shift = (float(true_x) + xb - xa, float(true_y) + yb - ya)
    crops, cut_out = [crop(images[a], xa, ya), crop(images[b], xb, yb)], [(a, xa, ya), (b, xb, yb)]
    if rng.random() < 0.5:
        return crops, shift, cut_out
    return crops[::-1], (-shift[0], -shift[1]), cut_out[::-1]


def draw_session(index, overlap, images, fields):
    """24 crops in random order, two of them related, the others of as many other places.  Gives the crops, where each was cut out (name,
    x, y), the rows (i < j) of the related ones and their shift."""
    rng = numpy.random.default_rng([settings.SEED, round(overlap * 1000), index])
    pair, shift, pair_cut_out = draw_pair(rng, images, fields, overlap)
    name = min(pair_cut_out)[0]
    places = [p for p in PLACES if name not in p]
    single = [{n} for n in images if not any(n in p for p in PLACES)]
    crops, cut_out = [], []
    for place in (places + single)[: settings.CROP_SESSION - 2]:
        one = sorted(place)[rng.integers(len(place))]
        cut_out.append((one, *draw_corner(rng, images[one].shape)))
        crops.append(crop(images[one], *cut_out[-1][1:]))
    order = rng.permutation(len(crops))
    rows = sorted(int(r) for r in rng.choice(settings.CROP_SESSION, 2, replace=False))
    crops, cut_out = [crops[k] for k in order], [cut_out[k] for k in order]
    for row, member, place in zip(rows, pair, pair_cut_out):
        crops.insert(row, member)
        cut_out.insert(row, place)
    return crops, cut_out, tuple(rows), shift


def shift_of_frames(cut_out, i, j, dx, dy):
    """The whole frames that crops i and j, at a shift of (dx, dy), were cut out of, in the order of their numbers, and their shift."""
    (a, xa, ya), (b, xb, yb) = cut_out[i], cut_out[j]
    shift = (dx + xa - xb, dy + ya - yb)
    return (a, b, *shift) if a < b else (b, a, -shift[0], -shift[1])


def write_session(path, frames):
    (path / "Micrographs").mkdir(parents=True)
    names = [f"Micrographs/micrograph_{i + 1:05d}.mrc" for i in range(len(frames))]
    for name, frame in zip(names, frames):
        mrc.write(path / name, frame, PIXEL_A)
    mrc.write_star(path / "corrected_micrographs.star", names, PIXEL_A)


def frame_truth(names, shifts):
    """{(i, j): (dx, dy)} of the whole frames, and the same of the pair that may be missed."""
    row = {name: i for i, name in enumerate(names)}
    truth = {(row[a], row[b]): shift for (a, b), shift in {**shifts, **CORNERS}.items()}
    return truth, {(row[a], row[b]): shift for (a, b), shift in ALLOWED.items()}
