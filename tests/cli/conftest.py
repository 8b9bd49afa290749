"""Sessions that are made once for all tests."""

import pytest

import relion
from helpers import Shots, link, microdup, write_mrc, write_star


@pytest.fixture(scope="session")
def shots(tmp_path_factory):
    """The files m0.mrc to m7.mrc of Shots in a folder that no test writes to."""
    folder = tmp_path_factory.mktemp("shots")
    for i, pixels in enumerate(Shots().pixels):
        write_mrc(folder / f"m{i}.mrc", pixels)
    return folder


@pytest.fixture
def session(shots, tmp_path):
    """A folder of the test's own with the eight and their micrographs.star."""
    names = [f"m{i}.mrc" for i in range(Shots.N)]
    for name in names:
        link(shots / name, tmp_path / name)
    write_star(tmp_path / "micrographs.star", names)
    return tmp_path


@pytest.fixture(scope="session")
def simulated(tmp_path_factory):
    """simulated(specimen, seed): a session of 24 micrographs, made when first asked for."""
    made = {}

    def make(specimen, seed, *more):
        key = (specimen, seed, *more)
        if key not in made:
            folder = tmp_path_factory.mktemp(f"{specimen}_{seed}")
            size = ("--micrographs", 24, "--size", "1440x1023", "--pixel", 3.32)
            run = microdup("simulate", "--o", folder, *size, "--specimen", specimen, "--seed", seed, *more)
            assert (run.status, run.err) == (0, ""), run
            made[key] = folder
        return made[key]

    return make


@pytest.fixture(scope="session")
def extracted(shots, tmp_path_factory):
    """A project of RELION's up to the particles; no test writes to it."""
    project = tmp_path_factory.mktemp("extracted")
    relion.make(shots, project)
    return project
