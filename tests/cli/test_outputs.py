"""What a screen writes, and what other programs make of it."""

import csv
import itertools
import json
import math
import os
import re
import shutil
import subprocess
import sys

import pytest

from helpers import (
    COMPARED,
    FILES,
    NX,
    NY,
    OPTICS,
    Shots,
    duplicates,
    exposure,
    files_of,
    link,
    microdup,
    original,
    overlap_of,
    read_csv,
    screen,
    star_text,
    texture,
    write_mrc,
    write_star,
)

DUPLICATES = [("m1.mrc", "m5.mrc"), ("m2.mrc", "m6.mrc")]
REMOVED = ["m5.mrc", "m6.mrc"]


def test_files_and_their_headers(session):
    run = screen("micrographs.star", cwd=session)
    out = session / "microdup"
    assert files_of(out) == FILES
    headers = {name: (out / name).read_text().splitlines()[0] for name in ("duplicates.csv", "pairs.csv", "micrographs.csv")}
    assert headers == {
        "duplicates.csv": "Original,Duplicate,overlap,shift_x_px,shift_y_px,ccc,evalue,log10_evalue,set",
        "pairs.csv": "micrograph_a,micrograph_b,class,overlap,shift_x_px,shift_y_px,shift_x_A,shift_y_A,ccc,score,evalue,"
        "log10_evalue,set,kind,shift_sd_px,stage_um,place_um",
        "micrographs.csv": "micrograph,status,reason,order,hole,shot,set,decision,pixel_A,uid",
    }
    assert "Look at     microdup/report.html" in run.out


def test_what_is_found(session):
    screen("micrographs.star", cwd=session)
    out = session / "microdup"
    found = {(row["micrograph_a"], row["micrograph_b"]): row for row in read_csv(out / "pairs.csv")}
    expected = {**Shots.DUPLICATES, **Shots.OVERLAPS}
    assert set(found) == {(f"m{a}.mrc", f"m{b}.mrc") for a, b in expected}
    for (a, b), (dx, dy) in expected.items():
        row = found[f"m{a}.mrc", f"m{b}.mrc"]
        assert float(row["shift_x_px"]) == pytest.approx(dx, abs=1)
        assert float(row["shift_y_px"]) == pytest.approx(dy, abs=1)
        assert float(row["shift_x_A"]) == pytest.approx(dx, abs=1)
        assert float(row["overlap"]) == pytest.approx(overlap_of(dx, dy), abs=0.01)
        assert row["class"] == ("duplicate" if (a, b) in Shots.DUPLICATES else "overlap")
        assert row["kind"] == row["class"]
        assert 0.4 < float(row["ccc"]) <= 1
    assert duplicates(out) == DUPLICATES
    assert (out / "removed.txt").read_text() == "m5.mrc\nm6.mrc\n"
    rows = read_csv(out / "micrographs.csv")
    assert [row["micrograph"] for row in rows] == [f"m{i}.mrc" for i in range(Shots.N)]
    assert [row["order"] for row in rows] == [str(i + 1) for i in range(Shots.N)]
    assert [row["micrograph"] for row in rows if row["decision"] == "remove"] == REMOVED
    assert [row["set"] for row in rows] == ["", "1", "2", "", "", "1", "2", ""]


def test_summary(session):
    screen("micrographs.star", "--j", 2, cwd=session)
    summary = json.loads((session / "microdup" / "summary.json").read_text())
    assert summary["program"] == "microdup" and summary["finished"] is True
    assert summary["counts"] == {
        "micrographs": 8,
        "judged": 8,
        "not_judged": 0,
        "pairs_compared": 28,
        "duplicate_pairs": 2,
        "overlap_pairs": 1,
        "sets": 2,
        "removed": 2,
        "exact_copies": 0,
    }
    assert summary["parameters"]["threads"] == 2
    assert summary["command_line"] == "microdup screen micrographs.star --j 2"


def test_all_files_are_written_when_nothing_is_found(session):
    write_star(session / "in.star", ["m0.mrc", "m1.mrc", "m2.mrc"])
    run = screen("in.star", cwd=session)
    out = session / "microdup"
    assert files_of(out) == FILES
    assert "None of the 3 micrographs is a duplicate of an earlier one." in run.out
    assert (out / "removed.txt").read_bytes() == b""
    assert (out / "micrographs.star").read_bytes() == (session / "in.star").read_bytes()
    assert (out / "micrographs_removed.star").read_text() == star_text([])
    assert read_csv(out / "duplicates.csv") == read_csv(out / "pairs.csv") == []


