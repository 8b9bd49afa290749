"""What EPU and SerialEM write beside the movies: order, holes, distances."""

import xml.etree.ElementTree

import pytest

from helpers import OPTICS, Shots, decided_alike, duplicates, link, microdup, read_csv, screen, write_star

# A file of EPU 2.6 without what is not read; {} are time, beam shift and stage.
EPU = (
    '<MicroscopeImage xmlns="http://schemas.datacontract.org/2004/07/Fei.SharedObjects" '
    'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><name>Empty</name><microscopeData><acquisition><acquisitionDateTime>{}'
    "</acquisitionDateTime></acquisition><core><ApplicationSoftware>EPU</ApplicationSoftware></core><optics><BeamShift "
    'xmlns:a="http://schemas.datacontract.org/2004/07/Fei.Types"><a:_x>{}</a:_x><a:_y>{}</a:_y></BeamShift></optics><stage>'
    "<Position><A>0</A><X>{}</X><Y>{}</Y></Position></stage></microscopeData></MicroscopeImage>"
)
MDOC = """T = SerialEM: Acquired on Titan Krios                 05-Sep-19  11:24:48
Voltage = 300

[FrameSet = 0]
StagePosition = {} {}
ImageShift = {} {}
SubFramePath = X:\\DoseFractions\\{}
DateTime = {}
NavigatorLabel = {}
MultishotHoleAndPosition = {}
"""


def time_of(i):
    """Shot 5 before 1, 6 before 2; else as numbered."""
    return f"2020-02-06T17:0{[0, 5, 6, 3, 4, 1, 2, 7][i]}:46.7628367+01:00"


def base(i):
    """EPU's, but the stamps in the names say the opposite."""
    return f"FoilHole_{5330585 + i // 4}_Data_5338216_{5338218 + i % 4}_20200206_1700{i:02d}"


