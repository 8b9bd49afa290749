"""Broken inputs, each with the exact message it gives.

Three kinds: inputs that end the run (status 1, nothing written), inputs that are read with a warning, and single micrographs that
cannot be judged: those are a row in micrographs.csv with their reason and a line on stderr, and the rest is judged as if they were
not there.  Then wrong uses of the command line (status 2) and outputs that cannot be written.
"""

import errno
import os
import pathlib
import re
import stat
import subprocess
import tempfile

import numpy
import pytest
import tifffile

from helpers import (
    FILES,
    NX,
    NY,
    OPTICS,
    Shots,
    duplicates,
    files_of,
    link,
    microdup,
    mrc_bytes,
    mrc_header,
    original,
    star_text,
    statuses,
    write_bzip2,
    write_gzip,
    write_mrc,
    write_star,
)

GOOD = ["m0.mrc", "m1.mrc", "m4.mrc", "m5.mrc"]


def lay_out(folder, files):
    """files: {name: bytes, text, or a function of the path}; None makes a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.mkdir()
        elif callable(content):
            content(path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))


@pytest.fixture
def good(shots, tmp_path):
    """A folder with four micrographs, of which m1 and m5 are duplicates."""
    for name in GOOD:
        link(shots / name, tmp_path / name)
    return tmp_path


# ---- inputs that end the run ----

LOOP = "data_micrographs\n\nloop_\n_rlnMicrographName #1\n_rlnOpticsGroup #2\n"

STAR_FILES = {
    "empty": "",
    "only blank lines": "\n\n  \n",
    "only comments": "# version 30001\n# nothing else\n",
    "prose": "Dear all,\nplease find the micrographs on the disk.\n",
    "zero bytes": b"\0" * 5000,
    "random bytes": bytes(range(256)) * 8,
    "PDF": b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n",
    "HTML": "<!DOCTYPE html>\n<html><body>404</body></html>\n",
    "gzip": b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + b"x" * 64,
    "PNG": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "JSON": '{"micrographs": ["a.mrc"]}\n',
    "UTF-16": "data_micrographs\n".encode("utf-16"),
    "HDF5": b"\x89HDF\r\n\x1a\n" + b"\0" * 64,
    "lines end in CR": LOOP.replace("\n", "\r") + "a.mrc 1\r",
    "block without table": "data_\n",
    "no name column": "data_micrographs\n\nloop_\n_rlnDefocusU #1\n10000.0\n",
    "no rows": LOOP + "\n",
    "loop without labels": "data_micrographs\n\nloop_\na.mrc 1\n",
    "movies": "data_movies\n\nloop_\n_rlnMicrographMovieName #1\n_rlnOpticsGroup #2\nMovies/a.tiff 1\n",
    "particles": "data_particles\n\nloop_\n_rlnImageName #1\n_rlnMicrographName #2\n000001@a.mrcs a.mrc\n",
    "tilt series": "data_global\n\nloop_\n_rlnTomoName #1\n_rlnTomoTiltSeriesStarFile #2\nTS_01 tilt/TS_01.star\n",
    "coordinates": "data_\n\nloop_\n_rlnCoordinateX #1\n_rlnCoordinateY #2\n10.0 20.0\n",
    "motion of one micrograph": "data_general\n\n_rlnImageSizeX 5760\n_rlnImageSizeY 4092\n_rlnMicrographMovieName Movies/a.tiff\n",
    "pipeline": "data_pipeline_general\n\n_rlnPipeLineJobCounter 5\n",
    "short row": LOOP + "a.mrc 1\nb.mrc\nc.mrc 1\n",
    "long row": LOOP + "a.mrc 1\nb.mrc 1 2\n",
    "blank in a name without quotes": LOOP + "a.mrc 1\nb c.mrc 1\n",
    "cut short": LOOP + "a.mrc 1\nb.mr",
    "quote not closed": LOOP + 'a.mrc 1\n"b c.mrc 1\n',
    "single quote not closed": LOOP + "'b.mrc 1\n",
    "empty name": LOOP + 'a.mrc 1\n"" 1\n',
    "label twice": "data_micrographs\n\nloop_\n_rlnMicrographName #1\n_rlnMicrographName #2\na.mrc b.mrc\n",
    "table twice": LOOP + "a.mrc 1\n\n" + LOOP + "b.mrc 1\n",
    "table with a blank in its name": "data_my table\n\nloop_\n_rlnMicrographName\na.mrc\n",
    "second loop": LOOP + "a.mrc 1\n\nloop_\n_rlnOpticsGroup #1\n1\n",
    "row before the labels": "a.mrc 1\n" + LOOP,
    "text of several lines": "data_micrographs\n\n_rlnMicrographName\n;a.mrc\n;\n",
    "save frame": "save_x\n\n" + LOOP + "a.mrc 1\n",
    "label without value": "data_micrographs\n\n_rlnMicrographName\n_rlnOpticsGroup 1\n",
    "pair with two values": "data_micrographs\n\n_rlnMicrographName a b.mrc\n",
    "labels without loop": "data_micrographs\n_rlnMicrographName #1\n_rlnOpticsGroup #2\na.mrc 1\n",
    "image number zero": LOOP + "000000@a.mrcs 1\n",
    "no file behind @": LOOP + "000001@ 1\n",
}

STAR_MESSAGES = {
    "empty": "the file is empty",
    "only blank lines": "holds no names, only blank lines and comments",
    "only comments": "holds no names, only blank lines and comments",
    "prose": "neither a STAR file (no data_ line) nor a list of micrographs (no line names one)",
    "zero bytes": "neither text nor an MRC or TIFF image; give a STAR file, a list of names, a folder or micrographs",
    "random bytes": "neither text nor an MRC or TIFF image; give a STAR file, a list of names, a folder or micrographs",
    "PDF": "neither a STAR file (no data_ line) nor a list of micrographs (no line names one)",
    "HTML": "neither a STAR file (no data_ line) nor a list of micrographs (no line names one)",
    "gzip": "this is compressed by gzip; give a STAR file, a list of names, a folder or micrographs",
    "PNG": "neither text nor an MRC or TIFF image; give a STAR file, a list of names, a folder or micrographs",
    "JSON": "neither a STAR file (no data_ line) nor a list of micrographs (no line names one)",
    "UTF-16": "this is text in UTF-16; give a STAR file, a list of names, a folder or micrographs",
    "HDF5": "this is an HDF5 file; give a STAR file, a list of names, a folder or micrographs",
    "lines end in CR": "its lines end in CR alone; convert it with \"tr '\\r' '\\n'\"",
    "block without table": "no table with the column rlnMicrographName; give corrected_micrographs.star or micrographs_ctf.star",
    "no name column": "no table with the column rlnMicrographName; give corrected_micrographs.star or micrographs_ctf.star",
    "no rows": "line 1: the table of micrographs has no rows",
    "loop without labels": "line 4: the loop_ of data_micrographs has no labels",
    "movies": "a list of movies; run motion correction and give its corrected_micrographs.star",
    "particles": "a list of particles; give the STAR file of the micrographs they come from (corrected_micrographs.star or micrographs_ctf.star)",
    "tilt series": "a list of tilt series or tomograms; only single-particle micrographs can be compared",
    "coordinates": "coordinates picked in micrographs; give the STAR file of the micrographs (corrected_micrographs.star or micrographs_ctf.star)",
    "motion of one micrograph": "the motion of one micrograph; give corrected_micrographs.star",
    "pipeline": "no table with the column rlnMicrographName; give corrected_micrographs.star or micrographs_ctf.star",
    "short row": "line 7: 1 value where data_micrographs has 2 columns",
    "long row": "line 7: 3 values where data_micrographs has 2 columns; a value with blanks needs quotes",
    "blank in a name without quotes": "line 7: 3 values where data_micrographs has 2 columns; a value with blanks needs quotes",
    "cut short": "line 7: 1 value where data_micrographs has 2 columns; the file may be cut short",
    "quote not closed": 'line 7: the quote of "b c.mrc 1 is not closed before the line ends',
    "single quote not closed": "line 6: the quote of 'b.mrc 1 is not closed before the line ends",
    "empty name": "line 7: the name of the micrograph is empty",
    "label twice": "line 5: data_micrographs has the label _rlnMicrographName a second time (the first is on line 4)",
    "table twice": "line 8: data_micrographs comes a second time (the first is on line 1); RELION reads only one, so join them or rename one",
    "table with a blank in its name": "line 1: the name of a table holds no blanks, nothing may follow it",
    "second loop": "line 8: a second loop_ in data_micrographs; RELION reads only the first, so give it a data_ line of its own",
    "row before the labels": "line 1: 'a.mrc 1' where a data_ line should stand; is this a STAR file?",
    "text of several lines": "line 4: a text of several lines (';'), which RELION cannot read either",
    "save frame": "line 1: save_x is not supported; RELION cannot read it either",
    "label without value": "line 3: the label _rlnMicrographName has no value; a list of labels needs loop_ before it",
    "pair with two values": "line 3: the label _rlnMicrographName has more than one value; one with blanks needs quotes",
    "labels without loop": "line 2: the label _rlnMicrographName has no value; a list of labels needs loop_ before it",
    "image number zero": "line 6: 000000@a.mrcs: images are counted from 1; the number before '@' is not one",
    "no file behind @": "line 6: 000001@: names no file",
}


@pytest.mark.parametrize("case", STAR_FILES)
def test_star_that_ends_the_run(case, tmp_path):
    lay_out(tmp_path, {"in.star": STAR_FILES[case]})
    run = microdup("screen", "in.star", cwd=tmp_path)
    assert (run.status, run.err) == (1, f"microdup screen: in.star: {STAR_MESSAGES[case]}\n")
    assert files_of(tmp_path) == ["in.star"]


@pytest.mark.parametrize("case", ["short row", "particles", "no rows"])
def test_star_that_ends_a_run_of_the_original(case, tmp_path):
    lay_out(tmp_path, {"in.star": STAR_FILES[case]})
    run = original("--i", "in.star", "--csvout", "d.csv", cwd=tmp_path)
    assert (run.status, run.err) == (1, f"microduplicate_screener: in.star: {STAR_MESSAGES[case]}\n")
    assert files_of(tmp_path) == ["in.star"]


# id: files, arguments, message
INPUTS = {
    "missing": ({}, ["no.star"], "no.star: no such file or folder"),
    "misspelled folder": ({"Micrographs/a.mrc": b""}, ["Micrograph/"], "Micrograph/: no such file or folder"),
    "empty name": ({}, [""], "the name of an input is empty"),
    "folder without images": (
        {"f/readme.txt": "x"},
        ["f"],
        "f: no micrographs (.mrc, .map, .tif, .tiff, also .gz or .bz2) in this folder; the folders in it are not searched, a pattern such as 'f/*/*.mrc' in quotes does that",
    ),
    "folder of a job": (
        {"job/corrected_micrographs.star": "", "job/run.out": ""},
        ["job/"],
        "job/: no micrographs in this folder itself; give the list in it, job/corrected_micrographs.star",
    ),
    "folder of folders": (
        {"f/g/a.mrc": b""},
        ["f/"],
        "f/: no micrographs (.mrc, .map, .tif, .tiff, also .gz or .bz2) in this folder; the folders in it are not searched, a pattern such as 'f/*/*.mrc' in quotes does that",
    ),
    "pattern without a match": (
        {},
        ["Movies/*.mrc"],
        "Movies/*.mrc: no file matches this pattern; it is relative to the current folder, and stands in quotes on the command line",
    ),
    "pattern of STAR files": (
        {"a.star": LOOP, "b.star": LOOP},
        ["*.star"],
        "*.star: the pattern matches 2 names, none of them a micrograph (.mrc, .map, .tif, .tiff, also .gz or .bz2); several STAR files are given by name, or by a pattern without quotes",
    ),
    "list of prose": (
        {"list.txt": "these are\nno names\n"},
        ["list.txt"],
        "list.txt: neither a STAR file (no data_ line) nor a list of micrographs (no line names one)",
    ),
    "list without names": ({"list.txt": "# later\n\n"}, ["list.txt"], "list.txt: holds no names, only blank lines and comments"),
    "empty list": ({"list.txt": ""}, ["list.txt"], "list.txt: the file is empty"),
    "list with a zero byte": (
        {"list.txt": b"a.mrc\n" + b"x" * 5000 + b".mrc\nb\0.mrc\n"},
        ["list.txt"],
        "list.txt: line 3 holds a zero byte, which is in no file's name",
    ),
    "list with a wrong image number": (
        {"list.txt": "a.mrc\n000000@b.mrcs\n"},
        ["list.txt"],
        "list.txt: line 2: 000000@b.mrcs: images are counted from 1; the number before '@' is not one",
    ),
    "cryoSPARC file that is cut": (
        {"J2/exposures.cs": b"\x93NUMPY"},
        ["J2/exposures.cs"],
        "J2/exposures.cs: cut short in its header, at 6 bytes",
    ),
    "cryoSPARC file of another name": (
        {"exposures": b"\x93NUMPY\1\0\x10\0{}"},
        ["exposures"],
        "exposures: its header should have 16 bytes, but the file ends after 2",
    ),
    "EER movie": (
        {"a.eer": b"II*\0"},
        ["a.eer"],
        "a.eer: EER files are movies; give the micrographs that motion correction makes of them",
    ),
    "wrong project folder": (
        {"in.star": LOOP + "a.mrc 1\n"},
        ["in.star", "--project_dir", "nowhere"],
        "nowhere: no such folder (given with --project_dir)",
    ),
    "second input missing": (
        {"in.star": LOOP + "a.mrc 1\n", "a.mrc": b""},
        ["in.star", "other.star"],
        "other.star: no such file or folder",
    ),
    "images given one by one, one of them not there": (
        {"a.mrc": b"", "b.mrc": b""},
        ["a.mrc", "b.mrc", "c.mrc"],
        "c.mrc: no such file or folder",
    ),
    "link to itself": (
        {"in.star": lambda p: os.symlink(p.name, p)},
        ["in.star"],
        "in.star: cannot be opened: Too many levels of symbolic links",
    ),
}


@pytest.mark.parametrize("case", INPUTS)
def test_input_that_ends_the_run(case, tmp_path):
    files, arguments, message = INPUTS[case]
    lay_out(tmp_path, files)
    before = files_of(tmp_path)
    run = microdup("screen", *arguments, cwd=tmp_path)
    assert (run.status, run.err) == (1, f"microdup screen: {message}\n")
    assert files_of(tmp_path) == before


# ---- inputs that are read with a warning ----

UNDEFINED = OPTICS + "m0.mrc 1\nm1.mrc 2\nm4.mrc 2\nm5.mrc 1\n"


def same_as(name):
    return lambda path: link(path.parent / name, path)


def of_good(text=OPTICS, group="1", behind=""):
    return text + "".join(f"{name} {group}\n" for name in GOOD) + behind


# id: files, arguments, the micrographs that are called duplicates (the same name twice is none), the lines of stderr without "WARNING: "
WARNINGS = {
    "CR LF": (
        {"in.star": of_good().replace("\n", "\r\n")},
        ["in.star"],
        ["m5.mrc"],
        ["in.star: its lines end in CR LF, which RELION refuses; convert the file with dos2unix"],
    ),
    "blank line among the rows": (
        {"in.star": of_good().replace("m4.mrc", "\nm4.mrc")},
        ["in.star"],
        ["m5.mrc"],
        [
            "in.star: line 27: a blank or comment line inside the table, behind which RELION reads no further; the rows behind it are used here"
        ],
    ),
    "comment among the rows": (
        {"in.star": of_good().replace("m4.mrc", "# shifted\nm4.mrc")},
        ["in.star"],
        ["m5.mrc"],
        [
            "in.star: line 27: a blank or comment line inside the table, behind which RELION reads no further; the rows behind it are used here"
        ],
    ),
    "optics group not defined": (
        {"in.star": UNDEFINED},
        ["in.star"],
        ["m5.mrc"],
        [
            "in.star: optics group 2 is used but not defined in data_optics, which RELION refuses; the pixel size of 2 micrographs is taken as unknown"
        ],
    ),
    "optics group no number": (
        {"in.star": of_good(group="one")},
        ["in.star"],
        ["m5.mrc"],
        ["in.star: line 24: rlnOpticsGroup is not a whole number; the pixel size of 4 micrographs is taken as unknown"],
    ),
    "optics group defined as a word": (
        {"in.star": of_good(OPTICS.replace("opticsGroup1            1", "a x"))},
        ["in.star"],
        ["m5.mrc"],
        [
            "in.star: line 14: the optics group 'x' is not a whole number; its pixel size is not used",
            "in.star: optics group 1 is used but not defined in data_optics, which RELION refuses; the pixel size of 4 micrographs is taken as unknown",
        ],
    ),
    "pixel size no number": (
        {"in.star": of_good(OPTICS.replace("0.100000     1.000000", "0.1 unknown").replace("1     1.000000", "1 none"))},
        ["in.star"],
        ["m5.mrc"],
        ["in.star: line 14: the pixel size 'unknown' of optics group 1 is not a positive number; it is taken as unknown"],
    ),
    "pixel size zero": (
        {"in.star": of_good(OPTICS.replace("0.100000     1.000000", "0.1 0.0"))},
        ["in.star"],
        ["m5.mrc"],
        ["in.star: line 14: the pixel size '0.0' of optics group 1 is not a positive number; it is taken as unknown"],
    ),
    "the same row twice": (
        {"in.star": of_good(behind="m0.mrc 1\n")},
        ["in.star"],
        ["m5.mrc"],
        ["m0.mrc is listed twice; the later entry will be removed as a copy"],
    ),
    "three rows twice": (
        {"in.star": of_good(behind="m0.mrc 1\n./m1.mrc 1\nm4.mrc 1\n")},
        ["in.star"],
        ["m5.mrc", "./m1.mrc"],
        ["2 entries name a micrograph that is listed before, the first is m0.mrc; they will be removed as copies"],
    ),
    "the same file twice": (
        {"in.txt": "\n".join(GOOD + ["m0.mrc"]) + "\n"},
        ["in.txt"],
        ["m5.mrc"],
        ["m0.mrc is listed twice; the later entry will be removed as a copy"],
    ),
    "list named .star": (
        {"in.star": "\n".join(GOOD) + "\n"},
        ["in.star"],
        ["m5.mrc"],
        ["in.star: holds no data_ line and so is no STAR file; read as a list of names, one a line"],
    ),
    "list with CR LF": ({"in.txt": "\r\n".join(GOOD) + "\r\n"}, ["in.txt"], ["m5.mrc"], []),
    "list without a last line end": ({"in.txt": "\n".join(GOOD)}, ["in.txt"], ["m5.mrc"], []),
    "one micrograph only": ({"in.star": LOOP + "m0.mrc 1\n"}, ["in.star"], [], []),
    "one image as input": ({}, ["m0.mrc"], [], []),
    "pattern that matches one": ({}, ["m[0]*"], [], []),
    "image and list of it": (
        {"in.txt": "m1.mrc\n"},
        ["m1.mrc", "in.txt"],
        [],
        ["m1.mrc is listed twice; the later entry will be removed as a copy"],
    ),
    "time stamps against the order": (
        {
            "in.star": LOOP + "".join(f"FoilHole_1_Data_2_3_20240101_10000{9 - i}.mrc 1\n" for i in range(4)),
            **{f"FoilHole_1_Data_2_3_20240101_10000{9 - i}.mrc": same_as(name) for i, name in enumerate(GOOD)},
        },
        ["in.star", "--order", "star"],
        ["FoilHole_1_Data_2_3_20240101_100006.mrc"],
        [
            "order 'star' contradicts the time stamps in the names: 3 of 4 micrographs are out of place; --order time follows the stamps"
        ],
    ),
    "option given twice": (
        {"in.star": of_good()},
        ["in.star", "--j", "1", "--j", "2"],
        ["m5.mrc"],
        ["--j was given more than once; the last one counts"],
    ),
}


@pytest.mark.parametrize("case", WARNINGS)
def test_input_with_a_warning(case, good):
    files, arguments, removed, lines = WARNINGS[case]
    lay_out(good, files)
    run = microdup("screen", *arguments, cwd=good)
    assert run.status == 0, run
    assert run.err.splitlines() == ["WARNING: " + line for line in lines]
    assert [duplicate for _, duplicate in duplicates(good / "microdup")] == removed


# id: files, arguments, the lines of stderr without "WARNING: "
ALL_MISSING = {
    "all files missing": (
        {"in.star": LOOP + "x/a.mrc 1\nx/b.mrc 1\n"},
        ["in.star"],
        [
            "in.star: none of its files was found (2, the first is x/a.mrc); looked from the current folder; say with --project_dir which folder the names are relative to",
            "x/a.mrc: there is no such file",
            "x/b.mrc: there is no such file",
        ],
    ),
    "all files missing, project folder given": (
        {"in.star": LOOP + "x/a.mrc 1\n", "p/x.txt": ""},
        ["in.star", "--project_dir", "p"],
        [
            "in.star: none of its files was found (1, the first is x/a.mrc); looked from p, the current folder; say with --project_dir which folder the names are relative to",
            "x/a.mrc: there is no such file",
        ],
    ),
}


@pytest.mark.parametrize("case", ALL_MISSING)
def test_all_files_missing(case, good):
    files, arguments, lines = ALL_MISSING[case]
    lay_out(good, files)
    run = microdup("screen", *arguments, cwd=good)
    *warnings, failure = run.err.splitlines()
    assert run.status == 1, run
    assert warnings == ["WARNING: " + line for line in lines]
    assert failure.startswith("microdup screen: nothing could be judged, of ")
    assert failure.endswith("; the first: x/a.mrc: there is no such file")
    assert files_of(good / "microdup") == FILES


# ---- single micrographs that cannot be judged ----


def pixels(nx=NX, ny=NY, seed=1):
    return numpy.random.default_rng(seed).standard_normal((ny, nx)).astype("f4")


def with_pixel(value, y=250, x=350):
    image = pixels()
    image[y, x] = value
    return image


def bad_header(**fields):
    return mrc_header(NX, NY, **fields) + pixels().tobytes()


def damaged(data, at):
    data = bytearray(data)
    data[at : at + 16] = bytes(255 - b for b in data[at : at + 16])
    return bytes(data)


def cut_after(writer, share):
    def write(path):
        writer(path, mrc_bytes(pixels()))
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])

    return write


def bad_bzip2(path):
    write_bzip2(path, mrc_bytes(pixels()))
    path.write_bytes(damaged(path.read_bytes(), path.stat().st_size // 2))


def bad_gzip(path):
    write_gzip(path, mrc_bytes(pixels()))
    path.write_bytes(damaged(path.read_bytes(), path.stat().st_size // 2))


def tiff(image, **more):
    return lambda path: tifffile.imwrite(path, image, **more)


def cut_tiff(path):
    tifffile.imwrite(path, pixels())
    path.write_bytes(path.read_bytes()[: NX * NY * 2])


def frames_in_one(path):
    tifffile.imwrite(path, numpy.stack([pixels(seed=i) for i in range(3)]), photometric="minisblack")


# id: name, content, status, message.  {file} in the message is the name.
BAD = {
    "missing": (
        "bad.mrc",
        "nothing",
        "missing",
        "bad.mrc: there is no such file",
        [],
    ),
    "a folder": (
        "bad.mrc",
        None,
        "unsupported",
        "bad.mrc: is a folder, not an image; name a file in it",
        [],
    ),
    "a link to nothing": (
        "bad.mrc",
        lambda p: os.symlink("nowhere.mrc", p),
        "missing",
        "bad.mrc: there is no such file",
        [],
    ),
    "a pipe": ("bad.mrc", lambda p: os.mkfifo(p), "unsupported", "bad.mrc: is not an ordinary file; copy it to one", []),
    "empty": ("bad.mrc", b"", "empty", "bad.mrc: is empty; copy it again, or wait if it is still being written", []),
    "one byte": ("bad.mrc", b"x", "unreadable", "bad.mrc: is not an MRC or TIFF file; convert it to MRC, or leave it out", []),
    "header cut": (
        "bad.mrc",
        mrc_header(NX, NY)[:500],
        "truncated",
        "bad.mrc: truncated: an MRC header has 1024 bytes, the file has 500; copy it again, or wait if it is still being written",
        [],
    ),
    "header only": (
        "bad.mrc",
        mrc_header(NX, NY),
        "truncated",
        "bad.mrc: truncated: the header promises 1401024 bytes, the file has 1024; copy it again, or wait if it is still being written",
        [],
    ),
    "data cut": (
        "bad.mrc",
        mrc_bytes(pixels())[:700000],
        "truncated",
        "bad.mrc: truncated: the header promises 1401024 bytes, the file has 700000; copy it again, or wait if it is still being written",
        [],
    ),
    "last byte missing": (
        "bad.mrc",
        mrc_bytes(pixels())[:-1],
        "truncated",
        "bad.mrc: truncated: the header promises 1401024 bytes, the file has 1401023; copy it again, or wait if it is still being written",
        [],
    ),
    "extended header cut": (
        "bad.mrc",
        mrc_header(NX, NY, extended=b"x" * 4096) + b"x" * 1000,
        "truncated",
        "bad.mrc: truncated: the header promises 1405120 bytes, the file has 2024; copy it again, or wait if it is still being written",
        [],
    ),
    "zeros": (
        "bad.mrc",
        b"\0" * 100000,
        "unreadable",
        "bad.mrc: begins with zeros where a header should be; it was not written completely, copy it again",
        [],
    ),
    "text": (
        "bad.mrc",
        "this is no micrograph\n" * 100,
        "unreadable",
        "bad.mrc: is not an MRC or TIFF file; convert it to MRC, or leave it out",
        [],
    ),
    "STAR": (
        "bad.mrc",
        star_text(["a.mrc"]),
        "unsupported",
        "bad.mrc: is a STAR file, not an image; name it where a list of micrographs is asked for",
        [],
    ),
    "PNG": (
        "bad.mrc",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0" * 64,
        "unsupported",
        "bad.mrc: is a PNG picture; give the MRC file it was made from",
        [],
    ),
    "HDF5": (
        "bad.mrc",
        b"\x89HDF\r\n\x1a\n" + b"\0" * 64,
        "unsupported",
        "bad.mrc: is an HDF5 file; convert it to MRC, for example with EMAN2: e2proc2d.py IN.hdf OUT.mrc",
        [],
    ),
    "EER": (
        "bad.eer",
        b"II+\0\x08\0\0\0" + b"\0" * 64,
        "unsupported",
        "bad.eer: is an EER movie; give the motion-corrected micrograph made from it",
        [],
    ),
    "NaN": (
        "bad.mrc",
        mrc_bytes(with_pixel(numpy.nan)),
        "nan",
        "bad.mrc: holds NaN or infinite pixels; motion-correct this micrograph again",
        [],
    ),
    "NaN in the corner": (
        "bad.mrc",
        mrc_bytes(with_pixel(numpy.nan, 0, 0)),
        "nan",
        "bad.mrc: holds NaN or infinite pixels; motion-correct this micrograph again",
        [],
    ),
    "infinite": (
        "bad.mrc",
        mrc_bytes(with_pixel(numpy.inf)),
        "nan",
        "bad.mrc: holds NaN or infinite pixels; motion-correct this micrograph again",
        [],
    ),
    "minus infinite": (
        "bad.mrc",
        mrc_bytes(with_pixel(-numpy.inf)),
        "nan",
        "bad.mrc: holds NaN or infinite pixels; motion-correct this micrograph again",
        [],
    ),
    "NaN in float16": (
        "bad.mrc",
        mrc_bytes(with_pixel(numpy.nan), mode=12),
        "nan",
        "bad.mrc: holds NaN or infinite pixels; motion-correct this micrograph again",
        [],
    ),
    "constant": (
        "bad.mrc",
        mrc_bytes(numpy.full((NY, NX), 7.0)),
        "blank",
        "bad.mrc: blank, 100 % of the frame is constant; nothing to compare",
        [],
    ),
    "all zero": (
        "bad.mrc",
        mrc_bytes(numpy.zeros((NY, NX))),
        "blank",
        "bad.mrc: blank, 100 % of the frame is constant; nothing to compare",
        [],
    ),
    "nearly all constant": (
        "bad.mrc",
        mrc_bytes(pixels() * (numpy.arange(NY) < NY / 50)[:, None]),
        "blank",
        "bad.mrc: blank, 98 % of the frame is constant; nothing to compare",
        [],
    ),
    "movie": (
        "bad.mrc",
        mrc_bytes(numpy.stack([pixels(seed=i) for i in range(3)])),
        "unsupported",
        "bad.mrc: holds 3 images, not one; for a movie give its motion-corrected sum, for one image of a stack write 000001@bad.mrc",
        [],
    ),
    "complex 16": (
        "bad.mrc",
        bad_header(mode=3),
        "unsupported",
        "bad.mrc: holds complex numbers, a transform, not an image; give the micrograph itself",
        [],
    ),
    "complex 32": (
        "bad.mrc",
        bad_header(mode=4),
        "unsupported",
        "bad.mrc: holds complex numbers, a transform, not an image; give the micrograph itself",
        [],
    ),
    "mode 5": (
        "bad.mrc",
        bad_header(mode=5),
        "unsupported",
        "bad.mrc: MRC mode 5 (bytes in a form that no standard defines) is not read; convert it to mode 2, for example with IMOD: newstack -mode 2 IN OUT",
        [],
    ),
    "mode 7": (
        "bad.mrc",
        bad_header(mode=7),
        "unsupported",
        "bad.mrc: MRC mode 7 (32-bit integers in a form that no standard defines) is not read; convert it to mode 2, for example with IMOD: newstack -mode 2 IN OUT",
        [],
    ),
    "RGB": (
        "bad.mrc",
        bad_header(mode=16),
        "unsupported",
        "bad.mrc: MRC mode 16 (RGB colours) is not read; convert it to mode 2, for example with IMOD: newstack -mode 2 IN OUT",
        [],
    ),
    "mode 1000": (
        "bad.mrc",
        bad_header(mode=1000),
        "unreadable",
        "bad.mrc: the MRC header says mode 1000, which does not exist; the file is damaged, copy it again",
        [],
    ),
    "negative mode": (
        "bad.mrc",
        bad_header(mode=-1),
        "unreadable",
        "bad.mrc: the MRC header says mode -1, which does not exist; the file is damaged, copy it again",
        [],
    ),
    "mode of a broken file": (
        "bad.mrc",
        bad_header(mode=154285104),
        "unreadable",
        "bad.mrc: the MRC header says mode 154285104, which does not exist; the file is damaged, copy it again",
        [],
    ),
    "nx zero": (
        "bad.mrc",
        bad_header(at_0=0),
        "unreadable",
        "bad.mrc: the MRC header says 0 x 500 px, which is no micrograph; the file is damaged, copy it again",
        [],
    ),
    "nx negative": (
        "bad.mrc",
        bad_header(at_0=-NX),
        "unreadable",
        "bad.mrc: the MRC header says -700 x 500 px, which is no micrograph; the file is damaged, copy it again",
        [],
    ),
    "ny absurd": (
        "bad.mrc",
        bad_header(at_4=2000000000),
        "unreadable",
        "bad.mrc: the MRC header says 700 x 2000000000 px, which is no micrograph; the file is damaged, copy it again",
        [],
    ),
    "nx and ny absurd": (
        "bad.mrc",
        bad_header(at_0=2147483647, at_4=2147483647),
        "unreadable",
        "bad.mrc: the MRC header says 2147483647 x 2147483647 px, which is no micrograph; the file is damaged, copy it again",
        [],
    ),
    "nx too large for the file": (
        "bad.mrc",
        bad_header(at_0=70000),
        "truncated",
        "bad.mrc: truncated: the header promises 140001024 bytes, the file has 1401024; copy it again, or wait if it is still being written",
        [],
    ),
    "nz zero": (
        "bad.mrc",
        bad_header(at_8=0),
        "unreadable",
        "bad.mrc: the MRC header says 0 images; the file is damaged, copy it again",
        [],
    ),
    "nz negative": (
        "bad.mrc",
        bad_header(at_8=-1),
        "unreadable",
        "bad.mrc: the MRC header says -1 images; the file is damaged, copy it again",
        [],
    ),
    "nz absurd": (
        "bad.mrc",
        bad_header(at_8=2147483647),
        "unreadable",
        "bad.mrc: the MRC header says 2147483647 images; the file is damaged, copy it again",
        [],
    ),
    "extended header absurd": (
        "bad.mrc",
        bad_header(at_92=2147483647),
        "truncated",
        "bad.mrc: truncated: the header promises 2148884671 bytes, the file has 1401024; copy it again, or wait if it is still being written",
        [],
    ),
    "extended header negative": (
        "bad.mrc",
        bad_header(at_92=-1024),
        "unreadable",
        "bad.mrc: the MRC header says -1024 bytes of extended header; the file is damaged, copy it again",
        [],
    ),
    "gzip cut": (
        "bad.mrc.gz",
        cut_after(write_gzip, 0.5),
        "truncated",
        "bad.mrc.gz: truncated: the header promises 1401024 bytes, the gzip data end after 701046; copy it again, or wait if it is still being written",
        [],
    ),
    "gzip cut in the header": (
        "bad.mrc.gz",
        lambda p: p.write_bytes(b"\x1f\x8b\x08\0"),
        "truncated",
        "bad.mrc.gz: truncated: the gzip data break off; copy it again, or wait if it is still being written",
        [],
    ),
    "gzip damaged": (
        "bad.mrc.gz",
        bad_gzip,
        "unreadable",
        "bad.mrc.gz: the gzip data are damaged (incorrect data check); copy it again",
        [],
    ),
    "gzip of text": (
        "bad.mrc.gz",
        lambda p: write_gzip(p, b"no micrograph\n" * 100),
        "unsupported",
        "bad.mrc.gz: holds no MRC file inside its gzip; uncompress it and look",
        [],
    ),
    "gzip of a cut file": (
        "bad.mrc.gz",
        lambda p: write_gzip(p, mrc_bytes(pixels())[:700000]),
        "truncated",
        "bad.mrc.gz: truncated: the header promises 1401024 bytes, the gzip data end after 700000; copy it again, or wait if it is still being written",
        [],
    ),
    "bzip2 cut": (
        "bad.mrc.bz2",
        cut_after(write_bzip2, 0.5),
        "truncated",
        "bad.mrc.bz2: truncated: the header promises 1401024 bytes, the bzip2 data end after 700790; copy it again, or wait if it is still being written",
        [],
    ),
    "bzip2 damaged": (
        "bad.mrc.bz2",
        bad_bzip2,
        "unreadable",
        "bad.mrc.bz2: the bzip2 data are damaged (a block does not match its checksum or its header); copy it again",
        [],
    ),
    "bzip2 that is none": (
        "bad.mrc.bz2",
        b"BZh9" + b"garbage" * 20,
        "unreadable",
        "bad.mrc.bz2: the bzip2 data are damaged (a block does not match its checksum or its header); copy it again",
        [],
    ),
    "zstd": (
        "bad.mrc.zst",
        b"\x28\xb5\x2f\xfd" + b"\0" * 64,
        "unsupported",
        "bad.mrc.zst: is compressed with zstd; uncompress it first, or use gzip or bzip2",
        [],
    ),
    "xz": (
        "bad.mrc.xz",
        b"\xfd7zXZ\0" + b"\0" * 64,
        "unsupported",
        "bad.mrc.xz: is compressed with xz; uncompress it first, or use gzip or bzip2",
        [],
    ),
    "TIFF cut": (
        "bad.tif",
        cut_tiff,
        "truncated",
        "bad.tif: truncated: the header promises 1400000 bytes of pixels, the file has 700000; copy it again, or wait if it is still being written",
        [],
    ),
    "TIFF header only": (
        "bad.tif",
        b"II*\0\x08\0\0\0",
        "truncated",
        "bad.tif: truncated: the TIFF data go on behind the end of the file, which has 8 bytes; copy it again, or wait if it is still being written",
        [],
    ),
    "TIFF of colours": (
        "bad.tif",
        tiff(numpy.zeros((NY, NX, 3), "u1"), photometric="rgb"),
        "unsupported",
        "bad.tif: is an RGB colour picture; give a grey image of one channel",
        [],
    ),
    "TIFF of complex numbers": (
        "bad.tif",
        tiff(pixels().astype("c8")),
        "unsupported",
        "bad.tif: holds complex numbers, a transform; give the image itself",
        [],
    ),
    "TIFF of long integers": (
        "bad.tif",
        tiff(pixels().astype("i8")),
        "unsupported",
        "bad.tif: a TIFF with 64-bit integer pixels is not read; write it with 8, 16 or 32 bits",
        [],
    ),
    "TIFF movie": (
        "bad.tif",
        frames_in_one,
        "unsupported",
        "bad.tif: holds 3 images, not one; for a movie give its motion-corrected sum, for one image of a stack write 000001@bad.tif",
        [],
    ),
    "TIFF without data": (
        "bad.tif",
        b"MM\0*\0\0\0\0",
        "unreadable",
        "bad.tif: cannot be read as TIFF; copy it again",
        [],
    ),
    "TIFF with NaN": (
        "bad.tif",
        tiff(with_pixel(numpy.nan)),
        "nan",
        "bad.tif: holds NaN or infinite pixels; motion-correct this micrograph again",
        [],
    ),
    "too small": (
        "bad.mrc",
        mrc_bytes(pixels(20, 20)),
        "too-small",
        "bad.mrc: 20 x 20 px, too small to compare; micrographs need 32 px a side or more",
        [],
    ),
    "one row": (
        "bad.mrc",
        mrc_bytes(pixels(700, 1)),
        "too-small",
        "bad.mrc: 700 x 1 px, too small to compare; micrographs need 32 px a side or more",
        [],
    ),
    "image 9 of 3": (
        "000009@bad.mrcs",
        lambda p: write_mrc(p.parent / "bad.mrcs", [pixels(seed=i) for i in range(3)]),
        "unreadable",
        "bad.mrcs: holds 3 images, there is no image 9",
        [],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_micrograph_that_cannot_be_judged(case, good):
    name, content, status, reason, more = BAD[case]
    if content != "nothing":
        lay_out(good, {name: content})
    write_star(good / "in.star", GOOD[:2] + [name] + GOOD[2:])
    run = microdup("screen", "in.star", cwd=good)
    assert run.status == 0, run
    assert run.err.splitlines() == ["WARNING: " + line for line in [*more, reason]]
    out = good / "microdup"
    assert statuses(out) == {**dict.fromkeys(GOOD, ("ok", "")), name: (status, reason)}
    assert duplicates(out) == [("m1.mrc", "m5.mrc")]
    assert files_of(out) == FILES
    assert "1 micrograph could not be judged and is kept." in run.out
    assert name in (out / "micrographs.star").read_text()


@pytest.mark.parametrize("case", ["missing", "data cut", "NaN", "movie", "too small"])
def test_micrograph_that_cannot_be_judged_fails_a_strict_run(case, good):
    name, content, _, reason, more = BAD[case]
    if content != "nothing":
        lay_out(good, {name: content})
    write_star(good / "in.star", GOOD[:2] + [name] + GOOD[2:])
    run = microdup("screen", "in.star", "--strict", cwd=good)
    assert run.status == 1, run
    warnings = ["WARNING: " + line for line in [*more, reason]]
    assert run.err.splitlines() == [*warnings, f"microdup screen: {reason} (--strict)"]
    assert not (good / "microdup" / "duplicates.csv").exists()


@pytest.mark.parametrize("case", ["missing", "data cut", "NaN", "movie", "mode 1000"])
def test_micrograph_that_the_original_cannot_compare(case, good):
    name, content, _, reason, more = BAD[case]
    if content != "nothing":
        lay_out(good, {name: content})
    write_star(good / "in.star", GOOD[:2] + [name] + GOOD[2:])
    window = ("--imagespermove", 1, "--imagesperhole", 1, "--bin", 2)
    run = original("--i", "in.star", *window, "--csvout", "d.csv", cwd=good)
    assert run.status == 0, run
    assert run.err.splitlines() == ["WARNING: " + line for line in [*more, reason]]
    assert (good / "d.csv").read_text() == "Original,Duplicate\nm1.mrc,m5.mrc\n"


# ---- odd but good ----


def rotated(path):
    write_mrc(path, pixels(NY, NX))


def other_pixel_size(path):
    write_mrc(path, pixels(), pixel_A=2.0)


# id: micrographs added, {name: reason}
ODD = {
    "portrait": (
        {"p.mrc": rotated},
        {"p.mrc": "500 x 700 px of 1 A, most are 700 x 500 px of 1 A; the only one of its kind, compared with none"},
    ),
    "two portraits": (
        {"p.mrc": rotated, "q.mrc": lambda p: write_mrc(p, pixels(NY, NX, 2))},
        {
            "p.mrc": "500 x 700 px of 1 A, most are 700 x 500 px of 1 A; compared with the 1 other of its kind only",
            "q.mrc": "500 x 700 px of 1 A, most are 700 x 500 px of 1 A; compared with the 1 other of its kind only",
        },
    ),
    "three portraits": (
        {"p.mrc": rotated, "q.mrc": lambda p: write_mrc(p, pixels(NY, NX, 2)), "r.mrc": lambda p: write_mrc(p, pixels(NY, NX, 3))},
        {
            "p.mrc": "500 x 700 px of 1 A, most are 700 x 500 px of 1 A; compared with the 2 others of its kind only",
            "q.mrc": "500 x 700 px of 1 A, most are 700 x 500 px of 1 A; compared with the 2 others of its kind only",
            "r.mrc": "500 x 700 px of 1 A, most are 700 x 500 px of 1 A; compared with the 2 others of its kind only",
        },
    ),
    "one column more": (
        {"p.mrc": lambda p: write_mrc(p, pixels(NX + 1, NY))},
        {"p.mrc": "701 x 500 px of 1 A, most are 700 x 500 px of 1 A; the only one of its kind, compared with none"},
    ),
}


@pytest.mark.parametrize("case", ODD)
def test_micrographs_of_another_size_are_compared_among_themselves(case, good):
    files, reasons = ODD[case]
    lay_out(good, files)
    write_star(good / "in.star", GOOD + list(files))
    run = microdup("screen", "in.star", cwd=good)
    assert run.status == 0, run
    assert run.err.splitlines() == [f"WARNING: {name}: {reason}" for name, reason in reasons.items()]
    odd = {name: ("odd-size", reason) for name, reason in reasons.items()}
    assert statuses(good / "microdup") == {**dict.fromkeys(GOOD, ("ok", "")), **odd}
    assert duplicates(good / "microdup") == [("m1.mrc", "m5.mrc")]


def test_strict_refuses_another_size(good):
    rotated(good / "p.mrc")
    write_star(good / "in.star", GOOD + ["p.mrc"])
    run = microdup("screen", "in.star", "--strict", cwd=good)
    assert (run.status, run.err) == (1, "microdup screen: p.mrc: 500 x 700 px, most are 700 x 500 px (--strict)\n")


def test_duplicates_are_found_among_the_micrographs_of_another_size(good):
    shots = Shots().pixels
    for name, i in (("r2.mrc", 2), ("r6.mrc", 6)):
        write_mrc(good / name, numpy.rot90(shots[i]))
    write_star(good / "in.star", GOOD + ["r2.mrc", "r6.mrc"])
    run = microdup("screen", "in.star", cwd=good)
    assert run.status == 0, run
    assert duplicates(good / "microdup") == [("m1.mrc", "m5.mrc"), ("r2.mrc", "r6.mrc")]


# Headers that are wrong and harmless.  id: content of m5.mrc made from its own pixels, the warnings
HARMLESS = {
    "big endian": (lambda image: mrc_bytes(image, order=">"), []),
    "swapped, with the stamp of the other order": (
        lambda image: mrc_bytes(image, order=">", at_212=b"\x44\x44\0\0"),
        ["m5.mrc: the machine stamp in the MRC header is wrong; byte order found from the sizes"],
    ),
    "stamp 44 41": (lambda image: mrc_bytes(image, at_212=b"\x44\x41\0\0"), []),
    "no stamp": (
        lambda image: mrc_bytes(image, at_212=b"\0\0\0\0"),
        ["m5.mrc: no valid machine stamp in the MRC header; byte order found from the sizes"],
    ),
    "no MAP": (
        lambda image: mrc_bytes(image, at_208=b"\0\0\0\0"),
        ["m5.mrc: an MRC header from before 2000, without the word MAP; byte order found from the sizes"],
    ),
    "MAP without the blank": (lambda image: mrc_bytes(image, at_208=b"MAP\0"), []),
    "wrong statistics": (lambda image: mrc_bytes(image, at_76=9.0, at_80=-9.0, at_84=float("nan"), at_216=-1.0), []),
    "long extended header": (lambda image: mrc_bytes(image, extended=b"\xff" * 131072, at_104=b"FEI1"), []),
    "extended header of no known type": (lambda image: mrc_bytes(image, extended=b"x" * 1001, at_104=b"\1\2\3\4"), []),
    "bytes behind the image": (lambda image: mrc_bytes(image) + b"x" * 100, []),
    "many bytes behind the image": (
        lambda image: mrc_bytes(image) + b"x" * 200000,
        ["m5.mrc: the file is longer than its MRC header says; what follows the image is not read"],
    ),
    "pixel size nonsense": (lambda image: mrc_bytes(image, at_40=float("nan")), []),
    "mx zero": (lambda image: mrc_bytes(image, at_28=0), []),
    "labels beyond ten": (lambda image: mrc_bytes(image, at_220=77), []),
}


@pytest.mark.parametrize("case", HARMLESS)
def test_header_that_is_wrong_and_harmless(case, good):
    make, warnings = HARMLESS[case]
    (good / "m5.mrc").unlink()
    (good / "m5.mrc").write_bytes(make(Shots().pixels[5]))
    write_star(good / "in.star", GOOD)
    run = microdup("screen", "in.star", cwd=good)
    assert run.status == 0, run
    assert run.err.splitlines() == ["WARNING: " + line for line in warnings]
    assert duplicates(good / "microdup") == [("m1.mrc", "m5.mrc")]


ODD_NAMES = [
    "a b.mrc",
    "a  two blanks.mrc",
    "-dash.mrc",
    "--j.mrc",
    "höhle_Ü.mrc",
    "孔.mrc",
    "latin_\udce9.mrc",
    "a,b.mrc",
    "it's.mrc",
    "#1.mrc",
    "X+1Y-1-1.mrc",
    "[a].mrc",
    "a*?.mrc",
    "%s%n.mrc",
    "back\\slash.mrc",
    "$HOME.mrc",
    "no_extension",
    "twice.mrc.mrc",
    "x" * 240 + ".mrc",
    "._.mrc",
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_name(name, good):
    """m5 under another name is found, and named as it is."""
    (good / "m5.mrc").rename(good / name)
    text = OPTICS + "".join(f"{n} 1\n" for n in GOOD[:3])
    text += f'"{name}" 1\n' if re.search("[ #']", name) else f"{name} 1\n"
    (good / "in.star").write_bytes(text.encode("utf-8", "surrogateescape"))
    run = microdup("screen", "in.star", "--order", "star", cwd=good)
    assert (run.status, run.err) == (0, ""), run
    assert duplicates(good / "microdup") == [("m1.mrc", name)]
    removed = (good / "microdup" / "removed.txt").read_bytes()
    assert removed == name.encode("utf-8", "surrogateescape") + b"\n"


def test_many_broken_micrographs_are_counted(good):
    names = [f"n{i:02}.mrc" for i in range(30)]
    for name in names:
        (good / name).write_bytes(b"")
    write_star(good / "in.star", GOOD + names)
    run = microdup("screen", "in.star", cwd=good)
    assert run.status == 0
    said = [f"WARNING: {name}: is empty; copy it again, or wait if it is still being written" for name in names[:20]]
    said.append("WARNING: 10 more micrographs cannot be judged; micrographs.csv lists them")
    assert run.err.splitlines() == said
    assert "30 micrographs could not be judged and are kept." in run.out


def test_nothing_can_be_judged(tmp_path):
    names = ["a.mrc", "b.mrc"]
    for name in names:
        (tmp_path / name).write_bytes(b"")
    write_star(tmp_path / "in.star", names)
    run = microdup("screen", "in.star", cwd=tmp_path)
    assert run.status == 1, run
    reasons = [f"{name}: is empty; copy it again, or wait if it is still being written" for name in names]
    assert run.err.splitlines() == [
        *(f"WARNING: {reason}" for reason in reasons),
        f"microdup screen: nothing could be judged, of 2 micrographs; the first: {reasons[0]}",
    ]
    assert files_of(tmp_path / "microdup") == FILES


# ---- permissions ----


def as_nobody(arguments, cwd, variable="MDUP_BIN"):
    """The superuser may read everything, so the run is somebody else's then."""
    program = os.environ.get(variable) or pytest.skip(f"{variable} is not set")
    more = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    try:
        return subprocess.run([program, *arguments], cwd=cwd, capture_output=True, text=True, timeout=60, **more)
    except PermissionError as error:
        if error.errno == errno.EACCES:
            pytest.skip("the program cannot be run by another user here")
        raise


