"""cryoSPARC's .cs and .csg files in and out, against NumPy and cryosparc-tools."""

import shutil

import numpy
import pytest

from helpers import (
    CHANGING,
    LISTS,
    TABLES,
    Shots,
    decided_alike,
    duplicates,
    files_of,
    link,
    microdup,
    read_csv,
    screen,
    write_mrc,
    write_star,
)

REMOVED = [5, 6]


def Dataset():
    return pytest.importorskip("cryosparc.dataset").Dataset


def uid(i):
    return 7_000_000_000_000_000_000 + 12345678901234567 * i


def name(i):
    return f"J2/motioncorrected/{(uid(i) * 31) % 10**21:021d}_m{i}_patch_aligned_doseweighted.mrc"


def table(indices, fields):
    """A Dataset with the uids of these shots and some of their fields."""
    data = Dataset().allocate(len(indices), [(key, dtype, *shape) for key, (dtype, shape, _) in fields.items()])
    data["uid"] = [uid(i) for i in indices]
    for key, (_, _, value) in fields.items():
        data[key] = [value(i) for i in indices] if not key.endswith("shape") else numpy.full((len(indices), 2), [500, 700])
    return data


BLOB = {
    "micrograph_blob/path": ("O", (), name),
    "micrograph_blob/idx": ("<u4", (), lambda i: 0),
    "micrograph_blob/shape": ("<u4", ((2,),), None),
    "micrograph_blob/psize_A": ("<f4", (), lambda i: 2.0),
}
SCOPE = {
    "mscope_params/exp_group_id": ("<u4", (), lambda i: 1 + i % 2),
    "mscope_params/accel_kv": ("<f4", (), lambda i: 300),
    "ctf/type": ("O", (), lambda i: "spline"),
}
ALL = list(range(Shots.N))


@pytest.fixture
def project(shots, tmp_path):
    """A cryoSPARC project: J2 with the micrographs, J3 with tables of the test's own."""
    for i in ALL:
        link(shots / f"m{i}.mrc", tmp_path / name(i))
    (tmp_path / "project.json").write_text("{}")
    (tmp_path / "J3").mkdir()
    return tmp_path


def save(project, file, data):
    data.save(project / "J3" / file)


def kept(data):
    return data.query(lambda row: row["uid"] not in [uid(i) for i in REMOVED])


def rejected(data):
    return data.query({"uid": [uid(i) for i in REMOVED]})


def assert_rows(path, source, rows):
    """Exactly these records of the source, byte for byte, as NumPy sees them."""
    before, after = numpy.load(source), numpy.load(path)
    assert after.dtype == before.dtype
    assert after.tobytes() == b"".join(before[i].tobytes() for i in rows)


def test_one_file(project):
    save(project, "exposures.cs", table(ALL, {**BLOB, **SCOPE}))
    screen("J3/exposures.cs", cwd=project)
    out = project / "microdup"
    assert duplicates(out) == [(name(1), name(5)), (name(2), name(6))]
    assert files_of(out) == sorted(
        TABLES + LISTS + CHANGING + ["micrographs.cs", "micrographs_removed.cs", "removed_uids.txt"]
    )
    assert (out / "removed_uids.txt").read_text().split() == [str(uid(i)) for i in REMOVED]
    assert_rows(out / "micrographs.cs", project / "J3/exposures.cs", [0, 1, 2, 3, 4, 7])
    assert_rows(out / "micrographs_removed.cs", project / "J3/exposures.cs", REMOVED)
    data = Dataset().load(project / "J3/exposures.cs")
    assert Dataset().load(out / "micrographs.cs") == kept(data)
    assert Dataset().load(out / "micrographs_removed.cs") == rejected(data)
    for row in read_csv(out / "pairs.csv"):
        assert float(row["shift_x_A"]) == pytest.approx(2 * float(row["shift_x_px"]), abs=0.011)


