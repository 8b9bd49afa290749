"""Micrographs as other programs write them, read by us.

MDUP_IMAGE_DUMP is the path of image_dump (built beside the unit tests): every pixel is compared.
MDUP_BIN is the path of microdup: the header and the statistics in `info FILE --json` must agree.
What is not given, or which package cannot be imported, is skipped.
"""

import bz2
import gzip
import json
import math
import os
import struct
import subprocess

import pytest

np = pytest.importorskip("numpy")

NX, NY = 61, 47
TYPES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
MODES = {"i1": 0, "u1": 0, "i2": 1, "u2": 6, "f2": 12, "f4": 2}


def run(variable, *arguments):
    program = os.environ.get(variable)
    if not program:
        return None
    return subprocess.run([program, *map(str, arguments)], capture_output=True, timeout=60)


def read_pixels(path, shape, *options):
    result = run("MDUP_IMAGE_DUMP", path, *options)
    if result is None:
        return None
    assert result.returncode == 0, result.stderr
    assert result.stderr == b""
    return np.frombuffer(result.stdout, "f4").reshape(shape)


def read_info(path):
    result = run("MDUP_BIN", "info", path, "--json")
    if result is None:
        return None
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def check_statistics(info, pixels):
    values = pixels.astype("f8")
    scale = max(1.0, float(np.abs(values).max()))
    assert math.isclose(info["mean"], values.mean(), abs_tol=1e-5 * scale)
    assert math.isclose(info["sd"], values.std(), rel_tol=1e-4, abs_tol=1e-6 * scale)
    assert math.isclose(info["min"], values.min(), rel_tol=1e-6)
    assert math.isclose(info["max"], values.max(), rel_tol=1e-6)


def check(path, pixels, **expected):
    """`pixels` as numpy has them: row 0 is the one stored first."""
    if not os.environ.get("MDUP_IMAGE_DUMP") and not os.environ.get("MDUP_BIN"):
        pytest.skip("neither MDUP_IMAGE_DUMP nor MDUP_BIN is set")
    read = read_pixels(path, pixels.shape)
    if read is not None:
        np.testing.assert_array_equal(read, pixels.astype("f4"))
    info = read_info(path)
    if info is None:
        return
    assert (info["ny"], info["nx"]) == pixels.shape
    for key, value in {"nz": 1, **expected}.items():
        if isinstance(value, float):
            assert math.isclose(info[key], value, rel_tol=1e-6), key
        else:
            assert info[key] == value, key
    check_statistics(info, pixels)


def refuse(path, message, programs=("MDUP_IMAGE_DUMP", "MDUP_BIN")):
    """The words without the path; image_dump says them alone, microdup may say more around them."""
    dumped = run("MDUP_IMAGE_DUMP", path) if "MDUP_IMAGE_DUMP" in programs else None
    told = run("MDUP_BIN", "info", path, "--json") if "MDUP_BIN" in programs else None
    if dumped is None and told is None:
        pytest.skip("none of " + ", ".join(programs) + " is set")
    if dumped is not None:
        assert (dumped.returncode, dumped.stderr.decode()) == (1, f"{path}: {message}\n")
    if told is not None:
        assert told.returncode == 1
        assert f"{path}: {message}" in told.stderr.decode()


def some_pixels(dtype, shape=(NY, NX)):
    """All of the range of the small types, an ordinary micrograph's of the floats."""
    rng = np.random.default_rng(7)
    kind = np.dtype(dtype)
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        pixels = rng.integers(limits.min, limits.max, shape, dtype=kind.newbyteorder("="), endpoint=True)
        pixels.flat[:2] = limits.min, limits.max
        return pixels.astype(kind)
    return rng.normal(12.5, 3.0, shape).astype(kind)


# ---- mrcfile ----


@pytest.mark.parametrize("dtype", ["i1", "i2", "u2", "f2", "f4", ">i2", ">u2", ">f2", ">f4"])
def test_mrcfile(tmp_path, dtype):
    mrcfile = pytest.importorskip("mrcfile")
    path, pixels = tmp_path / "a.mrc", some_pixels(dtype)
    with mrcfile.new(path) as mrc:
        mrc.set_data(pixels)
        mrc.voxel_size = 0.885
        mrc.update_header_stats()
    with mrcfile.open(path) as mrc:
        expected = {"pixel_A": float(mrc.voxel_size.x), "mode": int(mrc.header.mode)}
    order = "big" if dtype[0] == ">" else "little"
    check(path, pixels, byte_order=order, ext_bytes=0, **expected)


