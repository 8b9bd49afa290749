"""microdup particles: RELION's own particles and cryoSPARC's tables, with picks of which it is known which are one."""

import json
import math
import os
import pathlib
import shutil
import signal
import subprocess
import time

import numpy
import pytest

import relion
from helpers import NX, NY, Shots, files_of, microdup, read_csv, screen, write_results

MICROGRAPHS = relion.MICROGRAPHS
PAIRS = [(a, b, dx, dy) for (a, b), (dx, dy) in {**Shots.DUPLICATES, **Shots.OVERLAPS}.items()]
STAR_FILES = ["particle_pairs.csv", "particles.json", "particles.star"]


def results(folder, removed=(5, 6), pairs=PAIRS, pixel_A=1.0, names=MICROGRAPHS, uids=None):
    micrographs = [
        (
            name,
            {"decision": "remove" if i in removed else "keep", "pixel_A": pixel_A or "", "uid": uids[i] if uids else ""},
        )
        for i, name in enumerate(names)
    ]
    return write_results(folder, micrographs, pairs)


def particles(*arguments, cwd, status=0, err="", **more):
    run = microdup("particles", *arguments, cwd=cwd, **more)
    assert (run.status, run.err) == (status, err), run
    return run


def summary(folder):
    return json.loads((folder / "particles.json").read_text())


def rows_of(path):
    return [line for line in pathlib.Path(path).read_text().splitlines() if "@" in line]


def truth(seed=11, **more):
    """Rows of the extracted particles, in RELION's order, that show one place: [(row, row), ...], the earlier first, numbered from 0."""
    found, places = relion.picks(seed, **more)
    rows, seen = 0, {}
    for i in range(Shots.N):
        for k in range(len(found[i])):
            seen.setdefault(places[i, k], []).append(rows)
            rows += 1
    return sorted(tuple(v) for v in seen.values() if len(v) > 1), rows


def pairs_of(folder):
    return [(int(row["row_a"]) - 1, int(row["row_b"]) - 1) for row in read_csv(folder / "particle_pairs.csv")]


# ---- RELION's particles ----


def test_drop(extracted, tmp_path):
    """Extracted by RELION 3.1.3, binned by two: coordinates stay px of the micrograph."""
    results(tmp_path / "found")
    run = particles("--particles", relion.PARTICLES, "--session", tmp_path / "found", "--o", tmp_path / "out", cwd=extracted)
    expected, n = truth()
    assert len(expected) > 30
    rows = rows_of(extracted / relion.PARTICLES)
    assert len(rows) == n
    assert pairs_of(tmp_path / "out") == expected
    later = {b for _, b in expected}
    assert files_of(tmp_path / "out") == sorted(STAR_FILES + ["particles_removed.star"])
    assert rows_of(tmp_path / "out/particles.star") == [row for i, row in enumerate(rows) if i not in later]
    assert rows_of(tmp_path / "out/particles_removed.star") == [row for i, row in enumerate(rows) if i in later]
    for name in ("particles.star", "particles_removed.star"):
        text = (tmp_path / "out" / name).read_text()
        assert [line for line in text.splitlines() if "@" not in line] == [
            line for line in (extracted / relion.PARTICLES).read_text().splitlines() if "@" not in line
        ]
    counts = summary(tmp_path / "out")["counts"]
    assert counts == {
        "particles": n,
        "of_session": n,
        "in_overlapping_micrographs": sum(name not in (MICROGRAPHS[0], MICROGRAPHS[4]) for name in relion.names_of(extracted / relion.PARTICLES)),
        "groups": len(expected),
        "seen_more_than_once": 2 * len(expected),
        "pairs": len(expected),
        "pairs_with_half_sets": 0,
        "pairs_in_different_half_sets": 0,
        "changed": len(expected),
    }
    assert f"{2 * len(expected)} were seen more than once: {len(expected)} pairs within 30 A" in run.out
    assert f"{len(expected)} particles removed." in run.out
    for row in read_csv(tmp_path / "out/particle_pairs.csv"):
        assert row["particle_a"] == rows[int(row["row_a"]) - 1].split()[3]
        assert (row["half_a"], row["half_b"]) == ("", "")
        assert float(row["distance_A"]) < 8


def test_relion_reads_the_result(extracted, tmp_path):
    results(tmp_path / "found")
    shutil.copytree(extracted, tmp_path / "p", copy_function=shutil.copy)
    particles("--particles", relion.PARTICLES, "--session", "../found", "--o", "Clean", cwd=tmp_path / "p")
    relion.run(
        *("relion_star_handler", "--i", relion.PARTICLES, "--compare", "Clean/particles.star", "--label1", "rlnImageName", "--o", "check.star"),
        cwd=tmp_path / "p",
    )
    assert len(rows_of(tmp_path / "p/check_only1.star")) == summary(tmp_path / "p/Clean")["counts"]["changed"]
    assert len(rows_of(tmp_path / "p/check_both.star")) == len(rows_of(tmp_path / "p/Clean/particles.star"))


