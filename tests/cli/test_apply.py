"""microdup apply: the decision of a screen in other files, as RELION, starfile and cryosparc-tools read and write them."""

import pathlib
import shutil

import numpy
import pytest

import relion
from helpers import files_of, microdup, read_csv, screen, write_results, write_star

MICROGRAPHS = relion.MICROGRAPHS
REMOVED = [MICROGRAPHS[5], MICROGRAPHS[6]]


def results(folder, names=MICROGRAPHS, removed=REMOVED, **more):
    return write_results(folder, [(name, {"decision": "remove" if name in removed else "keep", **more}) for name in names])


def apply(*arguments, cwd, status=0, err="", **more):
    run = microdup("apply", *arguments, cwd=cwd, **more)
    assert (run.status, run.err) == (status, err), run
    return run


def without(path, removed=REMOVED):
    """The lines of a text file that hold none of these names."""
    lines = pathlib.Path(path).read_bytes().splitlines(keepends=True)
    return b"".join(line for line in lines if not any(name.encode() in line for name in removed))


def applied(folder):
    return {row["output"]: row for row in read_csv(folder / "applied.csv")}


# ---- RELION ----


def test_files_of_a_project(extracted, tmp_path):
    """Micrographs, particles and a list of pickings, from RELION's own extraction; every other byte stays."""
    results(tmp_path / "found")
    run = apply(tmp_path / "found", relion.CTF, relion.PARTICLES, relion.POINTER, "--o", tmp_path / "clean", cwd=extracted)
    clean = tmp_path / "clean"
    assert files_of(clean) == ["applied.csv", "coords_suffix_autopick.star", "micrographs_ctf.star", "particles.star"]
    for name, source in [("micrographs_ctf.star", relion.CTF), ("particles.star", relion.PARTICLES)]:
        assert (clean / name).read_bytes() == without(extracted / source)
    assert (clean / "coords_suffix_autopick.star").read_text() == relion.CTF + "\n"
    names = relion.names_of(extracted / relion.PARTICLES)
    assert relion.names_of(clean / "particles.star") == [name for name in names if name not in REMOVED]
    n_removed = sum(name in REMOVED for name in names)
    assert 0 < n_removed < len(names)
    assert f"{relion.PARTICLES}: {len(names)} rows (particles), {len(names)} of micrographs of the session, {n_removed} removed" in run.out
    assert f"only names the list of micrographs '{relion.CTF}'" in run.out
    assert f"{n_removed + 2} of {len(names) + 8} rows taken out of 3 files." in run.out
    row = applied(clean)["particles.star"]
    assert row == {
        "input": relion.PARTICLES,
        "output": "particles.star",
        "kind": "particles",
        "rows": str(len(names)),
        "of_session": str(len(names)),
        "removed": str(n_removed),
    }


def test_relion_reads_the_result(extracted, tmp_path):
    """relion_star_handler finds that what went is what it finds to differ, and keeps the optics."""
    results(tmp_path / "found")
    shutil.copytree(extracted, tmp_path / "p", copy_function=shutil.copy)
    apply("../found", relion.CTF, relion.PARTICLES, "--o", "Clean", cwd=tmp_path / "p")
    for name, source, label in [("micrographs_ctf", relion.CTF, "rlnMicrographName"), ("particles", relion.PARTICLES, "rlnImageName")]:
        relion.run(
            *("relion_star_handler", "--i", source, "--compare", f"Clean/{name}.star", "--label1", label, "--o", "check.star"),
            cwd=tmp_path / "p",
        )
        assert set(relion.names_of(tmp_path / "p/check_only1.star")) == set(REMOVED)
        assert relion.names_of(tmp_path / "p/check_both.star") == relion.names_of(tmp_path / f"p/Clean/{name}.star")


