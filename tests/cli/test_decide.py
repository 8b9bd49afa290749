"""microdup decide: other rules for what a screen has found, without the images."""

import json
import re
import os
import sqlite3
import subprocess

import numpy
import pytest

from helpers import (
    CHANGING,
    COMPARED,
    OPTICS,
    Shots,
    duplicates,
    exposure,
    microdup,
    read_csv,
    screen,
    star_text,
    texture,
    write_mrc,
    write_star,
)


@pytest.fixture
def screened(session):
    """The eight of Shots after a screen, and without their images."""
    screen("micrographs.star", cwd=session)
    for i in range(Shots.N):
        (session / f"m{i}.mrc").unlink()
    return session


def contents(folder):
    return {name: (folder / name).read_bytes() for name in COMPARED}


def decide(folder, *arguments, warnings=()):
    run = microdup("decide", "microdup/session.mdup", "--o", "again", *arguments, cwd=folder)
    assert (run.status, run.err) == (0, "".join(f"WARNING: {line}\n" for line in warnings)), run
    return run, folder / "again"


def fails(folder, *arguments, status=1):
    run = microdup("decide", "microdup/session.mdup", "--o", "again", *arguments, cwd=folder)
    assert run.status == status, run
    return run.err


# ---- thresholds ----


def test_the_same_rules_give_the_same_bytes(screened):
    run, out = decide(screened)
    assert contents(out) == contents(screened / "microdup")
    assert "Decided again in " in run.out and "2 of 8 micrographs (25 %) show a place that was recorded before" in run.out


@pytest.mark.parametrize("rules", [("--min-overlap", 0.2), ("--evalue", 100), ("--evalue", "1e-60"), ("--min-overlap", 0.855)])
def test_as_a_screen_with_these_rules(rules, session):
    screen("micrographs.star", cwd=session)
    run = microdup("screen", "micrographs.star", "--o", "screened", "--no-session", *rules, cwd=session)
    assert run.status == 0
    _, out = decide(session, *rules)
    assert contents(out) == contents(session / "screened")
    # What was decided before leaves no trace in what is decided next.
    _, out = decide(session)
    assert contents(out) == contents(session / "microdup")


def test_pairs_beyond_the_limit_need_a_screen(screened):
    message = "microdup decide: microdup/session.mdup: the session knows pairs up to E = 100 only; give the screen again with "
    assert fails(screened, "--evalue", 101) == message + "--evalue 101, which compares nothing twice\n"
    assert not (screened / "again" / "pairs.csv").exists()


def test_a_milder_screen_moves_the_limit(session):
    screen("micrographs.star", "--evalue", 5000, cwd=session)
    decide(session, "--evalue", 5000)
    assert "up to E = 5000 only" in fails(session, "--evalue", 5001)


# ---- which one stays ----


def test_latest(screened):
    before = {row["Duplicate"]: row for row in read_csv(screened / "microdup" / "duplicates.csv")}
    _, out = decide(screened, "--keep", "latest")
    assert duplicates(out) == [("m5.mrc", "m1.mrc"), ("m6.mrc", "m2.mrc")]
    for row in read_csv(out / "duplicates.csv"):
        other = before[row["Original"]]
        # A point at (x, y) of the removed one is at (x + shift) of the kept one.
        assert float(row["shift_x_px"]) == -float(other["shift_x_px"])
        assert float(row["shift_y_px"]) == -float(other["shift_y_px"])
        assert row["overlap"] == other["overlap"]
    assert (out / "removed.txt").read_text() == "m1.mrc\nm2.mrc\n"
    assert "m5.mrc" in (out / "micrographs.star").read_text() and "m1.mrc" not in (out / "micrographs.star").read_text()
    # Pairs are named by acquisition, whoever goes.
    assert (out / "pairs.csv").read_bytes() == (screened / "microdup" / "pairs.csv").read_bytes()


def ctf_star(folder, values, name="ctf.star"):
    """As micrographs_ctf.star of RELION: another order of rows, other rows, more columns."""
    text = OPTICS.replace("_rlnOpticsGroup #2 \n", "@", 1).replace(
        "_rlnMicrographName #1 \n_rlnOpticsGroup #2 \n",
        "_rlnMicrographName #1 \n_rlnOpticsGroup #2 \n_rlnCtfMaxResolution #3 \n_rlnDefocusU #4 \n",
    )
    text = text.replace("@", "_rlnOpticsGroup #2 \n", 1)
    rows = [f"{name} 1 {value} 10000\n" for name, value in reversed(values.items())]
    (folder / name).write_text(text + "".join(rows) + " \n")
    return folder / name


