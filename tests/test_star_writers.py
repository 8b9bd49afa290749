"""STAR files as other programs write them, read by us.

MDUP_STAR_DUMP is the path of star_dump (built beside the unit tests): every value is compared.
MDUP_BIN is the path of microdup: `info FILE --json` must say the same.  What is not given, or which
package cannot be imported, is skipped.
"""

import csv
import json
import os
import random
import subprocess

import pytest


def run(variable, *arguments):
    program = os.environ.get(variable)
    if not program:
        pytest.skip(f"{variable} is not set")
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def dump(path):
    """What the library reads: kind, version, tables with name, labels and rows."""
    result = run("MDUP_STAR_DUMP", path)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return json.loads(result.stdout)


def assert_refused(path, message):
    result = run("MDUP_STAR_DUMP", path)
    assert result.returncode == 1
    assert result.stderr == f"{path}: {message}\n"


def tables(path):
    """{name: [{label: value}, ...]} of a file without two tables of one name."""
    read = dump(path)["tables"]
    found = {t["name"]: [dict(zip(t["labels"], row)) for row in t["rows"]] for t in read}
    assert len(found) == len(read)
    return found


RELION = """
# version 50001

data_optics

loop_ 
_rlnOpticsGroupName #1 
_rlnOpticsGroup #2 
_rlnMicrographPixelSize #3 
opticsGroup1            1     0.830000 
opticsGroup2            2     0.830000 
 

# version 50001

data_micrographs

loop_ 
_rlnCtfPowerSpectrum #1 
_rlnMicrographName #2 
_rlnOpticsGroup #3 
_rlnAccumMotionTotal #4 
MotionCorr/job002/Movies/a_X+1Y-1-1_PS.mrc MotionCorr/job002/Movies/a_X+1Y-1-1.mrc            1    12.340000 
MotionCorr/job002/Movies/b_PS.mrc MotionCorr/job002/Movies/b.mrc            2     1.000000 
MotionCorr/job002/Movies/c_PS.mrc "MotionCorr/job002/Movies/c d.mrc"            1    10.500000 
 
"""

RELION_ROWS = [
    {
        "rlnCtfPowerSpectrum": "MotionCorr/job002/Movies/a_X+1Y-1-1_PS.mrc",
        "rlnMicrographName": "MotionCorr/job002/Movies/a_X+1Y-1-1.mrc",
        "rlnOpticsGroup": "1",
        "rlnAccumMotionTotal": "12.340000",
    },
    {
        "rlnCtfPowerSpectrum": "MotionCorr/job002/Movies/b_PS.mrc",
        "rlnMicrographName": "MotionCorr/job002/Movies/b.mrc",
        "rlnOpticsGroup": "2",
        "rlnAccumMotionTotal": "1.000000",
    },
    {
        "rlnCtfPowerSpectrum": "MotionCorr/job002/Movies/c_PS.mrc",
        "rlnMicrographName": "MotionCorr/job002/Movies/c d.mrc",
        "rlnOpticsGroup": "1",
        "rlnAccumMotionTotal": "10.500000",
    },
]


@pytest.fixture
def relion(tmp_path):
    path = tmp_path / "micrographs.star"
    path.write_text(RELION)
    return path


def test_relion(relion):
    read = dump(relion)
    assert read["kind"] == "micrographs" and read["version"] == 50001 and read["micrographs"] == 1
    assert tables(relion)["micrographs"] == RELION_ROWS


def test_info(relion):
    result = run("MDUP_BIN", "info", relion, "--json")
    assert result.returncode == 0, result.stderr
    said = json.loads(result.stdout)
    assert said["kind"] == "micrographs"
    found = [(t["name"], t["rows"]) for t in said["tables"]]
    assert found == [("optics", 2), ("micrographs", 3)]
    columns = said["tables"][1]["columns"]
    assert columns in (list(RELION_ROWS[0]), len(RELION_ROWS[0]))


# ---- starfile ----


def test_starfile_rewrites_relion(relion, tmp_path):
    starfile = pytest.importorskip("starfile")
    out = tmp_path / "out.star"
    starfile.write(starfile.read(relion, always_dict=True), out)
    read = dump(out)
    assert read["kind"] == "micrographs" and read["version"] == 0
    assert tables(out)["micrographs"] == RELION_ROWS