def test_lists_of_coordinates(extracted, tmp_path):
    """Those of removed micrographs are emptied; RELION then extracts what apply leaves of the extracted particles."""
    results(tmp_path / "found")
    project = tmp_path / "p"
    shutil.copytree(extracted, project, copy_function=shutil.copy)
    run = apply("../found", *relion.LISTS, relion.PARTICLES, "--o", "Clean", cwd=project)
    assert "8 lists of the coordinates in one micrograph: 8 of micrographs of the session, 2 emptied" in run.out
    for i, source in enumerate(relion.LISTS):
        before, after = (project / source).read_text(), (project / f"Clean/Movies/m{i}_autopick.star").read_text()
        assert after == (before if i not in (5, 6) else before[: before.index("#3 \n") + 4] + " \n")
    cleaned = relion.extract(project, job="Extract/job008", lists="Clean/")
    rows = [line.replace("job008", "job007") for line in cleaned.read_text().splitlines() if "@" in line]
    assert rows == [line for line in (project / "Clean/particles.star").read_text().splitlines() if "@" in line]


LIST_OF_LISTS = """
# version 50001

data_coordinate_files

loop_ 
_rlnMicrographName #1 
_rlnMicrographCoordinates #2 
"""


def test_autopick_star_of_relion_4_and_5(tmp_path):
    rows = [f"{name} AutoPick/job004/{name[18:-4]}_autopick.star \n" for name in MICROGRAPHS]
    (tmp_path / "autopick.star").write_text(LIST_OF_LISTS + "".join(rows) + " \n")
    results(tmp_path / "microdup")
    apply("microdup", "autopick.star", "--o", "clean", cwd=tmp_path)
    kept = [row for i, row in enumerate(rows) if i not in (5, 6)]
    assert (tmp_path / "clean/autopick.star").read_text() == LIST_OF_LISTS + "".join(kept) + " \n"


def test_end_to_end(extracted, tmp_path):
    """The folder of a real screen."""
    screen(relion.CTF, "--o", tmp_path / "out", cwd=extracted)
    apply(tmp_path / "out", relion.PARTICLES, "--o", tmp_path / "clean", cwd=extracted)
    assert (tmp_path / "clean/particles.star").read_bytes() == without(extracted / relion.PARTICLES)


def test_several_tables_and_writers(tmp_path):
    """Pairs, tables without names, quoted names, CR LF, a file of starfile's."""
    starfile = pytest.importorskip("starfile")
    pandas = pytest.importorskip("pandas")
    names = ["a b.mrc", "c.mrc", "d.mrc"]
    results(tmp_path / "microdup", names, ["a b.mrc", "d.mrc"])
    text = (
        "data_one\r\n_rlnMicrographName 'a b.mrc'\r\n_rlnVoltage 300\r\n\r\ndata_two\r\nloop_\r\n_rlnOpticsGroup\r\n1\r\n\r\n"
        'data_three\r\nloop_\r\n_rlnVoltage\r\n_rlnMicrographName\r\n1 "a b.mrc"\r\n2 c.mrc\r\n3 d.mrc\r\n'
    )
    (tmp_path / "odd.star").write_bytes(text.encode())
    frame = pandas.DataFrame({"rlnVoltage": [1, 2, 3], "rlnMicrographName": names})
    starfile.write({"particles": frame}, tmp_path / "written.star")
    run = apply("microdup", "odd.star", "written.star", "--o", "clean", cwd=tmp_path)
    assert "odd.star: 4 rows (micrographs), 4 of micrographs of the session, 3 removed" in run.out
    expected = text.replace("_rlnMicrographName 'a b.mrc'\r\n_rlnVoltage 300\r\n", "").replace('1 "a b.mrc"\r\n', "").replace("3 d.mrc\r\n", "")
    assert (tmp_path / "clean/odd.star").read_bytes() == expected.encode()
    assert starfile.read(tmp_path / "clean/written.star")["rlnMicrographName"].tolist() == ["c.mrc"]


def test_nothing_removed_is_a_copy(extracted, tmp_path):
    results(tmp_path / "found", removed=[])
    apply(tmp_path / "found", relion.PARTICLES, *relion.LISTS, "--o", tmp_path / "clean", cwd=extracted)
    for source, name in [(relion.PARTICLES, "particles.star")] + [(s, "Movies/" + pathlib.Path(s).name) for s in relion.LISTS]:
        assert (tmp_path / "clean" / name).read_bytes() == (extracted / source).read_bytes()


# ---- other names for the same micrograph ----


def particles_of(path, names):
    write_star(path, names)
    return path.name


EPU = "FoilHole_10190995_Data_9951234_9951236_20260504_{}_fractions"