@pytest.fixture
def open_folder(shots):
    """A folder that everybody may write to, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o777)
        for micrograph in GOOD:
            (folder / micrograph).write_bytes((shots / micrograph).read_bytes())
        write_star(folder / "in.star", GOOD)
        yield folder
        for path in folder.rglob("*"):
            path.chmod(0o700)


def test_micrograph_that_may_not_be_read(open_folder):
    (open_folder / "m0.mrc").chmod(0)
    run = as_nobody(["screen", "in.star"], open_folder)
    reason = "m0.mrc: may not be read by you; ask its owner for permission"
    assert (run.returncode, run.stderr) == (0, f"WARNING: {reason}\n")
    assert statuses(open_folder / "microdup")["m0.mrc"] == ("unreadable", reason)
    assert duplicates(open_folder / "microdup") == [("m1.mrc", "m5.mrc")]


def test_star_that_may_not_be_read(open_folder):
    (open_folder / "in.star").chmod(0)
    run = as_nobody(["screen", "in.star"], open_folder)
    assert (run.returncode, run.stderr) == (1, "microdup screen: in.star: cannot be opened: Permission denied\n")


def test_folder_that_may_not_be_read(open_folder):
    (open_folder / "f").mkdir(mode=0)
    run = as_nobody(["screen", "f"], open_folder)
    assert (run.returncode, run.stderr) == (1, "microdup screen: f: cannot be opened: Permission denied\n")


def test_output_folder_that_may_not_be_made(open_folder):
    (open_folder / "f").mkdir()
    (open_folder / "f").chmod(0o555)
    run = as_nobody(["screen", "in.star", "--o", "f/out"], open_folder)
    assert (run.returncode, run.stderr) == (1, "microdup screen: f/out: cannot make this folder: Permission denied\n")


def test_output_folder_that_may_not_be_written_to(open_folder):
    (open_folder / "f").mkdir()
    (open_folder / "f").chmod(0o555)
    run = as_nobody(["screen", "in.star", "--o", "f"], open_folder)
    assert (run.returncode, run.stderr) == (1, "microdup screen: f/summary.json: cannot be written: Permission denied\n")


# ---- the command line ----

# id: arguments, message
USAGE = {
    "misspelled command": (["sreen", "in.star"], "microdup: ", 'there is no command "sreen"; did you mean screen?'),
    "unknown command": (["in.star"], "microdup: ", 'there is no command "in.star"; microdup --help lists them'),
    "option before the command": (["--o", "x", "screen"], "microdup: ", "the command comes first: microdup screen ..."),
    "misspelled option": (
        ["screen", "in.star", "--min_overlap", "0.5"],
        "microdup screen: ",
        "there is no option --min_overlap; did you mean --min-overlap?",
    ),
    "unknown option": (
        ["screen", "in.star", "--frobnicate"],
        "microdup screen: ",
        "there is no option --frobnicate; --help lists them all",
    ),
    "one dash": (["screen", "in.star", "-o", "out"], "microdup screen: ", "there is no option -o; did you mean --o?"),
    "one dash and no such option": (
        ["screen", "in.star", "-v"],
        "microdup screen: ",
        "there is no option -v; options begin with two dashes",
    ),
    "no name of a folder": (["screen", "in.star", "--o", ""], "microdup screen: ", "--o needs the name of a folder"),
    "no input": (["screen", "--o", "out"], "microdup screen: ", "no input: name a STAR file, a list, a folder or a pattern"),
    "value missing at the end": (["screen", "in.star", "--o"], "microdup screen: ", "--o needs a value (DIR)"),
    "value missing before an option": (["screen", "in.star", "--o", "--j", "2"], "microdup screen: ", "--o needs a value (DIR)"),
    "number no number": (
        ["screen", "in.star", "--j", "two"],
        "microdup screen: ",
        '--j takes a whole number from 1 to 4096, not "two"',
    ),
    "number with a tail": (
        ["screen", "in.star", "--j", "2x"],
        "microdup screen: ",
        '--j takes a whole number from 1 to 4096, not "2x"',
    ),
    "number empty": (["screen", "in.star", "--j", ""], "microdup screen: ", '--j takes a whole number from 1 to 4096, not ""'),
    "number negative": (
        ["screen", "in.star", "--j", "-1"],
        "microdup screen: ",
        '--j takes a whole number from 1 to 4096, not "-1"',
    ),
    "number too large": (
        ["screen", "in.star", "--j", "99999999999999999999"],
        "microdup screen: ",
        '--j takes a whole number from 1 to 4096, not "99999999999999999999"',
    ),
    "no threads": (["screen", "in.star", "--j", "0"], "microdup screen: ", '--j takes a whole number from 1 to 4096, not "0"'),
    "number with a fraction": (
        ["screen", "in.star", "--scanrange", "1.5"],
        "microdup screen: ",
        '--scanrange takes a whole number from 0 to 1000000000, not "1.5"',
    ),
    "zero where it begins at one": (
        ["screen", "in.star", "--imagespermove", "0"],
        "microdup screen: ",
        '--imagespermove takes a whole number from 1 to 1000000000, not "0"',
    ),
    "shift negative": (
        ["screen", "in.star", "--max-shift", "-1"],
        "microdup screen: ",
        '--max-shift takes a number from 0 to 1e+09, not "-1"',
    ),
    "shift NaN": (
        ["screen", "in.star", "--max-shift", "nan"],
        "microdup screen: ",
        '--max-shift takes a number from 0 to 1e+09, not "nan"',
    ),
    "shift infinite": (
        ["screen", "in.star", "--max-shift", "inf"],
        "microdup screen: ",
        '--max-shift takes a number from 0 to 1e+09, not "inf"',
    ),
    "shift huge": (
        ["screen", "in.star", "--max-shift", "1e10"],
        "microdup screen: ",
        '--max-shift takes a number from 0 to 1e+09, not "1e10"',
    ),
    "shift beyond a double": (
        ["screen", "in.star", "--max-shift", "1e999"],
        "microdup screen: ",
        '--max-shift takes a number from 0 to 1e+09, not "1e999"',
    ),
    "shift with a unit": (
        ["screen", "in.star", "--max-shift", "500px"],
        "microdup screen: ",
        '--max-shift takes a number from 0 to 1e+09, not "500px"',
    ),
    "shift empty": (
        ["screen", "in.star", "--max-shift="],
        "microdup screen: ",
        '--max-shift takes a number from 0 to 1e+09, not ""',
    ),
    "shift missing": (["screen", "in.star", "--max-shift"], "microdup screen: ", "--max-shift needs a value (PX)"),
    "shift misspelled": (
        ["screen", "in.star", "--max_shift", "500"],
        "microdup screen: ",
        "there is no option --max_shift; did you mean --max-shift?",
    ),
    "optics group by number": (
        ["screen", "in.star", "--optics-group", "1"],
        "microdup screen: ",
        '--optics-group takes any or same, not "1"',
    ),
    "optics group in capitals": (
        ["screen", "in.star", "--optics-group", "Same"],
        "microdup screen: ",
        '--optics-group takes any or same, not "Same"',
    ),
    "optics group empty": (
        ["screen", "in.star", "--optics-group", ""],
        "microdup screen: ",
        '--optics-group takes any or same, not ""',
    ),
    "optics group missing": (
        ["screen", "in.star", "--optics-group", "--strict"],
        "microdup screen: ",
        "--optics-group needs a value (WHICH)",
    ),
    "share over one": (
        ["screen", "in.star", "--min-overlap", "1.5"],
        "microdup screen: ",
        '--min-overlap takes a number from 0 to 1, not "1.5"',
    ),
    "share in per cent": (
        ["screen", "in.star", "--min-overlap", "50%"],
        "microdup screen: ",
        '--min-overlap takes a number from 0 to 1, not "50%"',
    ),
    "decimal comma": (
        ["screen", "in.star", "--min-overlap", "0,5"],
        "microdup screen: ",
        '--min-overlap takes a number from 0 to 1, not "0,5"',
    ),
    "NaN": (
        ["screen", "in.star", "--min-overlap", "nan"],
        "microdup screen: ",
        '--min-overlap takes a number from 0 to 1, not "nan"',
    ),
    "bin too large": (
        ["screen", "in.star", "--bin", "65"],
        "microdup screen: ",
        '--bin takes auto or a whole number from 1 to 64, not "65"',
    ),
    "bin no number": (
        ["screen", "in.star", "--bin", "big"],
        "microdup screen: ",
        '--bin takes auto or a whole number from 1 to 64, not "big"',
    ),
    "unknown order": (
        ["screen", "in.star", "--order", "age"],
        "microdup screen: ",
        '--order takes auto, star, name, natural or time, not "age"',
    ),
    "unknown signedness": (
        ["screen", "in.star", "--mode0", "both"],
        "microdup screen: ",
        '--mode0 takes auto, signed or unsigned, not "both"',
    ),
    "value for a flag": (
        ["screen", "in.star", "--strict=yes"],
        "microdup screen: ",
        '--strict takes no value, and "yes" was given',
    ),
    "switch neither 0 nor 1": (["screen", "in.star", "--opticsless=2"], "microdup screen: ", '--opticsless takes 0 or 1, not "2"'),
    "switch neither 0 nor 1, apart": (
        ["screen", "in.star", "--opticsless", "2"],
        "microdup screen: ",
        '--opticsless takes 0 or 1, not "2"',
    ),
    "simulate without a folder": (
        ["simulate", "--seed", "1"],
        "microdup simulate: ",
        "--o DIR is needed: where to write the session",
    ),
    "simulate with an argument too many": (
        ["simulate", "--o", "x", "y"],
        "microdup simulate: ",
        '"y" is one argument too many: microdup simulate --o DIR [options]',
    ),
    "simulate a size that is none": (
        ["simulate", "--o", "x", "--size", "5760"],
        "microdup simulate: ",
        '--size takes WIDTHxHEIGHT from 64 to 16384 px, like 5760x4092, not "5760"',
    ),
    "simulate a size that is too small": (
        ["simulate", "--o", "x", "--size", "8x8"],
        "microdup simulate: ",
        '--size takes WIDTHxHEIGHT from 64 to 16384 px, like 5760x4092, not "8x8"',
    ),
    "simulate a range upside down": (
        ["simulate", "--o", "x", "--defocus", "2,1"],
        "microdup simulate: ",
        '--defocus takes two numbers from 0.05 to 10, the smaller first, like 0.8,2.2, not "2,1"',
    ),
    "simulate a number of particles below zero": (
        ["simulate", "--o", "x", "--particles", "-1"],
        "microdup simulate: ",
        '--particles takes a whole number from 0 to 1000000, not "-1"',
    ),
    "simulate NaN particles": (
        ["simulate", "--o", "x", "--particles", "nan"],
        "microdup simulate: ",
        '--particles takes a whole number from 0 to 1000000, not "nan"',
    ),
    "simulate parts of particles": (
        ["simulate", "--o", "x", "--particles", "80.5"],
        "microdup simulate: ",
        '--particles takes a whole number from 0 to 1000000, not "80.5"',
    ),
    "simulate many particles": (
        ["simulate", "--o", "x", "--particles", "many"],
        "microdup simulate: ",
        '--particles takes a whole number from 0 to 1000000, not "many"',
    ),
    "simulate more particles than there are numbers": (
        ["simulate", "--o", "x", "--particles", "99999999999999999999"],
        "microdup simulate: ",
        '--particles takes a whole number from 0 to 1000000, not "99999999999999999999"',
    ),
    "simulate more particles than there is room": (
        ["simulate", "--o", "x", "--size", "100x80", "--pixel", "2", "--particles", "33"],
        "microdup simulate: ",
        "--particles 33 is too many for a frame of 200 x 160 A: use 32 or fewer",
    ),
    "simulate particles in empty ice": (
        ["simulate", "--o", "x", "--specimen", "empty", "--particles", "80"],
        "microdup simulate: ",
        "--particles 80 is not possible with --specimen empty, which has none",
    ),
    "simulate overlaps that are no whole holes": (
        ["simulate", "--o", "x", "--shots", "4", "--overlaps", "2"],
        "microdup simulate: ",
        "--shots 4 needs --micrographs, --duplicates and --overlaps that are multiples of it, for holes are recorded as a whole",
    ),
    "simulate duplicates that are no whole holes": (
        ["simulate", "--o", "x", "--shots", "3", "--duplicates", "4"],
        "microdup simulate: ",
        "--shots 3 needs --micrographs, --duplicates and --overlaps that are multiples of it, for holes are recorded as a whole",
    ),
    "simulate micrographs that are no whole holes": (
        ["simulate", "--o", "x", "--shots", "4", "--micrographs", "30"],
        "microdup simulate: ",
        "--shots 4 needs --micrographs, --duplicates and --overlaps that are multiples of it, for holes are recorded as a whole",
    ),
    "simulate too few holes": (
        ["simulate", "--o", "x", "--shots", "4", "--micrographs", "8"],
        "microdup simulate: ",
        "--duplicates 4 and --overlaps 4 need --micrographs 9 or more, and it is 8",
    ),
    "simulate duplicates below zero": (
        ["simulate", "--o", "x", "--duplicates", "-1"],
        "microdup simulate: ",
        '--duplicates takes a whole number from 0 to 100000, not "-1"',
    ),
    "simulate unknown names": (
        ["simulate", "--o", "x", "--names", "cats"],
        "microdup simulate: ",
        '--names takes epu, serialem, mcgill or plain, not "cats"',
    ),
    "simulate more duplicates than micrographs": (
        ["simulate", "--o", "x", "--micrographs", "4", "--duplicates", "9"],
        "microdup simulate: ",
        "--duplicates 9 and --overlaps 2 need --micrographs 12 or more, and it is 4",
    ),
    "info without a file": (["info", "--json"], "microdup info: ", "something is missing: microdup info FILE... [--json]"),
}


@pytest.mark.parametrize("case", USAGE)
def test_usage(case, tmp_path):
    arguments, prefix, message = USAGE[case]
    run = microdup(*arguments, cwd=tmp_path)
    assert (run.status, run.err, run.out) == (2, f"{prefix}{message}\n", "")
    assert files_of(tmp_path) == []


# id: arguments, message
ORIGINAL_USAGE = {
    "no input": (["--bin", "8"], "--i FILE is needed: the STAR file to screen"),
    "input without --i": (["in.star"], '"in.star" belongs to no option; the input is given with --i'),
    "misspelled option": (["--i", "in.star", "--cvsout", "x"], "there is no option --cvsout; did you mean --csvout?"),
    "bin zero": (["--i", "in.star", "--bin", "0"], '--bin takes a whole number from 1 to 64, not "0"'),
    "threshold beyond one": (["--i", "in.star", "--threshold", "20"], '--threshold takes a number from -1 to 1, not "20"'),
    "threshold no number": (["--i", "in.star", "--threshold", "high"], '--threshold takes a number from -1 to 1, not "high"'),
    "opticsless neither 0 nor 1": (
        ["--i", "in.star", "--opticsless", "2"],
        '--opticsless takes 0 or 1, not "2"',
    ),
    "value missing": (["--i"], "--i needs a value (FILE)"),
    "option of the other program": (
        ["--i", "in.star", "--min-overlap", "0.5"],
        "there is no option --min-overlap; --help lists them all",
    ),
}


@pytest.mark.parametrize("case", ORIGINAL_USAGE)
def test_usage_of_the_original(case, tmp_path):
    arguments, message = ORIGINAL_USAGE[case]
    run = original(*arguments, cwd=tmp_path)
    assert (run.status, run.err, run.out) == (2, f"microduplicate_screener: {message}\n", "")
    assert files_of(tmp_path) == []


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["screen"], ["screen", "--help"], ["simulate"], ["info", "-h"]])
def test_help_is_no_error(arguments, tmp_path):
    run = microdup(*arguments, cwd=tmp_path)
    assert (run.status, run.err) == (0, "")
    assert "microdup" in run.out and "--" in run.out


def test_version(tmp_path):
    run = microdup("--version", cwd=tmp_path)
    assert run.status == 0 and re.fullmatch(r"microdup \d+\.\d+\.\d+\n", run.out)


# ---- outputs that cannot be written ----

# id: files, --o, message.  The four micrographs and in.star are there.
OUTPUTS = {
    "a file": ({"out": "x"}, "out", "out: is a file, not a folder; give another name"),
    "below a file": ({"out": "x"}, "out/deeper", "out: is a file, not a folder; give another name"),
    "a CSV of somebody else": (
        {"out/pairs.csv": "a,b\n"},
        "out",
        "out/pairs.csv: exists already and was not written by microdup; give another folder with --o",
    ),
    "a STAR of somebody else": (
        {"out/micrographs.star": "data_\n"},
        "out",
        "out/micrographs.star: exists already and was not written by microdup; give another folder with --o",
    ),
    "a summary of somebody else": (
        {"out/summary.json": '{"program": "other"}\n'},
        "out",
        "out/summary.json: exists already and was not written by microdup; give another folder with --o",
    ),
    "a folder where a file goes": (
        {"out/removed.txt": None},
        "out",
        "out/removed.txt: exists already and was not written by microdup; give another folder with --o",
    ),
    "a device": ({}, "/dev/null", "/dev/null: is a file, not a folder; give another name"),
}


@pytest.mark.parametrize("case", OUTPUTS)
def test_output_that_cannot_be_written(case, good):
    files, out, message = OUTPUTS[case]
    lay_out(good, {**files, "in.star": star_text(GOOD)})
    before = {path: path.read_bytes() for path in good.rglob("*") if path.is_file()}
    run = microdup("screen", "in.star", "--o", out, cwd=good)
    assert (run.status, run.err) == (1, f"microdup screen: {message}\n")
    assert {path: path.read_bytes() for path in good.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "variable, arguments",
    [
        ("MDUP_BIN", ["info", "m0.mrc"]),
        ("MDUP_BIN", ["screen", "in.star"]),
        ("MDUP_BIN", ["simulate", "--o", "s", "--micrographs", "8", "--size", "256x256"]),
        ("MDUP_BIN", ["--help"]),
        ("MDUP_ORIGINAL_BIN", ["--i", "in.star", "--imagespermove", "1", "--bin", "2"]),
    ],
)
def test_standard_output_that_cannot_be_written(variable, arguments, good):
    if not pathlib.Path("/dev/full").exists() or not stat.S_ISCHR(os.stat("/dev/full").st_mode):
        pytest.skip("no /dev/full")
    program = os.environ.get(variable) or pytest.skip(f"{variable} is not set")
    write_star(good / "in.star", GOOD)
    with open("/dev/full", "w") as full:
        run = subprocess.run([program, *arguments], cwd=good, stdout=full, stderr=subprocess.PIPE, text=True)
    message = "microdup: the standard output could not be written; is the disk full?\n"
    assert (run.returncode, run.stderr) == (1, message)


# id: files, --csvout, message
ORIGINAL_OUTPUTS = {
    "a file of somebody else": (
        {"d.csv": "x,y\n1,2\n"},
        "d.csv",
        "d.csv: exists and is no result of this program; give another name with --csvout",
    ),
    "a matrix of somebody else": (
        {"ccc.csv": "x,y\n"},
        "d.csv",
        "ccc.csv: exists and is no result of this program; give another name with --csvout",
    ),
    "a folder": ({"d.csv": None}, "d.csv", "d.csv: is a folder; give a file's name with --csvout"),
    "a folder that is not there": ({}, "results/", "results/: is a folder; give a file's name with --csvout"),
    "a folder in place of the matrix": (
        {"ccc.csv": None},
        "d.csv",
        "ccc.csv: exists and is no result of this program; give another name with --csvout",
    ),
    "in a file": ({"r": "x"}, "r/d.csv", "r: is a file, not a folder; give another name"),
    "no name": ({}, "", "--csvout needs the name of a file"),
}


@pytest.mark.parametrize("case", ORIGINAL_OUTPUTS)
def test_output_of_the_original_that_cannot_be_written(case, good):
    files, out, message = ORIGINAL_OUTPUTS[case]
    lay_out(good, {**files, "in.star": star_text(GOOD)})
    before = {path: path.read_bytes() for path in good.rglob("*") if path.is_file()}
    window = ("--imagespermove", 1, "--imagesperhole", 1, "--bin", 2)
    run = original("--i", "in.star", *window, "--csvout", out, cwd=good)
    assert (run.status, run.err) == (1, f"microduplicate_screener: {message}\n")
    assert {path: path.read_bytes() for path in good.rglob("*") if path.is_file()} == before


def test_output_of_the_original_in_a_folder_that_may_not_be_written_to(open_folder):
    """Told before the work, not after it."""
    (open_folder / "f").mkdir()
    (open_folder / "f").chmod(0o555)
    run = as_nobody(["--i", "in.star", "--imagespermove", "1", "--csvout", "f/d.csv"], open_folder, "MDUP_ORIGINAL_BIN")
    message = "microduplicate_screener: f: cannot be written to: Permission denied\n"
    assert (run.returncode, run.stderr) == (1, message)
    assert "comparing" not in run.stdout


# ---- info ----

# id: name, content, message
INFO = {
    "missing": ("a.mrc", "nothing", "a.mrc: there is no such file"),
    "empty": ("a.mrc", b"", "a.mrc: is empty; copy it again, or wait if it is still being written"),
    "text": ("a.mrc", "hello\n", "a.mrc: is not an MRC or TIFF file; convert it to MRC, or leave it out"),
    "cut": (
        "a.mrc",
        mrc_bytes(pixels())[:5000],
        "a.mrc: truncated: the header promises 1401024 bytes, the file has 5000; copy it again, or wait if it is still being written",
    ),
    "complex": (
        "a.mrc",
        bad_header(mode=4),
        "a.mrc: holds complex numbers, a transform, not an image; give the micrograph itself",
    ),
    "broken STAR of another name": ("a.txt", LOOP + "a.mrc 1 2\n", "a.txt: line 6: 3 values where data_micrographs has 2 columns; a value with blanks needs quotes"),
    "STAR with CR": ("a.txt", "data_\r_rlnX 1\r", "a.txt: its lines end in CR alone; convert it with \"tr '\\r' '\\n'\""),
    "text named .star": ("a.star", "hello\n", "a.star: line 1: 'hello' where a data_ line should stand; is this a STAR file?"),
    "empty STAR": ("a.star", b"", "a.star: the file is empty"),
    "missing STAR": ("a.star", "nothing", "a.star: cannot be opened: No such file or directory"),
    "folder": ("a.mrc", None, "a.mrc: is a folder, not an image; name a file in it"),
}


@pytest.mark.parametrize("case", INFO)
def test_info(case, tmp_path):
    name, content, message = INFO[case]
    if content != "nothing":
        lay_out(tmp_path, {name: content})
    run = microdup("info", name, "--json", cwd=tmp_path)
    assert (run.status, run.err, run.out) == (1, f"microdup info: {message}\n", "")