@pytest.mark.parametrize("order", ["exposures first", "passthrough first"])
def test_two_files_joined_by_uid(project, order):
    """In another order, and the passthrough holds records that are not among the exposures."""
    shuffled = [3, 7, 5, 0, 1, 2, 4, 6]
    save(project, "J3_exposures.cs", table(shuffled, BLOB if order == "exposures first" else SCOPE))
    save(project, "J3_passthrough.cs", table(ALL + [90, 91], SCOPE if order == "exposures first" else BLOB))
    screen("--i", "J3/J3_exposures.cs,J3/J3_passthrough.cs", "--optics-group", "same", "--order", "natural", cwd=project)
    out = project / "microdup"
    assert duplicates(out) == [(name(1), name(5)), (name(2), name(6))]
    assert_rows(out / "micrographs.cs", project / "J3/J3_exposures.cs", [0, 1, 3, 4, 5, 6])
    assert_rows(out / "micrographs_removed.cs", project / "J3/J3_exposures.cs", [2, 7])
    assert_rows(out / "micrographs_passthrough.cs", project / "J3/J3_passthrough.cs", [0, 1, 2, 3, 4, 7, 8, 9])
    assert_rows(out / "micrographs_passthrough_removed.cs", project / "J3/J3_passthrough.cs", REMOVED)
    decided_alike(out)


def test_exposure_groups_restrict_pairs(project):
    groups = {**SCOPE, "mscope_params/exp_group_id": ("<u4", (), lambda i: i)}
    save(project, "a.cs", table(ALL, {**BLOB, **groups}))
    screen("J3/a.cs", "--optics-group", "same", cwd=project)
    assert duplicates(project / "microdup") == []
    assert (project / "microdup/removed_uids.txt").read_text() == ""
    assert_rows(project / "microdup/micrographs_removed.cs", project / "J3/a.cs", [])


def test_records_without_path_are_kept(project):
    save(project, "a.cs", table(ALL + [90], SCOPE))
    save(project, "b.cs", table(ALL, BLOB))
    run = microdup("screen", "J3/a.cs,J3/b.cs", cwd=project)
    assert run.status == 0
    assert run.err == "WARNING: J3/a.cs: 1 of its records are not in J3/b.cs and are kept without being looked at\n"
    assert_rows(project / "microdup/micrographs.cs", project / "J3/a.cs", [0, 1, 2, 3, 4, 7, 8])
    assert_rows(project / "microdup/micrographs_removed.cs", project / "J3/a.cs", REMOVED)


@pytest.mark.parametrize("mark", ["project.json", None])
def test_paths_are_found_from_elsewhere(project, tmp_path_factory, mark):
    """From the project's top, by project.json or as the folder above the job's; with --project_dir; beside the file."""
    save(project, "a.cs", table(ALL, BLOB))
    if not mark:
        (project / "project.json").unlink()
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    screen(project / "J3/a.cs", "--o", "out", cwd=elsewhere)
    assert len(duplicates(elsewhere / "out")) == 2
    shutil.copy(project / "J3/a.cs", elsewhere / "b.cs")
    screen("b.cs", "--o", "out2", "--project_dir", project, cwd=elsewhere)
    assert len(duplicates(elsewhere / "out2")) == 2
    shutil.copy(project / "J3/a.cs", project / "c.cs")
    screen(project / "c.cs", "--o", "out3", cwd=elsewhere)
    assert len(duplicates(elsewhere / "out3")) == 2


def test_paths_relative_to_the_file(project):
    beside = {**BLOB, "micrograph_blob/path": ("O", (), lambda i: f">../{name(i)}")}
    save(project, "a.cs", table(ALL, beside))
    screen("J3/a.cs", cwd=project)
    assert duplicates(project / "microdup") == [(f">../{name(1)}", f">../{name(5)}"), (f">../{name(2)}", f">../{name(6)}")]