def test_end_to_end(extracted, tmp_path):
    """With the shifts that a real screen finds."""
    screen(relion.CTF, "--o", tmp_path / "found", cwd=extracted)
    particles("--particles", relion.PARTICLES, "--session", tmp_path / "found", "--o", tmp_path / "out", cwd=extracted)
    assert pairs_of(tmp_path / "out") == truth()[0]


def test_the_kept_micrographs_particle_is_kept(extracted, tmp_path):
    """When the screen keeps the later exposure, so that taking out the earlier one later does not lose both."""
    results(tmp_path / "found", removed=(1, 6))
    particles("--particles", relion.PARTICLES, "--session", tmp_path / "found", "--o", tmp_path / "out", cwd=extracted)
    names = set(relion.names_of(tmp_path / "out/particles_removed.star"))
    assert names == {MICROGRAPHS[1], MICROGRAPHS[6], MICROGRAPHS[7]}


def test_no_overlaps(extracted, tmp_path):
    results(tmp_path / "found", removed=(), pairs=[])
    particles("--particles", relion.PARTICLES, "--session", tmp_path / "found", "--o", tmp_path / "out", cwd=extracted)
    assert (tmp_path / "out/particles.star").read_bytes() == (extracted / relion.PARTICLES).read_bytes()
    assert rows_of(tmp_path / "out/particles_removed.star") == []
    assert read_csv(tmp_path / "out/particle_pairs.csv") == []


# ---- columns ----


def with_columns(source, target, **columns):
    """The particles with more columns, values as texts, as RELION would write them."""
    lines, out, n = pathlib.Path(source).read_text().splitlines(keepends=True), [], 0
    label = [line for line in lines if line.startswith("_rln")][-1]
    count = int(label.split("#")[1])
    for line in lines:
        if "@" in line:
            line = line.rstrip("\n") + "".join(f"{values[n]:>12} " for values in columns.values()) + "\n"
            n += 1
        out.append(line)
        if line == label:
            out.extend(f"_{name} #{count + 1 + i} \n" for i, name in enumerate(columns))
    pathlib.Path(target).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(target).write_text("".join(out))
    return n


def column(path, name):
    starfile = pytest.importorskip("starfile")
    return starfile.read(path)["particles"][name].tolist()


def test_half_sets(extracted, tmp_path):
    """All of a group go where the kept one is; nothing but that column changes, and only where it must."""
    expected, n = truth()
    halves = numpy.random.default_rng(3).integers(1, 3, n).tolist()
    with_columns(extracted / relion.PARTICLES, tmp_path / "p.star", rlnRandomSubset=halves)
    results(tmp_path / "found")
    run = particles("--particles", "p.star", "--session", "found", "--action", "half", "--o", "out", cwd=tmp_path)
    split = sum(halves[a] != halves[b] for a, b in expected)
    assert f"{split} of {len(expected)} pairs sat in different half sets" in run.out
    assert summary(tmp_path / "out")["counts"]["pairs_in_different_half_sets"] == split == summary(tmp_path / "out")["counts"]["changed"]
    wanted = list(halves)
    for a, b in expected:
        wanted[b] = halves[a]
    assert column(tmp_path / "out/particles.star", "rlnRandomSubset") == wanted
    before, after = (tmp_path / "p.star").read_text().splitlines(), (tmp_path / "out/particles.star").read_text().splitlines()
    assert [line[:-2] for line in before] == [line[:-2] for line in after]
    assert sum(x != y for x, y in zip(before, after)) == split
    assert files_of(tmp_path / "out") == STAR_FILES
    # Once more there is nothing left to do.
    particles("--particles", "out/particles.star", "--session", "found", "--action", "half", "--o", "again", cwd=tmp_path)
    assert (tmp_path / "again/particles.star").read_bytes() == (tmp_path / "out/particles.star").read_bytes()


def test_half_sets_that_are_not_there_yet(extracted, tmp_path):
    results(tmp_path / "found")
    particles("--particles", relion.PARTICLES, "--session", tmp_path / "found", "--action", "half", "--o", tmp_path / "out", cwd=extracted)
    expected, n = truth()
    halves = column(tmp_path / "out/particles.star", "rlnRandomSubset")
    assert all(halves[a] == halves[b] for a, b in expected)
    assert set(halves) == {1, 2} and abs(halves.count(1) - n / 2) < 3 * math.sqrt(n / 2)
    # RELION takes them as it finds them.
    relion.run("relion_star_handler", "--i", tmp_path / "out/particles.star", "--select", "rlnRandomSubset", "--minval", 1, "--maxval", 1.5, "--o", "one.star", cwd=tmp_path)
    assert len(rows_of(tmp_path / "one.star")) == halves.count(1)