RESOLUTIONS = {"m0.mrc": "5.5", "m1.mrc": "4.1", "m2.mrc": "3.9", "m5.mrc": "3.2", "m6.mrc": "4.0", "m7.mrc": "3"}


@pytest.mark.parametrize(
    "keep, expected",
    [
        ("min:rlnCtfMaxResolution", [("m5.mrc", "m1.mrc"), ("m2.mrc", "m6.mrc")]),
        ("max:rlnCtfMaxResolution", [("m6.mrc", "m2.mrc"), ("m1.mrc", "m5.mrc")]),
        ("min:_rlnCtfMaxResolution", [("m5.mrc", "m1.mrc"), ("m2.mrc", "m6.mrc")]),
        ("min:rlnDefocusU", [("m1.mrc", "m5.mrc"), ("m2.mrc", "m6.mrc")]),
    ],
)
def test_by_a_column(keep, expected, screened):
    ctf_star(screened, RESOLUTIONS)
    column = keep.split(":")[1]
    warning = f"2 of 8 micrographs have no {column} and are kept only when nothing else is"
    _, out = decide(screened, "--keep", keep, "--ctf", "ctf.star", warnings=[warning])
    assert sorted(duplicates(out)) == sorted(expected)


def test_what_has_no_value_goes(screened):
    ctf_star(screened, {**{f"m{i}.mrc": "4" for i in range(8)}, "m1.mrc": "nan", "m6.mrc": "0"})
    warning = "1 of 8 micrographs have no rlnCtfMaxResolution and are kept only when nothing else is"
    _, out = decide(screened, "--keep", "max:rlnCtfMaxResolution", "--ctf", "ctf.star", warnings=[warning])
    assert duplicates(out) == [("m5.mrc", "m1.mrc"), ("m2.mrc", "m6.mrc")]


def test_the_column_of_the_input(session):
    """The screen's own input may be micrographs_ctf.star; then no other is named."""
    values = {f"m{i}.mrc": str(9 - i) for i in range(8)}
    ctf_star(session, values)
    screen("ctf.star", cwd=session)
    _, out = decide(session, "--keep", "min:rlnCtfMaxResolution")
    assert duplicates(out) == [("m5.mrc", "m1.mrc"), ("m6.mrc", "m2.mrc")]


def test_a_column_that_is_nowhere(screened):
    message = "no input of the screen has the column rlnX; name the STAR file that has it with --ctf\n"
    assert fails(screened, "--keep", "min:rlnX") == "microdup decide: " + message
    ctf_star(screened, RESOLUTIONS)
    message = "ctf.star: its table of micrographs has no column rlnX\n"
    assert fails(screened, "--keep", "max:rlnX", "--ctf", "ctf.star") == "microdup decide: " + message
    message = "there.star: cannot be opened: No such file or directory\n"
    assert fails(screened, "--keep", "max:rlnX", "--ctf", "there.star") == "microdup decide: " + message
    (screened / "text.star").write_text("data_\n\nloop_\n_a #1\n1\n")
    message = (
        "text.star: no table with the column rlnMicrographName; give a STAR file of micrographs, such as "
        "micrographs_ctf.star\n"
    )
    assert fails(screened, "--keep", "max:rlnX", "--ctf", "text.star") == "microdup decide: " + message


@pytest.mark.parametrize("keep", ["", "first", "min", "min:", "max:", "MIN:rlnX", "earliest "])
def test_words_that_are_no_rule(keep, screened):
    message = f"microdup decide: --keep {keep} is none of earliest, latest, min:COLUMN, max:COLUMN\n"
    assert fails(screened, "--keep", keep) == message


# ---- exceptions ----


def test_exclude(screened):
    (screened / "bad.txt").write_text("# bad ones\nm0.mrc\n\n  m1.mrc\t\r\n")
    run, out = decide(screened, "--exclude", "bad.txt")
    # m5 shows what m1 shows, and stays now.
    assert "1 of 8 micrographs (12 %) shows a place that was recorded before" in run.out
    assert "2 micrographs are removed because a list of yours names them (--exclude).\n" in run.out
    assert duplicates(out) == [("m2.mrc", "m6.mrc")]
    assert (out / "removed.txt").read_text() == "m0.mrc\nm1.mrc\nm6.mrc\n"
    rows = {row["micrograph"]: row["decision"] for row in read_csv(out / "micrographs.csv")}
    assert [name for name, decision in rows.items() if decision == "remove"] == ["m0.mrc", "m1.mrc", "m6.mrc"]


