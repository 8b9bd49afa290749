"""Faint sessions of four shots a hole: names that tell the holes help to find more, and make no false pairs."""

import pytest

from helpers import microdup, read_csv, screen

FAINT = ("--shots", 4, "--mass", 60, "--defocus", "0.4,0.9", "--size", "360x255", "--pixel", 13.28)
TRUTH = ("--micrographs", 64, "--duplicates", 16, "--overlaps", 8, "--seed", 2)
# What unrelated pairs show stands anywhere within 440 px.
SHIFT_px = 6.0


def rows(path):
    """{names of the two: (shift_x_px, shift_y_px)}"""
    return {
        (row["micrograph_a"], row["micrograph_b"]): (float(row["shift_x_px"]), float(row["shift_y_px"])) for row in read_csv(path)
    }


@pytest.fixture(scope="module")
def sessions(tmp_path_factory):
    """{style of names: (truth, found)}"""
    made = {}
    for names in ("epu", "plain"):
        folder = tmp_path_factory.mktemp(names)
        run = microdup("simulate", "--o", folder, *FAINT, *TRUTH, "--names", names)
        assert (run.status, run.err) == (0, ""), run
        screen("corrected_micrographs.star", "--bin", 1, cwd=folder)
        made[names] = rows(folder / "truth.csv"), rows(folder / "microdup" / "pairs.csv")
    return made


def test_the_same_session_but_for_the_names(sessions):
    epu, plain = (sorted(sessions[names][0].values()) for names in ("epu", "plain"))
    assert epu == plain and len(epu) >= 24


@pytest.mark.parametrize("names", ["epu", "plain"])
def test_all_that_is_reported_is_true(names, sessions):
    truth, found = sessions[names]
    assert found
    assert set(found) <= set(truth), "false pairs"
    for pair, shift in found.items():
        assert shift == pytest.approx(truth[pair], abs=SHIFT_px)


def test_names_of_holes_find_more(sessions):
    epu, plain = (sessions[names][1] for names in ("epu", "plain"))
    assert len(epu) >= len(plain) + 4