def test_half_sets_that_are_all_zero(extracted, tmp_path):
    """RELION would divide such particles itself, and take the groups apart."""
    expected, n = truth()
    with_columns(extracted / relion.PARTICLES, tmp_path / "p.star", rlnRandomSubset=["0"] * n)
    results(tmp_path / "found")
    particles("--particles", "p.star", "--session", "found", "--action", "half", "--o", "out", cwd=tmp_path)
    halves = column(tmp_path / "out/particles.star", "rlnRandomSubset")
    assert set(halves) == {1, 2}
    assert all(halves[a] == halves[b] for a, b in expected)


def test_half_sets_that_are_no_number(extracted, tmp_path):
    """0 is RELION's word for none."""
    expected, n = truth()
    halves = ["0"] * n
    (a, b), (c, d), (e, f) = expected[:3]
    halves[a], halves[d], halves[e], halves[f] = "2", "1", "nan", "3"
    with_columns(extracted / relion.PARTICLES, tmp_path / "p.star", rlnRandomSubset=halves)
    results(tmp_path / "found")
    particles("--particles", "p.star", "--session", "found", "--action", "half", "--o", "out", cwd=tmp_path)
    after = [row.split()[-1] for row in rows_of(tmp_path / "out/particles.star")]
    halves[b], halves[c] = "2", "1"
    assert after == halves
    assert summary(tmp_path / "out")["counts"]["pairs_with_half_sets"] == 0


def test_mark(extracted, tmp_path):
    results(tmp_path / "found")
    particles("--particles", relion.PARTICLES, "--session", tmp_path / "found", "--action", "mark", "--o", tmp_path / "out", cwd=extracted)
    expected, n = truth()
    groups = [0] * n
    for number, (a, b) in enumerate(expected, 1):
        groups[a] = groups[b] = number
    assert column(tmp_path / "out/particles.star", "microdupGroup") == groups
    before, after = (extracted / relion.PARTICLES).read_text(), (tmp_path / "out/particles.star").read_text()
    rows = iter(groups)
    marked = [line.rstrip("\n") + f"{next(rows)} \n" if "@" in line else line for line in before.splitlines(keepends=True)]
    assert after.replace("_microdupGroup #13 \n", "") == "".join(marked)
    for row in read_csv(tmp_path / "out/particle_pairs.csv"):
        assert int(row["group"]) == groups[int(row["row_a"]) - 1]
    relion.run("relion_star_handler", "--i", tmp_path / "out/particles.star", "--select", "rlnDefocusU", "--o", "read.star", cwd=tmp_path)
    assert len(rows_of(tmp_path / "read.star")) == n


# ---- where a particle is ----


def test_origins_are_subtracted_as_relion_does(extracted, tmp_path):
    """RELION extracts again at the centres that refinement found; microdup finds the same pairs before and after."""
    expected, n = truth()
    rng = numpy.random.default_rng(5)
    project = tmp_path / "p"
    shutil.copytree(extracted, project, copy_function=shutil.copy)
    results(tmp_path / "found")
    # Picks that were up to 26 A off, which the origins tell: too far for picks of 13 A to meet without them.
    offset = rng.uniform(-18, 18, (n, 2))
    lines = iter(offset)

    def move(line):
        if "@" not in line:
            return line
        x, y = next(lines)
        return f"{float(line[:12]) + x:12.6f} {float(line[12:25]) + y:12.6f}" + line[25:]

    moved = "".join(map(move, (project / relion.PARTICLES).read_text().splitlines(keepends=True)))
    (project / "moved.star").write_text(moved)
    with_columns(
        project / "moved.star",
        project / "Refine3D/job020/run_data.star",
        rlnOriginXAngst=[f"{x:.6f}" for x in offset[:, 0]],
        rlnOriginYAngst=[f"{y:.6f}" for y in offset[:, 1]],
        rlnAngleRot=["0.0"] * n,
        rlnAngleTilt=["0.0"] * n,
        rlnAnglePsi=["0.0"] * n,
    )
    run = ("--session", "../found", "--distance", 9)
    particles("--particles", "Refine3D/job020/run_data.star", *run, "--o", "out", cwd=project)
    assert pairs_of(project / "out") == expected
    particles("--particles", "moved.star", *run, "--o", "without", cwd=project)
    assert len(pairs_of(project / "without")) < len(expected) / 3
    (project / "Extract/job021").mkdir()
    relion.run(
        *("relion_preprocess", "--i", relion.CTF, "--reextract_data_star", "Refine3D/job020/run_data.star", "--recenter"),
        *("--recenter_x", 0, "--recenter_y", 0, "--recenter_z", 0, "--part_star", "Extract/job021/particles.star", "--part_dir", "Extract/job021/"),
        *("--extract", "--extract_size", relion.BOX, "--scale", relion.SCALED, "--norm", "--bg_radius", 12, "--white_dust", -1, "--black_dust", -1),
        cwd=project,
    )
    particles("--particles", "Extract/job021/particles.star", *run, "--o", "again", cwd=project)
    assert pairs_of(project / "again") == expected


