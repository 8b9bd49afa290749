"""The session file as a user meets it: nothing is done twice, nothing is lost, and what comes out is what a fresh run gives."""

import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import time

import numpy
import pytest

from helpers import (
    COMPARED,
    FILES,
    duplicates,
    exposure,
    files_of,
    link,
    microdup,
    mrc_bytes,
    read_csv,
    screen,
    statuses,
    star_text,
    texture,
    write_mrc,
    write_star,
)

SMALL_NX, SMALL_NY = 128, 96


@pytest.fixture(scope="session")
def many(tmp_path_factory):
    """48 small micrographs s00.mrc to s47.mrc: every fifth shows what the one four before it shows."""
    folder = tmp_path_factory.mktemp("many")
    fields = [texture(SMALL_NX + 16, SMALL_NY + 16, 300 + i, 3) for i in range(48)]
    for i in range(48):
        twin = i % 5 == 4
        field = fields[i - 4] if twin else fields[i]
        pixels = exposure(field, 7 if twin else 0, 3 if twin else 0, 400 + i, SMALL_NX, SMALL_NY, 0.7)
        write_mrc(folder / f"s{i:02d}.mrc", pixels)
    return folder


@pytest.fixture
def crowd(many, tmp_path):
    for path in many.iterdir():
        shutil.copy2(path, tmp_path / path.name)
    return tmp_path


def name_of(i):
    return f"s{i:02d}.mrc"


def contents(folder):
    return {name: (folder / name).read_bytes() for name in COMPARED if (folder / name).exists()}


def list_of(folder, numbers, name="in.star"):
    return write_star(folder / name, [name_of(i) for i in numbers])


def fresh(folder, *arguments):
    """What a run gives that knows nothing."""
    screen(*arguments, "--no-session", "--o", "fresh", cwd=folder)
    return contents(folder / "fresh")


def grown(folder, *arguments):
    run = screen(*arguments, "--o", "grown", cwd=folder)
    return run, contents(folder / "grown")


def spoil(path):
    """Other bytes of the same size and time: who reads it finds no micrograph."""
    status = path.stat()
    path.write_bytes(bytes(status.st_size))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def session_of(folder):
    return folder / "grown" / "session.mdup"


# ---- nothing is done twice ----


def test_a_second_run_reads_and_compares_nothing(crowd):
    list_of(crowd, range(12))
    expected = fresh(crowd, "in.star")
    assert expected["duplicates.csv"].count(b"\n") == 3
    _, first = grown(crowd, "in.star")
    assert first == expected
    for i in range(12):
        spoil(crowd / name_of(i))
    run, second = grown(crowd, "in.star")
    assert second == expected
    assert "session: 12 micrographs known, 0 to read\n" in run.out
    assert not any(stage in run.out for stage in ("reading", "comparing  ", "verifying"))


def test_growing_at_the_end_reads_only_what_is_new(crowd):
    numbers = []
    for n in (1, 2, 3, 9, 33, 34, 47, 48):
        numbers = range(n)
        list_of(crowd, numbers)
        for i in range(n):
            if not (crowd / "kept" / name_of(i)).exists():
                (crowd / "kept").mkdir(exist_ok=True)
                shutil.copy2(crowd / name_of(i), crowd / "kept" / name_of(i))
        run, result = grown(crowd, "in.star")
        for i in numbers:
            shutil.copy2(crowd / "kept" / name_of(i), crowd / name_of(i))
        assert result == fresh(crowd, "in.star"), n
        for i in numbers:
            spoil(crowd / name_of(i))