def stage(i):
    return (i // 4) * 4e-6, (i // 4) * -3e-6


def write_epu(path, i, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    x, y = more.get("stage", stage(i))
    path.write_text(EPU.format(more.get("time", time_of(i)), 0.01 * (i % 4), -0.02, x, y))


@pytest.fixture
def session(shots, tmp_path):
    names = [f"MotionCorr/job002/{base(i)}_Fractions.mrc" for i in range(Shots.N)]
    for i, name in enumerate(names):
        link(shots / f"m{i}.mrc", tmp_path / name)
    write_star(tmp_path / "in.star", names)
    return tmp_path


def epu_folder(session):
    return session / "EPU/Images-Disc1/GridSquare_5324661/Data"


def orders(out):
    rows = read_csv(out / "micrographs.csv")
    return [int(row["micrograph"].split("_1700")[1][:2]) for row in rows]


def test_epu(session):
    for i in range(Shots.N):
        write_epu(epu_folder(session) / f"{base(i)}.xml", i)
        # The file of the movie is written a little later, and the first counts.
        write_epu(epu_folder(session) / f"{base(i)}_Fractions.xml", i, time="2020-02-07T00:00:00Z")
        (epu_folder(session) / f"{base(i)}_Fractions.mrc").write_bytes(b"")
    (epu_folder(session).parent / "GridSquare.xml").write_text("<GridSquare/>")
    run = screen("in.star", "--metadata", "EPU", cwd=session)
    assert "metadata of 8 of 8 micrographs in EPU\n" in run.out
    assert "order: time (the microscope's files tell the times)" in run.out
    out = session / "microdup"
    assert orders(out) == [0, 5, 6, 3, 4, 1, 2, 7]
    name = "MotionCorr/job002/{}_Fractions.mrc".format
    assert duplicates(out) == [(name(base(5)), name(base(1))), (name(base(6)), name(base(2)))]
    for row in read_csv(out / "pairs.csv"):
        assert row["stage_um"] == "5.000"  # 4 and 3 um
        assert row["place_um"] == "5.000"  # equal shots have equal beam shifts
    decided_alike(out)
    # Without the files the names decide, and there are no distances.
    screen("in.star", "--o", "plain", cwd=session)
    assert orders(session / "plain") == list(range(8))
    assert {(row["stage_um"], row["place_um"]) for row in read_csv(session / "plain/pairs.csv")} == {("", "")}


def test_distances_are_those_of_another_reader(session):
    """The beam shift's unit is taken as 25 um."""
    paths = []
    for i in range(Shots.N):
        paths.append(epu_folder(session) / f"{base(i)}.xml")
        write_epu(paths[i], i, stage=(1e-6 * i, -2.5e-6 * i * i))
    fei, types = "{http://schemas.datacontract.org/2004/07/Fei.SharedObjects}", "{http://schemas.datacontract.org/2004/07/Fei.Types}"

    def place(i, beam_um):
        root = xml.etree.ElementTree.parse(paths[i]).getroot()
        at = root.find(f"{fei}microscopeData/{fei}stage/{fei}Position")
        shift = root.find(f"{fei}microscopeData/{fei}optics/{fei}BeamShift")
        return [
            1e6 * float(at.find(fei + axis).text) + beam_um * float(shift.find(types + beam).text)
            for axis, beam in (("X", "_x"), ("Y", "_y"))
        ]

    screen("in.star", "--metadata", "EPU", cwd=session)
    rows = read_csv(session / "microdup/pairs.csv")
    assert len(rows) == 3
    for row in rows:
        a, b = (int(row[key].split("_1700")[1][:2]) for key in ("micrograph_a", "micrograph_b"))
        for column, beam_um in (("stage_um", 0), ("place_um", 25)):
            (ax, ay), (bx, by) = place(a, beam_um), place(b, beam_um)
            assert float(row[column]) == pytest.approx(((ax - bx) ** 2 + (ay - by) ** 2) ** 0.5, abs=5.1e-4)


def test_not_for_all(session):
    """Times of some only are not mixed with those of names; distances are given where both are known."""
    for i in (1, 5, 2):
        write_epu(epu_folder(session) / f"{base(i)}.xml", i)
    run = screen("in.star", "--metadata", session / "EPU", cwd=session)
    assert "metadata of 3 of 8 micrographs" in run.out
    assert "order: time (names hold EPU time stamps)" in run.out
    found = {row["stage_um"] for row in read_csv(session / "microdup/pairs.csv")}
    assert found == {"5.000", ""}


def test_broken_files_are_passed_over(session):
    for i in range(Shots.N):
        write_epu(epu_folder(session) / f"{base(i)}.xml", i)
    path = epu_folder(session) / f"{base(0)}.xml"
    path.write_text(path.read_text()[:-20])
    (epu_folder(session) / f"{base(1)}.xml").write_bytes(b"")
    (epu_folder(session) / "x.mdoc").write_text("nothing\n")
    # Not of a micrograph of this list, so not even looked at.
    (epu_folder(session) / "FoilHole_1_Data_2_3_20200206_170000.xml").write_text("broken")
    run = microdup("screen", "in.star", "--metadata", "EPU", cwd=session)
    assert run.status == 0
    data = "EPU/Images-Disc1/GridSquare_5324661/Data/"
    assert sorted(run.err.splitlines()) == sorted(
        [
            f"WARNING: {data}{base(0)}.xml: line 1: no XML: unclosed token; not used",
            f"WARNING: {data}{base(1)}.xml: line 1: no XML: no element found; not used",
            f"WARNING: {data}x.mdoc: has no section such as [FrameSet = 0] and so is no .mdoc of SerialEM; not used",
        ]
    )
    assert "metadata of 6 of 8 micrographs" in run.out


def test_many_broken_files(session):
    for i in range(Shots.N):
        path = epu_folder(session) / f"{base(i)}.xml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("<a/>")
    run = microdup("screen", "in.star", "--metadata", "EPU", cwd=session)
    lines = run.err.splitlines()
    assert run.status == 0 and len(lines) == 7
    assert lines[5:] == ["WARNING: EPU: 3 more files are not used", "WARNING: metadata of 0 of 8 micrographs in EPU"]


def test_folder_that_is_not_there(session):
    run = microdup("screen", "in.star", "--metadata", "nowhere", cwd=session)
    assert run.status == 1
    assert run.err == "microdup screen: nowhere: cannot be opened (given with --metadata): No such file or directory\n"


def test_a_link_back_up_ends(session):
    for i in range(Shots.N):
        write_epu(session / "EPU" / f"{base(i)}.xml", i)
    (session / "EPU/up").symlink_to("..")
    run = screen("in.star", "--metadata", "EPU", cwd=session)
    assert "metadata of 8 of 8 micrographs in EPU" in run.out


def test_two_sessions_of_equal_names(session):
    """Which file is whose cannot be told, so neither is used."""
    for i in range(Shots.N):
        write_epu(session / f"EPU/{base(i)}.xml", i)
    write_epu(session / f"EPU/other/{base(3)}.xml", 3, stage=(1, 2))
    write_epu(session / f"EPU/copy/{base(4)}.xml", 4)
    run = microdup("screen", "in.star", "--metadata", "EPU", cwd=session)
    assert run.status == 0
    assert run.err == (
        "WARNING: EPU: of 1 micrographs the metadata cannot be told from those of others with the same name in another "
        "folder, and are not used\n"
    )
    assert "metadata of 7 of 8 micrographs" in run.out


# ---- SerialEM ----

# The stage moves once, between 3 and 4; at each position two holes with two shots.
SERIALEM_SHOT = ["1 1", "1 2", "2 1", "2 2"]


def serialem_text(i, name, minute=None):
    x, y = (-62.6189, 730.271) if i < 4 else (-59.6189, 734.271)
    shift = (0.5 * (i % 4), -0.25)
    stamp = f"05-Sep-19  15:{(i if minute is None else minute):02d}:08"
    return MDOC.format(x, y, *shift, name, stamp, "78-1" if i < 4 else "79-1", SERIALEM_SHOT[i % 4])


@pytest.fixture
def serialem(shots, tmp_path):
    """Names without time, hole and shot."""
    names = [f"MotionCorr/job002/Movies/grid_{i:05d}.mrc" for i in range(Shots.N)]
    for i, name in enumerate(names):
        link(shots / f"m{i}.mrc", tmp_path / name)
    write_star(tmp_path / "in.star", names)
    (tmp_path / "raw").mkdir()
    return tmp_path


def assert_serialem(out):
    rows = read_csv(out / "micrographs.csv")
    assert [row["micrograph"][-6:-4] for row in rows] == [f"0{i}" for i in range(8)]
    assert [(row["hole"], row["shot"]) for row in rows] == [
        (f"{label}_{hole}", shot) for label in ("78-1", "79-1") for hole in "12" for shot in "12"
    ]
    assert {row["stage_um"] for row in read_csv(out / "pairs.csv")} == {"5.000"}
    assert {row["place_um"] for row in read_csv(out / "pairs.csv")} == {"5.000"}


def test_serialem_beside_each_movie(serialem):
    for i in range(Shots.N):
        (serialem / f"raw/grid_{i:05d}.tif.mdoc").write_text(serialem_text(i, f"grid_{i:05d}.tif"))
    run = screen("in.star", "--metadata", "raw", cwd=serialem)
    assert "order: time (the microscope's files tell the times)" in run.out
    assert_serialem(serialem / "microdup")


def test_serialem_one_file_for_all(serialem):
    text = "".join(serialem_text(i, f"grid_{i:05d}.tif") for i in range(Shots.N))
    (serialem / "raw/Frames.mdoc").write_text(text.replace("\n", "\r\n"))
    screen("in.star", "--metadata", "raw", cwd=serialem)
    assert_serialem(serialem / "microdup")


def test_serialem_without_the_path_of_the_movie(serialem):
    for i in range(Shots.N):
        text = serialem_text(i, "x").replace("SubFramePath = X:\\DoseFractions\\x\n", "")
        (serialem / f"raw/grid_{i:05d}.eer.mdoc").write_text(text)
    screen("in.star", "--metadata", "raw", cwd=serialem)
    assert_serialem(serialem / "microdup")


def test_serialem_hole_that_is_visited_again(serialem):
    """The same label and hole, another visit: after a pause, at another place of the stage, or with the same shot."""
    for i in range(Shots.N):
        text = serialem_text(i % 4, f"grid_{i:05d}.tif", minute=i)
        (serialem / f"raw/grid_{i:05d}.tif.mdoc").write_text(text)
    screen("in.star", "--metadata", "raw", cwd=serialem)
    rows = read_csv(serialem / "microdup/micrographs.csv")
    assert [row["hole"] for row in rows] == ["78-1_1", "78-1_1", "78-1_2", "78-1_2", "78-1_1#2", "78-1_1#2", "78-1_2#2", "78-1_2#2"]


def test_movies_of_another_name_by_relion(shots, tmp_path):
    """The micrograph's name is not the movie's; rlnMicrographMetadata leads to it."""
    rows = ""
    for i in range(Shots.N):
        name = f"MotionCorr/job002/renamed_{'abcdefgh'[i]}"
        link(shots / f"m{i}.mrc", tmp_path / f"{name}.mrc")
        (tmp_path / f"{name}.star").write_text(
            f"\n# version 30001\n\ndata_general\n\n_rlnImageSizeX 700\n_rlnMicrographMovieName Movies/grid_{i:05d}.tif\n \n"
        )
        rows += f"{name}.mrc 1 {name}.star\n"
    (tmp_path / "in.star").write_text(OPTICS + "_rlnMicrographMetadata #3 \n" + rows)
    (tmp_path / "MotionCorr/job002/renamed_h.star").unlink()
    (tmp_path / "raw").mkdir()
    for i in range(Shots.N):
        (tmp_path / f"raw/grid_{i:05d}.tif.mdoc").write_text(serialem_text(i, f"grid_{i:05d}.tif"))
    run = screen("in.star", "--metadata", "raw", cwd=tmp_path)
    assert "metadata of 7 of 8 micrographs in raw" in run.out
    holes = {row["micrograph"][-5]: row["hole"] for row in read_csv(tmp_path / "microdup/micrographs.csv")}
    assert holes == dict(zip("abcdefgh", ["78-1_1", "78-1_1", "78-1_2", "78-1_2", "79-1_1", "79-1_1", "79-1_2", ""]))


def test_another_reader_of_mdoc(serialem):
    """mdocfile reads our fixture as we do."""
    mdocfile = pytest.importorskip("mdocfile")
    path = serialem / "raw/a.mdoc"
    path.write_text(serialem_text(0, "grid_00000.tif"))
    section = mdocfile.read(path).iloc[0]
    assert tuple(section["StagePosition"]) == (-62.6189, 730.271)
    assert tuple(section["ImageShift"]) == (0.0, -0.25)


def test_the_same_bytes_with_any_threads(session):
    for i in range(Shots.N):
        write_epu(epu_folder(session) / f"{base(i)}.xml", i)
    for threads in (1, 5):
        screen("in.star", "--metadata", "EPU", "--j", threads, "--o", f"out{threads}", cwd=session)
    for name in ("pairs.csv", "micrographs.csv", "duplicates.csv"):
        assert (session / "out1" / name).read_bytes() == (session / "out5" / name).read_bytes()