def test_three_exposures_of_one_place(tmp_path):
    """Both later ones are removed, each with the one that is kept."""
    field = texture(NX + 60, NY + 60, 7)
    for i in range(3):
        write_mrc(tmp_path / f"a{i}.mrc", exposure(field, 30 * i, 20 * i, 70 + i))
    write_mrc(tmp_path / "b.mrc", exposure(texture(NX, NY, 8), 0, 0, 80))
    screen(".", cwd=tmp_path)
    out = tmp_path / "microdup"
    assert duplicates(out) == [("a0.mrc", "a1.mrc"), ("a0.mrc", "a2.mrc")]
    assert [row["set"] for row in read_csv(out / "micrographs.csv")] == ["1", "1", "1", ""]


@pytest.mark.parametrize("share, classes", [(0.2, 3), (0.5, 2), (0.85, 1), (0.95, 0)])
def test_min_overlap(share, classes, session):
    screen("micrographs.star", "--min-overlap", share, cwd=session)
    rows = read_csv(session / "microdup" / "pairs.csv")
    assert sum(row["class"] == "duplicate" for row in rows) == classes == len(duplicates(session / "microdup"))
    assert len(rows) == 3


# ---- STAR ----

CTF = """# version 50001
# made by hand

data_general

_rlnImageSizeX     700
_rlnNote           "a loop_ in quotes"

# version 50001

data_optics

loop_
_rlnOpticsGroupName #1
_rlnOpticsGroup #2
_rlnMicrographPixelSize #3
group1 1 1.0
group2 2 1.0
unused 3 9.0

# version 50001

data_micrographs

loop_
_rlnCtfImage #1
_rlnMicrographName #2
_rlnOpticsGroup #3
_rlnUnknownToAnybody #4
"""
# The rows in all the forms that are allowed: tabs, quotes, no blank at the end, blanks before, a comment behind.
ROWS = [
    "m0.ctf:mrc m0.mrc 1 0.1 \n",
    "m1.ctf:mrc\tm1.mrc\t2\t0.2\n",
    "m2.ctf:mrc   'm2.mrc'   1   'x y'\n",
    "   m3.ctf:mrc m3.mrc 1 0.3\n",
    'm4.ctf:mrc m4.mrc 2 ""\n',
    'm5.ctf:mrc "m5.mrc" 1 0.5 # a comment\n',
    "m6.ctf:mrc m6.mrc            1 0.6 \n",
    "m7.ctf:mrc m7.mrc 1 0.7 \n",
]
BEHIND = " \n\ndata_more\n\n_rlnLast 1\n# the end"

OLD = "data_\n\nloop_ \n_rlnDetectorPixelSize #1 \n_rlnMicrographName #2 \n_rlnMagnification #3 \n"


def without_numbers(text):
    return "".join(line.split(" #")[0] + "\n" if line.startswith("_rln") else line + "\n" for line in text.split("\n")[:-1])


STAR = {
    "RELION 3.1": (OPTICS, [f"m{i}.mrc            1 \n" for i in range(8)], " \n"),
    "RELION 5 with everything": (CTF, ROWS, BEHIND),
    "RELION 3.0": (OLD, [f"5.0 m{i}.mrc 50000.0 \n" for i in range(8)], " \n"),
    "no numbers behind the labels": (without_numbers(OPTICS), [f"m{i}.mrc 1\n" for i in range(8)], ""),
    "no optics": ("data_micrographs\nloop_\n_rlnMicrographName\n", [f"m{i}.mrc\n" for i in range(8)], ""),
}


@pytest.mark.parametrize("case", STAR)
def test_star_is_the_input_with_lines_left_out(case, session):
    head, rows, behind = STAR[case]
    (session / "in.star").write_text(head + "".join(rows) + behind)
    screen("in.star", cwd=session)
    out = session / "microdup"
    kept = [row for i, row in enumerate(rows) if i not in (5, 6)]
    assert (out / "micrographs.star").read_text() == head + "".join(kept) + behind
    assert (out / "micrographs_removed.star").read_text() == head + rows[5] + rows[6] + behind


def test_last_row_without_a_line_end(session):
    text = OPTICS + "".join(f"m{i}.mrc 1\n" for i in (0, 1, 5))[:-1]
    (session / "in.star").write_text(text)
    screen("in.star", cwd=session)
    out = session / "microdup"
    assert (out / "micrographs.star").read_text() == OPTICS + "m0.mrc 1\nm1.mrc 1\n"
    assert (out / "micrographs_removed.star").read_text() == OPTICS + "m5.mrc 1"


def test_carriage_returns_stay(session):
    text = star_text([f"m{i}.mrc" for i in range(8)]).replace("\n", "\r\n")
    (session / "in.star").write_bytes(text.encode())
    run = microdup("screen", "in.star", cwd=session)
    assert run.status == 0 and run.err.count("\n") == 1
    expected = "".join(line for line in text.splitlines(True) if not line.startswith(("m5", "m6")))
    assert (session / "microdup" / "micrographs.star").read_bytes() == expected.encode()


