"""microduplicate_screener against the original tool's own results on real micrographs, and where the original fails."""

import csv

import numpy
import pytest

from helpers import NX, NY, OPTICS, Shots, cu428, exposure, files_of, link, original, star_text, texture, write_mrc, write_star

README = ("--bin", 1, "--scanrange", 34, "--imagespermove", 16, "--imagesperhole", 4)
ALL = ("--imagespermove", 1, "--imagesperhole", 1)
HEADER = "Original,Duplicate\n"
FOUND = HEADER + "m1.mrc,m5.mrc\nm2.mrc,m6.mrc\nm3.mrc,m7.mrc\n"


def run_on_cu428(cwd, *options):
    run = original("--i", cu428() / "corrected_micrographs.star", *options, cwd=cwd)
    assert (run.status, run.err) == (0, ""), run
    return run


def matrix_of(path):
    with open(path, newline="") as file:
        return numpy.array([[float(field) for field in row] for row in csv.reader(file)])


def names_of_cu428():
    return sorted(path.name for path in cu428().glob("*.mrc"))


# ---- the original's results ----


def test_readme_command(tmp_path):
    run_on_cu428(tmp_path, *README, "--j", 2, "--csvout", "duplicate.csv")
    assert files_of(tmp_path) == ["ccc.csv", "duplicate.csv"]
    assert (tmp_path / "duplicate.csv").read_bytes() == (cu428() / "original_duplicate.csv").read_bytes()


def test_ccc_of_the_readme_command(tmp_path):
    run_on_cu428(tmp_path, *README, "--csvout", "duplicate.csv")
    ours, theirs = matrix_of(tmp_path / "ccc.csv"), matrix_of(cu428() / "original_ccc.csv")
    assert ours.shape == theirs.shape == (12, 34)
    assert numpy.array_equal(ours != 0, theirs != 0) or numpy.abs(ours[(ours == 0) != (theirs == 0)]).max() < 0.03
    high = theirs > 0.2
    assert high.sum() == 4
    assert numpy.abs(ours - theirs)[high].max() <= 0.03
    assert ours[~high].max() < 0.15
    for line in (tmp_path / "ccc.csv").read_text().splitlines():
        assert all(len(field.split(".")[1]) == 4 for field in line.split(","))


