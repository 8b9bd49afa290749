"""The same input gives the same bytes: whatever the threads, in a second run, whatever the locale."""

import gzip
import json
import locale
import os
import subprocess

import pytest

from helpers import COMPARED, FILES, TABLES, files_of, microdup, original, screen, star_text, statuses


def contents(folder):
    assert files_of(folder) == FILES
    return {name: (folder / name).read_bytes() for name in COMPARED}


def test_threads(simulated, tmp_path):
    star = simulated("filaments", 1) / "corrected_micrographs.star"
    runs = []
    for i, threads in enumerate([1, 2, 99]):
        out = tmp_path / str(i)
        screen(star, "--o", out, "--j", threads, cwd=tmp_path)
        runs.append(contents(out))
    assert runs[0]["duplicates.csv"].count(b"\n") > 1
    for run in runs[1:]:
        assert run == runs[0]


def test_more_readers_than_files_can_be_open(simulated, tmp_path):
    """Sound micrographs are not lost to ulimit -n."""
    for path in sorted((simulated("filaments", 1) / "Micrographs").glob("*.mrc")):
        packed = gzip.compress(path.read_bytes(), 1)
        for copy in range(2):
            (tmp_path / f"{path.stem}_{copy}.mrc.gz").write_bytes(packed)
    command = f'ulimit -n 40; exec "{os.environ["MDUP_BIN"]}" screen "*.mrc.gz" --io-threads 100'
    run = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, timeout=120)
    assert run.returncode == 0, run
    assert {status for status, _ in statuses(tmp_path / "microdup").values()} == {"ok"}, run.stderr


def test_with_broken_and_odd_micrographs(session):
    """Threads finish in any order; warnings and rows do not, and a second run says the same."""
    names = [f"m{i}.mrc" for i in range(8)]
    for i in range(6):
        (session / f"bad{i}.mrc").write_bytes(b"x" * i * 100)
        names.insert(2 * i, f"bad{i}.mrc")
    (session / "in.star").write_text(star_text(names))
    runs = []
    for threads in (1, 2, 99, 2):
        run = microdup("screen", "in.star", "--j", threads, cwd=session)
        assert run.status == 0, run
        runs.append((run.err, contents(session / "microdup")))
    assert runs[1] == runs[2] == runs[3] == runs[0]


def test_original(simulated, tmp_path):
    star = simulated("particles", 1) / "corrected_micrographs.star"
    window = ("--imagespermove", 1, "--imagesperhole", 1, "--bin", 4, "--threshold", 0.05, "--order", "time")
    runs = []
    for i, threads in enumerate([1, 2, 99, 2]):
        folder = tmp_path / str(i)
        folder.mkdir()
        run = original("--i", star, *window, "--j", threads, "--csvout", "d.csv", cwd=folder)
        assert (run.status, run.err) == (0, ""), run
        runs.append([(folder / name).read_bytes() for name in ("d.csv", "ccc.csv")])
    assert runs[0][0].count(b"\n") > 2
    assert runs[1] == runs[2] == runs[3] == runs[0]


def test_simulate(tmp_path):
    """The same seed, the same bytes; another seed, others."""
    made = {}
    for name, seed, threads in (("a", 5, 1), ("b", 5, 99), ("c", 6, 2)):
        options = ("--micrographs", 8, "--size", "300x200", "--pixel", 3, "--duplicates", 2, "--overlaps", 1)
        run = microdup("simulate", "--o", name, *options, "--seed", seed, "--j", threads, cwd=tmp_path)
        assert (run.status, run.err) == (0, ""), run
        folder = tmp_path / name
        made[name] = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert len(made["a"]) == 8 + 2
    assert made["a"] == made["b"]
    assert len(made["c"]) == len(made["a"]) and not set(made["c"].values()) & set(made["a"].values())


def locales_with_a_decimal_comma():
    try:
        known = subprocess.run(["locale", "-a"], capture_output=True, text=True, timeout=60).stdout.split()
    except OSError:
        return []
    found = []
    before = locale.setlocale(locale.LC_NUMERIC)
    for name in known:
        try:
            locale.setlocale(locale.LC_NUMERIC, name)
        except locale.Error:
            continue
        if locale.localeconv()["decimal_point"] == ",":
            found.append(name)
    locale.setlocale(locale.LC_NUMERIC, before)
    return found


def test_locale_with_a_decimal_comma(session):
    names = locales_with_a_decimal_comma() or pytest.skip("no locale with a decimal comma is installed")
    screen("micrographs.star", "--o", "plain", cwd=session, environment={"LC_ALL": "C"})
    for name in names[:2]:
        screen("micrographs.star", "--o", name, "--min-overlap", "0.5", cwd=session, environment={"LC_ALL": name})
        for table in TABLES:
            assert (session / name / table).read_bytes() == (session / "plain" / table).read_bytes()


@pytest.mark.parametrize("value, threads", [("3", 3), ("1", 1)])
def test_slurm_decides_the_threads(value, threads, session):
    screen("micrographs.star", cwd=session, environment={"SLURM_CPUS_PER_TASK": value})
    assert json.loads((session / "microdup" / "summary.json").read_text())["parameters"]["threads"] == threads


@pytest.mark.parametrize("value", ["", "0", "-2", "many", "99999999999999999999"])
def test_nonsense_from_slurm(value, session):
    screen("micrographs.star", cwd=session, environment={"SLURM_CPUS_PER_TASK": value})
    cores = len(os.sched_getaffinity(0))
    assert json.loads((session / "microdup" / "summary.json").read_text())["parameters"]["threads"] == cores