def micrographs_text(names_and_points, labels="", values="", head="data_\nloop_\n"):
    rows = "".join(f"{name} {x:.4f} {y:.4f}{values}\n" for name, points in names_and_points for x, y in points)
    return f"{head}_rlnMicrographName\n_rlnCoordinateX\n_rlnCoordinateY\n{labels}{rows}"


def two(dx, dy, scale=1.0, seed=2, n=25):
    """Points of two micrographs of which b's (x, y) is a's (x + dx, y + dy), in units of 1 / scale px."""
    points = numpy.random.default_rng(seed).uniform(0, 4000, (n, 2))
    return points / scale, (points - (dx, dy)) / scale


def write(path, text):
    path.write_text(text)
    return path.name


def found(tmp_path, *more, err="", pixel_A=1.0, pairs=((0, 1, 300, -200),), names=("a.mrc", "b.mrc", "c.mrc", "d.mrc")):
    results(tmp_path / "found", removed=(), pairs=pairs, pixel_A=pixel_A, names=names)
    run = particles("--particles", "p.star", "--session", "found", "--o", "out", *more, cwd=tmp_path, err=err)
    return pairs_of(tmp_path / "out"), run


def test_pixel_size_of_the_micrograph(tmp_path):
    """What the screen knows of it goes before what the particles say, since those may say only what the movie's was."""
    a, b = two(300, -200)
    optics = (
        "data_optics\nloop_\n_rlnOpticsGroup\n_rlnMicrographOriginalPixelSize\n_rlnImagePixelSize\n1 0.5 4.0\n2 0.5 4.0\n\ndata_particles\nloop_\n"
    )
    write(tmp_path / "p.star", micrographs_text([("a.mrc", a), ("b.mrc", b + (8, 0))], "_rlnOpticsGroup\n", " 2", optics))
    every = [(i, i + 25) for i in range(25)]
    # 8 px are 8 A with the screen's 1 A, 4 A with 0.5 A, 16 A with what the user says.
    for distance, pixel_A, more, expected in [
        (7, 1.0, (), []),
        (9, 1.0, (), every),
        (3, None, (), []),
        (5, None, (), every),
        (15, 1.0, ("--pixel", 2), []),
        (17, None, ("--pixel", 2), every),
    ]:
        assert found(tmp_path, "--distance", distance, *more, pixel_A=pixel_A)[0] == expected


def test_coordinates_in_px_of_a_binned_micrograph(tmp_path):
    """rlnMicrographPixelSize, where it stands, says in which px they are: another correction of the movies, binned by two."""
    a, b = two(300, -200, scale=2)
    optics = "data_optics\nloop_\n_rlnOpticsGroup\n_rlnMicrographPixelSize\n7 {}\n\ndata_particles\nloop_\n"
    text = micrographs_text([("a.mrc", a), ("b.mrc", b)], "_rlnOpticsGroup\n", " 7", optics.format(2.02))
    write(tmp_path / "p.star", text)
    every = [(i, i + 25) for i in range(25)]
    assert found(tmp_path, "--distance", 25)[0] == every
    # A calibration that is off by a few per cent is no other binning.
    a, b = two(300, -200)
    write(tmp_path / "p.star", micrographs_text([("a.mrc", a), ("b.mrc", b)], "_rlnOpticsGroup\n", " 7", optics.format(1.03)))
    assert found(tmp_path, "--distance", 1)[0] == every


