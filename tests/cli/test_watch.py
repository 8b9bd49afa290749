"""microdup watch: a session that grows is screened while it is recorded, and each duplicate is said once."""

import json
import math
import os
import pty
import re
import shutil
import signal
import sqlite3
import subprocess
import time

import numpy
import pytest

from helpers import (
    COMPARED,
    Shots,
    as_argument,
    duplicates,
    exposure,
    microdup,
    mrc_bytes,
    name_of,
    read_csv,
    screen,
    star_text,
    statuses,
    texture,
    write_mrc,
    write_star,
)

EVERY = 0.1
LONG_AGO_s = 3600


class Watch:
    """A watch under way, whose lines are read while it runs."""

    def __init__(self, *arguments, cwd, idle=0.6, quick=True, every=EVERY):
        self.out, self.err = cwd / "watch.out", cwd / "watch.err"
        program = os.environ.get("MDUP_BIN") or pytest.skip("MDUP_BIN is not set")
        usual = ["--o", "o", "--every", every, *(["--load", 0, "--expect", 0] if quick else [])]
        usual += ["--until-idle", idle] if idle else []
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(
                [program, "watch", *[os.fspath(as_argument(a)) for a in (*arguments, *usual)]], cwd=cwd, stdout=out, stderr=err
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def text(self):
        return self.out.read_text(errors="surrogateescape")

    def errors(self):
        return self.err.read_text(errors="surrogateescape")

    def until(self, condition, timeout_s=20):
        """Waits until the condition, a function or a text of some line, holds."""
        holds = condition if callable(condition) else lambda: condition in self.text() + self.errors()
        end = time.monotonic() + timeout_s
        while not holds():
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.text()}{self.errors()}"
            assert time.monotonic() < end, f"waited in vain: {self.text()}{self.errors()}"
            time.sleep(0.02)

    def pass_of(self, n):
        self.until(f"  {n} micrographs, ")

    def end(self, timeout_s=30):
        self.process.wait(timeout_s)
        return self.process.returncode

    def lines(self, kind):
        """What stands behind the time and that word."""
        found = re.findall(rf"^\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d  {kind} (.*)$", self.text(), re.M)
        return [line for line in found]

    def said(self):
        """The pairs that were said to be duplicates: (original, duplicate)."""
        return [tuple(re.match(r"(.*) of (.*): \d", line).groups()[::-1]) for line in self.lines("duplicate")]


def put(source, target):
    """As a program leaves a finished file, long ago enough not to be waited for."""
    target.parent.mkdir(parents=True, exist_ok=True)
    hidden = target.with_name("." + target.name + ".tmp")
    shutil.copyfile(source, hidden)
    os.utime(hidden, (time.time() - 100, time.time() - 100))
    hidden.rename(target)


def put_many(many, folder, numbers):
    for i in numbers:
        put(many / name_of(i), folder / name_of(i))


def contents(folder):
    return {name: (folder / name).read_bytes() for name in (*COMPARED, "micrographs.txt") if (folder / name).exists()}


def rows(tmp_path):
    return [row["micrograph"] for row in read_csv(tmp_path / "o" / "micrographs.csv")]


# ---- inputs that grow ----


def test_a_star_file_that_grows(many, tmp_path):
    with Watch("in.star", cwd=tmp_path, idle=2) as watch:
        watch.until("in.star: no such file or folder; looking again every 0.1 s")
        put_many(many, tmp_path, range(24))
        write_star(tmp_path / "new.star", [name_of(0)])
        (tmp_path / "new.star").rename(tmp_path / "in.star")
        watch.until("one micrograph yet")
        for n in (9, 10, 24):
            write_star(tmp_path / "new.star", [name_of(i) for i in range(n)])
            (tmp_path / "new.star").rename(tmp_path / "in.star")
            watch.pass_of(n)
            assert rows(tmp_path) == [name_of(i) for i in range(n)]
        assert watch.end() == 0
        assert watch.errors() == ""
        said, text = watch.said(), watch.text()
    assert text.count("one micrograph yet") == 1 and text.count("in.star: no such file") == 1
    assert "  10 micrographs, 1 new: " in text and "  24 micrographs, 14 new: " in text
    assert text.endswith("  nothing has come for 2 s: ended\n")
    screen("in.star", "--o", "fresh", cwd=tmp_path)
    assert contents(tmp_path / "o") == contents(tmp_path / "fresh")
    assert sorted(said) == sorted(duplicates(tmp_path / "fresh")) and len(set(said)) == 4
    first = read_csv(tmp_path / "o" / "duplicates.csv")[0]
    (line,) = [line for line in watch.lines("duplicate") if line.startswith(first["Duplicate"])]
    share = round(100 * float(first["overlap"]))
    x, y = (f"{float(first[key]):.1f}" for key in ("shift_x_px", "shift_y_px"))
    assert f"{share} % shared, shift {x} {y} px (" in line and " A), E " in line
    for name in ("report.html", "logfile.pdf", "summary.json"):
        assert (tmp_path / "o" / name).stat().st_size > 100
    assert json.loads((tmp_path / "o" / "summary.json").read_text())["finished"] is True