def test_protect(screened):
    write_star(screened / "good.star", ["m5.mrc", "m7.mrc"])
    _, out = decide(screened, "--protect", "good.star")
    assert duplicates(out) == [("m5.mrc", "m1.mrc"), ("m2.mrc", "m6.mrc")]
    write_star(screened / "more.star", ["m1.mrc"])
    _, out = decide(screened, "--protect", "good.star", "--protect", "more.star")
    assert duplicates(out) == [("m2.mrc", "m6.mrc")]


def test_veto(screened):
    (screened / "veto.csv").write_text("note,micrograph_b,micrograph_a\nno,m1.mrc,m5.mrc\n,m7.mrc,m3.mrc\n\n,m0.mrc,m4.mrc\n")
    run, out = decide(screened, "--veto", "veto.csv")
    assert duplicates(out) == [("m2.mrc", "m6.mrc")]
    assert [row["micrograph_a"] for row in read_csv(out / "pairs.csv")] == ["m2.mrc"]
    assert "veto.csv: 2 of its 3 pairs were found and left out\n" in run.out
    # Its own pairs.csv, cut down to what is refused, is a table of vetoes; so is duplicates.csv.
    _, out = decide(screened, "--veto", "microdup/duplicates.csv")
    assert duplicates(out) == [] and len(read_csv(out / "pairs.csv")) == 1
    _, out = decide(screened, "--veto", "microdup/pairs.csv")
    assert read_csv(out / "pairs.csv") == []


def test_names_that_are_unknown(screened):
    (screened / "names.txt").write_text("m1.mrc\nM1.mrc\n./m1.mrc\n")
    warning = "names.txt: 2 of its 3 names are none of the session's"
    _, out = decide(screened, "--exclude", "names.txt", warnings=[warning])
    assert (out / "removed.txt").read_text().split() == ["m1.mrc", "m6.mrc"]
    (screened / "veto.csv").write_text("micrograph_a,micrograph_b\nm1.mrc,x.mrc\n")
    warning = "veto.csv: 1 of its 1 pairs name micrographs that are not in the session"
    decide(screened, "--veto", "veto.csv", warnings=[warning])


def test_excluded_and_protected(screened):
    (screened / "a.txt").write_text("m1.mrc\nm2.mrc\n")
    message = "m1.mrc is named by --exclude and by --protect; it can be only one of them\n"
    assert fails(screened, "--exclude", "a.txt", "--protect", "a.txt") == "microdup decide: " + message


VETOES = {
    "empty": ("", "veto.csv: its first line names no columns micrograph_a and micrograph_b, as in pairs.csv, nor Original and "
              "Duplicate"),
    "one column": ("micrograph_a,b\nm1.mrc,m5.mrc\n", "veto.csv: its first line names no columns micrograph_a and "
                   "micrograph_b, as in pairs.csv, nor Original and Duplicate"),
    "few fields": ("micrograph_a,micrograph_b\nm1.mrc,m5.mrc\nm2.mrc\n", "veto.csv: line 3: has too few fields"),
    "open quote": ('micrograph_a,micrograph_b\nm1.mrc,"m5.mrc\n', "veto.csv: line 2: a quote is not closed"),
    "zero byte": ("micrograph_a,micrograph_b\nm1.mrc,m5\0.mrc\n", "veto.csv: line 2: holds a zero byte"),
}  # fmt: skip


@pytest.mark.parametrize("case", VETOES)
def test_broken_vetoes(case, screened):
    text, message = VETOES[case]
    (screened / "veto.csv").write_text(text)
    assert fails(screened, "--veto", "veto.csv") == f"microdup decide: {message}\n"


@pytest.mark.parametrize("option", ["--exclude", "--protect", "--veto"])
def test_lists_that_are_not_there(option, screened):
    message = "microdup decide: there.txt: cannot be opened: No such file or directory\n"
    assert fails(screened, option, "there.txt") == message


def test_names_with_commas_and_quotes(tmp_path):
    names = ["a, first.mrc", 'b "two".mrc']
    field = texture(740, 530, 5)
    for i, name in enumerate(names):
        write_mrc(tmp_path / name, exposure(field, 30 * i, 20 * i, i))
    (tmp_path / "names.txt").write_text("\n".join(names))
    screen("names.txt", cwd=tmp_path)
    assert duplicates(tmp_path / "microdup") == [tuple(names)]
    _, out = decide(tmp_path, "--veto", "microdup/pairs.csv")
    assert duplicates(out) == []
    (tmp_path / "crlf.csv").write_bytes((tmp_path / "microdup" / "pairs.csv").read_bytes().replace(b"\n", b"\r\n"))
    _, out = decide(tmp_path, "--veto", "crlf.csv")
    assert duplicates(out) == []


