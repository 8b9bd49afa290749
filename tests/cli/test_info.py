"""microdup info --json against what numpy says of the same pixels."""

import json

import numpy
import pytest
import tifffile

from helpers import OPTICS, microdup, mrc_bytes, mrc_header, write_bzip2, write_gzip, write_mrc

RNG_SEED = 3


def info(name, cwd, *options):
    run = microdup("info", name, "--json", *options, cwd=cwd)
    assert (run.status, run.err) == (0, ""), run
    return json.loads(run.out)


def image(mode, ny=30, nx=41):
    rng = numpy.random.default_rng(RNG_SEED + mode)
    if mode == 0:
        return rng.integers(-128, 128, (ny, nx)).astype("i1")
    if mode == 1:
        return rng.integers(-32768, 32768, (ny, nx)).astype("i2")
    if mode == 6:
        return rng.integers(0, 65536, (ny, nx)).astype("u2")
    return (rng.standard_normal((ny, nx)) * 50 + 1000).astype("f4" if mode == 2 else "f2")


def assert_statistics(said, pixels):
    pixels = numpy.asarray(pixels, "f8")
    assert said["mean"] == pytest.approx(pixels.mean(), rel=1e-6, abs=1e-6)
    assert said["sd"] == pytest.approx(pixels.std(), rel=1e-6)
    assert (said["min"], said["max"]) == (pytest.approx(pixels.min(), rel=1e-6), pytest.approx(pixels.max(), rel=1e-6))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("mode", [0, 1, 2, 6, 12])
def test_modes(mode, order, tmp_path):
    pixels = image(mode)
    write_mrc(tmp_path / "a.mrc", pixels, mode=mode, order=order, pixel_A=0.83)
    said = info("a.mrc", tmp_path)
    assert (said["nx"], said["ny"], said["nz"], said["mode"]) == (41, 30, 1, mode)
    assert said["byte_order"] == ("little" if order == "<" else "big")
    assert (said["ext_type"], said["ext_bytes"], said["not_finite"]) == ("", 0, 0)
    assert said["pixel_A"] == pytest.approx(0.83, rel=1e-6)
    assert_statistics(said, pixels)


@pytest.mark.parametrize("nx", [40, 41])
def test_mode_101(nx, tmp_path):
    """Two pixels a byte, the first in the low half; each row begins with a byte of its own."""
    pixels = numpy.random.default_rng(1).integers(0, 16, (9, nx))
    padded = numpy.pad(pixels, ((0, 0), (0, nx % 2)))
    packed = (padded[:, ::2] | padded[:, 1::2] << 4).astype("u1")
    (tmp_path / "a.mrc").write_bytes(mrc_header(nx, 9, mode=101) + packed.tobytes())
    said = info("a.mrc", tmp_path)
    assert (said["nx"], said["mode"]) == (nx, 101)
    assert_statistics(said, pixels)


IMOD = {"at_152": 1146047817}


@pytest.mark.parametrize(
    "fields, option, is_signed",
    [
        ({}, "auto", True),
        ({**IMOD, "at_156": 0}, "auto", False),
        ({**IMOD, "at_156": 1}, "auto", True),
        ({}, "unsigned", False),
        ({**IMOD, "at_156": 0}, "signed", True),
    ],
)
def test_mode_0(fields, option, is_signed, tmp_path):
    pixels = image(0)
    write_mrc(tmp_path / "a.mrc", pixels, mode=0, **fields)
    assert_statistics(info("a.mrc", tmp_path, "--mode0", option), pixels if is_signed else pixels.view("u1"))


@pytest.mark.parametrize("kind, length", [(b"FEI1", 768), (b"SERI", 131072), (b"\0\0\0\0", 100), (b"CCP4", 0)])
def test_extended_header(kind, length, tmp_path):
    pixels = image(2)
    write_mrc(tmp_path / "a.mrc", pixels, extended=b"\x7f" * length, at_104=kind)
    said = info("a.mrc", tmp_path)
    assert said["ext_bytes"] == length
    assert said["ext_type"] == kind.decode().strip("\0")
    assert_statistics(said, pixels)