@pytest.mark.parametrize("given", ["frames", "frames/*.mrc"])
def test_files_that_are_being_written(given, many, tmp_path):
    put_many(many, tmp_path / "frames", range(4))
    growing, reserved = tmp_path / "frames" / name_of(4), tmp_path / "frames" / name_of(5)
    whole = (many / name_of(4)).read_bytes()
    growing.write_bytes(whole[:5000])
    reserved.write_bytes(bytes(len(whole)))
    with Watch(given, cwd=tmp_path, idle=2) as watch:
        watch.until("2 not whole yet")
        for cut in (500, 20000, len(whole) - 1):
            growing.write_bytes(whole[:cut])
            time.sleep(3 * EVERY)
        assert rows(tmp_path) == [f"frames/{name_of(i)}" for i in range(4)] and watch.said() == []
        growing.write_bytes(whole)
        watch.until("  5 micrographs, 1 new: 1 duplicate, ")
        reserved.write_bytes((many / name_of(5)).read_bytes())
        watch.pass_of(6)
        assert watch.end() == 0
    assert watch.said() == [(f"frames/{name_of(0)}", f"frames/{name_of(4)}")] and watch.errors() == ""
    screen(given, "--o", "fresh", cwd=tmp_path)
    assert contents(tmp_path / "o") == contents(tmp_path / "fresh")


def write_cs(path, numbers):
    table = numpy.zeros(len(numbers), dtype=[("uid", "<u8"), ("micrograph_blob/path", "S40"), ("micrograph_blob/idx", "<u4")])
    table["uid"] = [1000 + i for i in numbers]
    table["micrograph_blob/path"] = [name_of(i).encode() for i in numbers]
    with open(path, "wb") as file:
        numpy.save(file, table)


def write_list(path, numbers):
    path.write_text("# mine\n" + "".join(f"  {name_of(i)}\n\n" for i in numbers))


def names_in_cs(path):
    return [name.decode() for name in numpy.load(path)["micrograph_blob/path"]]


@pytest.mark.parametrize("kind", ["star", "txt", "cs"])
def test_what_is_listed_before_it_is_there_comes_later(kind, many, tmp_path):
    """Until then it is neither among the kept nor among the removed, so that what comes next does not fall over it."""
    numbers = list(range(12))
    if kind == "star":
        write_star(tmp_path / "in.star", [name_of(i) for i in numbers])
    else:
        {"txt": write_list, "cs": write_cs}[kind](tmp_path / f"in.{kind}", numbers)
    there = [0, 1, 3, 4, 7, 9]
    put_many(many, tmp_path, there)
    with Watch(f"in.{kind}", cwd=tmp_path, idle=None) as watch:
        watch.until("  6 micrographs, 6 new: ")
        kept, removed = ((tmp_path / "o" / f"micrographs{which}.{kind}") for which in ("", "_removed"))
        if kind == "cs":
            assert names_in_cs(kept) == [name_of(i) for i in (0, 1, 3, 7, 9)] and names_in_cs(removed) == [name_of(4)]
        else:
            assert [i for i in numbers if name_of(i) in kept.read_text()] == [0, 1, 3, 7, 9]
            assert [i for i in numbers if name_of(i) in removed.read_text()] == [4]
        if kind == "txt":
            assert kept.read_text().startswith("# mine\n  s00.mrc\n\n")
        run = microdup("decide", "o/session.mdup", "--o", "decided", cwd=tmp_path)
        assert run.status == 0 and contents(tmp_path / "decided") == contents(tmp_path / "o")
        put_many(many, tmp_path, set(numbers) - set(there))
        watch.pass_of(12)
        assert "WARNING" not in watch.errors()
    screen(f"in.{kind}", "--o", "fresh", cwd=tmp_path)
    assert contents(tmp_path / "o") == contents(tmp_path / "fresh")
    for name in (f"micrographs.{kind}", f"micrographs_removed.{kind}"):
        assert (tmp_path / "o" / name).read_bytes() == (tmp_path / "fresh" / name).read_bytes()