@pytest.mark.parametrize(
    "session, theirs, phrase",
    [
        ("MotionCorr/job002/Movies/m{}.mrc", "MotionCorr/job045/Movies/m{}.mrc", "the same path in the project"),
        ("MotionCorr/job002/Movies/m{}.mrc", "Movies/m{}.tiff", "the same path in the project"),
        ("/data/p/MotionCorr/job002/Movies/m{}.mrc", "MotionCorr/job002/Movies/m{}_noDW.mrc", "the same path in the project"),
        (
            f"MotionCorr/job002/Movies/{EPU}.mrc",
            f"J2/motioncorrected/009270517818331954156_{EPU}_patch_aligned_doseweighted.mrc",
            "the same file name, which holds its time",
        ),
    ],
)
def test_known_by_other_names(tmp_path, session, theirs, phrase):
    stamp = [f"{90000 + i:06d}" for i in range(4)]
    names = [session.format(s) for s in stamp]
    results(tmp_path / "microdup", names, names[1:2])
    particles_of(tmp_path / "p.star", [theirs.format(s) for s in stamp] * 2)
    run = apply("microdup", "p.star", "--o", "clean", cwd=tmp_path)
    assert f"p.star: 4 micrographs known by {phrase}, as '{theirs.format(stamp[0])}' for '{names[0]}'" in run.out
    assert relion.names_of(tmp_path / "clean/p.star") == [theirs.format(s) for s in stamp if s != stamp[1]] * 2
    # Not when only the same names count.
    run = microdup("apply", "microdup", "p.star", "--o", "clean", "--match", "exact", cwd=tmp_path)
    assert run.status == 0
    assert "names no micrograph of the session; nothing was taken out" in run.err
    assert (tmp_path / "clean/p.star").read_bytes() == (tmp_path / "p.star").read_bytes()


def test_counters_of_another_grid_stay(tmp_path):
    """x_0001 of one grid is not that of another, unless the user says so."""
    results(tmp_path / "microdup", ["MotionCorr/job002/grid1/x_0001.mrc", "MotionCorr/job002/grid1/x_0002.mrc"], ["MotionCorr/job002/grid1/x_0002.mrc"])
    particles_of(tmp_path / "p.star", ["MotionCorr/job002/grid2/x_0001.mrc", "MotionCorr/job002/grid2/x_0002.mrc"])
    warnings = (
        "WARNING: p.star: 'MotionCorr/job002/grid2/x_0001.mrc' is not taken for 'MotionCorr/job002/grid1/x_0001.mrc' of the session: it has "
        "the same file name, but another folder; --match file would take it for the same (2 micrographs)\n"
        "WARNING: p.star: names no micrograph of the session; nothing was taken out\n"
    )
    apply("microdup", "p.star", "--o", "clean", cwd=tmp_path, err=warnings)
    assert (tmp_path / "clean/p.star").read_bytes() == (tmp_path / "p.star").read_bytes()
    apply("microdup", "p.star", "--o", "clean", "--match", "file", cwd=tmp_path)
    assert relion.names_of(tmp_path / "clean/p.star") == ["MotionCorr/job002/grid2/x_0001.mrc"]
    # A joined set of both grids: the exact names count, and nothing else is touched.
    both = ["MotionCorr/job002/grid1/x_0002.mrc", "MotionCorr/job002/grid2/x_0002.mrc"]
    particles_of(tmp_path / "p.star", both)
    run = microdup("apply", "microdup", "p.star", "--o", "clean", "--match", "file", cwd=tmp_path)
    assert run.status == 0
    assert f"left alone, since another name of this file is nearer to that of the session: '{both[1]}', beside '{both[0]}'" in run.err
    assert relion.names_of(tmp_path / "clean/p.star") == both[1:]


