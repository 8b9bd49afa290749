"""One place of a perfect lattice looks like the next: the program says that it cannot judge a crystal."""

import json
import math

import numpy
import pytest

from helpers import files_of, microdup, read_csv, texture, write_mrc, write_star

NX, NY, N = 360, 255, 12
WARNING = "the micrographs show a crystal: "


def lattice(seed, period_px, between, height):
    """Molecules on a lattice, at any place of it and in any direction, in noise."""
    rng = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[0:NY, 0:NX]
    angle, phases = rng.uniform(0, math.pi), rng.uniform(0, 2 * math.pi, 2)
    waves = [
        2 * math.pi * (math.cos(angle + turn) * x + math.sin(angle + turn) * y) / period_px + phase
        for turn, phase in zip((0, between), phases)
    ]
    return height * numpy.exp(numpy.cos(waves[0]) + numpy.cos(waves[1])) + 0.8 * rng.standard_normal((NY, NX))


def write_session(folder, images):
    names = [f"m{i:02d}.mrc" for i in range(len(images))]
    for name, image in zip(names, images):
        write_mrc(folder / name, image)
    return write_star(folder / "in.star", names)


def screen(folder):
    run = microdup("screen", "in.star", "--bin", 1, cwd=folder)
    assert run.status == 0, run
    return run, json.loads((folder / "microdup" / "summary.json").read_text())


@pytest.mark.parametrize("period_px, between", [(8, math.pi / 3), (12, math.pi / 2)])
def test_crystal(period_px, between, tmp_path):
    write_session(tmp_path, [lattice(seed, period_px, between, 0.6) for seed in range(N)])
    run, summary = screen(tmp_path)
    lines = [line for line in run.err.splitlines() if WARNING in line]
    assert len(lines) == 1, run
    assert 0.15 <= summary["spot_share"] <= 1
    assert f"{WARNING}{100 * summary['spot_share']:.0f} % of their signal is in Bragg spots" in lines[0]
    # The results are written all the same.
    assert len(read_csv(tmp_path / "microdup" / "micrographs.csv")) == N
    assert "pairs.csv" in files_of(tmp_path / "microdup")


def test_faint_crystal(tmp_path):
    """Measured, but too little to warn of."""
    write_session(tmp_path, [lattice(seed, 8, 1, 0.1) for seed in range(N)])
    run, summary = screen(tmp_path)
    assert run.err == ""
    assert 0 < summary["spot_share"] < 0.15


def test_texture(tmp_path):
    images = [texture(NX, NY, seed, 3) + numpy.random.default_rng(90 + seed).standard_normal((NY, NX)) for seed in range(N)]
    write_session(tmp_path, images)
    run, summary = screen(tmp_path)
    assert run.err == ""
    assert 0 <= summary["spot_share"] < 0.01


@pytest.mark.parametrize("specimen", ["particles", "filaments", "empty"])
def test_simulated(specimen, tmp_path):
    session = ("--micrographs", N, "--size", f"{NX}x{NY}", "--pixel", 13.28, "--bin", 2)
    run = microdup("simulate", "--o", ".", *session, "--specimen", specimen, cwd=tmp_path)
    assert (run.status, run.err) == (0, ""), run
    (tmp_path / "corrected_micrographs.star").rename(tmp_path / "in.star")
    run, summary = screen(tmp_path)
    assert WARNING not in run.err and WARNING not in run.out
    assert 0 <= summary["spot_share"] < 0.05


def test_nothing_to_compare(tmp_path):
    """One micrograph has no session."""
    write_session(tmp_path, [lattice(0, 8, 1, 0.6)])
    run, summary = screen(tmp_path)
    assert summary["spot_share"] >= 0