def test_a_file_nobody_writes_to_any_more_is_taken_as_it_is(many, tmp_path):
    put_many(many, tmp_path / "in", range(4))
    cut = tmp_path / "in" / name_of(4)
    cut.write_bytes((many / name_of(4)).read_bytes()[:9000])
    os.utime(cut, (time.time() - LONG_AGO_s,) * 2)
    with Watch("in", cwd=tmp_path, idle=2) as watch:
        watch.until("  5 micrographs, 5 new: 0 duplicates, 0 small overlaps, 1 not judged; ")
        assert statuses(tmp_path / "o")[f"in/{name_of(4)}"][0] == "truncated"
        cut.write_bytes((many / name_of(4)).read_bytes())
        watch.until("  5 micrographs, 0 new: 1 duplicate, ")
        assert watch.end() == 0
        assert watch.errors().count("WARNING") == 1 and "truncated" in watch.errors()


def test_a_list_that_is_cut_short_for_a_moment(many, tmp_path):
    put_many(many, tmp_path, range(10))
    whole = star_text([name_of(i) for i in range(10)])
    (tmp_path / "in.star").write_text(whole)
    with Watch("in.star", cwd=tmp_path, idle=None, every=0.5) as watch:
        watch.pass_of(10)
        # Another at each look: none of them is believed.
        for cut in (1, 3, 5, 7, 2, 4, 6, 8):
            (tmp_path / "new.star").write_text(star_text([name_of(i) for i in range(10 - cut)]))
            (tmp_path / "new.star").rename(tmp_path / "in.star")
            time.sleep(0.25)
        (tmp_path / "in.star").write_text(whole[:200])
        watch.until("; it is tried again")
        (tmp_path / "in.star").write_text(whole)
        time.sleep(1)
        assert re.findall(r"  (\d+) micrographs, ", watch.text()) == ["10"]
        # One that stays short is.
        (tmp_path / "in.star").write_text(star_text([name_of(i) for i in range(8)]))
        watch.until(lambda: rows(tmp_path) == [name_of(i) for i in range(8)])


# ---- once ----


def test_said_once_also_by_the_next_watch(many, tmp_path):
    put_many(many, tmp_path / "in", range(9))
    with Watch("in", cwd=tmp_path, idle=0.5) as watch:
        assert watch.end() == 0
        assert watch.said() == [("in/s00.mrc", "in/s04.mrc")]
    put_many(many, tmp_path / "in", range(9, 15))
    with Watch("in", cwd=tmp_path, idle=0.5) as watch:
        assert watch.end() == 0
        assert watch.said() == [("in/s05.mrc", "in/s09.mrc"), ("in/s10.mrc", "in/s14.mrc")]
        assert "  15 micrographs, 6 new: 3 duplicates, " in watch.text()


def test_killed_and_begun_again(many, tmp_path):
    """Whenever it is killed, the results are whole, and what was said is said once; twice only what was said as the last before the end."""
    said = []
    for n in (6, 10, 16, 21, 30):
        put_many(many, tmp_path / "in", range(n))
        with Watch("in", cwd=tmp_path, idle=None) as watch:
            watch.until("; order: ")
            time.sleep(0.05 * (n % 4))
            watch.process.kill()
            watch.process.wait()
            said += watch.said()
    with Watch("in", cwd=tmp_path, idle=0.5) as watch:
        assert watch.end() == 0 and watch.errors() == ""
        last = watch.said()
    screen("in", "--o", "fresh", cwd=tmp_path)
    assert contents(tmp_path / "o") == contents(tmp_path / "fresh")
    assert set(said + last) == set(duplicates(tmp_path / "fresh"))
    assert len(set(last)) == len(last)
    with sqlite3.connect(tmp_path / "o" / "session.mdup") as db:
        assert db.execute("SELECT original, name FROM announcements ORDER BY name").fetchall() == sorted(
            duplicates(tmp_path / "fresh"), key=lambda pair: pair[1]
        )