def test_all_pairs(tmp_path):
    run_on_cu428(tmp_path, "--bin", 1, "--scanrange", 28, *ALL, "--csvout", "d.csv")
    ours, names = matrix_of(tmp_path / "ccc.csv"), names_of_cu428()
    with open(cu428() / "original_allpairs.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 378
    pairs = [(names.index(row["reference"]), names.index(row["target"])) for row in rows]
    found = numpy.array([ours[i, j - i - 1] for i, j in pairs])
    theirs = numpy.array([float(row["ccc"]) for row in rows])
    assert numpy.corrcoef(found, theirs)[0, 1] >= 0.97
    high = theirs > 0.2
    assert high.sum() >= 4
    assert numpy.abs(found - theirs)[high].max() <= 0.03
    assert found[~high].max() < 0.15


def test_all_pairs_finds_the_same_four(tmp_path):
    run_on_cu428(tmp_path, "--bin", 1, "--scanrange", 28, *ALL, "--csvout", "d.csv")
    expected = (cu428() / "original_duplicate.csv").read_text().splitlines()
    assert sorted((tmp_path / "d.csv").read_text().splitlines()) == sorted(expected)


# ---- names of the outputs ----


def window_session(session, *options, cwd=None):
    window = () if "--imagespermove" in options else ALL
    run = original("--i", session / "micrographs.star", *window, "--bin", 2, *options, cwd=cwd or session)
    assert (run.status, run.err) == (0, ""), run
    return run


def test_default_names(session):
    """The original writes both to ccc.csv, and so loses the pairs."""
    window_session(session)
    assert (session / "ccc.csv").read_text() == FOUND
    assert matrix_of(session / "ccc_matrix.csv").shape == (7, 48)


def test_csvout_named_ccc(session):
    window_session(session, "--csvout", "./ccc.csv")
    assert (session / "ccc.csv").read_text().startswith(HEADER)
    assert (session / "ccc_matrix.csv").exists()


def test_matrix_lies_beside_csvout(session):
    (session / "results").mkdir()
    window_session(session, "--csvout", "results/d.csv")
    assert files_of(session / "results") == ["ccc.csv", "d.csv"]
    assert not (session / "ccc.csv").exists()


def test_folder_of_csvout_is_made(session):
    window_session(session, "--csvout", "results/of/today/d.csv")
    assert files_of(session / "results" / "of" / "today") == ["ccc.csv", "d.csv"]


def test_results_of_an_earlier_run_are_replaced(session):
    for threshold in (0.99, -1, 0.2):
        window_session(session, "--csvout", "d.csv", "--threshold", threshold)
    assert (session / "d.csv").read_text() == FOUND


def test_results_of_the_original_are_replaced(session):
    (session / "d.csv").write_text("Original,Duplicate\na.mrc,b.mrc\n")
    (session / "ccc.csv").write_text("0.0180,0.0000\n0.1,0.2\n")
    window_session(session, "--csvout", "d.csv")
    assert (session / "d.csv").read_text() == FOUND


def test_outdir_leaves_nothing(session):
    """A nested one is where the original crashes."""
    before = files_of(session)
    window_session(session, "--outdir", "work/deep/er", "--csvout", "d.csv")
    assert files_of(session) == sorted([*before, "d.csv", "ccc.csv"])


# ---- options ----


@pytest.mark.parametrize("options", [[], ["--opticsless", 0], ["--opticsless", 1], ["--opticsless"]])
@pytest.mark.parametrize("old", [False, True])
def test_opticsless_is_not_needed(options, old, session):
    rows = "".join(f"m{i}.mrc 1\n" for i in range(Shots.N))
    (session / "micrographs.star").write_text(
        ("data_\n\nloop_\n_rlnMicrographName #1\n_rlnBeamTiltClass #2\n" if old else OPTICS) + rows
    )
    window_session(session, *options, "--csvout", "d.csv")
    assert (session / "d.csv").read_text() == FOUND


def test_negative_threshold(session):
    """Every pair compared is over it, and nothing else: what was not compared has no CCC of 0."""
    window_session(session, "--threshold", -1, "--csvout", "d.csv")
    assert len((session / "d.csv").read_text().splitlines()) == 1 + 8 * 7 / 2
    window_session(session, "--threshold=-0.5", "--imagespermove", 1, "--imagesperhole", 3, "--csvout", "d.csv")
    assert len((session / "d.csv").read_text().splitlines()) == 1 + sum(len(range(i + 1, 8, 3)) for i in range(8))


def test_every_target_over_the_threshold_best_first(tmp_path):
    """Three exposures of one place: the original reports one of the two."""
    field = texture(NX + 100, NY, 5)
    for i, x in enumerate([0, 90, 20]):
        write_mrc(tmp_path / f"a{i}.mrc", exposure(field, x, 0, i))
    write_star(tmp_path / "micrographs.star", [f"a{i}.mrc" for i in range(3)])
    window_session(tmp_path, "--csvout", "d.csv")
    assert (tmp_path / "d.csv").read_text() == HEADER + "a0.mrc,a2.mrc\na0.mrc,a1.mrc\na1.mrc,a2.mrc\n"


def test_window(session):
    window_session(session, "--imagespermove", 4, "--scanrange", 3, "--imagesperhole", 2, "--csvout", "d.csv", "--threshold", -1)
    rows = matrix_of(session / "ccc.csv")
    assert rows.shape == (4, 3)
    assert (rows[:, 1] == 0).all()
    pairs = [(0, 4), (0, 6), (1, 5), (1, 7), (2, 6), (3, 7)]
    found = sorted((session / "d.csv").read_text().splitlines()[1:])
    assert found == [f"m{a}.mrc,m{b}.mrc" for a, b in pairs]


def test_fewer_images_than_imagespermove(session):
    run = original("--i", "micrographs.star", "--csvout", "d.csv", cwd=session)
    assert run.status == 0
    assert run.err == "WARNING: 8 micrographs and --imagespermove 16: there is nothing to compare; lower --imagespermove\n"
    assert (session / "d.csv").read_text() == HEADER
    assert (session / "ccc.csv").read_bytes() == b""


def test_one_micrograph(session):
    write_star(session / "micrographs.star", ["m0.mrc"])
    run = original("--i", "micrographs.star", "--csvout", "d.csv", cwd=session)
    assert (run.status, run.err) == (0, "WARNING: only one micrograph: nothing to compare\n")
    assert (session / "d.csv").read_text() == HEADER


def test_order_is_by_name(session):
    """As the original; --order changes it."""
    write_star(session / "micrographs.star", [f"m{i}.mrc" for i in (5, 6, 0, 1, 2)])
    window_session(session, "--csvout", "d.csv")
    assert (session / "d.csv").read_text() == HEADER + "m1.mrc,m5.mrc\nm2.mrc,m6.mrc\n"
    window_session(session, "--csvout", "d.csv", "--order", "star")
    assert (session / "d.csv").read_text() == HEADER + "m5.mrc,m1.mrc\nm6.mrc,m2.mrc\n"


# ---- where the original fails ----


def moved(session, names):
    for i, name in zip((1, 5, 0, 4), names):
        link(session / f"m{i}.mrc", session / name)
    write_star(session / "micrographs.star", names)


@pytest.mark.parametrize(
    "names",
    [
        ["a/x.mrc", "b/x.mrc", "c/x.mrc", "d/x.mrc"],
        ["a b/x 1.mrc", "a b/x 2.mrc", "a b/x 3.mrc", "a b/x 4.mrc"],
        ["f.mrc/x1.mrc", "f.mrc/x2.mrc", "f.mrc/x3.mrc", "f.mrc/x4.mrc"],
        ["Größe/x1.mrc", "Größe/x2.mrc", "Größe/x3.mrc", "Größe/x4.mrc"],
        ["./x1.mrc", "./x2.mrc", "./x3.mrc", "./x4.mrc"],
    ],
    ids=["the same base name", "blanks", ".mrc in a folder", "UTF-8", "dots"],
)
def test_names(names, session):
    moved(session, names)
    window_session(session, "--csvout", "d.csv")
    assert (session / "d.csv").read_text() == f"{HEADER}{names[0]},{names[1]}\n"


def test_comma_is_quoted(session):
    moved(session, ["a,b1.mrc", "a,b2.mrc", "c3.mrc", "c4.mrc"])
    window_session(session, "--csvout", "d.csv")
    with open(session / "d.csv", newline="") as file:
        assert list(csv.reader(file)) == [["Original", "Duplicate"], ["a,b1.mrc", "a,b2.mrc"]]


def test_integers_keep_their_duplicates(session):
    """IMOD keeps 16-bit integers as such, and so loses every duplicate of faint micrographs."""
    shots = Shots().pixels
    for i in (1, 5, 0, 4):
        (session / f"m{i}.mrc").unlink()
        write_mrc(session / f"m{i}.mrc", numpy.round(shots[i] * 2 + 20), mode=1)
    write_star(session / "micrographs.star", [f"m{i}.mrc" for i in (0, 1, 4, 5)])
    window_session(session, "--csvout", "d.csv")
    assert (session / "d.csv").read_text() == HEADER + "m1.mrc,m5.mrc\n"


def test_another_size_is_compared_with_its_own(session):
    shots = Shots().pixels
    for name, i in (("r2.mrc", 2), ("r6.mrc", 6)):
        write_mrc(session / name, shots[i][:, :600])
    write_star(session / "micrographs.star", ["m1.mrc", "r2.mrc", "m5.mrc", "r6.mrc"])
    window_session(session, "--csvout", "d.csv")
    assert (session / "d.csv").read_text() == HEADER + "m1.mrc,m5.mrc\nr2.mrc,r6.mrc\n"


def test_star_elsewhere(session):
    other = session / "other"
    other.mkdir()
    window_session(session, "--csvout", "d.csv", cwd=other)
    assert (other / "d.csv").read_text() == FOUND


def test_empty_table_of_pairs(session):
    (session / "micrographs.star").write_text(star_text(["m0.mrc", "m4.mrc"]))
    window_session(session, "--csvout", "d.csv")
    assert (session / "d.csv").read_text() == HEADER


def test_help():
    for arguments in ([], ["--help"]):
        run = original(*arguments)
        assert (run.status, run.err) == (0, "")
        for option in "i outdir csvout bin imagespermove scanrange imagesperhole threshold opticsless j".split():
            assert f"--{option} " in run.out
