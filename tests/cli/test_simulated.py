"""Simulated sessions: every pair that shares half of its area is found, and none that is not there."""

import pytest

from helpers import duplicates, microdup, read_csv, screen

# A shift is measured in binned px (bin 4) and the specimen moves a little between two exposures.
SHIFT_px = 6.0


def truth_of(folder):
    rows = read_csv(folder / "truth.csv")
    columns = ("shift_x_px", "shift_y_px", "overlap")
    return {(row["micrograph_a"], row["micrograph_b"]): tuple(float(row[c]) for c in columns) for row in rows}


def pairs_of(folder):
    return {(row["micrograph_a"], row["micrograph_b"]): row for row in read_csv(folder / "pairs.csv")}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("specimen", ["particles", "filaments", "mixed"])
def test_specimen(specimen, seed, simulated, tmp_path):
    folder = simulated(specimen, seed)
    screen(folder / "corrected_micrographs.star", cwd=tmp_path)
    truth, found = truth_of(folder), pairs_of(tmp_path / "microdup")
    assert sum(overlap >= 0.5 for _, _, overlap in truth.values()) >= 4
    assert set(found) <= set(truth), "false pairs"
    assert {pair for pair, (_, _, overlap) in truth.items() if overlap >= 0.5} <= set(found), "missed pairs"
    for pair, row in found.items():
        dx, dy, overlap = truth[pair]
        assert float(row["shift_x_px"]) == pytest.approx(dx, abs=SHIFT_px)
        assert float(row["shift_y_px"]) == pytest.approx(dy, abs=SHIFT_px)
        assert float(row["overlap"]) == pytest.approx(overlap, abs=0.02)
        assert float(row["shift_x_A"]) == pytest.approx(3.32 * float(row["shift_x_px"]), abs=0.1)
        if abs(overlap - 0.5) > 0.02:
            assert row["class"] == ("duplicate" if overlap > 0.5 else "overlap")


@pytest.mark.parametrize("seed", [1, 2])
def test_empty(seed, simulated, tmp_path):
    """Ice without a specimen: whatever truth.csv says of the places, nobody can see it."""
    folder = simulated("empty", seed)
    screen(folder / "corrected_micrographs.star", cwd=tmp_path)
    assert pairs_of(tmp_path / "microdup") == {}
    assert duplicates(tmp_path / "microdup") == []


def test_no_duplicates(simulated, tmp_path):
    folder = simulated("particles", 4, "--duplicates", 0, "--overlaps", 0)
    assert truth_of(folder) == {}
    screen(folder / "corrected_micrographs.star", cwd=tmp_path)
    assert pairs_of(tmp_path / "microdup") == {}


@pytest.mark.parametrize("pixels", ["float16", "uint8"])
def test_format(pixels, simulated, tmp_path):
    folder = simulated("particles", 1, "--format", pixels)
    screen(folder / "corrected_micrographs.star", cwd=tmp_path)
    truth, found = truth_of(folder), pairs_of(tmp_path / "microdup")
    assert set(found) <= set(truth)
    assert {pair for pair, (_, _, overlap) in truth.items() if overlap >= 0.5} <= set(found)


ORDERS = {"epu": "time", "serialem": "natural", "mcgill": "natural", "plain": "natural"}


@pytest.mark.parametrize("names", ORDERS)
def test_names(names, tmp_path):
    """In order of acquisition each style of names comes out as it was simulated."""
    run = microdup("simulate", "--o", "s", "--size", "256x256", "--micrographs", 30, "--names", names, cwd=tmp_path)
    assert (run.status, run.err) == (0, ""), run
    run = screen("s/corrected_micrographs.star", cwd=tmp_path)
    assert f"order: {ORDERS[names]} (" in run.out
    listed = [
        line.split()[0] for line in (tmp_path / "s" / "corrected_micrographs.star").read_text().splitlines() if ".mrc" in line
    ]
    assert [row["micrograph"] for row in read_csv(tmp_path / "microdup" / "micrographs.csv")] == listed