def test_a_duplicate_that_is_none_after_all(tmp_path):
    """m3 repeats m2 until m1 comes, recorded before, which m2 repeats, and of which m3 shows too little."""
    field = texture(1400, 500, 5)
    shots = {"m1": 0, "m2": 250, "m3": 500}
    for i in range(4):
        write_mrc(tmp_path / "in" / f"n{i}.mrc", exposure(texture(700, 500, 50 + i), 0, 0, 60 + i))
    for name in ("m2", "m3"):
        write_mrc(tmp_path / "in" / f"{name}.mrc", exposure(field, shots[name], 0, shots[name]))
    with Watch("in", "--order", "name", cwd=tmp_path, idle=None) as watch:
        watch.until("duplicate in/m3.mrc of in/m2.mrc: 64 % shared")
        write_mrc(tmp_path / "in" / "m1.mrc", exposure(field, 0, 0, 1))
        watch.until("retracted ")
        watch.pass_of(7)
        assert watch.lines("retracted") == ["in/m3.mrc of in/m2.mrc: it is kept; the other is removed now"]
        assert watch.said() == [("in/m2.mrc", "in/m3.mrc"), ("in/m1.mrc", "in/m2.mrc")]
        # Once more a duplicate, once more said.
        (tmp_path / "in" / "m1.mrc").unlink()
        watch.until(lambda: watch.said()[2:] == [("in/m2.mrc", "in/m3.mrc")])
        watch.process.send_signal(signal.SIGTERM)
        assert watch.end() == 2
    # What an earlier watch said, and what is known now no longer bears out.
    with sqlite3.connect(tmp_path / "o" / "session.mdup") as db:
        db.execute("INSERT INTO announcements VALUES ('in/n2.mrc', 0, 'in/n1.mrc', '2026-05-04T13:12:11Z')")
        db.execute("INSERT INTO announcements VALUES ('in/gone.mrc', 0, 'in/n1.mrc', '2026-05-04T13:12:11Z')")
    for expected in (["in/n2.mrc of in/n1.mrc: it is kept; with what is known now the likeness may be chance"], []):
        with Watch("in", "--order", "name", cwd=tmp_path, idle=0.3) as watch:
            assert watch.end() == 0
            assert (watch.lines("retracted"), watch.said()) == (expected, [])


# ---- the program of the user ----

HOSTILE = [
    "two words",
    "quote'and\"quote",
    "$(touch pwned)",
    "; touch pwned;",
    "back\\slash|pipe&",
    "%s%n*?[x]",
    "-rf",
    "bytes\udcff\udcfe",
]


def program(path, body):
    path.write_text("#!/bin/sh\n" + body)
    path.chmod(0o755)
    return path


def test_on_duplicate_gets_names_as_they_are(many, tmp_path):
    put_many(many, tmp_path / "in", range(4))
    for i, name in enumerate(HOSTILE):
        put(many / name_of(0), tmp_path / "in" / f"{name}{i}.mrc")
    program(tmp_path / "tell me", 'for a in "$@"; do printf "%s\\0" "$a"; done >> got; echo to stdout; cat > stdin\n')
    with Watch("in", "--on-duplicate", "./tell me", cwd=tmp_path) as watch:
        assert watch.end() == 0
        text = watch.text()
    got = (tmp_path / "got").read_bytes().split(b"\0")[:-1]
    calls = [got[i : i + 7] for i in range(0, len(got), 7)]
    table = read_csv(tmp_path / "o" / "duplicates.csv")
    keys = ("Original", "Duplicate", "overlap", "shift_x_px", "shift_y_px", "log10_evalue")
    assert len(calls) == len(HOSTILE)
    assert calls == [[b"duplicate", *(row[key].encode("utf-8", "surrogateescape") for key in keys)] for row in table]
    assert not list(tmp_path.rglob("pwned*")) and (tmp_path / "stdin").read_bytes() == b""
    assert "to stdout" not in text and watch.errors().count("to stdout") == len(HOSTILE)
    assert len(text.splitlines()) == len(watch.said()) + 3


@pytest.mark.parametrize(
    "body, message",
    [("exit 3", "exit status 3"), ("kill -9 $$", "ended by signal 9"), (None, "cannot be run for in/s04.mrc: No such file")],
)
def test_on_duplicate_that_fails(body, message, many, tmp_path):
    put_many(many, tmp_path / "in", range(9))
    if body:
        program(tmp_path / "tell", body + "\n")
    with Watch("in", "--on-duplicate", "./tell", cwd=tmp_path, idle=0.5) as watch:
        assert watch.end() == 0 and len(watch.said()) == 1
        assert f"WARNING: ./tell: {message}" in watch.errors()