def test_relion_3_0(tmp_path):
    """Origins in px of the particles' images, whose size detector and magnification tell: 14 um / 35000 = 4 A."""
    a, b = two(300, -200)
    labels = "_rlnDetectorPixelSize\n_rlnMagnification\n_rlnOriginX\n_rlnOriginY\n"
    text = micrographs_text([("a.mrc", a + (8, -4))], labels, " 14.0 35000.0 2.0 -1.0")
    text += micrographs_text([("b.mrc", b + (-4, 8))], labels, " 14.0 35000.0 -1.0 2.0").split("OriginY\n")[1]
    write(tmp_path / "p.star", text)
    every = [(i, i + 25) for i in range(25)]
    assert found(tmp_path, "--distance", 0.5)[0] == every
    # Without them the origins are of no use.
    lost = text.replace("_rlnDetectorPixelSize\n", "_rlnOther\n")
    write(tmp_path / "p.star", lost)
    warning = "WARNING: p.star: the size of the pixels of the particles is not told, so that their origins cannot be used\n"
    assert found(tmp_path, "--distance", 16, err=warning)[0] == []
    assert found(tmp_path, "--distance", 18, err=warning)[0] == every


def test_y_from_the_other_end(tmp_path):
    """As csparc2star and others write it.  The particles tell, when there are enough; the user may say it."""
    a, b = two(300, -200)
    for points in (a, b):
        points[:, 1] = 4092 - points[:, 1]
    write(tmp_path / "p.star", micrographs_text([("a.mrc", a), ("b.mrc", b)]))
    every = [(i, i + 25) for i in range(25)]
    warning = (
        "WARNING: p.star: y is taken to run from the last row of the micrographs to the first, since 25 pairs of particles lie near each other "
        "then, and 0 otherwise; --y stored or mirrored says which it is\n"
    )
    assert found(tmp_path, "--distance", 10, err=warning)[0] == every
    assert found(tmp_path, "--distance", 10, "--y", "mirrored")[0] == every
    assert found(tmp_path, "--distance", 10, "--y", "stored")[0] == []
    write(tmp_path / "p.star", micrographs_text([("a.mrc", a[:9]), ("b.mrc", b[:9])]))
    assert found(tmp_path, "--distance", 10)[0] == []


def test_chains_and_several_overlaps(tmp_path):
    """a-b and b-c overlap, a-c do not; all three show one particle.  d overlaps each of them."""
    points = numpy.array([[1000.0, 1000.0], [2000.0, 500.0]])
    shifts = {"a": (0, 0), "b": (100, 0), "c": (200, 50), "d": (-30, 20)}
    write(tmp_path / "p.star", micrographs_text([(f"{k}.mrc", points - v + (0, 0)) for k, v in shifts.items()]))
    chain = ((0, 1, 100, 0), (1, 2, 100, 50))
    assert found(tmp_path, "--action", "mark", pairs=chain)[0] == [(0, 2), (1, 3), (2, 4), (3, 5)]
    assert [row.split()[-1] for row in (tmp_path / "out/particles.star").read_text().splitlines()[6:]] == list("12121200")
    star = chain + ((0, 3, -30, 20), (1, 3, -130, 20), (2, 3, -230, -30))
    assert len(found(tmp_path, pairs=star)[0]) == 10
    assert (tmp_path / "out/particles.star").read_text().count("a.mrc") == 2
    assert (tmp_path / "out/particles.star").read_text().count(".mrc") == 2


def test_a_micrograph_that_is_listed_twice(tmp_path):
    """Its pairs stand twice in the table, and one is with itself."""
    a, b = two(300, -200)
    write(tmp_path / "p.star", micrographs_text([("a.mrc", a), ("b.mrc", b)]))
    pairs = ((0, 1, 0, 0), (0, 2, 300, -200), (1, 2, 300, -200))
    assert found(tmp_path, pairs=pairs, names=("a.mrc", "a.mrc", "b.mrc"))[0] == [(i, i + 25) for i in range(25)]


def test_distance(tmp_path):
    a, b = two(300, -200)
    write(tmp_path / "p.star", micrographs_text([("a.mrc", a), ("b.mrc", b + (0, 35))]))
    every = [(i, i + 25) for i in range(25)]
    assert found(tmp_path)[0] == []
    assert found(tmp_path, "--diameter", 60)[0] == []
    assert found(tmp_path, "--diameter", 80)[0] == every
    assert found(tmp_path, "--distance", 36)[0] == every
    uncertain = ((0, 1, 300, -200, {"shift_sd_px": 12}), (2, 3, 0, 0))
    pairs, run = found(tmp_path, pairs=uncertain)
    assert pairs == every
    assert "for 1 pair of micrographs three times the uncertainty of the shift is taken as the distance, up to 36 A" in run.out
    warning = (
        "WARNING: the shift of 1 pair of micrographs is not known that well: three times its uncertainty is up to 36 A, more than --distance\n"
    )
    assert found(tmp_path, "--distance", 34, pairs=uncertain, err=warning)[0] == []


