"""Real micrographs with known duplicates: the table of data/cu428/README.md."""

import pytest

from helpers import FILES, cu428, files_of, read_csv, screen

DUPLICATES = {(f"0470{i}", f"0473{i + 6}"): (57, -18, 0.89) for i in range(4)}
CORNERS = {
    ("04700", "04703"): (562, -441, 0.03),
    ("04736", "04739"): (562, -440, 0.03),
    ("04703", "04736"): (-506, 423, 0.05),
    ("04700", "04739"): (617, -458, 0.015),
}
TRAPS = [("04706", "04707"), ("04709", "04712")]
# One binned pixel at bin 2.
SHIFT_px = 2.0


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cu428")
    screen(cu428() / "corrected_micrographs.star", cwd=folder)
    return folder / "microdup"


def number(name):
    return name.split("_")[1]


def pairs(out):
    return {(number(row["micrograph_a"]), number(row["micrograph_b"])): row for row in read_csv(out / "pairs.csv")}


def assert_agrees(row, dx, dy, overlap):
    assert abs(float(row["shift_x_px"]) - dx) <= SHIFT_px
    assert abs(float(row["shift_y_px"]) - dy) <= SHIFT_px
    assert abs(float(row["overlap"]) - overlap) <= 0.02
    assert float(row["shift_x_A"]) == pytest.approx(float(row["shift_x_px"]) * 10.96, abs=0.1)


def test_duplicates(out):
    assert files_of(out) == FILES
    found = {pair for pair, row in pairs(out).items() if row["class"] == "duplicate"}
    assert found == set(DUPLICATES)
    for pair, expected in DUPLICATES.items():
        assert_agrees(pairs(out)[pair], *expected)


def test_lists(out):
    found = [(number(row["Original"]), number(row["Duplicate"])) for row in read_csv(out / "duplicates.csv")]
    assert found == list(DUPLICATES)
    removed = (out / "removed.txt").read_text().splitlines()
    assert [number(name) for name in removed] == ["04736", "04737", "04738", "04739"]
    before = (cu428() / "corrected_micrographs.star").read_text().splitlines(True)
    kept = "".join(line for line in before if line.split()[:1] == [] or line.split()[0] not in removed)
    assert (out / "micrographs.star").read_text() == kept


def test_every_overlap_is_true(out):
    """Small overlaps are the next issue's; none may be invented."""
    found = {pair: row for pair, row in pairs(out).items() if row["class"] == "overlap"}
    assert set(found) <= set(CORNERS)
    for pair, row in found.items():
        assert_agrees(row, *CORNERS[pair])


def test_traps(out):
    for pair in TRAPS:
        assert pair not in pairs(out)


def test_names_hold_holes_and_shots(out):
    rows = read_csv(out / "micrographs.csv")
    assert len(rows) == 28
    assert {row["status"] for row in rows} == {"ok"}
    assert [row["shot"] for row in rows[:4]] == ["1", "2", "3", "4"]
    holes = [row["hole"] for row in rows]
    assert len(set(holes[:4])) == 1 and holes[3] != holes[4]


@pytest.mark.parametrize("n", [3, 4])
def test_coarser_bin(n, tmp_path):
    screen(cu428() / "corrected_micrographs.star", "--bin", n, cwd=tmp_path)
    found = {pair for pair, row in pairs(tmp_path / "microdup").items() if row["class"] == "duplicate"}
    assert found == set(DUPLICATES)