def test_pairs_are_compared_once_unless_the_sample_changes(crowd):
    """The statistics are of the first 32 from 32 to 63 on: then only pairs of new micrographs are compared."""
    list_of(crowd, range(40))
    grown(crowd, "in.star")
    list_of(crowd, [*range(35), 44, *range(35, 40), 45], "more.star")
    run, result = grown(crowd, "more.star", "--order", "star")
    assert result == fresh(crowd, "more.star", "--order", "star")
    db = sqlite3.connect(session_of(crowd))
    assert db.execute("SELECT sum(n_compared) FROM tiles").fetchall() == [(42 * 41 // 2,)]
    assert "compared again" not in run.out
    list_of(crowd, [47, *range(40)])
    run, result = grown(crowd, "in.star", "--order", "star")
    assert result == fresh(crowd, "in.star", "--order", "star")
    assert "pairs are compared again" in run.out
    assert db.execute("SELECT count(*) FROM comparisons").fetchall() == [(1,)]


@pytest.mark.parametrize("seed", range(4))
def test_any_history_ends_like_a_fresh_run(seed, crowd):
    """Micrographs that come, go and come back, anywhere in the list, with other options in between."""
    rng = random.Random(seed)
    options = [
        (),
        (),
        ("--scanrange", 12),
        ("--imagesperhole", 2),
        ("--max-shift", 20),
        ("--evalue", 20),
        ("--min-overlap", 0.95),
        ("--order", "star"),
        ("--optics-group", "same"),
    ]
    numbers = list(range(32))
    for _ in range(6):
        for i in rng.sample(range(32, 48), 5):
            if i in numbers:
                numbers.remove(i)
            else:
                numbers.insert(rng.randint(min(32, len(numbers)), len(numbers)), i)
        if rng.random() < 0.2:
            numbers = numbers[: rng.randint(20, len(numbers))]
        list_of(crowd, numbers)
        chosen = rng.choice(options)
        _, result = grown(crowd, "in.star", *chosen)
        assert result == fresh(crowd, "in.star", *chosen), (numbers, chosen)


def test_several_blocks(tmp_path):
    """280 micrographs are two blocks of ids; the list grows from 256 on, so that the sample stays."""
    rng = numpy.random.default_rng(7)
    for i in range(280):
        field = texture(44, 40, 1000 + (i - 9 if i % 50 == 49 else i), 2)
        write_mrc(tmp_path / f"s{i:03d}.mrc", field + 0.6 * rng.standard_normal(field.shape))
    names = [f"s{i:03d}.mrc" for i in range(280)]
    for chosen in (names[:257], names[:256] + names[260:], names, names[:256] + names[270:]):
        write_star(tmp_path / "in.star", chosen)
        _, result = grown(tmp_path, "in.star")
        assert result == fresh(tmp_path, "in.star")
    assert result["pairs.csv"].count(b"\n") > 3


def test_the_same_micrograph_twice(crowd):
    write_star(crowd / "in.star", [name_of(i) for i in (0, 1, 1, 2, 0, 1)])
    run = microdup("screen", "in.star", "--o", "grown", cwd=crowd)
    assert run.status == 0
    first = contents(crowd / "grown")
    for i in range(3):
        spoil(crowd / name_of(i))
    run = microdup("screen", "in.star", "--o", "grown", cwd=crowd)
    assert (run.status, contents(crowd / "grown")) == (0, first)
    assert "6 micrographs known, 0 to read" in run.out


def test_copies_are_proved_once(crowd):
    pixels = numpy.frombuffer((crowd / name_of(0)).read_bytes()[1024:], "f4").reshape(SMALL_NY, SMALL_NX)
    write_mrc(crowd / "turned.mrc", pixels[::-1, ::-1])
    write_mrc(crowd / "exchanged.mrc", pixels.ravel()[::-1].reshape(pixels.shape)[:, ::-1])
    names = [name_of(0), name_of(1), "turned.mrc", "exchanged.mrc"]
    write_star(crowd / "in.star", names)
    expected = fresh(crowd, "in.star", "--order", "star")
    assert b"copy-turned-180" in expected["pairs.csv"] and b"copy-mirrored-y" in expected["pairs.csv"]
    grown(crowd, "in.star", "--order", "star")
    for name in names:
        spoil(crowd / name)
    _, result = grown(crowd, "in.star", "--order", "star")
    assert result == expected


# ---- files that change ----


def test_a_changed_file_is_read_again(crowd):
    list_of(crowd, range(9))
    grown(crowd, "in.star")
    write_mrc(crowd / name_of(4), exposure(texture(200, 200, 9, 3), 0, 0, 1, SMALL_NX, SMALL_NY, 0.7))
    run, result = grown(crowd, "in.star")
    assert "session: 8 micrographs known, 1 to read\n  1 again, because the file has changed\n" in run.out
    assert result == fresh(crowd, "in.star")
    assert b"s04" not in result["duplicates.csv"]


def test_a_touched_file_is_read_again_and_compared_with_none(crowd):
    list_of(crowd, range(9))
    _, before = grown(crowd, "in.star")
    os.utime(crowd / name_of(3), (1, 1))
    run, after = grown(crowd, "in.star")
    assert after == before and "1 to read" in run.out
    assert "comparing  " not in run.out and "verifying" not in run.out


def test_a_file_that_was_missing_or_half_there(crowd):
    whole = (crowd / name_of(4)).read_bytes()
    list_of(crowd, range(9))
    for state in ("missing", "truncated", "whole", "missing", "whole"):
        if state == "missing":
            (crowd / name_of(4)).unlink()
        else:
            (crowd / name_of(4)).write_bytes(whole if state == "whole" else whole[:5000])
        run = microdup("screen", "in.star", "--o", "grown", cwd=crowd)
        known = microdup("screen", "in.star", "--o", "fresh", "--no-session", cwd=crowd)
        assert (run.status, known.status) == (0, 0)
        assert run.err == known.err
        assert contents(crowd / "grown") == contents(crowd / "fresh")
        assert statuses(crowd / "grown")[name_of(4)][0] == {"whole": "ok"}.get(state, state)


def test_what_vanished_from_the_list_leaves_the_result(crowd):
    list_of(crowd, range(10))
    grown(crowd, "in.star")
    list_of(crowd, range(4))
    run, result = grown(crowd, "in.star")
    assert result == fresh(crowd, "in.star")
    assert "  6 of the session are not in this list\n" in run.out
    spoil(crowd / name_of(9))
    list_of(crowd, range(10))
    run, result = grown(crowd, "in.star")
    assert "10 micrographs known, 0 to read" in run.out and b"s09" in result["duplicates.csv"]


# ---- parameters ----


def test_bin_reads_again_only_when_it_makes_a_difference(session):
    screen("micrographs.star", "--o", "grown", cwd=session)
    run, result = grown(session, "micrographs.star", "--bin", 2)
    assert "8 micrographs known" in run.out and result == fresh(session, "micrographs.star")
    run, result = grown(session, "micrographs.star", "--bin", 3)
    assert "0 micrographs known, 8 to read\n  8 again, because of another --bin or --mode0\n" in run.out
    assert result == fresh(session, "micrographs.star", "--bin", 3)
    assert result != fresh(session, "micrographs.star")


def test_mode0_concerns_bytes_only(crowd):
    bytes_like = numpy.clip(60 * texture(SMALL_NX, SMALL_NY, 5, 3), -100, 100).astype("i1")
    for i in range(2):
        (crowd / f"b{i}.mrc").write_bytes(mrc_bytes(numpy.roll(bytes_like, i), mode=0))
    write_star(crowd / "in.star", [name_of(0), "b0.mrc", name_of(1), "b1.mrc"])
    grown(crowd, "in.star")
    run, result = grown(crowd, "in.star", "--mode0", "unsigned")
    assert "2 micrographs known, 2 to read" in run.out
    assert result == fresh(crowd, "in.star", "--mode0", "unsigned")


@pytest.mark.parametrize("option", [("--evalue", 50), ("--min-overlap", 0.2), ("--j", 1), ("--strict",)])
def test_rules_alone_compare_nothing(option, session):
    screen("micrographs.star", "--o", "grown", cwd=session)
    run, result = grown(session, "micrographs.star", *option)
    assert result == fresh(session, "micrographs.star", *option)
    assert not any(stage in run.out for stage in ("reading", "comparing  ", "verifying", "again, because"))


def test_max_shift_compares_again_and_says_so(session):
    screen("micrographs.star", "--o", "grown", cwd=session)
    run, result = grown(session, "micrographs.star", "--max-shift", 100)
    assert "8 micrographs known, 0 to read" in run.out and "--max-shift" in run.out
    assert result == fresh(session, "micrographs.star", "--max-shift", 100)
    assert read_csv(session / "grown" / "pairs.csv") != []


def test_another_version_reads_and_compares_again(crowd):
    list_of(crowd, range(6))
    _, before = grown(crowd, "in.star")
    with sqlite3.connect(session_of(crowd)) as db:
        db.execute("UPDATE readings SET method = 0")
        db.execute("UPDATE comparisons SET key = 1")
    run, after = grown(crowd, "in.star")
    # A row that was changed by hand is not believed, whatever it says.
    assert "0 micrographs known, 6 to read" in run.out and "compared again" in run.out
    assert after == before


# ---- which session ----


def test_where_the_session_is(crowd):
    list_of(crowd, range(5))
    screen("in.star", "--no-session", "--o", "a", cwd=crowd)
    assert files_of(crowd / "a") == [name for name in FILES if name != "session.mdup"]
    screen("in.star", "--session", "scratch.db", "--o", "a", cwd=crowd)
    assert files_of(crowd / "a") == [name for name in FILES if name != "session.mdup"]
    run = screen("in.star", "--session", "scratch.db", "--o", "b", cwd=crowd)
    assert "5 micrographs known, 0 to read" in run.out
    assert contents(crowd / "a") == contents(crowd / "b")
    assert [name for name in os.listdir(crowd) if name.startswith("scratch")] == ["scratch.db"]


def test_permissions_are_those_of_the_other_files(crowd):
    """A colleague of the group can go on with it, when the umask lets him."""
    list_of(crowd, range(4))
    before = os.umask(0o002)
    try:
        grown(crowd, "in.star")
    finally:
        os.umask(before)
    modes = {name: (crowd / "grown" / name).stat().st_mode & 0o777 for name in FILES}
    assert set(modes.values()) == {0o664}, modes


def test_restart(crowd):
    list_of(crowd, range(5))
    _, before = grown(crowd, "in.star")
    run, after = grown(crowd, "in.star", "--restart")
    assert "known" not in run.out and "reading" in run.out and after == before


def test_another_list_needs_restart(crowd):
    list_of(crowd, range(5))
    grown(crowd, "in.star")
    list_of(crowd, range(10, 14))
    run = microdup("screen", "in.star", "--o", "grown", cwd=crowd)
    assert (run.status, run.err) == (
        1,
        "microdup screen: none of the 4 micrographs of this list (s10.mrc, ...) is among the 5 of the session "
        "(s00.mrc, ...); give another folder with --o, or begin this one anew with --restart\n",
    )
    _, result = grown(crowd, "in.star", "--restart")
    assert result == fresh(crowd, "in.star")
    assert sqlite3.connect(session_of(crowd)).execute("SELECT count(*) FROM readings").fetchall() == [(4,)]


def test_a_moved_project_goes_on(crowd):
    """Names in the list are relative to the project; size and time of the files are what counts."""
    list_of(crowd, range(6))
    _, before = grown(crowd, "in.star")
    moved = crowd / "moved"
    moved.mkdir()
    for name in [*(name_of(i) for i in range(6)), "in.star", "grown"]:
        shutil.move(crowd / name, moved / name)
    run, after = grown(moved, "in.star")
    assert "6 micrographs known, 0 to read" in run.out and after == before


BROKEN = {
    "text": (
        b"not a database\n",
        "microdup screen: grown/session.mdup: exists already and was not written by microdup; give another folder with --o\n",
    ),
    "text in our folder": (
        b"not a database\n" * 20,
        "microdup screen: grown/session.mdup: no session of microdup; give another name, or remove this file if it was one "
        "and is damaged\n",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_session(case, crowd):
    content, message = BROKEN[case]
    list_of(crowd, range(4))
    if "our folder" in case:
        grown(crowd, "in.star")
    else:
        (crowd / "grown").mkdir()
    session_of(crowd).write_bytes(content)
    for more in ((), ("--restart",)):
        run = microdup("screen", "in.star", "--o", "grown", *more, cwd=crowd)
        assert (run.status, run.err) == (1, message)
    assert session_of(crowd).read_bytes() == content


def test_newer_version(crowd):
    list_of(crowd, range(4))
    grown(crowd, "in.star")
    with sqlite3.connect(session_of(crowd)) as db:
        db.execute("PRAGMA user_version = 7")
    message = (
        "grown/session.mdup: the session was written by a newer microdup (format 7, this one knows 1); use that, or begin "
        "anew in another folder\n"
    )
    for command in (["screen", "in.star", "--o", "grown"], ["info", "grown/session.mdup"], ["decide", "grown/session.mdup"]):
        run = microdup(*command, cwd=crowd)
        assert (run.status, run.err) == (1, f"microdup {command[0]}: {message}")


def test_truncated(crowd):
    list_of(crowd, range(4))
    _, before = grown(crowd, "in.star")
    whole = session_of(crowd).read_bytes()
    session_of(crowd).write_bytes(whole[: len(whole) // 2])
    for command in (["screen", "in.star", "--o", "grown"], ["info", "grown/session.mdup"], ["decide", "grown/session.mdup"]):
        run = microdup(*command, cwd=crowd)
        assert run.status == 1
        assert run.err.startswith(f"microdup {command[0]}: grown/session.mdup: the session file is damaged (")
        assert run.err.endswith("or begin anew with microdup screen --restart, which reads all micrographs again\n")
    _, after = grown(crowd, "in.star", "--restart")
    assert after == before


def test_a_damaged_frame_is_read_again(crowd):
    list_of(crowd, range(4))
    _, before = grown(crowd, "in.star")
    with sqlite3.connect(session_of(crowd)) as db:
        db.execute("UPDATE frames SET pixels = zeroblob(length(pixels)) WHERE id = 2")
    run = microdup("screen", "in.star", "--o", "grown", cwd=crowd)
    assert (run.status, run.err) == (0, "WARNING: what the session holds of 1 micrograph is damaged; they are read again\n")
    assert contents(crowd / "grown") == before


# ---- ended before its end ----


def start(*arguments, cwd, **more):
    program = os.environ.get("MDUP_BIN") or pytest.skip("MDUP_BIN is not set")
    return subprocess.Popen(
        [program, *map(str, arguments)], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more
    )


def test_killed_at_a_hundred_moments(crowd):
    """Each run is killed, the next goes on; now and then one ends, and begins anew."""
    list_of(crowd, range(24))
    expected = fresh(crowd, "in.star")
    began = time.time()
    screen("in.star", "--o", "timed", cwd=crowd)
    usual_s = time.time() - began
    rng = random.Random(1)
    n_killed = 0
    while n_killed < 100:
        process = start("screen", "in.star", "--o", "grown", cwd=crowd)
        time.sleep(rng.uniform(0, 1.2 * usual_s))
        process.kill()
        out, err = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), err
        assert "damaged" not in err
        done = contents(crowd / "grown") if (crowd / "grown").exists() else {}
        assert all(expected[name] == text for name, text in done.items())
        if process.returncode == 0:
            assert done == expected
            shutil.rmtree(crowd / "grown")
        n_killed += process.returncode != 0
    _, result = grown(crowd, "in.star")
    assert result == expected
    left = [name for name in files_of(crowd / "grown") if name not in FILES]
    # What a killed run was about to rename is all that stays.
    assert all(name.endswith(".tmp") for name in left), left


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_by_a_signal(number, many, tmp_path):
    names = []
    for repeat in range(12):
        for i in range(48):
            link(many / name_of(i), tmp_path / f"r{repeat}" / name_of(i))
            names.append(f"r{repeat}/{name_of(i)}")
    write_star(tmp_path / "in.star", names)
    process = start("screen", "in.star", "--o", "grown", cwd=tmp_path)
    while not (tmp_path / "grown" / "session.mdup").exists():
        time.sleep(0.01)
    time.sleep(0.5)
    process.send_signal(number)
    _, err = process.communicate()
    assert (process.returncode, err) == (2, "microdup screen: stopped on request\n")
    db = sqlite3.connect(tmp_path / "grown" / "session.mdup")
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert db.execute("SELECT count(status) FROM readings").fetchone()[0] > 0
    run = microdup("info", "grown/session.mdup", cwd=tmp_path)
    assert "  not finished " in run.out and "the same command goes on from there" in run.out


def mount(path, size):
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", path], capture_output=True)
    if made.returncode != 0:
        pytest.skip("no tmpfs can be mounted here")


@pytest.mark.parametrize("size_kB", [0, 8, 60, 300, 500, 600, 700, 720, 740, 760, 800])
def test_a_full_disk(size_kB, crowd):
    """Wherever it fills up: what stands there is whole, and with more room the same command ends as it should."""
    list_of(crowd, range(20))
    expected = fresh(crowd, "in.star")
    (crowd / "grown").mkdir()
    mount(crowd / "grown", size_kB + 12)
    try:
        run = microdup("screen", "in.star", "--o", "grown", cwd=crowd)
        assert run.status in (0, 1)
        if run.status == 1:
            assert "No space left on device" in run.err or "no space is left" in run.err, run
        assert all(expected[name] == text for name, text in contents(crowd / "grown").items())
        assert not [name for name in os.listdir(crowd / "grown") if name.endswith(".tmp")]
        subprocess.run(["mount", "-o", "remount,size=20m", crowd / "grown"], check=True)
        _, result = grown(crowd, "in.star")
        assert result == expected
    finally:
        subprocess.run(["umount", crowd / "grown"], check=True)


# ---- two at once ----


def write_lock(path, host, age_s=0):
    path.write_text(f"microdup session lock\nhost: {host}\npid: 4711\nsince: 2026-05-04T13:12:11Z\nstarted: 1\nmachine: x y\n")
    then = time.time() - age_s
    os.utime(path, (then, then))


def test_a_second_process_says_who_is_there(crowd):
    list_of(crowd, range(48))
    process = start("screen", "in.star", "--o", "grown", "--j", 1, cwd=crowd)
    lock = crowd / "grown" / "session.mdup.lock"
    while not lock.exists() or "machine" not in lock.read_text():
        assert process.poll() is None
    process.send_signal(signal.SIGSTOP)
    try:
        run = microdup("screen", "in.star", "--o", "grown", cwd=crowd)
        assert run.status == 1
        who = f"process {process.pid} on {socket.gethostname()}, since 2"
        assert run.err.startswith(f"microdup screen: grown/session.mdup: the session is in use by {who}"), run
        process.send_signal(signal.SIGKILL)
        process.wait()
        # At once: it is dead, and was here.
        began = time.time()
        _, result = grown(crowd, "in.star")
        assert time.time() - began < 60
    finally:
        process.kill()
        process.communicate()
    assert not lock.exists()
    assert result == fresh(crowd, "in.star")


def test_a_dead_process_of_another_host(crowd):
    list_of(crowd, range(4))
    _, before = grown(crowd, "in.star")
    lock = crowd / "grown" / "session.mdup.lock"
    write_lock(lock, "elsewhere", age_s=117)
    run, after = grown(crowd, "in.star")
    assert after == before and not lock.exists()
    line = "grown/session.mdup: the session was in use by process 4711 on elsewhere, since 2026-05-04T13:12:11Z; looking for"
    assert line in run.out


def test_a_living_process_of_another_host(crowd):
    list_of(crowd, range(4))
    grown(crowd, "in.star")
    lock = crowd / "grown" / "session.mdup.lock"
    write_lock(lock, "elsewhere", age_s=10)
    process = start("screen", "in.star", "--o", "grown", cwd=crowd)
    time.sleep(1)
    os.utime(lock)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and "is in use by process 4711 on elsewhere, since 2026-05-04T13:12:11Z; wait" in err
    assert "4711" in lock.read_text()
    run = microdup("info", "grown/session.mdup", cwd=crowd)
    assert "  in use by    process 4711 on elsewhere, since 2026-05-04T13:12:11Z\n" in run.out


NO_LOCKS = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
/* A file system without locks, as Lustre mounted without -o flock. */
#define REPLACE(name)                                                                              \
    int name(int fd, int command, ...)                                                             \
    {                                                                                              \
        va_list list;                                                                              \
        va_start(list, command);                                                                   \
        void *argument = va_arg(list, void *);                                                     \
        va_end(list);                                                                              \
        if (command == F_SETLK || command == F_SETLKW || command == F_GETLK) {                     \
            errno = ENOSYS;                                                                        \
            return -1;                                                                             \
        }                                                                                          \
        return ((int (*)(int, int, void *))dlsym(RTLD_NEXT, #name))(fd, command, argument);        \
    }
REPLACE(fcntl)
REPLACE(fcntl64)
"""


def test_a_file_system_without_locks(crowd):
    (crowd / "nolocks.c").write_text(NO_LOCKS)
    made = subprocess.run(["cc", "-shared", "-fPIC", "-o", "nolocks.so", "nolocks.c", "-ldl"], cwd=crowd, capture_output=True)
    if made.returncode != 0:
        pytest.skip("no compiler for a library to preload")
    environment = {"LD_PRELOAD": str(crowd / "nolocks.so")}
    list_of(crowd, range(8))
    run = microdup("screen", "in.star", "--o", "grown", cwd=crowd, environment=environment)
    assert (run.status, run.err) == (0, ""), run
    run = microdup("screen", "in.star", "--o", "grown", cwd=crowd, environment=environment)
    assert (run.status, run.err) == (0, "") and "8 micrographs known, 0 to read" in run.out
    assert contents(crowd / "grown") == fresh(crowd, "in.star")
    run = microdup("info", "grown/session.mdup", cwd=crowd, environment=environment)
    assert (run.status, run.err) == (0, "")
    write_lock(crowd / "grown" / "session.mdup.lock", "elsewhere")
    run = microdup("info", "grown/session.mdup", cwd=crowd, environment=environment)
    assert run.status == 1 and "its file system has no locks to read it meanwhile" in run.err


# ---- what it holds ----


def test_the_tables_can_be_queried(session):
    """With any SQLite tool, as doc/session.md says."""
    screen("micrographs.star", cwd=session)
    db = sqlite3.connect(session / "microdup" / "session.mdup")
    removed = "SELECT name FROM micrographs WHERE decision = 'remove' ORDER BY position"
    assert db.execute(removed).fetchall() == [("m5.mrc",), ("m6.mrc",)]
    pairs = """SELECT a.name, b.name, p.class, p.overlap, p.shift_x_px FROM pairs p JOIN micrographs a ON a.id = p.a
               JOIN micrographs b ON b.id = p.b WHERE p.class IS NOT NULL ORDER BY a.position, b.position"""
    published = read_csv(session / "microdup" / "pairs.csv")
    rows = db.execute(pairs).fetchall()
    assert [row[:3] for row in rows] == [(row["micrograph_a"], row["micrograph_b"], row["class"]) for row in published]
    assert [f"{row[3]:.4f}" for row in rows] == [row["overlap"] for row in published]
    assert [f"{row[4]:.2f}" for row in rows] == [row["shift_x_px"] for row in published]
    shape = db.execute("SELECT nx, ny, bin, frame_nx, frame_ny FROM readings LIMIT 1").fetchone()
    (pixels,) = db.execute("SELECT pixels FROM frames LIMIT 1").fetchone()
    frame = numpy.frombuffer(pixels, "i1").reshape(shape[4], shape[3])
    assert shape[:2] == (700, 500) and frame.std() == pytest.approx(31, rel=0.1)
    assert dict(db.execute("SELECT name, value FROM parameters"))["evalue"] == "0.01"
    (star, sha256) = db.execute("SELECT content, sha256 FROM input_files").fetchone()
    assert star == (session / "micrographs.star").read_bytes()
    checked = subprocess.run(["sha256sum", session / "micrographs.star"], capture_output=True, text=True)
    assert checked.stdout.startswith(sha256)
    assert db.execute("PRAGMA journal_mode").fetchall() == [("delete",)]


def test_names_of_any_bytes(many, tmp_path):
    names = ["plain.mrc", "gr\u00fc\u00df dich.mrc", "'; DROP TABLE readings; --.mrc", b"bytes\xff\xfe.mrc".decode("utf-8", "surrogateescape")]
    for i, name in enumerate(names):
        link(many / name_of(i), tmp_path / name)
    (tmp_path / "in.star").write_bytes(star_text(names).encode("utf-8", "surrogateescape"))
    first = screen("in.star", "--o", "grown", cwd=tmp_path)
    before = contents(tmp_path / "grown")
    run, after = grown(tmp_path, "in.star")
    assert "4 micrographs known, 0 to read" in run.out and before == after and first.err == ""
    run = microdup("decide", "grown/session.mdup", "--o", "again", cwd=tmp_path)
    assert run.status == 0 and contents(tmp_path / "again") == before


def test_info(session):
    screen("micrographs.star", cwd=session)
    run = microdup("info", "microdup/session.mdup", cwd=session)
    assert (run.status, run.err) == (0, "")
    for line in (
        "microdup/session.mdup: session of microdup",
        "  micrographs  8, of which 8 could be judged",
        "  removed      2, in 2 sets",
        "  pairs        2 duplicates, 1 overlaps",
        "  size         700 x 500 px of 1 A, binned by 2: 8 micrographs, 28 pairs compared",
        "  input        micrographs.star (star)",
        "  command      microdup screen micrographs.star",
    ):
        assert line + "\n" in run.out, run.out
    run = microdup("info", "microdup/session.mdup", "--json", cwd=session)
    info = json.loads(run.out)
    assert info["format"] == "session" and info["finished"] is True and info["in_use_by"] is None
    assert info["counts"] == {
        "micrographs": 8, "judged": 8, "duplicate_pairs": 2, "overlap_pairs": 1, "sets": 2, "removed": 2,
    }  # fmt: skip
    assert info["sizes"][0]["pairs_compared"] == 28 and info["parameters"]["min-overlap"] == "0.5"
    assert duplicates(session / "microdup") == [("m1.mrc", "m5.mrc"), ("m2.mrc", "m6.mrc")]