def test_what_chance_gives(tmp_path):
    """Particles that have nothing to do with the micrographs."""
    rng = numpy.random.default_rng(1)
    write(tmp_path / "p.star", micrographs_text([(name, rng.uniform(0, 4000, (400, 2))) for name in ("a.mrc", "b.mrc")]))
    results(tmp_path / "found", removed=(), pairs=[(0, 1, 300, -200)], names=["a.mrc", "b.mrc"])
    run = microdup("particles", "--particles", "p.star", "--session", "found", "--o", "out", cwd=tmp_path)
    assert run.status == 0
    assert "would by chance alone; are the coordinates those of these micrographs" in run.err
    by_chance = summary(tmp_path / "out")["pairs_by_chance"]
    assert 0.5 * 400**2 * math.pi * 30**2 / 4000**2 < by_chance < 1.5 * 400**2 * math.pi * 30**2 / 4000**2


def test_other_names_for_the_micrographs(extracted, tmp_path):
    """The screen was of the movies' averages of another job."""
    names = [name.replace("job002", "job077") for name in MICROGRAPHS]
    results(tmp_path / "found", names=names)
    run = particles("--particles", relion.PARTICLES, "--session", tmp_path / "found", "--o", tmp_path / "out", cwd=extracted)
    assert "8 micrographs known by the same path in the project" in run.out
    assert pairs_of(tmp_path / "out") == truth()[0]


# ---- cryoSPARC ----


UIDS = [7_000_000_000_000_000_000 + 12345678901234567 * i for i in range(Shots.N)]
CS_NAMES = [f"J2/motioncorrected/{i:021d}_m{i}_patch_aligned_doseweighted.mrc" for i in range(Shots.N)]


def Dataset():
    return pytest.importorskip("cryosparc.dataset").Dataset


def cs_table(path, uids, fields):
    """fields: {name: (dtype, shape, values)}"""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = Dataset().allocate(len(uids), [(key, dtype, *shape) for key, (dtype, shape, _) in fields.items()])
    data["uid"] = uids
    for key, (_, _, values) in fields.items():
        data[key] = values
    data.save(path)


@pytest.fixture
def cs_project(tmp_path):
    """A refinement's particles and their passthrough, in another order; centres moved by shifts of 2 A px."""
    found, _ = relion.picks()
    of = [i for i in range(Shots.N) for _ in found[i]]
    points = numpy.concatenate([numpy.array(found[i]) for i in range(Shots.N)])
    n = len(of)
    rng = numpy.random.default_rng(8)
    shift = rng.uniform(-20, 20, (n, 2))
    split = rng.integers(0, 2, n)
    uids = (10**18 + rng.permutation(n)).tolist()
    cs_table(
        tmp_path / "J5/particles.cs",
        uids,
        {
            "blob/path": ("O", (), [f"J5/extract/m{i}.mrc" for i in of]),
            "alignments3D/shift": ("<f4", ((2,),), shift),
            "alignments3D/psize_A": ("<f4", (), numpy.full(n, 2.0)),
            "alignments3D/split": ("<u4", (), split),
        },
    )
    centre = points + 2.0 * shift  # the micrograph's px are of 1 A
    cs_table(
        tmp_path / "J5/passthrough.cs",
        uids[::-1],
        {
            "location/micrograph_uid": ("<u8", (), [UIDS[i] for i in of][::-1]),
            "location/micrograph_path": ("O", (), [CS_NAMES[i] for i in of][::-1]),
            "location/micrograph_shape": ("<u4", ((2,),), numpy.full((n, 2), [NY, NX])),
            "location/micrograph_psize_A": ("<f4", (), numpy.full(n, 1.0)),
            "location/center_x_frac": ("<f4", (), centre[::-1, 0] / NX),
            "location/center_y_frac": ("<f4", (), centre[::-1, 1] / NY),
        },
    )
    results(tmp_path / "found", names=CS_NAMES, uids=UIDS)
    return tmp_path, uids, split.tolist()


BOTH = "J5/particles.cs,J5/passthrough.cs"


def cs_bytes(path, uids):
    data = numpy.load(path)
    row_of = {uid: row for row, uid in enumerate(data["uid"].tolist())}
    return b"".join(data[row_of[uid]].tobytes() for uid in uids)