# ---- copies ----


def test_copies_stay_together(tmp_path):
    """Of three files of the same pixels and another exposure one stays, whichever is the best."""
    field = texture(760, 560, 5)
    first = exposure(field, 0, 0, 1)
    for name, pixels in {"a": first, "b": exposure(field, 40, 30, 2), "c": first, "d": first}.items():
        write_mrc(tmp_path / f"{name}.mrc", pixels)
    names = [f"{name}.mrc" for name in "abcd"]
    for best in names:
        ctf_star(tmp_path, {name: ("1" if name == best else "2") for name in names})
        screen("ctf.star", "--order", "star", "--o", "microdup", cwd=tmp_path)
        _, out = decide(tmp_path, "--keep", "min:rlnCtfMaxResolution")
        assert sorted((out / "removed.txt").read_text().split()) == [name for name in names if name != best]
        for row in read_csv(out / "duplicates.csv"):
            assert row["Original"] == best
    (tmp_path / "c.txt").write_text("c.mrc\n")
    _, out = decide(tmp_path, "--protect", "c.txt")
    assert sorted((out / "removed.txt").read_text().split()) == ["a.mrc", "b.mrc", "d.mrc"]
    _, out = decide(tmp_path, "--exclude", "c.txt")
    # Of those that are left d.mrc comes first: the rows are listed backwards.
    assert sorted((out / "removed.txt").read_text().split()) == ["a.mrc", "b.mrc", "c.mrc"]


# ---- the session and the folders ----


def test_into_the_folder_of_the_session(screened):
    run = microdup("decide", "microdup/session.mdup", "--keep", "latest", cwd=screened)
    assert run.status == 0 and "Go on with  microdup/micrographs.star (6)\n" in run.out
    assert duplicates(screened / "microdup") == [("m5.mrc", "m1.mrc"), ("m6.mrc", "m2.mrc")]
    assert "2 of 8 micrographs (25 %) show a place that another one shows as well" in run.out.replace("\n", " ")
    assert re.search(r"m5\.mrc +m1\.mrc", run.out)
    run = microdup("decide", "session.mdup", cwd=screened / "microdup")
    assert run.status == 0 and duplicates(screened / "microdup") == [("m1.mrc", "m5.mrc"), ("m2.mrc", "m6.mrc")]


def test_the_decision_is_kept(screened):
    decide(screened, "--keep", "latest", "--evalue", 0.001, "--min-overlap", 0.2)
    db = sqlite3.connect(screened / "microdup" / "session.mdup")
    removed = "SELECT name FROM micrographs WHERE decision = 'remove' ORDER BY position"
    assert db.execute(removed).fetchall() == [("m1.mrc",), ("m2.mrc",), ("m3.mrc",)]
    parameters = dict(db.execute("SELECT name, value FROM parameters"))
    assert (parameters["keep"], parameters["evalue"], parameters["screen-evalue"]) == ("latest", "0.001", "0.01")
    runs = db.execute("SELECT command, ended IS NOT NULL FROM runs").fetchall()
    assert runs == [("screen", 1), ("decide", 1)]
    info = json.loads(microdup("info", "microdup/session.mdup", "--json", cwd=screened).out)
    assert info["counts"]["removed"] == 3 and info["parameters"]["keep"] == "latest"
    summary = json.loads((screened / "again" / "summary.json").read_text())
    assert summary["parameters"]["keep"] == "latest" and summary["parameters"]["evalue"] == 0.001
    assert summary["counts"] == {**summary["counts"], "micrographs": 8, "pairs_compared": 28, "removed": 3}


def test_a_screen_decides_by_its_own_rules(session):
    screen("micrographs.star", cwd=session)
    before = contents(session / "microdup")
    decide(session, "--keep", "latest", "--evalue", 50)
    screen("micrographs.star", cwd=session)
    assert contents(session / "microdup") == before


def test_foreign_folders_are_refused(screened):
    (screened / "again").mkdir()
    (screened / "again" / "pairs.csv").write_text("mine")
    message = "again/pairs.csv: exists already and was not written by microdup; give another folder with --o\n"
    assert fails(screened) == "microdup decide: " + message
    assert (screened / "again" / "pairs.csv").read_text() == "mine"