def test_stack(tmp_path):
    """Measured is the first image, or the one that is named."""
    stack = numpy.stack([image(2), image(2) + 5, image(2) * 2])
    write_mrc(tmp_path / "s.mrcs", stack)
    said = info("s.mrcs", tmp_path)
    assert said["nz"] == 3
    assert_statistics(said, stack[0])
    assert_statistics(info("000003@s.mrcs", tmp_path), stack[2])


def test_large_mean_keeps_the_digits_of_the_sd(tmp_path):
    pixels = (1e6 + numpy.random.default_rng(2).integers(0, 8, (200, 300))).astype("f4")
    write_mrc(tmp_path / "a.mrc", pixels)
    assert_statistics(info("a.mrc", tmp_path), pixels)


def test_pixels_that_are_no_numbers(tmp_path):
    pixels = image(2)
    pixels[3, 4], pixels[5, 6] = numpy.nan, numpy.inf
    write_mrc(tmp_path / "a.mrc", pixels)
    said = info("a.mrc", tmp_path)
    assert said["not_finite"] == 2
    assert_statistics(said, pixels[numpy.isfinite(pixels)])


def test_only_nan(tmp_path):
    write_mrc(tmp_path / "a.mrc", numpy.full((4, 4), numpy.nan))
    said = info("a.mrc", tmp_path)
    assert said["not_finite"] == 16
    assert said["mean"] is None and said["sd"] is None and said["min"] is None


@pytest.mark.parametrize("write, name", [(write_gzip, "gzip"), (write_bzip2, "bzip2")])
def test_compressed(write, name, tmp_path):
    pixels = image(2)
    write(tmp_path / "a.mrc", mrc_bytes(pixels))
    said = info("a.mrc", tmp_path)
    assert said["compression"] == name
    assert_statistics(said, pixels)


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "f4", "f2"])
@pytest.mark.parametrize("layout", [{}, {"tile": (32, 32)}, {"rowsperstrip": 7}, {"byteorder": ">"}])
def test_tiff(dtype, layout, tmp_path):
    rng = numpy.random.default_rng(4)
    pixels = (rng.standard_normal((70, 50)) * 30 + 100).clip(0, 127).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="minisblack", **layout)
    said = info("a.tif", tmp_path)
    assert (said["format"], said["nx"], said["ny"], said["nz"]) == ("tiff", 50, 70, 1)
    assert_statistics(said, pixels)


def test_star(tmp_path):
    (tmp_path / "a.star").write_text(OPTICS + "a.mrc 1\nb.mrc 1\n\ndata_general\n\n_rlnX 1\n_rlnY 'a b'\n")
    said = info("a.star", tmp_path)
    assert (said["format"], said["kind"], said["version"], said["relion"]) == ("star", "micrographs", 30001, "3.1 or 4")
    assert [(table["name"], table["rows"]) for table in said["tables"]] == [("optics", 1), ("micrographs", 2), ("general", 1)]
    assert said["tables"][1]["columns"] == ["rlnMicrographName", "rlnOpticsGroup"]
    assert said["tables"][2]["columns"] == ["rlnX", "rlnY"]
    assert said["crlf"] is False