def test_drop_in_cryosparc(cs_project):
    project, uids, split = cs_project
    run = particles("--particles", BOTH, "--session", "found", "--distance", 9, "--o", "out", cwd=project)
    expected, n = truth()
    assert pairs_of(project / "out") == expected
    assert f"{sum(split[a] != split[b] for a, b in expected)} of {len(expected)} pairs sat in different half sets" in run.out
    later = {uids[b] for _, b in expected}
    assert files_of(project / "out") == [
        "particle_pairs.csv",
        "particles.cs",
        "particles.json",
        "particles_passthrough.cs",
        "particles_passthrough_removed.cs",
        "particles_removed.cs",
    ]
    for name, source in [("particles", "particles"), ("particles_passthrough", "passthrough")]:
        before = numpy.load(project / f"J5/{source}.cs")
        stays = [uid for uid in before["uid"].tolist() if uid not in later]
        goes = [uid for uid in before["uid"].tolist() if uid in later]
        assert numpy.load(project / f"out/{name}.cs").tobytes() == cs_bytes(project / f"J5/{source}.cs", stays)
        assert numpy.load(project / f"out/{name}_removed.cs").tobytes() == cs_bytes(project / f"J5/{source}.cs", goes)
        assert Dataset().load(project / f"out/{name}.cs")["uid"].tolist() == stays
    for row in read_csv(project / "out/particle_pairs.csv"):
        assert int(row["particle_b"]) == uids[int(row["row_b"]) - 1]
        assert row["half_a"] == str(split[int(row["row_a"]) - 1] + 1)
        assert row["micrograph_a"] in CS_NAMES


def test_half_and_mark_in_cryosparc(cs_project):
    project, uids, split = cs_project
    expected, n = truth()
    particles("--particles", BOTH, "--session", "found", "--distance", 9, "--action", "half", "--o", "half", cwd=project)
    wanted = list(split)
    for a, b in expected:
        wanted[b] = split[a]
    before, after = Dataset().load(project / "J5/particles.cs"), Dataset().load(project / "half/particles.cs")
    assert after["alignments3D/split"].tolist() == wanted
    after["alignments3D/split"] = split
    assert after == before
    assert (project / "half/particles_passthrough.cs").read_bytes() == (project / "J5/passthrough.cs").read_bytes()
    particles("--particles", BOTH, "--session", "found", "--distance", 9, "--action", "mark", "--o", "mark", cwd=project)
    data = Dataset().load(project / "mark/particles.cs")
    groups = [0] * n
    for number, (a, b) in enumerate(expected, 1):
        groups[a] = groups[b] = number
    assert data["microdup/group"].tolist() == groups
    assert data.drop_fields(["microdup/group"]) == before
    array = numpy.load(project / "mark/particles.cs")
    assert array.dtype.names[-1] == "microdup/group" and array["microdup/group"].tolist() == groups


def test_half_needs_a_refinement(cs_project):
    project, _, _ = cs_project
    message = (
        "microdup particles: J5/passthrough.cs: has no alignments3D/split: cryoSPARC divides the particles when it refines them; give the particles "
        "of a refinement, or drop the later ones\n"
    )
    particles("--particles", "J5/passthrough.cs", "--session", "found", "--action", "half", "--o", "out", cwd=project, status=1, err=message)


def test_cryosparc_without_location(cs_project):
    project, _, _ = cs_project
    message = (
        "microdup particles: J5/particles.cs: no particles with their places: location/center_x_frac, center_y_frac and micrograph_shape; give the "
        "file that has them too, often the passthrough: particles.cs,J5_passthrough_particles.cs\n"
    )
    particles("--particles", "J5/particles.cs", "--session", "found", "--o", "out", cwd=project, status=1, err=message)


# ---- what cannot be done ----


@pytest.mark.parametrize(
    "text, message",
    [
        ("data_\nloop_\n_rlnMicrographName\n_rlnCoordinateX\na.mrc 1\n", "no list of particles with their places: one table must have rlnMicrographName, rlnCoordinateX and rlnCoordinateY"),
        (micrographs_text([("a.mrc", [(1, 2)])]).replace("2.0000", "two"), "line 6: the rlnCoordinateY 'two' is not a number"),
        (micrographs_text([("a.mrc", [(1, 2)])]).replace("2.0000", "nan"), "line 6: the rlnCoordinateY 'nan' is not a number"),
        (micrographs_text([("a.mrc", [(1, 2)])]).replace("2.0000", "1e300"), "line 6: the rlnCoordinateX '1.0000' is not a place in a micrograph"),
        (micrographs_text([("a.mrc", [(1, 2)])]).replace("a.mrc", '""'), "line 6: the rlnMicrographName '' is not a name"),
        (micrographs_text([("a.mrc", [(1, 2)])])[:-8], "line 6: 2 values where data_ has 3 columns; the file may be cut short"),
        (
            micrographs_text([("a.mrc", [(1, 2)])], "_rlnOpticsGroup\n", " 3", "data_optics\nloop_\n_rlnOpticsGroup\n1\n\ndata_particles\nloop_\n"),
            "line 12: the optics group 3 is not in data_optics",
        ),
        ("data_global\nloop_\n_rlnTomoName\n_rlnMicrographName\n_rlnCoordinateX\n_rlnCoordinateY\nT a 1 2\n", "particles of tomograms; only those of single micrographs can be matched"),
        ("not a STAR file\n", "line 1: 'not a STAR file' where a data_ line should stand; is this a STAR file?"),
        (None, "cannot be opened: No such file or directory"),
    ],
)
def test_damaged_particles(tmp_path, text, message):
    if text is not None:
        write(tmp_path / "p.star", text)
    results(tmp_path / "found", removed=(), pairs=[(0, 1, 0, 0)], names=["a.mrc", "b.mrc"])
    particles("--particles", "p.star", "--session", "found", "--o", "out", cwd=tmp_path, status=1, err=f"microdup particles: p.star: {message}\n")
    assert not (tmp_path / "out").exists()