def test_dose_weighted_before_others(project):
    other = {k.replace("micrograph_blob", "micrograph_blob_non_dw"): v for k, v in BLOB.items()}
    other["micrograph_blob_non_dw/path"] = ("O", (), lambda i: "nowhere.mrc")
    save(project, "a.cs", table(ALL, {**other, **BLOB}))
    screen("J3/a.cs", cwd=project)
    assert len(duplicates(project / "microdup")) == 2
    other["micrograph_blob_non_dw/path"] = ("O", (), name)
    save(project, "b.cs", table(ALL, other))
    screen("J3/b.cs", "--o", "out", cwd=project)
    assert len(duplicates(project / "out")) == 2


def test_with_a_star_file(project):
    """Several inputs are numbered, each in its own form."""
    save(project, "a.cs", table([0, 1, 2, 3], {**BLOB, "micrograph_blob/psize_A": ("<f4", (), lambda i: 1.0)}))
    write_star(project / "b.star", [name(i) for i in [4, 5, 6, 7]])
    screen("J3/a.cs", "b.star", cwd=project)
    out = project / "microdup"
    assert len(duplicates(out)) == 2
    assert_rows(out / "micrographs_1.cs", project / "J3/a.cs", [0, 1, 2, 3])
    assert (out / "micrographs_2.star").read_text() == (project / "b.star").read_text().replace(
        f"{name(5)}            1 \n", ""
    ).replace(f"{name(6)}            1 \n", "")
    assert (out / "removed_uids.txt").read_text() == ""


# ---- groups ----

CSG = """created: 2026-01-02 03:04:05.678901
group:
  description: Exposures that were accepted, with a long description that goes
    on in the next line
  name: exposures_accepted
  title: Accepted exposures
  type: exposure
results:
  ctf:
    metafile: '>J3_passthrough.cs'
    num_items: 8
    type: exposure.ctf
  micrograph_blob:
    metafile: '>J3_exposures.cs'
    num_items: 8
    type: exposure.micrograph_blob
  mscope_params:
    num_items: 8
    metafile: J3/J3_passthrough.cs
    type: exposure.mscope_params
version: v4.5.3
"""


def test_group(project):
    save(project, "J3_exposures.cs", table(ALL, BLOB))
    save(project, "J3_passthrough.cs", table(ALL, SCOPE))
    (project / "J3/J3_exposures.csg").write_text(CSG)
    screen("J3/J3_exposures.csg", cwd=project)
    out = project / "microdup"
    # The first file the group names comes first.
    assert_rows(out / "micrographs.cs", project / "J3/J3_passthrough.cs", [0, 1, 2, 3, 4, 7])
    assert_rows(out / "micrographs_passthrough.cs", project / "J3/J3_exposures.cs", [0, 1, 2, 3, 4, 7])
    want = CSG.replace("8\n", "6\n").replace("'>J3_exposures.cs'", "'>micrographs_passthrough.cs'")
    want = want.replace("'>J3_passthrough.cs'", "'>micrographs.cs'").replace("J3/J3_passthrough.cs", "'>micrographs.cs'")
    assert (out / "micrographs.csg").read_text() == want
    decided_alike(out)
    # What was written is a group again, and clean.
    screen("microdup/micrographs.csg", "--o", "again", cwd=project)
    assert duplicates(project / "again") == []
    yaml = pytest.importorskip("yaml")
    read = yaml.safe_load((out / "micrographs.csg").read_text())
    assert {key: value["num_items"] for key, value in read["results"].items()} == dict.fromkeys(read["results"], 6)
    for result in read["results"].values():
        assert len(numpy.load(out / result["metafile"][1:])) == result["num_items"]


def test_group_option(project):
    save(project, "J3_exposures.cs", table(ALL, {**BLOB, **SCOPE}))
    (project / "J3/g.csg").write_text(CSG.replace("J3_passthrough", "J3_exposures"))
    screen("--csg", "J3/g.csg", cwd=project)
    assert "num_items: 6" in (project / "microdup/micrographs.csg").read_text()