@pytest.mark.parametrize("compression", ["gzip", "bzip2"])
def test_mrcfile_compressed(tmp_path, compression):
    mrcfile = pytest.importorskip("mrcfile")
    path, pixels = tmp_path / "a.mrc", some_pixels("f4")
    with mrcfile.new(path, data=pixels, compression=compression):
        pass
    check(path, pixels, mode=2, byte_order="little")


def test_mrcfile_extended_header(tmp_path):
    mrcfile = pytest.importorskip("mrcfile")
    path, pixels = tmp_path / "a.mrc", some_pixels("i2")
    with mrcfile.new(path, data=pixels) as mrc:
        mrc.set_extended_header(np.zeros(768 * 200, "u1"))
        mrc.header.exttyp = b"FEI1"
    check(path, pixels, mode=1, ext_type="FEI1", ext_bytes=768 * 200)


def test_mrcfile_stack(tmp_path):
    mrcfile = pytest.importorskip("mrcfile")
    path, pixels = tmp_path / "a.mrcs", some_pixels("i2", (3, NY, NX))
    with mrcfile.new(path, data=pixels):
        pass
    for i in range(3):
        read = read_pixels(path, (NY, NX), i + 1)
        if read is not None:
            np.testing.assert_array_equal(read, pixels[i])
    refuse(
        path,
        "holds 3 images, not one; for a movie give its motion-corrected sum, for one image of a "
        f"stack write 000001@{path}",
        programs=("MDUP_IMAGE_DUMP",),  # microdup info shows the first image
    )


def test_mrcfile_complex(tmp_path):
    mrcfile = pytest.importorskip("mrcfile")
    path = tmp_path / "a.mrc"
    with mrcfile.new(path, data=np.zeros((4, 4), "c8")):
        pass
    refuse(
        path,
        "holds complex numbers, a transform, not an image; give the micrograph itself",
    )


@pytest.mark.parametrize("dtype, name", [("f4", "float32"), ("f2", "float16"), ("i2", "int16")])
def test_mrcfile_reads_ours(tmp_path, dtype, name):
    """What our simulator writes is valid to the package of the people who keep the standard."""
    mrcfile = pytest.importorskip("mrcfile")
    if not os.environ.get("MDUP_BIN"):
        pytest.skip("MDUP_BIN is not set")
    out = tmp_path / "out"
    made = run(
        "MDUP_BIN", "simulate", "--o", out, "--micrographs", 1, "--size", "256x192", "--pixel", 1.5,
        "--duplicates", 0, "--overlaps", 0, "--seed", 1, "--format", name,
    )
    assert made.returncode == 0, made.stderr
    (path,) = sorted(out.rglob("*.mrc"))
    if name != "float16":  # its sums overflow there
        assert mrcfile.validate(path)
    with mrcfile.open(path) as mrc:
        check(path, np.array(mrc.data), mode=MODES[dtype], pixel_A=1.5)


# ---- by hand, as other programs write it ----


def header(mode, nx=NX, ny=NY, nz=1, order="<", map_word=b"MAP ", stamp=None, extended=0):
    h = bytearray(1024)
    struct.pack_into(order + "4i", h, 0, nx, ny, nz, mode)
    struct.pack_into(order + "3i", h, 28, nx, ny, nz)
    struct.pack_into(order + "6f", h, 40, nx * 1.5, ny * 1.5, nz * 1.5, 90, 90, 90)
    struct.pack_into(order + "3i", h, 64, 1, 2, 3)
    struct.pack_into(order + "3f", h, 76, 0, -1, -2)  # as RELION leaves statistics it has not made
    struct.pack_into(order + "i", h, 92, extended)
    h[208 : 208 + len(map_word)] = map_word
    h[212:216] = stamp or (b"\x44\x44\0\0" if order == "<" else b"\x11\x11\0\0")
    return h


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("mode", TYPES)
@pytest.mark.parametrize(
    "map_word, stamp",
    [
        (b"MAP ", None),
        (b"MAP\0", None),
        (b"\0\0\0\0", b"\0\0\0\0"),
        (b"MAP ", b"\x11\x11\0\0"),
        (b"MAP ", b"\x44\x44\0\0"),
        (b"MAP ", b"\x44\x41\0\0"),
    ],
    ids=["standard", "motioncor2", "before-2000", "stamped-big", "stamped-little", "stamped-4441"],
)
def test_headers(tmp_path, order, mode, map_word, stamp):
    path, pixels = tmp_path / "a.mrc", some_pixels(order + TYPES[mode])
    h = header(mode, order=order, map_word=map_word, stamp=stamp)
    path.write_bytes(bytes(h) + pixels.tobytes())
    names = {"<": "little", ">": "big"}
    check(path, pixels, mode=mode, byte_order=names[order], pixel_A=1.5)