@pytest.mark.parametrize(
    "options",
    [{}, {"sep": " "}, {"quote_character": "'"}, {"quote_all_strings": True}, {"float_format": "%12.3e"}],
)
def test_starfile_names(tmp_path, options):
    starfile = pytest.importorskip("starfile")
    pandas = pytest.importorskip("pandas")
    names = ["a.mrc", "b c.mrc", "it's.mrc", "", "x#1.mrc", "data_1.mrc", "loop_", "\u00e9 \u20ac.mrc", "a'b c\"d", "1"]
    if options.get("sep") == " ":
        # starfile 0.5 quotes for blanks, and pandas then wants to escape its separator inside
        names = [n for n in names if " " not in n]
    frame = pandas.DataFrame(
        {"rlnMicrographName": names, "rlnOpticsGroup": range(len(names)), "rlnDefocusU": [0.5] * len(names)}
    )
    out = tmp_path / "out.star"
    starfile.write({"optics": frame[:1], "micrographs": frame}, out, **options)
    rows = tables(out)["micrographs"]
    assert [r["rlnMicrographName"] for r in rows] == names
    assert [r["rlnOpticsGroup"] for r in rows] == [str(i) for i in range(len(names))]
    assert {float(r["rlnDefocusU"]) for r in rows} == {0.5}


def test_starfile_single_block(tmp_path):
    starfile = pytest.importorskip("starfile")
    pandas = pytest.importorskip("pandas")
    out = tmp_path / "out.star"
    starfile.write(pandas.DataFrame({"rlnMicrographName": ["a.mrc", "b.mrc"]}), out)
    read = dump(out)
    assert read["kind"] == "micrographs"
    assert [(t["name"], t["is_loop"]) for t in read["tables"]] == [("", True)]
    assert read["tables"][0]["rows"] == [["a.mrc"], ["b.mrc"]]


def test_starfile_pairs(tmp_path):
    starfile = pytest.importorskip("starfile")
    out = tmp_path / "out.star"
    starfile.write({"micrographs": {"rlnMicrographName": "a b.mrc", "rlnOpticsGroup": 1, "rlnEmpty": ""}}, out)
    read = dump(out)
    assert read["kind"] == "micrographs" and not read["tables"][0]["is_loop"]
    assert read["tables"][0]["rows"] == [["a b.mrc", "1", ""]]


def test_starfile_no_rows(tmp_path):
    starfile = pytest.importorskip("starfile")
    pandas = pytest.importorskip("pandas")
    out = tmp_path / "out.star"
    frame = pandas.DataFrame({"rlnMicrographName": ["a"]})
    starfile.write({"micrographs": frame[:0], "optics": frame}, out)
    read = dump(out)
    assert read["kind"] == "micrographs"
    assert [(t["name"], t["rows"]) for t in read["tables"]] == [("micrographs", []), ("optics", [["a"]])]


def test_starfile_leading_quote_is_refused(tmp_path):
    """starfile does not quote a value that begins with a quote; RELION cannot read that either."""
    starfile = pytest.importorskip("starfile")
    pandas = pytest.importorskip("pandas")
    out = tmp_path / "out.star"
    starfile.write({"micrographs": pandas.DataFrame({"rlnMicrographName": ['"q.mrc']})}, out)
    assert_refused(out, 'line 8: the quote of "q.mrc is not closed before the line ends')


# ---- starparser ----


def starparser_input(path):
    """starparser splits at blanks: no quoted names."""
    path.write_text(RELION.replace('"', "").replace("c d", "c"))
    return [dict(r, rlnMicrographName=r["rlnMicrographName"].replace("c d", "c")) for r in RELION_ROWS]


def test_starparser(tmp_path):
    fileparser = pytest.importorskip("starparser.fileparser")
    source, out = tmp_path / "in.star", tmp_path / "out.star"
    rows = starparser_input(source)
    fileparser.writestar(*fileparser.getparticles(str(source)), str(out))
    read = dump(out)
    assert read["kind"] == "micrographs" and read["version"] == 50001
    assert tables(out)["micrographs"] == rows


def test_starparser_opticsless(tmp_path):
    fileparser = pytest.importorskip("starparser.fileparser")
    source, out = tmp_path / "in.star", tmp_path / "out.star"
    source.write_text("\ndata_\n\nloop_ \n_rlnMicrographName #1 \n_rlnVoltage #2 \na.mrc 300 \nb.mrc 200 \n \n")
    particles, metadata = fileparser.getparticles_dummyoptics(str(source))
    fileparser.writestar(particles, metadata, str(out), True)
    read = dump(out)
    assert read["kind"] == "micrographs"
    assert [t["rows"] for t in read["tables"]] == [[["a.mrc", "300"], ["b.mrc", "200"]]]


# ---- gemmi ----

GEMMI_STYLES = ["Simple", "NoBlankLines", "PreferPairs", "Pdbx", "Indent35", "Aligned"]