def test_ambiguous_names_are_refused(tmp_path):
    """Motion correction done twice, one result kept and one removed; two grids when file names count."""
    twice = ["MotionCorr/job002/Movies/a.mrc", "MotionCorr/job003/Movies/a.mrc"]
    results(tmp_path / "microdup", twice, twice[1:])
    particles_of(tmp_path / "p.star", ["MotionCorr/job009/Movies/a.mrc"])
    particles_of(tmp_path / "q.star", twice)
    run = microdup("apply", "microdup", "p.star", "q.star", "--o", "clean", cwd=tmp_path)
    assert run.status == 1
    assert run.err.splitlines() == [
        f"WARNING: p.star: it is not certain whether 'MotionCorr/job009/Movies/a.mrc' is '{twice[0]}' or '{twice[1]}' of the session; "
        "nothing was taken out, name it as the session does",
        "microdup apply: 1 of 2 files could not be dealt with; the warnings say why",
    ]
    assert files_of(tmp_path / "clean") == ["applied.csv", "q.star"]
    assert relion.names_of(tmp_path / "clean/q.star") == twice[:1]
    particles_of(tmp_path / "p.star", ["grid1/a.mrc", "grid2/a.mrc"])
    results(tmp_path / "microdup", twice[1:], twice[1:])
    run = microdup("apply", "microdup", "p.star", "--o", "clean", "--match", "file", cwd=tmp_path)
    assert run.status == 1
    assert f"not certain whether 'grid1/a.mrc' or 'grid2/a.mrc' is '{twice[1]}' of the session" in run.err
    # Both go, or both stay: then it is all one.
    results(tmp_path / "microdup", twice, twice)
    particles_of(tmp_path / "p.star", ["MotionCorr/job009/Movies/a.mrc", "b.mrc"])
    apply("microdup", "p.star", "--o", "clean", cwd=tmp_path)
    assert relion.names_of(tmp_path / "clean/p.star") == ["b.mrc"]


def test_a_name_that_is_kept_as_well(tmp_path):
    write_results(tmp_path / "microdup", ["a.mrc", ("a.mrc", {"decision": "remove"}), ("b.mrc", {"decision": "remove"})])
    particles_of(tmp_path / "p.star", ["a.mrc", "b.mrc"])
    apply("microdup", "p.star", "--o", "clean", cwd=tmp_path)
    assert relion.names_of(tmp_path / "clean/p.star") == ["a.mrc"]


def test_suffix_of_other_pickers(tmp_path):
    """crYOLO's lists have the micrograph's name, topaz' scripts often something behind it; a longer name is another micrograph."""
    results(tmp_path / "microdup", ["Movies/m_1.mrc", "Movies/m_1_2.mrc"], ["Movies/m_1.mrc"])
    for name in ["m_1_topaz", "m_1_2_topaz", "m_1_2"]:
        relion.write_list(tmp_path / f"Picks/job004/Movies/{name}.star", [(1, 2), (3, 4)])
    names = [f"Picks/job004/Movies/{name}.star" for name in ("m_1_topaz", "m_1_2_topaz")]
    warning = (
        f"WARNING: {names[0]}: no list of coordinates is named after a micrograph of the session; when something else stands behind the "
        "name, give it with --suffix\n"
    )
    apply("microdup", *names, "--o", "clean", cwd=tmp_path, err=warning)
    run = apply("microdup", *names, "--o", "clean", "--suffix", "_topaz", cwd=tmp_path)
    assert "2 lists of the coordinates in one micrograph: 2 of micrographs of the session, 1 emptied" in run.out
    assert "2 " not in (tmp_path / "clean/Movies/m_1_topaz.star").read_text().split("#3")[1]
    assert (tmp_path / "clean/Movies/m_1_2_topaz.star").read_bytes() == (tmp_path / names[1]).read_bytes()
    run = microdup("apply", "microdup", names[1], "Picks/job004/Movies/m_1_2.star", "--o", "c2", "--suffix", "_topaz", cwd=tmp_path)
    assert run.status == 1
    assert "Picks/job004/Movies/m_1_2.star: a second list of the coordinates in 'Picks/job004/Movies/m_1_2'" in run.err


# ---- cryoSPARC ----

UIDS = [7_000_000_000_000_000_000 + 12345678901234567 * i for i in range(4)]
CS_NAMES = [f"J2/motioncorrected/{i:021d}_m{i}_patch_aligned_doseweighted.mrc" for i in range(4)]


def Dataset():
    return pytest.importorskip("cryosparc.dataset").Dataset