def test_pairs_of_one_micrograph(session):
    """Label and value instead of a loop: there is nothing that could be left out."""
    (session / "in.star").write_text("data_micrographs\n\n_rlnMicrographName m0.mrc\n")
    screen("in.star", cwd=session)
    out = session / "microdup"
    assert files_of(out) == FILES
    assert (out / "micrographs.star").read_bytes() == (session / "in.star").read_bytes()


def test_starfile_reads_it(session):
    starfile = pytest.importorskip("starfile")
    (session / "in.star").write_text(CTF + "".join(ROWS) + BEHIND + "\n")
    screen("in.star", cwd=session)
    before = starfile.read(session / "in.star", always_dict=True)
    kept = starfile.read(session / "microdup" / "micrographs.star", always_dict=True)
    removed = starfile.read(session / "microdup" / "micrographs_removed.star", always_dict=True)
    assert kept["optics"].equals(before["optics"]) and removed["optics"].equals(before["optics"])
    table = before["micrographs"]
    is_removed = table["rlnMicrographName"].isin(REMOVED)
    assert kept["micrographs"].equals(table[~is_removed].reset_index(drop=True))
    assert list(removed["micrographs"]["rlnMicrographName"]) == REMOVED


def test_starfile_and_gemmi_write_what_we_read(session):
    starfile = pytest.importorskip("starfile")
    gemmi = pytest.importorskip("gemmi")
    starfile.write(starfile.read(session / "micrographs.star"), session / "starfile.star")
    gemmi.cif.read_file(str(session / "micrographs.star")).write_file(str(session / "gemmi.star"))
    for name in ("starfile.star", "gemmi.star"):
        screen(name, "--o", name + "_out", cwd=session)
        assert duplicates(session / (name + "_out")) == DUPLICATES
        before = starfile.read(session / name, always_dict=True)["micrographs"]
        after = starfile.read(session / (name + "_out") / "micrographs.star", always_dict=True)["micrographs"]
        assert list(after["rlnMicrographName"]) == [n for n in before["rlnMicrographName"] if n not in REMOVED]