def test_no_pixel_size(tmp_path):
    a, b = two(300, -200)
    write(tmp_path / "p.star", micrographs_text([("a.mrc", a), ("b.mrc", b)]))
    results(tmp_path / "found", removed=(), pairs=[(0, 1, 300, -200)], names=["a.mrc", "b.mrc"], pixel_A=None)
    message = "microdup particles: p.star: the pixel size of a.mrc is not known; give it with --pixel\n"
    particles("--particles", "p.star", "--session", "found", "--o", "out", cwd=tmp_path, status=1, err=message)
    particles("--particles", "p.star", "--session", "found", "--o", "out", "--pixel", 1, cwd=tmp_path)
    assert len(pairs_of(tmp_path / "out")) == 25


def test_none_of_the_session(tmp_path):
    write(tmp_path / "p.star", micrographs_text([("x.mrc", [(1, 2)])]))
    warning = "WARNING: p.star: names no micrograph of the session\n"
    assert found(tmp_path, err=warning)[0] == []


def test_copies_that_are_turned_need_their_size(tmp_path):
    a, _ = two(0, 0)
    write(tmp_path / "p.star", micrographs_text([("a.mrc", a), ("b.mrc", (3999, 0) + a * (-1, 1))]))
    warning = "WARNING: found: 1 turned or mirrored copy is left out, since the size of the micrograph is not known; its session file tells it\n"
    assert found(tmp_path, pairs=[(0, 1, 0, 0, {"kind": "copy-mirrored-x"})], err=warning)[0] == []


def test_nothing_of_the_users_is_overwritten(extracted, tmp_path):
    results(tmp_path / "found")
    shutil.copy(extracted / relion.PARTICLES, tmp_path / "particles.star")
    arguments = ("--particles", "particles.star", "--session", "found", "--o")
    message = "microdup particles: particles.star: is the input itself; give another folder with --o\n"
    particles(*arguments, ".", cwd=tmp_path, status=1, err=message)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/particle_pairs.csv").write_text("mine")
    message = "microdup particles: out/particle_pairs.csv: exists already and was not written by microdup; give another folder with --o\n"
    particles(*arguments, "out", cwd=tmp_path, status=1, err=message)
    assert files_of(tmp_path / "out") == ["particle_pairs.csv"]
    # Beside the results of a screen, and again over its own.
    particles(*arguments, "found", cwd=tmp_path)
    particles(*arguments, "found", cwd=tmp_path)
    assert set(files_of(tmp_path / "found")) == set(STAR_FILES + ["particles_removed.star", "micrographs.csv", "pairs.csv"])


def test_stop(extracted, tmp_path):
    """SIGTERM while it reads: from a pipe, so that it surely still does."""
    results(tmp_path / "found")
    os.mkfifo(tmp_path / "p.star")
    command = [os.environ["MDUP_BIN"], "particles", "--particles", "p.star", "--session", "found", "--o", "out"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with open(tmp_path / "p.star", "wb") as pipe:
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        pipe.write((extracted / relion.PARTICLES).read_bytes())
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (2, "microdup particles: stopped; no results were written\n")
    assert not (tmp_path / "out").exists()


def test_usage(tmp_path):
    for arguments, message in [
        (["--session", "x", "--o", "y"], "--particles is missing"),
        (["--particles", "x", "--o", "y"], "--session is missing"),
        (["--particles", "x", "--session", "y"], "--o is missing"),
        (["--particles", "x", "--session", "y", "--o", "z", "--distance", "0"], "--distance takes"),
        (["x"], "one argument too many"),
    ]:
        run = microdup("particles", *arguments, cwd=tmp_path)
        assert run.status == 2 and message in run.err, run