def save(path, uids, **fields):
    """fields: name with '/' as '__' = (dtype, values)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = Dataset().allocate(len(uids), [(key.replace("__", "/"), dtype) for key, (dtype, _) in fields.items()])
    data["uid"] = uids
    for key, (_, values) in fields.items():
        data[key.replace("__", "/")] = values
    data.save(path)
    return data


@pytest.fixture
def cs_session(tmp_path):
    write_results(
        tmp_path / "microdup", [(CS_NAMES[i], {"uid": UIDS[i], "decision": "remove" if i in (1, 2) else "keep"}) for i in range(4)]
    )
    return tmp_path


def cs_particles(project, of, **more):
    """Particles, three of each of these micrographs, in a table and its passthrough."""
    of = numpy.repeat(of, 3)
    uids = [100 + i for i in range(len(of))]
    save(project / "J5/particles.cs", uids, blob__path=("O", [f"J5/extract/{i}.mrc" for i in of]), blob__idx=("<u4", range(len(of))))
    save(
        project / "J5/passthrough.cs",
        uids[::-1],
        location__micrograph_uid=("<u8", [UIDS[i] for i in of][::-1]),
        location__micrograph_path=("O", [CS_NAMES[i] for i in of][::-1]),
        location__center_x_frac=("<f4", numpy.linspace(0, 1, len(of))),
        **more,
    )
    return of


def test_particles_of_cryosparc(cs_session):
    of = cs_particles(cs_session, [0, 1, 3, 2])
    run = apply("microdup", "J5/particles.cs,J5/passthrough.cs", "--o", "clean", cwd=cs_session)
    assert "12 rows (particles), 12 of micrographs of the session, 6 removed" in run.out
    stays = [100 + i for i in range(len(of)) if of[i] in (0, 3)]
    for name, expected in [("particles.cs", stays), ("passthrough.cs", stays[::-1])]:
        before, after = numpy.load(cs_session / "J5" / name), numpy.load(cs_session / "clean" / name)
        assert after.dtype == before.dtype
        assert after["uid"].tolist() == expected
        assert after.tobytes() == b"".join(row.tobytes() for row in before if row["uid"] in stays)
        assert Dataset().load(cs_session / "clean" / name)["uid"].tolist() == expected
    rows = applied(cs_session / "clean")
    assert (rows["particles.cs"]["removed"], rows["passthrough.cs"]["removed"]) == ("6", "6")


def test_particles_by_path_when_there_are_no_uids(cs_session):
    """The session was of a text list, say; or the uids are those of another import."""
    results(cs_session / "microdup", CS_NAMES, CS_NAMES[1:3])
    cs_particles(cs_session, [0, 1, 3, 2])
    apply("microdup", "J5/passthrough.cs", "--o", "clean", cwd=cs_session)
    assert set(numpy.load(cs_session / "clean/passthrough.cs")["location/micrograph_path"]) == {CS_NAMES[i].encode() for i in (0, 3)}


def test_exposures_by_uid_alone(cs_session):
    """A table that holds no path; and one whose paths are those of another job."""
    save(cs_session / "J4/ctf.cs", UIDS[::-1], ctf__type=("O", ["spline"] * 4))
    save(cs_session / "J4/again.cs", UIDS, micrograph_blob__path=("O", [f"J9/x/other_{i}.mrc" for i in range(4)]))
    run = apply("microdup", "J4/ctf.cs", "J4/again.cs", "--o", "clean", cwd=cs_session)
    assert "J4/ctf.cs: 4 rows (exposures), 4 of micrographs of the session, 2 removed" in run.out
    assert numpy.load(cs_session / "clean/ctf.cs")["uid"].tolist() == [UIDS[3], UIDS[0]]
    assert numpy.load(cs_session / "clean/again.cs")["uid"].tolist() == [UIDS[0], UIDS[3]]


def test_a_session_of_relion_and_particles_of_cryosparc(tmp_path):
    stamp = [f"{90000 + i:06d}" for i in range(4)]
    results(tmp_path / "microdup", [f"MotionCorr/job002/Movies/{EPU.format(s)}.mrc" for s in stamp], [f"MotionCorr/job002/Movies/{EPU.format(stamp[2])}.mrc"])
    paths = [f"J2/motioncorrected/{i:021d}_{EPU.format(s)}_patch_aligned_doseweighted.mrc" for i, s in enumerate(stamp)]
    save(tmp_path / "p.cs", range(1, 9), location__micrograph_path=("O", paths * 2), location__micrograph_uid=("<u8", UIDS * 2))
    apply("microdup", "p.cs", "--o", "clean", cwd=tmp_path)
    assert numpy.load(tmp_path / "clean/p.cs")["uid"].tolist() == [1, 2, 4, 5, 6, 8]


# ---- what cannot be done ----


def test_bad_files_do_not_stop_the_others(extracted, tmp_path):
    results(tmp_path / "found")
    (tmp_path / "cut.star").write_bytes((extracted / relion.PARTICLES).read_bytes()[:-60])
    (tmp_path / "nameless.star").write_text("data_\nloop_\n_rlnImageName\n1@a.mrcs\n")
    (tmp_path / "empty_name.star").write_text('data_\nloop_\n_rlnMicrographName\na.mrc\n""\n')
    (tmp_path / "tomo.star").write_text("data_global\nloop_\n_rlnTomoName\nTS_1\n")
    (tmp_path / "text.txt").write_text("a.mrc\n")
    (tmp_path / "csdat.cs").write_bytes(b"\x95CSDAT rest")
    (tmp_path / "cut.cs").write_bytes(b"\x93NUMPY\x01\x00")
    shutil.copy(extracted / relion.CTF, tmp_path / "good.star")
    names = ["missing.star", "cut.star", "nameless.star", "empty_name.star", "tomo.star", "text.txt", "csdat.cs", "cut.cs", "good.star"]
    run = microdup("apply", "found", *names, "--o", "clean", cwd=tmp_path)
    assert run.status == 1
    warnings = dict(line.removeprefix("WARNING: ").split(": ", 1) for line in run.err.splitlines() if line.startswith("WARNING"))
    n_lines = (tmp_path / "cut.star").read_bytes().count(b"\n") + 1
    assert warnings["missing.star"].startswith("cannot be opened: No such file")
    assert warnings["cut.star"].startswith(f"line {n_lines}: ") and "cut short" in warnings["cut.star"]
    assert warnings["nameless.star"] == "names no micrographs: no table has the column rlnMicrographName"
    assert warnings["empty_name.star"] == "line 5: the name of the micrograph is empty"
    assert "tilt series" in warnings["tomo.star"]
    assert warnings["text.txt"].startswith("line 1: 'a.mrc' where a data_ line should stand")
    assert "CSDAT" in warnings["csdat.cs"]
    assert warnings["cut.cs"] == "cut short in its header, at 8 bytes"
    assert run.err.endswith("microdup apply: 8 of 9 files could not be dealt with; the warnings say why\n")
    assert files_of(tmp_path / "clean") == ["applied.csv", "good.star"]
    assert list(applied(tmp_path / "clean")) == ["good.star"]
    assert (tmp_path / "clean/good.star").read_bytes() == without(extracted / relion.CTF)


@pytest.mark.parametrize(
    "table, text, message",
    [
        ("micrographs.csv", None, "found/micrographs.csv: cannot be opened: No such file or directory"),
        ("pairs.csv", None, "found/pairs.csv: cannot be opened: No such file or directory"),
        ("micrographs.csv", "", "found/micrographs.csv: line 1: there is no column micrograph; is this the folder of a screen?"),
        ("micrographs.csv", "a,b\n", "found/micrographs.csv: line 1: there is no column micrograph; is this the folder of a screen?"),
        ("micrographs.csv", "micrograph,decision\na.mrc\n", "found/micrographs.csv: line 2: ends before its column decision; is the file cut short?"),
        ("micrographs.csv", "micrograph,decision\na.mrc,rem\n", "found/micrographs.csv: line 2: the decision 'rem' is neither keep nor remove"),
        ("micrographs.csv", 'micrograph,decision\n"a.mrc,keep\n', "found/micrographs.csv: line 2: a quote is not closed"),
        ("micrographs.csv", "micrograph,decision,pixel_A\na.mrc,keep,wide\n", "found/micrographs.csv: line 2: the pixel_A 'wide' is not a number"),
        (
            "pairs.csv",
            "micrograph_a,micrograph_b,shift_x_px,shift_y_px,overlap\nx.mrc,y.mrc,1,2,0.5\n",
            "found/pairs.csv: line 2: 'x.mrc' is not in micrographs.csv; the two are not of one screen",
        ),
        (
            "pairs.csv",
            f"micrograph_a,micrograph_b,shift_x_px,shift_y_px,overlap\n{MICROGRAPHS[0]},{MICROGRAPHS[1]},1,two,0.5\n",
            "found/pairs.csv: line 2: the shift_y_px 'two' is not a number",
        ),
    ],
)
def test_damaged_results(tmp_path, table, text, message):
    results(tmp_path / "found")
    particles_of(tmp_path / "p.star", MICROGRAPHS)
    if text is None:
        (tmp_path / "found" / table).unlink()
    else:
        (tmp_path / "found" / table).write_text(text)
    apply("found", "p.star", "--o", "clean", cwd=tmp_path, status=1, err=f"microdup apply: {message}\n")
    assert not (tmp_path / "clean").exists()


def test_nothing_of_the_users_is_overwritten(extracted, tmp_path):
    results(tmp_path / "found")
    shutil.copy(extracted / relion.PARTICLES, tmp_path / "particles.star")
    clean = tmp_path / "clean"
    clean.mkdir()
    (clean / "particles.star").write_text("mine")
    message = "microdup apply: clean/particles.star: exists already and was not written by microdup apply; give another folder with --o\n"
    apply("found", "particles.star", "--o", "clean", cwd=tmp_path, status=1, err=message)
    assert (files_of(clean), (clean / "particles.star").read_text()) == (["particles.star"], "mine")
    message = "microdup apply: particles.star: is an input itself; give another folder with --o\n"
    apply("found", "particles.star", "--o", ".", cwd=tmp_path, status=1, err=message)
    (clean / "applied.csv").write_text("my own table\n")
    message = "microdup apply: clean/applied.csv: was not written by microdup apply; give another folder with --o\n"
    apply("found", "particles.star", "--o", "clean", cwd=tmp_path, status=1, err=message)
    # What apply has written it replaces, and it knows of what it wrote before.
    shutil.rmtree(clean)
    apply("found", "particles.star", "--o", "clean", cwd=tmp_path)
    shutil.copy(extracted / relion.CTF, tmp_path / "ctf.star")
    apply("found", "ctf.star", "--o", "clean", cwd=tmp_path)
    results(tmp_path / "found", removed=MICROGRAPHS[:1])
    apply("found", "particles.star", "--o", "clean", cwd=tmp_path)
    assert sorted(applied(clean)) == ["ctf.star", "particles.star"]
    assert (clean / "particles.star").read_bytes() == without(tmp_path / "particles.star", MICROGRAPHS[:1])


def test_two_files_of_one_name(extracted, tmp_path):
    results(tmp_path / "found")
    for job in ("Select/job010", "Select/job011"):
        (tmp_path / job).mkdir(parents=True)
        shutil.copy(extracted / relion.PARTICLES, tmp_path / job / "particles.star")
    message = (
        "microdup apply: Select/job011/particles.star: another of the files would be written to particles.star too; give them in two runs with "
        "a folder each\n"
    )
    apply("found", "Select/job010/particles.star", "Select/job011/particles.star", "--o", "clean", cwd=tmp_path, status=1, err=message)


def test_outputs_stay_below_the_folder(tmp_path):
    results(tmp_path / "found")
    (tmp_path / "Select/job010").mkdir(parents=True)
    particles_of(tmp_path / "p.star", MICROGRAPHS)
    apply("found", "Select/job010/../../p.star", "--o", "clean/deep", cwd=tmp_path)
    assert files_of(tmp_path / "clean/deep") == ["applied.csv", "p.star"]


def test_usage(tmp_path):
    results(tmp_path / "found")
    for arguments, message in [
        (["found"], "something is missing: microdup apply FOLDER FILE... --o DIR"),
        (["found", "p.star"], "say with --o into which folder"),
        (["found", "p.star", "--o", ""], "say with --o into which folder"),
        (["found", "p.star", "--o", "x", "--match", "fuzzy"], '--match takes auto, exact, path or file, not "fuzzy"'),
    ]:
        run = microdup("apply", *arguments, cwd=tmp_path)
        assert run.status == 2, run
        assert message in run.err, run
    apply("nowhere", "p.star", "--o", "x", cwd=tmp_path, status=1, err="microdup apply: nowhere: no such folder; give the one that microdup screen wrote into\n")