def test_on_duplicate_that_hangs_and_a_second_signal(many, tmp_path):
    put_many(many, tmp_path / "in", range(9))
    program(tmp_path / "tell", "echo $$ > pid; exec sleep 100\n")
    with Watch("in", "--on-duplicate", "./tell", cwd=tmp_path, idle=None) as watch:
        watch.until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
        try:
            put_many(many, tmp_path / "in", range(15))
            watch.until("  15 micrographs, 6 new: 3 duplicates, ")
            watch.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert watch.process.poll() is None  # it gives the program some seconds
            watch.process.send_signal(signal.SIGTERM)
            assert watch.end(2) == -signal.SIGTERM
        finally:
            os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


# ---- its end ----


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it(number, many, tmp_path):
    put_many(many, tmp_path / "in", range(9))
    with Watch("in", cwd=tmp_path, idle=None) as watch:
        watch.pass_of(9)
        assert (tmp_path / "o" / "session.mdup.lock").exists()
        began = time.monotonic()
        watch.process.send_signal(number)
        assert watch.end() == 2 and time.monotonic() - began < 2
        assert watch.errors() == "microdup watch: stopped on request; the results are those of the last pass\n"
    assert not (tmp_path / "o" / "session.mdup.lock").exists()
    screen("in", "--o", "fresh", cwd=tmp_path)
    assert contents(tmp_path / "o") == contents(tmp_path / "fresh")


def test_a_signal_during_a_pass(shots, tmp_path):
    for i in range(4):
        put(shots / f"m{i}.mrc", tmp_path / "in" / f"m{i}.mrc")
    with Watch("in", "--j", 1, cwd=tmp_path, idle=None) as watch:
        watch.pass_of(4)
        before = contents(tmp_path / "o")
        for k in range(3):
            for i in range(4, 8):
                put(shots / f"m{i}.mrc", tmp_path / "in" / f"m{i}_{k}.mrc")
        time.sleep(2.5 * EVERY)
        watch.process.send_signal(signal.SIGTERM)
        assert watch.end() == 2
    run = microdup("info", "o/session.mdup", cwd=tmp_path)
    assert run.status == 0 and f"micrographs  {len(rows(tmp_path))}, " in run.out
    assert len(rows(tmp_path)) > 4 or contents(tmp_path / "o") == before
    with Watch("in", cwd=tmp_path, idle=0.3) as watch:
        assert watch.end() == 0
    screen("in", "--o", "fresh", cwd=tmp_path)
    assert contents(tmp_path / "o") == contents(tmp_path / "fresh")


def test_it_does_nothing_while_nothing_comes(many, tmp_path):
    put_many(many, tmp_path, range(9))
    write_star(tmp_path / "in.star", [name_of(i) for i in range(9)])
    with Watch("in.star", cwd=tmp_path, idle=None) as watch:
        watch.pass_of(9)
        before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "o").iterdir()}
        text = watch.text()
        # Another file of the same content is nothing new.
        write_star(tmp_path / "in.star", [name_of(i) for i in range(9)])
        time.sleep(8 * EVERY)
        assert watch.text() == text
        assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "o").iterdir()} == before


# ---- with others ----


def test_nobody_else_works_on_the_session(many, tmp_path):
    put_many(many, tmp_path / "in", range(9))
    with Watch("in", cwd=tmp_path, idle=None) as watch:
        watch.pass_of(9)
        for command in (["watch", "in", "--every", "0.1"], ["screen", "in"]):
            run = microdup(*command, "--o", "o", cwd=tmp_path)
            assert run.status == 1 and f"the session is in use by process {watch.process.pid} on " in run.err
        run = microdup("info", "o/session.mdup", cwd=tmp_path)
        assert run.status == 0 and f"in use by    process {watch.process.pid}" in run.out
        run = microdup("decide", "o/session.mdup", "--o", "d", "--min-overlap", "0.99", cwd=tmp_path)
        assert run.status == 0 and duplicates(tmp_path / "d") == []


