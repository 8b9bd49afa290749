"""A project of RELION 3.1.3 up to its extracted particles, made by RELION's own extraction."""

import shutil
import subprocess

import numpy
import pytest

from helpers import NX, NY, OPTICS, Shots, link

MICROGRAPHS = [f"MotionCorr/job002/Movies/m{i}.mrc" for i in range(Shots.N)]
CTF = "CtfFind/job003/micrographs_ctf.star"
POINTER = "AutoPick/job004/coords_suffix_autopick.star"
PARTICLES = "Extract/job007/particles.star"
LISTS = [f"AutoPick/job004/Movies/m{i}_autopick.star" for i in range(Shots.N)]

# Of the extraction: a box, binned by two, fits around every pick.
BOX, SCALED, MARGIN = 64, 32, 40


def run(*arguments, cwd):
    program = shutil.which(arguments[0])
    if not program:
        pytest.skip(f"{arguments[0]} is not installed")
    done = subprocess.run([program, *map(str, arguments[1:])], cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def picks(seed=11, per_frame=40, error_px=1.0):
    """(x, y) of each shot's picks, and which picks show one place: {(i, k): place}.

    Frames that overlap show the same places, with an error of their own.  Places are further apart than 24 px.
    """
    rng = numpy.random.default_rng(seed)
    corners = {0: (0, 0), 4: (20000, 0)}
    for n, ((a, b), (dx, dy)) in enumerate({**Shots.DUPLICATES, **Shots.OVERLAPS}.items()):
        corners[a] = (40000 + 20000 * n, 0)
        corners[b] = (40000 + 20000 * n + dx, dy)
    places = []
    for x0, y0 in corners.values():
        for x, y in rng.uniform((x0, y0), (x0 + NX, y0 + NY), (per_frame, 2)):
            if all(abs(x - p[0]) + abs(y - p[1]) > 24 for p in places):
                places.append((x, y))
    found, places_of = {}, {}
    for i, (x0, y0) in corners.items():
        found[i] = []
        for n, (x, y) in enumerate(places):
            if MARGIN < x - x0 < NX - MARGIN and MARGIN < y - y0 < NY - MARGIN:
                places_of[i, len(found[i])] = n
                found[i].append((x - x0, y - y0) + rng.normal(0, error_px, 2))
    return found, places_of


def write_list(path, points):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = "".join(f"{x:.6f} {y:.6f} 0.500000 \n" for x, y in points)
    path.write_text(
        "\n# version 30001\n\ndata_\n\nloop_ \n_rlnCoordinateX #1 \n_rlnCoordinateY #2 \n_rlnAutopickFigureOfMerit #3 \n" + rows + " \n"
    )


def write_ctf(path, names=MICROGRAPHS):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = "".join(
        f"{name}            1 {10000 + i:.6f} {10050 + i:.6f}    45.000000 {name.replace('.mrc', '.ctf:mrc')} \n" for i, name in enumerate(names)
    )
    path.write_text(OPTICS + "_rlnDefocusU #3 \n_rlnDefocusV #4 \n_rlnDefocusAngle #5 \n_rlnCtfImage #6 \n" + rows + " \n")


def extract(project, *more, job="Extract/job007", micrographs=CTF, lists="AutoPick/job004/"):
    """RELION's extraction, as its window would start it."""
    (project / job).mkdir(parents=True)
    run(
        *("relion_preprocess", "--i", micrographs, "--coord_dir", lists, "--coord_suffix", "_autopick.star"),
        *("--part_star", f"{job}/particles.star", "--part_dir", f"{job}/", "--extract", "--extract_size", BOX, "--scale", SCALED),
        *("--norm", "--bg_radius", 12, "--white_dust", -1, "--black_dust", -1, *more),
        cwd=project,
    )
    return project / job / "particles.star"


def make(shots, project):
    """Micrographs, their CTF, picks and particles."""
    for i, name in enumerate(MICROGRAPHS):
        link(shots / f"m{i}.mrc", project / name)
    write_ctf(project / CTF)
    found, _ = picks()
    for i, points in found.items():
        write_list(project / LISTS[i], points)
    (project / POINTER).write_text(CTF + "\n")
    extract(project)


def names_of(path, table=None):
    """rlnMicrographName of each row, as starfile reads it."""
    starfile = pytest.importorskip("starfile")
    blocks = starfile.read(path, always_dict=True)
    return [str(name) for name in blocks[table or list(blocks)[-1]]["rlnMicrographName"]]
