"""What the E-values of a session depend on, and what not.

The null distribution is made of some 1000 pairs drawn at random, so it takes a session of more pairs for the drawing to matter.
"""

import math
import pathlib
import random
import statistics

import numpy
import pytest

from helpers import link, microdup, read_csv, screen, write_mrc

FIELD = ("--pixel", 13.28, "--bin", 2, "--names", "plain")
ALL = ("--evalue", "1e9")  # a row for every pair that was looked at twice


def simulate(folder, n, size, *more):
    run = microdup("simulate", "--o", folder, "--micrographs", n, "--size", size, *FIELD, *more)
    assert (run.status, run.err) == (0, ""), run
    return folder


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """70 micrographs, 2415 pairs: some are not drawn.  Ten are second exposures."""
    return simulate(tmp_path_factory.mktemp("drawn") / "s", 70, "180x128", "--duplicates", 6, "--overlaps", 4, "--mass", 500)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """24 micrographs, 276 pairs: all are drawn."""
    return simulate(tmp_path_factory.mktemp("small") / "s", 24, "360x255", "--duplicates", 4, "--overlaps", 2, "--mass", 500)


@pytest.fixture(params=["drawn", "small"])
def session(request):
    return request.getfixturevalue(request.param)


def star_of(folder):
    """The STAR file in two parts: all up to the first micrograph, and the rows."""
    lines = (folder / "corrected_micrographs.star").read_text().splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if ".mrc" in line)
    return "".join(lines[:first]), [line for line in lines[first:] if ".mrc" in line]


def own_copy(folder, target):
    """A folder with the same micrographs, for a STAR file of its own."""
    for path in (folder / "Micrographs").iterdir():
        link(path, target / "Micrographs" / path.name)
    return target


def pairs_csv(star, out, *options):
    screen(star, "--o", out, *ALL, *options, cwd=pathlib.Path(star).parent)
    return (out / "pairs.csv").read_bytes()


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """pairs.csv of a session as it is; kept, since every test needs it."""
    known = {}

    def of(folder):
        if folder not in known:
            known[folder] = pairs_csv(folder / "corrected_micrographs.star", tmp_path_factory.mktemp("plain"))
            assert known[folder].count(b"\n") > 200
        return known[folder]

    return of


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_threads(threads, session, plain, tmp_path):
    assert pairs_csv(session / "corrected_micrographs.star", tmp_path / "out", "--j", threads) == plain(session)


@pytest.mark.parametrize("order", ["reversed", "shuffled"])
def test_rows_in_another_order(order, session, plain, tmp_path):
    """The names tell the order of acquisition."""
    head, rows = star_of(session)
    turned = rows[::-1] if order == "reversed" else random.Random(5).sample(rows, len(rows))
    assert turned != rows
    own_copy(session, tmp_path)
    (tmp_path / "in.star").write_text(head + "".join(turned))
    assert pairs_csv(tmp_path / "in.star", tmp_path / "out") == plain(session)


@pytest.mark.parametrize("places", [[0], [3, 17, 17, 17, 18, 40, -1]])
def test_blank_micrographs(places, session, plain, tmp_path):
    """Nor does what cannot be judged move the others, wherever it stands."""
    head, rows = star_of(session)
    own_copy(session, tmp_path)
    shape = numpy.zeros((128, 180) if len(rows) == 70 else (255, 360))
    for i, place in enumerate(places):
        write_mrc(tmp_path / f"blank{i}.mrc", shape + i, pixel_A=13.28)
        rows.insert(len(rows) if place < 0 else min(place, len(rows)), f"blank{i}.mrc 1\n")
    (tmp_path / "in.star").write_text(head + "".join(rows))
    run = microdup("screen", "in.star", "--o", "out", "--order", "star", *ALL, cwd=tmp_path)
    assert run.status == 0, run
    unjudged = [row["micrograph"] for row in read_csv(tmp_path / "out" / "micrographs.csv") if row["status"] == "blank"]
    assert sorted(unjudged) == [f"blank{i}.mrc" for i in range(len(places))]
    assert (tmp_path / "out" / "pairs.csv").read_bytes() == plain(session)


def log10_evalues(path):
    return {(row["micrograph_a"], row["micrograph_b"]): float(row["log10_evalue"]) for row in read_csv(path)}