def test_a_session_that_is_in_use(screened):
    lock = screened / "microdup" / "session.mdup.lock"
    lock.write_text("microdup session lock\nhost: elsewhere\npid: 7\nsince: 2026-05-04T13:12:11Z\nstarted: 1\nmachine: x\n")
    run = microdup("decide", "microdup/session.mdup", "--o", "again", "--keep", "latest", cwd=screened)
    assert run.status == 0
    who = "microdup/session.mdup: the session is in use by process 7 on elsewhere, since 2026-05-04T13:12:11Z"
    assert run.err.startswith("WARNING: the decision is not kept in the session, only in the files written now: " + who)
    assert duplicates(screened / "again") == [("m5.mrc", "m1.mrc"), ("m6.mrc", "m2.mrc")]
    lock.unlink()
    info = json.loads(microdup("info", "microdup/session.mdup", "--json", cwd=screened).out)
    assert info["parameters"].get("keep") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a program as somebody else")
def test_a_session_that_is_read_only(screened):
    for folder in [screened, *screened.parents][:3]:
        folder.chmod(0o755)
    (screened / "writable").mkdir(mode=0o777)
    (screened / "writable").chmod(0o777)
    program = os.environ["MDUP_BIN"]
    commands = {"decide": ["--o", "writable"], "info": []}
    for command, more in commands.items():
        run = subprocess.run(
            [program, command, "microdup/session.mdup", *more], cwd=screened, capture_output=True, text=True, user=65534
        )
        if run.returncode == 126 or "Permission denied" in run.stderr and "session" not in run.stderr:
            pytest.skip("nobody cannot reach the program")
        assert run.returncode == 0, run
    assert contents(screened / "writable") == contents(screened / "microdup")


@pytest.mark.parametrize("arguments", [(), ("a", "b"), ("a", "--min-overlap", "2"), ("a", "--evalue", "-1")])
def test_bad_usage(arguments, tmp_path):
    run = microdup("decide", *arguments, cwd=tmp_path)
    assert run.status == (0 if arguments == () else 2)


def test_no_session(tmp_path):
    run = microdup("decide", "there.mdup", "--o", "again", cwd=tmp_path)
    message = "microdup decide: there.mdup: there is no session here, or nothing in it yet; microdup screen makes one\n"
    assert (run.status, run.err) == (1, message)
    assert list(tmp_path.iterdir()) == []


def test_lists_folders_and_several_inputs(session):
    """Whatever the inputs were, they are written anew out of the session."""
    write_star(session / "a.star", ["m0.mrc", "m1.mrc"])
    (session / "b.txt").write_text("# text\n\nm2.mrc\nm3.mrc\n")
    (session / "more").mkdir()
    for i in range(4, 8):
        os.rename(session / f"m{i}.mrc", session / "more" / f"m{i}.mrc")
    inputs = ["a.star", "b.txt", "more"]
    screen(*inputs, cwd=session)
    before = {path.name: path.read_bytes() for path in (session / "microdup").iterdir()}
    for name in inputs[:2]:
        (session / name).unlink()
    _, out = decide(session)
    for name, content in before.items():
        if name not in CHANGING:
            assert (out / name).read_bytes() == content, name


def test_frames_are_not_needed(screened):
    """Decisions are made of pairs alone, so that thousands of micrographs are decided in a second."""
    db = sqlite3.connect(screened / "microdup" / "session.mdup")
    db.execute("DELETE FROM frames")
    db.commit()
    db.close()
    run = microdup("decide", "microdup/session.mdup", "--o", "again", cwd=screened)
    assert run.status == 0 and contents(screened / "again") == contents(screened / "microdup")
    lines = run.err.splitlines()
    assert lines and all(line.startswith("WARNING: m") and "no picture in the report" in line for line in lines)


def test_numbers_survive(screened):
    """The session keeps every digit."""
    db = sqlite3.connect(screened / "microdup" / "session.mdup")
    overlaps = [row[0] for row in db.execute("SELECT overlap FROM pairs WHERE class IS NOT NULL ORDER BY a, b")]
    published = [float(row["overlap"]) for row in read_csv(screened / "microdup" / "pairs.csv")]
    assert numpy.allclose(overlaps, published, atol=5e-5) and len(overlaps) == 3
    assert star_text(["m0.mrc"]).startswith("\n# version 30001")