CSG_ERRORS = {
    "particles": (CSG.replace("type: exposure\n", "type: particle\n"), "J3/g.csg: a group of the type particle; give a group of exposures"),
    "empty": ("", "J3/g.csg: names no results; give the .csg file of a cryoSPARC group"),
    "no results": (CSG[: CSG.index("  ctf:")], "J3/g.csg: names no results; give the .csg file of a cryoSPARC group"),
    "flow style": ("results: {ctf: {metafile: x}}\n", "J3/g.csg: line 1: results on one line; give the .csg file as cryoSPARC wrote it"),
    "flow style of a result": ("results:\n  ctf: {metafile: x}\n", "J3/g.csg: line 2: a result on one line; give the .csg file as cryoSPARC wrote it"),
    "no file": (CSG.replace("    metafile: '>J3_exposures.cs'\n", ""), "J3/g.csg: line 13: a result without metafile and num_items; give the .csg file as cryoSPARC wrote it"),
    "no number": (CSG.replace("    num_items: 8\n", "", 1), "J3/g.csg: line 9: a result without metafile and num_items; give the .csg file as cryoSPARC wrote it"),
    "number that is none": (CSG.replace("num_items: 8", "num_items: many", 1), "J3/g.csg: line 11: num_items is not a number; give the .csg file as cryoSPARC wrote it"),
    "open quote": (CSG.replace("'>J3_exposures.cs'", "'>J3_exposures.cs"), "J3/g.csg: line 14: a value whose quotes are not understood; give the .csg file as cryoSPARC wrote it"),
    "empty name": (CSG.replace("'>J3_exposures.cs'", "'>'"), "J3/g.csg: line 14: the name of a file is empty; give the .csg file as cryoSPARC wrote it"),
    "missing file": (CSG, "J3/g.csg: J3/J3_passthrough.cs: cannot be opened: No such file or directory"),
}


@pytest.mark.parametrize("case", CSG_ERRORS)
def test_broken_groups(project, case):
    text, message = CSG_ERRORS[case]
    (project / "J3/g.csg").write_text(text)
    run = microdup("screen", "J3/g.csg", cwd=project)
    assert (run.status, run.err) == (1, f"microdup screen: {message}\n")
    assert not (project / "microdup").exists()


# ---- inputs that are refused ----


def records(*dtype, n=2, **values):
    array = numpy.zeros(n, dtype=[("uid", "<u8"), *dtype])
    array["uid"] = numpy.arange(n) + 1
    for key, value in values.items():
        array[key.replace("__", "/")] = value
    return array