def test_more_unrelated_micrographs(drawn, tmp_path):
    """Half of the session with all that is related, and the whole: 630 pairs and 2415.  What was found stays found, and E rises with the
    number of pairs: by a factor of 3.8.  But the null distribution is fitted anew, to 630 scores and to 1000, and its scale divides
    log E: half of log E, and a factor of 30, are allowed for that."""
    head, rows = star_of(drawn)
    related = {row[side] for row in read_csv(drawn / "truth.csv") for side in ("micrograph_a", "micrograph_b")}
    others = [row for row in rows if row.split()[0] not in related]
    few = set(others[: 36 - (len(rows) - len(others))])
    own_copy(drawn, tmp_path)
    (tmp_path / "half.star").write_text(head + "".join(row for row in rows if row in few or row not in others))
    for name, star in (("half", tmp_path / "half.star"), ("whole", drawn / "corrected_micrographs.star")):
        pairs_csv(star, tmp_path / name)
    half, whole = (log10_evalues(tmp_path / name / "pairs.csv") for name in ("half", "whole"))
    found = {pair: e for pair, e in half.items() if e <= -2}
    assert len(found) >= 5
    for pair, before in found.items():
        after = whole[pair]
        assert after <= -2 or before > -3.5, (pair, before, after)
        assert abs(after - before - math.log10(2415 / 630)) < math.log10(30) + abs(before) / 2, (pair, before, after)
    # Where nothing depends on the fit: pairs that are ordinary in both.
    ordinary = [after - half[pair] for pair, after in whole.items() if half.get(pair, 0) > 1]
    assert len(ordinary) > 100 and statistics.median(ordinary) == pytest.approx(math.log10(2415 / 630), abs=0.3)


def test_fewer_shifts_fewer_chances(drawn, tmp_path):
    """Unrelated pairs reach less where fewer shifts are tried, and the E-value knows: E <= 100 holds for about 100 of them, and what both searches
    find at one place is rarer in the smaller one.  (Scores of the two are not compared: they are in units of what chance makes at each overlap.)"""
    truth = {(row["micrograph_a"], row["micrograph_b"]) for row in read_csv(drawn / "truth.csv")}
    found = []
    for limit in (0, 40):
        pairs_csv(drawn / "corrected_micrographs.star", tmp_path / str(limit), "--max-shift", limit)
        rows = [row for row in read_csv(tmp_path / str(limit) / "pairs.csv") if (row["micrograph_a"], row["micrograph_b"]) not in truth]
        assert 40 < sum(float(row["log10_evalue"]) <= 2 for row in rows) < 250
        found.append({(row["micrograph_a"], row["micrograph_b"]): row for row in rows})

    def is_at_one_place(pair):
        return all(abs(float(found[0][pair][key]) - float(found[1][pair][key])) < 1 for key in ("shift_x_px", "shift_y_px"))

    both = [tuple(float(rows[pair]["log10_evalue"]) for rows in found) for pair in filter(is_at_one_place, found[0].keys() & found[1].keys())]
    assert len(both) >= 5
    for of_all_shifts, of_few in both:
        assert of_all_shifts > of_few + 0.3


def test_fewer_pairs_lower_evalues(small, tmp_path):
    """Two optics groups of 12: 132 pairs in place of 276."""
    head, rows = star_of(small)
    own_copy(small, tmp_path)
    optics = next(line for line in head.splitlines(keepends=True) if line.startswith("opticsGroup1"))
    head = head.replace(optics, optics + optics.replace("Group1            1", "Group2            2"))
    grouped = [row.replace("            1", f"            {1 + i // 12}") for i, row in enumerate(rows)]
    (tmp_path / "in.star").write_text(head + "".join(grouped))
    pairs_csv(tmp_path / "in.star", tmp_path / "same", "--optics-group", "same")
    same = read_csv(tmp_path / "same" / "pairs.csv")
    number = {row.split()[0]: i for i, row in enumerate(rows)}
    assert len(same) == 132
    assert all(number[row["micrograph_a"]] // 12 == number[row["micrograph_b"]] // 12 for row in same)
    assert max(float(row["log10_evalue"]) for row in same) <= math.log10(132) + 0.01