@pytest.mark.parametrize("flags, dtype", [(0, "u1"), (1, "i1"), (16, "u1"), (17, "i1")])
def test_imod_bytes(tmp_path, flags, dtype):
    path, pixels, h = tmp_path / "a.mrc", some_pixels(dtype), header(0)
    struct.pack_into("<2i", h, 152, 1146047817, flags)
    path.write_bytes(bytes(h) + pixels.tobytes())
    check(path, pixels, mode=0)


@pytest.mark.parametrize("nx", [60, 61])
def test_four_bits(tmp_path, nx):
    """SerialEM, IMOD, MotionCor3: low nibble first, each line ends at a whole byte."""
    pixels = np.random.default_rng(3).integers(0, 16, (NY, nx), dtype="u1")
    padded = np.pad(pixels, ((0, 0), (0, nx % 2)))
    path = tmp_path / "a.mrc"
    path.write_bytes(bytes(header(101, nx=nx)) + (padded[:, ::2] | padded[:, 1::2] << 4).tobytes())
    check(path, pixels, mode=101)


def test_every_float16(tmp_path):
    bits = np.arange(65536, dtype="u2").reshape(256, 256)
    path = tmp_path / "a.mrc"
    path.write_bytes(bytes(header(12, nx=256, ny=256)) + bits.tobytes())
    read = read_pixels(path, (256, 256))
    if read is None:
        pytest.skip("MDUP_IMAGE_DUMP is not set")
    np.testing.assert_array_equal(read, bits.view("f2").astype("f4"))
    assert np.array_equal(np.signbit(read), (bits & 0x8000) != 0)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress], ids=["gzip", "bzip2"])
def test_compressed_in_pieces(tmp_path, pack):
    """pigz, bgzip and pbzip2 write one stream behind the other."""
    pixels = some_pixels("i2")
    whole = bytes(header(1, extended=1000)) + bytes(1000) + pixels.tobytes()
    path = tmp_path / "a.mrc.gz"
    path.write_bytes(b"".join(pack(whole[i : i + 777]) for i in range(0, len(whole), 777)))
    check(path, pixels, mode=1, ext_bytes=1000)


def test_truncated(tmp_path):
    path = tmp_path / "a.mrc"
    path.write_bytes((bytes(header(2)) + some_pixels("f4").tobytes())[:-1])
    size = 1024 + 4 * NX * NY
    refuse(
        path,
        f"truncated: the header promises {size} bytes, the file has {size - 1}; copy it again, or "
        "wait if it is still being written",
    )


# ---- TIFF ----


@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "f2", "f4", "f8"])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    "layout",
    [{}, {"rowsperstrip": 5}, {"tile": (16, 32)}, {"bigtiff": True}, {"compression": "zlib"}],
    ids=["one-strip", "strips", "tiles", "bigtiff", "deflate"],
)
def test_tifffile(tmp_path, dtype, order, layout):
    tifffile = pytest.importorskip("tifffile")
    path, pixels = tmp_path / "a.tif", some_pixels(dtype)
    tifffile.imwrite(path, pixels, byteorder=order, photometric="minisblack", **layout)
    check(
        path, pixels, mode=MODES.get(dtype, -1), byte_order="big" if order == ">" else "little",
        ext_bytes=0, ext_type="",
    )


def test_tifffile_colours(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((8, 8, 3), "u1"), photometric="rgb")
    refuse(path, "is an RGB colour picture; give a grey image of one channel")