PATH = ("micrograph_blob/path", "S9")
REFUSED = {
    "particles": (records(("location/micrograph_path", "S9"), ("blob/path", "S9")), "a.cs: particles; give the .cs files of their exposures"),
    "movies": (records(("movie_blob/path", "S9")), "a.cs: movies; run motion correction and give the exposures it leaves"),
    "passthrough alone": (
        records(("ctf/cs_mm", "<f4")),
        "a.cs: no field micrograph_blob/path; add the file that has it, often the passthrough: "
        "exposures.cs,J3_passthrough_exposures.cs",
    ),
    "no uid": (records(PATH)[["micrograph_blob/path"]], "a.cs: has no field uid, by which cryoSPARC tells its records"),
    "same uid twice": (
        records(PATH, n=5, uid=[3, 1, 2, 1, 4], micrograph_blob__path="x.mrc"),
        "a.cs: records 2 and 4 have the same uid 1; cryoSPARC tells records by it",
    ),
    "no records": (records(PATH, n=0), "a.cs: holds no micrographs"),
    "empty path": (records(PATH, micrograph_blob__path=[b"x.mrc", b""]), "a.cs: record 2: micrograph_blob/path is empty"),
    "zero byte": (records(PATH, micrograph_blob__path=[b"x\0y.mrc", b"b.mrc"]), "a.cs: record 1: micrograph_blob/path holds a zero byte"),
    "line end": (records(PATH, micrograph_blob__path=[b"x\ny.mrc", b"b.mrc"]), "a.cs: record 1: micrograph_blob/path holds a line end"),
    "path that is a number": (records(("micrograph_blob/path", "<u4")), "a.cs: the field 'micrograph_blob/path' holds no text"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(tmp_path, case):
    array, message = REFUSED[case]
    with open(tmp_path / "a.cs", "wb") as file:
        numpy.save(file, array)
    run = microdup("screen", "a.cs", cwd=tmp_path)
    assert (run.status, run.err) == (1, f"microdup screen: {message}\n")
    assert files_of(tmp_path) == ["a.cs"]


def test_no_uid_in_common(project):
    save(project, "a.cs", table([90, 91], SCOPE))
    save(project, "b.cs", table(ALL, BLOB))
    run = microdup("screen", "J3/a.cs,J3/b.cs", cwd=project)
    assert run.err == "microdup screen: J3/a.cs,J3/b.cs: holds no micrographs: its files have no uid in common\n"


def test_compressed_dataset(project):
    table(ALL, BLOB).save(project / "J3/c.cs", format=2)
    run = microdup("screen", "J3/c.cs", cwd=project)
    assert run.status == 1
    assert run.err.startswith("microdup screen: J3/c.cs: a cryoSPARC dataset in the compressed format CSDAT, which is not read;")


def test_one_of_two_is_missing(project):
    save(project, "a.cs", table(ALL, SCOPE))
    run = microdup("screen", "J3/a.cs,J3/b.cs", cwd=project)
    assert (run.status, run.err) == (1, "microdup screen: J3/b.cs: cannot be opened: No such file or directory\n")
    run = microdup("screen", "J3/a.cs,", cwd=project)
    assert (run.status, run.err) == (1, "microdup screen: J3/a.cs,: the name of a file is empty\n")


def test_odd_pixel_sizes_and_missing_images(project):
    odd = {**BLOB, "micrograph_blob/psize_A": ("<f4", (), lambda i: [float("nan"), -1, 0, 1, 1, 1, 1, 1][i])}
    odd["micrograph_blob/path"] = ("O", (), lambda i: name(i) if i != 4 else "J2/gone.mrc")
    save(project, "a.cs", table(ALL, odd))
    run = microdup("screen", "J3/a.cs", cwd=project)
    assert run.status == 0
    assert "WARNING: J3/a.cs: the pixel size of 3 micrographs is not a positive number; it is taken as unknown\n" in run.err
    assert_rows(project / "microdup/micrographs.cs", project / "J3/a.cs", [0, 1, 2, 3, 4, 7])


def test_an_input_is_not_overwritten(project):
    save(project, "micrographs_passthrough.cs", table(ALL, SCOPE))
    save(project, "a.cs", table(ALL, BLOB))
    run = microdup("screen", "J3/a.cs,J3/micrographs_passthrough.cs", "--o", "J3", cwd=project)
    assert run.status == 1
    assert run.err == "microdup screen: J3/micrographs_passthrough.cs: is the input itself; give another folder with --o\n"


def test_image_of_a_stack(project, shots):
    """micrograph_blob/idx counts from 0."""
    pixels = Shots().pixels
    write_mrc(project / "s.mrcs", numpy.stack([pixels[i] for i in ALL]))
    stack = {**BLOB, "micrograph_blob/path": ("O", (), lambda i: "s.mrcs"), "micrograph_blob/idx": ("<u4", (), lambda i: i)}
    save(project, "a.cs", table(ALL[1:], stack))
    run = microdup("screen", "J3/a.cs", "--order", "star", cwd=project)
    assert run.status == 0, run
    assert_rows(project / "microdup/micrographs_removed.cs", project / "J3/a.cs", [4, 5])