@pytest.mark.parametrize("style", GEMMI_STYLES)
def test_gemmi_rewrites_relion(relion, tmp_path, style):
    cif = pytest.importorskip("gemmi").cif
    if not hasattr(cif.Style, style):
        pytest.skip(f"this gemmi has no Style.{style}")
    out = tmp_path / "out.star"
    cif.read_file(str(relion)).write_file(str(out), getattr(cif.Style, style))
    read = dump(out)
    assert read["kind"] == "micrographs" and read["gap_line"] == 0
    assert tables(out)["micrographs"] == RELION_ROWS
    assert len(tables(out)["optics"]) == 2


@pytest.mark.parametrize("style", GEMMI_STYLES)
def test_gemmi_one_row(tmp_path, style):
    cif = pytest.importorskip("gemmi").cif
    if not hasattr(cif.Style, style):
        pytest.skip(f"this gemmi has no Style.{style}")
    document = cif.Document()
    loop = document.add_new_block("micrographs").init_loop("_rln", ["MicrographName", "OpticsGroup", "Empty"])
    name = "MotionCorr/job002/Movies/" + "x" * 200 + ".mrc"
    loop.add_row([name, "1", "''"])
    out = tmp_path / "out.star"
    document.write_file(str(out), getattr(cif.Style, style))
    read = dump(out)
    assert read["kind"] == "micrographs"
    assert read["tables"][0]["is_loop"] == (style not in ("PreferPairs", "Pdbx"))
    assert read["tables"][0]["rows"] == [[name, "1", ""]]


@pytest.mark.parametrize("length", range(90, 130))
def test_gemmi_wraps_long_pairs(tmp_path, length):
    cif = pytest.importorskip("gemmi").cif
    document = cif.Document()
    block = document.add_new_block("general")
    block.set_pair("_rlnMicrographMovieName", "m" * length)
    block.set_pair("_rlnVoltage", "300")
    out = tmp_path / "out.star"
    document.write_file(str(out))
    assert dump(out)["tables"][0]["rows"] == [["m" * length, "300"]]


def test_gemmi_quoting(tmp_path):
    """Random nasty names.  What gemmi cannot quote in one line is no RELION STAR."""
    cif = pytest.importorskip("gemmi").cif
    chance = random.Random(1)
    document = cif.Document()
    loop = document.add_new_block("micrographs").init_loop("_rln", ["MicrographName", "OpticsGroup"])
    names = ["data_x", "loop_", "_rlnX", "save_", "stop_", "global_", "#", "?", ".", ""]
    while len(names) < 3000:
        names.append("".join(chance.choice("ab'\"# _;\t[$.") for _ in range(chance.randrange(9))))
    names = [n for n in names if not cif.quote(n).startswith(";")]
    assert len(names) > 2000
    for i, name in enumerate(names):
        loop.add_row([cif.quote(name), str(i)])
    out = tmp_path / "out.star"
    document.write_file(str(out))
    assert dump(out)["tables"][0]["rows"] == [[name, str(i)] for i, name in enumerate(names)]


def test_gemmi_text_field_is_refused(tmp_path):
    cif = pytest.importorskip("gemmi").cif
    document = cif.Document()
    loop = document.add_new_block("micrographs").init_loop("_rln", ["MicrographName", "OpticsGroup"])
    loop.add_row([cif.quote("a' b\" c"), "1"])
    out = tmp_path / "out.star"
    document.write_file(str(out))
    assert_refused(out, "line 5: a text of several lines (';'), which RELION cannot read either")


# ---- numpy, pandas: a header by hand and rows by the library, as many scripts do ----

HEADER = "data_micrographs\n\nloop_\n_rlnMicrographName\n_rlnOpticsGroup\n"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_numpy(tmp_path, end):
    numpy = pytest.importorskip("numpy")
    out = tmp_path / "out.star"
    rows = [["a.mrc", "1"], ["b.mrc", "2"]]
    with open(out, "w", newline="") as file:
        file.write(HEADER.replace("\n", end))
        numpy.savetxt(file, numpy.array(rows), fmt="%-20s", newline=end)
    read = dump(out)
    assert read["has_crlf"] == (end == "\r\n")
    assert read["tables"][0]["rows"] == rows


@pytest.mark.parametrize("separator", [" ", "\t"])
def test_pandas(tmp_path, separator):
    pandas = pytest.importorskip("pandas")
    out = tmp_path / "out.star"
    rows = [["a.mrc", "1"], ["b c.mrc", "2"], ["", "3"]]
    with open(out, "w") as file:
        file.write(HEADER)
        pandas.DataFrame(rows).to_csv(file, sep=separator, header=False, index=False, quoting=csv.QUOTE_ALL)
    assert dump(out)["tables"][0]["rows"] == rows