def starparser(*arguments, cwd):
    pytest.importorskip("starparser")
    program = os.path.join(os.path.dirname(sys.executable), "starparser")
    if not os.path.exists(program):
        pytest.skip("starparser is not installed")
    return subprocess.run([program, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120)


def names_in(star):
    return [line.split()[0] for line in star.read_text().splitlines() if line.split() and line.split()[0].endswith(".mrc")]


def test_starparser_reads_it(session):
    """The last step of the original's recipe with our list, and ours without a step."""
    screen("micrographs.star", cwd=session)
    options = ["--i", "micrographs.star", "--o", "by_starparser.star"]
    run = starparser(*options, "--remove_mics_list", "--f", "microdup/removed.txt", cwd=session)
    assert (session / "by_starparser.star").exists(), run
    ours = names_in(session / "microdup" / "micrographs.star")
    assert names_in(session / "by_starparser.star") == ours == [f"m{i}.mrc" for i in (0, 1, 2, 3, 4, 7)]
    run = starparser(
        "--i", "microdup/micrographs.star", "--o", "again.star", "--remove_mics_list", "--f", "microdup/removed.txt", cwd=session
    )
    assert names_in(session / "again.star") == ours, run


def test_starparser_by_patterns(session):
    """removed_regex.txt holds the names so that starparser takes them as they are, and none when there is none to take."""
    names = ["g1_X+1Y-1-1.mrc", "g1_001.mrc", "a b.mrc", "m(3).mrc", "g1_0015.mrc", "g1_X+1Y-1-2.mrc", "c [d] $e^|.mrc", "\u00b5.mrc"]
    for i, name in enumerate(names):
        (session / f"m{i}.mrc").rename(session / name)
    (session / "in.txt").write_text("\n".join(names) + "\n")
    screen("in.txt", "--order", "star", cwd=session)
    removed = [names[5], names[6]]
    assert (session / "microdup/removed.txt").read_text().splitlines() == removed
    patterns = (session / "microdup/removed_regex.txt").read_text().splitlines()
    assert patterns == [r"^g1_X\+1Y\-1\-2\.mrc$", r"^c\x20\[d\]\x20\$e\^\|\.mrc$"]
    # With blanks no name can stand in a STAR file that starparser reads, so they are tried by themselves.
    assert [n for n in names if re.search("|".join(patterns), n)] == removed
    near = ["x" + removed[0], removed[0] + ".gz", removed[0].replace(".", "x")]
    readable = [n for n in names if " " not in n] + near
    write_star(session / "all.star", readable)
    starparser("--i", "all.star", "--o", "left.star", "--remove_mics_list", "--f", "microdup/removed_regex.txt", cwd=session)
    left = [line.split() for line in (session / "left.star").read_text().splitlines()]
    assert [words[0] for words in left if words[1:] == ["1"]] == [n for n in readable if n not in removed]


def test_starparser_when_nothing_is_removed(session):
    """An empty list would take every row."""
    write_star(session / "in.star", ["m0.mrc", "m1.mrc", "m2.mrc"])
    screen("in.star", cwd=session)
    assert (session / "microdup/removed_regex.txt").read_text() == "a^\n"
    options = ["--i", "in.star", "--o", "left.star", "--remove_mics_list", "--f"]
    starparser(*options, "microdup/removed.txt", cwd=session)
    assert not (session / "left.star").exists()
    starparser(*options, "microdup/removed_regex.txt", cwd=session)
    assert names_in(session / "left.star") == ["m0.mrc", "m1.mrc", "m2.mrc"]


@pytest.mark.parametrize("case", ["RELION 3.1", "no numbers behind the labels"])
def test_relion_compares_input_and_output(case, session):
    """relion_star_handler --compare: only in the input are exactly the removed rows, only in ours is none."""
    program = shutil.which("relion_star_handler") or pytest.skip("relion_star_handler is not installed")
    head, rows, behind = STAR[case]
    (session / "in.star").write_text(head + "".join(rows) + behind)
    screen("in.star", cwd=session)
    run = subprocess.run(
        [
            program,
            "--i",
            "in.star",
            "--compare",
            "microdup/micrographs.star",
            "--label1",
            "rlnMicrographName",
            "--o",
            "compared.star",
        ],
        cwd=session,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run

    def names(name):
        return sorted(word for word in (session / name).read_text().split() if word.endswith(".mrc"))

    assert names("compared_only1.star") == REMOVED
    assert names("compared_only2.star") == []
    assert names("compared_both.star") == [f"m{i}.mrc" for i in (0, 1, 2, 3, 4, 7)]


# ---- CSV and the original's recipe ----


def recipe(folder, table="duplicates.csv"):
    """README of the original: the list of what to remove."""
    run = subprocess.run(
        f"grep -v 'Duplicate' {table} | awk -F, '{{print $2}}'", shell=True, cwd=folder, capture_output=True, text=True, timeout=60
    )
    return run.stdout.splitlines()


def renamed_session(session, folder):
    names = [f"{folder}/m{i}.mrc" for i in range(Shots.N)]
    for i, name in enumerate(names):
        link(session / f"m{i}.mrc", session / name)
    write_star(session / "in.star", names)
    return names


def test_recipe(session):
    screen("micrographs.star", cwd=session)
    assert recipe(session / "microdup") == REMOVED


@pytest.mark.parametrize("folder", ["Duplicate", "a,b", 'say "x"', 'with, all "of" it Duplicate'])
def test_removed_is_right_where_the_recipe_is_not(folder, session):
    if '"' in folder:
        names = [f"{folder}/m{i}.mrc" for i in range(Shots.N)]
        for i, name in enumerate(names):
            link(session / f"m{i}.mrc", session / name)
        (session / "in.star").write_text(OPTICS + "".join(f"'{name}' 1\n" for name in names))
    else:
        names = renamed_session(session, folder)
    screen("in.star", cwd=session)
    out = session / "microdup"
    expected = [names[5], names[6]]
    assert (out / "removed.txt").read_text().splitlines() == expected
    assert duplicates(out) == [(names[1], names[5]), (names[2], names[6])]
    if folder != 'say "x"':
        assert recipe(out) != expected


def test_csv_is_quoted_only_where_needed(session):
    names = ["a,b.mrc", 'c"d.mrc', "e f.mrc", "g'h.mrc"]
    for i, name in zip((1, 5, 2, 6), names):
        (session / f"m{i}.mrc").rename(session / name)
    (session / "list.txt").write_text("\n".join(names) + "\n")
    screen("list.txt", cwd=session)
    text = (session / "microdup" / "duplicates.csv").read_bytes()
    assert b"\r" not in text and text.endswith(b"\n")
    rows = text.decode().splitlines()
    assert rows[1].startswith('"a,b.mrc","c""d.mrc",') and rows[2].startswith("e f.mrc,g'h.mrc,")
    assert duplicates(session / "microdup") == [(names[0], names[1]), (names[2], names[3])]
    assert rows[1].count('"') == 6
    assert (session / "microdup" / "removed.txt").read_text() == "c\"d.mrc\ng'h.mrc\n"


def test_numbers_have_points_and_no_negative_zero(session):
    screen("micrographs.star", cwd=session)
    with open(session / "microdup" / "pairs.csv", newline="") as file:
        for row in itertools.islice(csv.reader(file), 1, None):
            assert all(math.isfinite(float(field)) and field != "-0.00" for field in row[3:-5] + row[-3:-2])


# ---- names and paths ----


def test_same_base_name_in_different_folders(session):
    """Two micrographs, not one."""
    for i, name in enumerate(["a/x.mrc", "b/x.mrc", "c/x.mrc", "d/x.mrc"]):
        link(session / f"m{[0, 1, 4, 5][i]}.mrc", session / name)
    write_star(session / "in.star", ["a/x.mrc", "b/x.mrc", "c/x.mrc", "d/x.mrc"])
    screen("in.star", cwd=session)
    assert duplicates(session / "microdup") == [("b/x.mrc", "d/x.mrc")]
    assert (session / "microdup" / "removed.txt").read_text() == "d/x.mrc\n"


@pytest.mark.parametrize("folder", ["a b", "Größe/µ", "./x/../y", "x.mrc", "z//z"])
def test_odd_folders_and_names_as_in_the_input(folder, session):
    (session / "x").mkdir()
    names = renamed_session(session, folder)
    screen("in.star", cwd=session)
    out = session / "microdup"
    assert duplicates(out) == [(names[1], names[5]), (names[2], names[6])]
    assert (out / "removed.txt").read_text() == f"{names[5]}\n{names[6]}\n"


def test_odd_folder_of_the_star_and_of_the_output(session):
    folder = session / "ein Ordner, größer" / "job 1"
    folder.mkdir(parents=True)
    for i in range(Shots.N):
        link(session / f"m{i}.mrc", folder / f"m{i}.mrc")
    write_star(folder / "in put.star", [f"m{i}.mrc" for i in range(Shots.N)])
    screen(folder / "in put.star", "--o", folder / "out put" / "deep" / "er", cwd=session.parent)
    assert duplicates(folder / "out put" / "deep" / "er") == DUPLICATES


def project(session):
    """A RELION project: names from its root, the STAR in a job's folder."""
    root = session / "project"
    job = root / "MotionCorr" / "job002"
    names = [f"MotionCorr/job002/Movies/m{i}.mrc" for i in range(Shots.N)]
    for i, name in enumerate(names):
        link(session / f"m{i}.mrc", root / name)
    (root / "default_pipeline.star").write_text("# version 30001\n\ndata_pipeline_general\n\n_rlnPipeLineJobCounter 3\n")
    write_star(job / "corrected_micrographs.star", names)
    return root, job, names


def test_project_is_found_above_the_star(session):
    root, job, names = project(session)
    other = session / "elsewhere"
    other.mkdir()
    screen(job / "corrected_micrographs.star", cwd=other)
    assert duplicates(other / "microdup") == [(names[1], names[5]), (names[2], names[6])]


def test_project_above_a_link(session):
    """The folder of a job may be a link to a scratch disk: the project is above the link."""
    root, job, names = project(session)
    scratch = session / "scratch"
    job.rename(scratch)
    job.symlink_to(scratch)
    screen(job / "corrected_micrographs.star", cwd=session)
    assert [b for _, b in duplicates(session / "microdup")] == [names[5], names[6]]


def test_relative_star_in_the_project(session):
    root, _, names = project(session)
    screen("MotionCorr/job002/corrected_micrographs.star", cwd=root)
    screen("../MotionCorr/job002/corrected_micrographs.star", cwd=root / "MotionCorr", environment={})
    for folder in (root, root / "MotionCorr"):
        assert [b for _, b in duplicates(folder / "microdup")] == [names[5], names[6]]


def test_project_dir(session):
    root, job, names = project(session)
    (root / "default_pipeline.star").unlink()
    star = write_star(session / "moved.star", names)
    screen(star, "--project_dir", root, cwd=session.parent, environment={})
    assert [b for _, b in duplicates(session.parent / "microdup")] == [names[5], names[6]]
    shutil.rmtree(session.parent / "microdup")


def test_beside_the_star(session):
    other = session / "other"
    other.mkdir()
    screen("../micrographs.star", cwd=other)
    assert duplicates(other / "microdup") == DUPLICATES


# ---- inputs ----

KINDS = {
    "star": ["micrographs.star"],
    "--i": ["--i", "micrographs.star"],
    "--in_mics": ["--in_mics", "micrographs.star"],
    "--i=": ["--i=micrographs.star"],
    "list": ["list.txt"],
    "folder": ["."],
    "pattern": ["m?.mrc"],
    "images": [f"m{i}.mrc" for i in range(Shots.N)],
    "opticsless": ["micrographs.star", "--opticsless", "0"],
    "as RELION calls it": ["--o", "microdup/", "--in_mics", "micrographs.star", "--j", "2", "--pipeline_control", "microdup/"],
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_input(kind, session):
    (session / "list.txt").write_text("".join(f"m{i}.mrc\n" for i in range(Shots.N)))
    screen(*KINDS[kind], cwd=session)
    assert duplicates(session / "microdup") == DUPLICATES
    ending = "star" if "micrographs.star" in " ".join(KINDS[kind]) else "txt"
    if ending == "txt":
        kept = (session / "microdup" / "micrographs.txt").read_text().split()
        assert kept == [f"m{i}.mrc" for i in (0, 1, 2, 3, 4, 7)]
        assert (session / "microdup" / "micrographs_removed.txt").read_text().split() == REMOVED


def test_list_keeps_its_comments(session):
    lines = ["# my list\n", "\n"] + [f"m{i}.mrc \n" for i in range(Shots.N)] + ["# end\n"]
    (session / "list.txt").write_text("".join(lines))
    screen("list.txt", cwd=session)
    kept = "".join(line for line in lines if line.strip() not in REMOVED)
    assert (session / "microdup" / "micrographs.txt").read_text() == kept


def test_several_inputs(session):
    """A session that was started again: two STAR files, one answer, a STAR file each."""
    first = write_star(session / "first.star", [f"m{i}.mrc" for i in range(4)])
    second = write_star(session / "second.star", [f"m{i}.mrc" for i in range(4, 8)])
    screen(first, second, cwd=session)
    out = session / "microdup"
    assert duplicates(out) == DUPLICATES
    expected = sorted(
        [*FILES, "micrographs_1.star", "micrographs_2.star", "micrographs_1_removed.star", "micrographs_2_removed.star"]
    )
    expected = [name for name in expected if name not in ("micrographs.star", "micrographs_removed.star")]
    assert files_of(out) == expected
    assert (out / "micrographs_1.star").read_bytes() == first.read_bytes()
    assert (out / "micrographs_2.star").read_text() == star_text(["m4.mrc", "m7.mrc"])
    assert (out / "micrographs_1_removed.star").read_text() == star_text([])
    assert (out / "micrographs_2_removed.star").read_text() == star_text(REMOVED)


def test_image_of_a_stack(session):
    shots = Shots().pixels
    write_mrc(session / "s.mrcs", [shots[0], shots[5]])
    write_star(session / "in.star", ["m1.mrc", "m4.mrc", "000001@s.mrcs", "000002@s.mrcs"])
    screen("in.star", "--order", "star", cwd=session)
    assert duplicates(session / "microdup") == [("m1.mrc", "000002@s.mrcs")]


# ---- order ----


def stamp(second):
    return f"FoilHole_77_Data_1_2_20240315_0900{second:02}.mrc"


@pytest.mark.parametrize(
    "order, kept",
    [("star", "b2.mrc"), ("name", "b10.mrc"), ("natural", "b2.mrc"), ("auto", "b2.mrc")],
)
def test_order_decides_who_stays(order, kept, session):
    (session / "m1.mrc").rename(session / "b2.mrc")
    (session / "m5.mrc").rename(session / "b10.mrc")
    write_star(session / "in.star", ["b2.mrc", "m0.mrc", "b10.mrc"])
    run = screen("in.star", "--order", order, cwd=session)
    assert [a for a, _ in duplicates(session / "microdup")] == [kept]
    assert f"order: {'natural' if order == 'auto' else order} (" in run.out


def test_order_of_time(session):
    """The time stamp in the name, whatever the name or the list says."""
    (session / "m1.mrc").rename(session / stamp(40).replace("77", "11"))
    (session / "m5.mrc").rename(session / stamp(10).replace("77", "99"))
    names = [stamp(40).replace("77", "11"), stamp(10).replace("77", "99")]
    write_star(session / "in.star", names)
    for order in ("time", "auto"):
        run = screen("in.star", "--order", order, "--o", order, cwd=session)
        assert duplicates(session / order) == [(names[1], names[0])]
        assert "order: time (" in run.out
    shift = float(read_csv(session / "time" / "pairs.csv")[0]["shift_x_px"])
    assert shift == pytest.approx(-Shots.DUPLICATES[1, 5][0], abs=1)


def test_order_of_file_times(session):
    (session / "m1.mrc").rename(session / "x.mrc")
    (session / "m5.mrc").rename(session / "y.mrc")
    write_star(session / "in.star", ["x.mrc", "y.mrc"])
    os.utime(session / "x.mrc", (2e9, 2e9))
    os.utime(session / "y.mrc", (1e9, 1e9))
    run = microdup("screen", "in.star", "--order", "time", cwd=session)
    assert run.status == 0 and "modification times are used" in run.err
    assert duplicates(session / "microdup") == [("y.mrc", "x.mrc")]


def test_window(session):
    """m1-m5 and m2-m6 are four apart, m3-m7 too."""
    for options, found in [
        (["--imagespermove", 4], 3),
        (["--imagespermove", 5], 0),
        (["--scanrange", 3], 0),
        (["--scanrange", 4], 3),
        (["--imagesperhole", 2], 0),
        (["--imagesperhole", 3], 3),
    ]:
        screen("micrographs.star", *options, cwd=session)
        assert len(read_csv(session / "microdup" / "pairs.csv")) == found, options


def shifts_found(folder):
    return sorted(round(math.hypot(float(row["shift_x_px"]), float(row["shift_y_px"]))) for row in read_csv(folder / "pairs.csv"))


# Shots lie 67, 69 and 403 px apart; micrographs are binned by 2, and the search covers 36 px at least.
@pytest.mark.parametrize(
    "limit, found",
    [("0", [67, 69, 403]), ("1e9", [67, 69, 403]), ("410", [67, 69, 403]), ("395", [67, 69]), ("75", [67, 69]), ("68", [67, 69])]
    + [("60", []), ("20", []), ("1", []), ("1e-300", [])],
)
def test_max_shift(limit, found, session):
    screen("micrographs.star", "--max-shift", limit, cwd=session)
    out = session / "microdup"
    assert shifts_found(out) == pytest.approx(found, abs=1)
    summary = json.loads((out / "summary.json").read_text())
    assert summary["parameters"]["max_shift"] == float(limit)
    assert summary["counts"]["pairs_compared"] == 28
    numbers = [row[key] for row in read_csv(out / "pairs.csv") for key in ("score", "ccc", "log10_evalue")]
    assert all(math.isfinite(float(number)) for number in numbers)


def test_max_shift_beyond_the_frame_changes_nothing(session):
    screen("micrographs.star", "--o", "a", cwd=session)
    screen("micrographs.star", "--o", "b", "--max-shift", 5000, cwd=session)
    assert (session / "a" / "pairs.csv").read_bytes() == (session / "b" / "pairs.csv").read_bytes()


def test_max_shift_keeps_copies(session):
    link(session / "m0.mrc", session / "m8.mrc")
    write_star(session / "in.star", [f"m{i}.mrc" for i in range(9)])
    screen("in.star", "--max-shift", "0.001", cwd=session)
    assert duplicates(session / "microdup") == [("m0.mrc", "m8.mrc")]


def write_groups(path, names, groups):
    optics = next(line for line in OPTICS.splitlines() if line.startswith("opticsGroup1"))
    defined = "\n".join(optics.replace("Group1            1", f"Group{i}            {i}") for i in range(1, 9))
    rows = "".join(f"{name} {group}\n" for name, group in zip(names, groups))
    path.write_text(OPTICS.replace(optics, defined) + rows)


@pytest.mark.parametrize(
    "groups, pairs, found",
    [
        ("11111111", 28, 3),
        ("11112222", 12, 0),
        ("12341234", 4, 3),
        ("12312312", 7, 0),
        ("12221222", 1 + 15, 3),
        ("11211321", 11, 2),
        ("12345678", 0, 0),
    ],
)
def test_optics_group(groups, pairs, found, session):
    """m1-m5, m2-m6 and m3-m7 are found when they are of one group."""
    write_groups(session / "in.star", [f"m{i}.mrc" for i in range(8)], groups)
    for option, n_pairs, n_found in (("same", pairs, found), ("any", 28, 3)):
        dry = screen("in.star", "--optics-group", option, "--dry-run", cwd=session)
        assert f"\n{n_pairs} pairs to compare" in dry.out, dry
        screen("in.star", "--optics-group", option, cwd=session)
        summary = json.loads((session / "microdup" / "summary.json").read_text())
        assert summary["counts"]["pairs_compared"] == n_pairs
        assert summary["parameters"]["optics_group"] == option
        assert len(read_csv(session / "microdup" / "pairs.csv")) == n_found


def test_optics_group_and_window(session):
    write_groups(session / "in.star", [f"m{i}.mrc" for i in range(8)], "12341234")
    for window, n_pairs in (("4", 4), ("5", 0)):
        options = ("--optics-group", "same", "--imagespermove", window, "--max-shift", 100)
        dry = screen("in.star", *options, "--dry-run", cwd=session)
        assert f"\n{n_pairs} pairs to compare" in dry.out
        assert "\nshifts up to 100 px of the micrograph are searched\n" in dry.out
        screen("in.star", *options, cwd=session)
        assert json.loads((session / "microdup" / "summary.json").read_text())["counts"]["pairs_compared"] == n_pairs


def test_optics_group_keeps_copies_of_its_own(session):
    for i in (8, 9, 10):
        link(session / "m0.mrc", session / f"m{i}.mrc")
    write_groups(session / "in.star", ["m0.mrc", "m8.mrc", "m9.mrc", "m10.mrc"], "1221")
    screen("in.star", "--optics-group", "same", cwd=session)
    assert sorted(duplicates(session / "microdup")) == [("m0.mrc", "m10.mrc"), ("m8.mrc", "m9.mrc")]


NO_GROUPS = "WARNING: the input has no optics groups: --optics-group same leaves no pair out\n"


@pytest.mark.parametrize("what", [["."], ["list.txt"], ["old.star"]])
def test_optics_group_of_inputs_without(what, session):
    (session / "list.txt").write_text("".join(f"m{i}.mrc\n" for i in range(8)))
    (session / "old.star").write_text("data_\n\nloop_\n_rlnMicrographName #1\n" + "".join(f"m{i}.mrc\n" for i in range(8)))
    run = microdup("screen", *what, "--optics-group", "same", cwd=session)
    assert (run.status, run.err) == (0, NO_GROUPS)
    assert len(read_csv(session / "microdup" / "pairs.csv")) == 3
    assert json.loads((session / "microdup" / "summary.json").read_text())["counts"]["pairs_compared"] == 28
    screen(*what, "--optics-group", "any", cwd=session)


# ---- folders ----


def test_dry_run_writes_nothing(session):
    before = files_of(session)
    run = screen("micrographs.star", "--dry-run", cwd=session)
    assert files_of(session) == before
    assert "8 micrographs" in run.out and "28" in run.out


def test_rerun_replaces(session):
    screen("micrographs.star", cwd=session)
    out = session / "microdup"
    first = {name: (out / name).read_bytes() for name in COMPARED}
    write_star(session / "small.star", ["m0.mrc", "m1.mrc"])
    screen("small.star", cwd=session)
    assert duplicates(out) == [] and (out / "removed.txt").read_bytes() == b""
    screen("micrographs.star", cwd=session)
    assert {name: (out / name).read_bytes() for name in COMPARED} == first
    assert files_of(out) == FILES


def test_own_files_of_the_user_stay(session):
    out = session / "job"
    out.mkdir()
    others = {"run.out": "x", "run.err": "", "note.txt": "mine", "job.star": "data_job\n", "results.csv": "a,b\n"}
    for name, text in others.items():
        (out / name).write_text(text)
    screen("micrographs.star", "--o", "job/", cwd=session)
    assert {name: (out / name).read_text() for name in others} == others
    assert files_of(out) == sorted([*FILES, *others])


@pytest.mark.parametrize("name", [name for name in FILES if name != "summary.json"])
def test_foreign_files_are_never_overwritten(name, session):
    out = session / "microdup"
    out.mkdir()
    (out / name).write_text("mine\n")
    run = microdup("screen", "micrographs.star", cwd=session)
    message = f"microdup screen: microdup/{name}: exists already and was not written by microdup; give another folder with --o\n"
    assert (run.status, run.err) == (1, message)
    assert files_of(out) == [name] and (out / name).read_text() == "mine\n"


@pytest.mark.parametrize("how", ["fresh", "after a run", "by a link"])
def test_input_inside_the_output_folder_is_never_overwritten(how, session):
    """microdup/micrographs.star as input of a run into microdup/ would be lost with its removed rows."""
    out = session / "microdup"
    names = [f"../m{i}.mrc" for i in range(Shots.N)]
    if how == "fresh":
        out.mkdir()
    else:
        screen("micrographs.star", cwd=session)
    star = write_star(out / "micrographs.star", names)
    before = star.read_bytes()
    given = "microdup/micrographs.star"
    if how == "by a link":
        (session / "link.star").symlink_to(star)
        given = "link.star"
    run = microdup("screen", given, "--project_dir", "microdup", cwd=session)
    assert star.read_bytes() == before
    assert run.status == 1 and "microdup/micrographs.star" in run.err, run


def test_cleaned_star_is_an_input(session):
    """What one run wrote, another one screens, into another folder."""
    screen("micrographs.star", cwd=session)
    screen("microdup/micrographs.star", "--o", "again", cwd=session)
    assert duplicates(session / "again") == []
    assert (session / "again" / "micrographs.star").read_bytes() == (session / "microdup" / "micrographs.star").read_bytes()


def test_no_temporary_files_are_left(session):
    screen("micrographs.star", cwd=session)
    run = original(
        "--i", "micrographs.star", "--imagespermove", 1, "--imagesperhole", 1, "--bin", 2, "--csvout", "d.csv", cwd=session
    )
    assert run.status == 0, run
    expected = sorted([f"m{i}.mrc" for i in range(Shots.N)] + ["micrographs.star", "microdup", "d.csv", "ccc.csv"])
    assert files_of(session) == expected