KINDS = {
    "micrographs": "data_\nloop_\n_rlnMicrographName\na.mrc\n",
    "movies": "data_movies\nloop_\n_rlnMicrographMovieName\na.tiff\n",
    "particles": "data_particles\nloop_\n_rlnImageName\n_rlnMicrographName\n1@a.mrcs a.mrc\n",
    "coordinates": "data_\nloop_\n_rlnCoordinateX\n_rlnCoordinateY\n1 2\n",
    "tomography": "data_global\nloop_\n_rlnTomoName\nT1\n",
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_star(kind, tmp_path):
    (tmp_path / "a.star").write_text(KINDS[kind])
    assert kind[:4] in info("a.star", tmp_path)["kind"]


def test_several_files(tmp_path):
    for name in ("a.mrc", "b.mrc"):
        write_mrc(tmp_path / name, image(2))
    (tmp_path / "a.star").write_text(OPTICS + "a.mrc 1\n")
    run = microdup("info", "a.mrc", "a.star", "b.mrc", "--json", cwd=tmp_path)
    assert (run.status, run.err) == (0, "")
    assert [(said["file"], said["format"]) for said in json.loads(run.out)] == [
        ("a.mrc", "mrc"),
        ("a.star", "star"),
        ("b.mrc", "mrc"),
    ]


def test_several_files_one_of_them_missing(tmp_path):
    write_mrc(tmp_path / "a.mrc", image(2))
    run = microdup("info", "a.mrc", "b.mrc", "--json", cwd=tmp_path)
    assert (run.status, run.err, run.out) == (1, "microdup info: b.mrc: there is no such file\n", "")


@pytest.mark.parametrize("before", ["", "\ufeff", "# version 30001\n" * 50])
@pytest.mark.parametrize("name", ["a.star", "a.txt", "a.mrc", "optimiser", "a.star~"])
def test_star_by_content(name, before, tmp_path):
    (tmp_path / name).write_text(before + KINDS["micrographs"], encoding="utf-8")
    assert info(name, tmp_path)["kind"] == "micrographs"


@pytest.mark.parametrize("name", ["a.star", "a.txt", "a"])
def test_image_by_content(name, tmp_path):
    write_mrc(tmp_path / name, image(2))
    assert info(name, tmp_path)["format"] == "mrc"
    tifffile.imwrite(tmp_path / name, image(2))
    assert info(name, tmp_path)["format"] == "tiff"


def test_as_text(tmp_path):
    write_mrc(tmp_path / "a.mrc", image(2), extended=b"x" * 768, at_104=b"FEI1", pixel_A=2.5)
    (tmp_path / "a.star").write_text(OPTICS + "a.mrc 1\n")
    run = microdup("info", "a.mrc", "a.star", cwd=tmp_path)
    assert (run.status, run.err) == (0, "")
    for words in ("41 x 30 px", "FEI1, 768 bytes", "2.5 A", "data_optics: 1 row", "_rlnMicrographName"):
        assert words in run.out


def test_cryosparc_table(tmp_path):
    array = numpy.zeros(3, dtype=[("uid", "<u8"), ("blob/path", "S40"), ("blob/shape", "<u4", (2,)), ("when", "<M8[s]")])
    with open(tmp_path / "a.cs", "wb") as file:
        numpy.save(file, array)
    run = microdup("info", "a.cs", cwd=tmp_path)
    assert (run.status, run.err) == (0, "")
    assert run.out.startswith("a.cs: cryoSPARC (NumPy) table, 3 records of 64 bytes\n  uid ")
    assert json.loads(microdup("info", "a.cs", "--json", cwd=tmp_path).out) == {
        "file": "a.cs",
        "format": "cs",
        "records": 3,
        "record_bytes": 64,
        "fields": [
            {"name": "uid", "type": "unsigned", "bytes": 8, "items": 1},
            {"name": "blob/path", "type": "text", "bytes": 40, "items": 1},
            {"name": "blob/shape", "type": "unsigned", "bytes": 4, "items": 2},
            {"name": "when", "type": "other", "bytes": 8, "items": 1},
        ],
    }
    (tmp_path / "b.cs").write_bytes(b"nothing")
    run = microdup("info", "b.cs", cwd=tmp_path)
    assert (run.status, run.err) == (1, "microdup info: b.cs: not a cryoSPARC .cs file, which begins with \\x93NUMPY\n")