def test_a_pass_that_fails_is_tried_again(many, tmp_path):
    put_many(many, tmp_path / "in", range(5))
    with Watch("in", cwd=tmp_path, idle=None) as watch:
        watch.pass_of(5)
        table = tmp_path / "o" / "pairs.csv"
        table.unlink()
        (table / "in the way").mkdir(parents=True)
        put_many(many, tmp_path / "in", range(15))
        watch.until("; it is tried again")
        time.sleep(5 * EVERY)
        assert watch.errors().count("\n") == 1 and "o/pairs.csv" in watch.errors()
        (table / "in the way").rmdir()
        table.rmdir()
        watch.pass_of(15)
        assert len(watch.said()) == 3
        watch.process.send_signal(signal.SIGTERM)
        assert watch.end() == 2
    screen("in", "--o", "fresh", cwd=tmp_path)
    assert contents(tmp_path / "o") == contents(tmp_path / "fresh")


def test_a_folder_of_somebody_else(many, tmp_path):
    put_many(many, tmp_path / "in", range(4))
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / "pairs.csv").write_text("mine\n")
    with Watch("in", cwd=tmp_path) as watch:
        assert watch.end() == 1 and "was not written by microdup" in watch.errors()
    assert [path.name for path in (tmp_path / "o").iterdir()] == ["pairs.csv"]


# ---- numbers, words, options ----


def test_evalues_are_those_of_the_session_that_is_expected(shots, tmp_path):
    for i in range(Shots.N):
        put(shots / f"m{i}.mrc", tmp_path / "in" / f"m{i}.mrc")
    logs = {}
    for expect in (0, 8, 1000):
        with Watch("in", "--o", f"o{expect}", "--expect", expect, cwd=tmp_path, idle=0.2, quick=False) as watch:
            assert watch.end() == 0
        shutil.rmtree(tmp_path / "last", ignore_errors=True)
        (tmp_path / "o").rename(tmp_path / "last")
        logs[expect] = [float(row["log10_evalue"]) for row in read_csv(tmp_path / "last" / "pairs.csv")]
        assert json.loads((tmp_path / "last" / "summary.json").read_text())["parameters"]["expect"] == expect
        run = microdup("decide", "last/session.mdup", "--o", "d", cwd=tmp_path)
        assert run.status == 0 and contents(tmp_path / "d") == contents(tmp_path / "last")
    assert logs[0] == logs[8] and len(logs[0]) == 3
    # What an overlap weighs depends on the score that is enough, and so on the number of pairs too.
    ratio = math.log10((1000 * 999 / 2) / (8 * 7 / 2))
    assert all(ratio - 1 < more - few < ratio + 1 for few, more in zip(logs[0], logs[1000]))
    run = microdup("watch", "--help")
    assert "--expect N              (10000)" in run.out


def test_quiet(many, tmp_path):
    put_many(many, tmp_path / "in", range(9))
    with Watch("in", "--quiet", cwd=tmp_path, idle=0.3) as watch:
        assert watch.end() == 0
        assert len(watch.text().splitlines()) == len(watch.said()) == 1 and watch.errors() == ""


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "no input"),
        (["in", "--dry-run"], "no option --dry-run"),
        (["in", "--strict"], "no option --strict"),
        (["in", "--no-session"], "no option --no-session"),
        (["in", "--every", "0"], "--every takes a time from 0.01 s"),
        (["in", "--until-idle", "2w"], '--until-idle takes a time from 0.01 s to 115.741 days, like 30, 90s, 45m, 2h or 1d, not "2w"'),
        (["in", "--expect", "-1"], "--expect takes a whole number"),
    ],
)
def test_wrong_usage(arguments, message, tmp_path):
    run = microdup("watch", *arguments, "--o", "o", cwd=tmp_path)
    assert run.status == 2 and message in run.err and not (tmp_path / "o").exists()


def test_on_a_terminal(many, tmp_path):
    """One line at the bottom tells how things stand, and is wiped off for what is said."""
    put_many(many, tmp_path / "in", range(9))
    here, there = pty.openpty()
    arguments = ["in", "--o", "o", "--every", "1", "--until-idle", "2.5", "--load", "0", "--expect", "0"]
    program_path = os.environ.get("MDUP_BIN") or pytest.skip("MDUP_BIN is not set")
    process = subprocess.Popen([program_path, "watch", *arguments], cwd=tmp_path, stdout=there, stderr=there)
    os.close(there)
    shown = b""
    while True:
        try:
            shown += os.read(here, 65536)
        except OSError:
            break
    os.close(here)
    assert process.wait(20) == 0
    text = shown.decode()
    assert re.search(r"\r9 micrographs, 1 duplicate; pass 1 took \d s; next look in [01] s\x1b\[K", text)
    assert re.search(r"\r\x1b\[K\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  nothing has come for 2.5 s: ended\r\n$", text)
