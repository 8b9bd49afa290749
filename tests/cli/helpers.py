"""What the tests of the programs share: running them, writing micrographs and STAR files, small sessions with known answers.

MDUP_BIN, MDUP_ORIGINAL_BIN: the programs.  MDUP_SHARED: the folder that holds data/cu428.
"""

import bz2
import csv
import gzip
import os
import pathlib
import shutil
import struct
import subprocess

import numpy
import pytest

NX, NY = 700, 500

TABLES = ["duplicates.csv", "pairs.csv", "micrographs.csv"]
LISTS = ["removed.txt", "removed_regex.txt"]
# Times and paths stand in these, and what came before; all else is the same bytes for the same input.
CHANGING = ["logfile.pdf", "report.html", "session.mdup", "summary.json"]
FILES = sorted(TABLES + LISTS + CHANGING + ["micrographs.star", "micrographs_removed.star"])
COMPARED = [name for name in FILES if name not in CHANGING]


class Run:
    """One run of a program: status, out and err as text."""

    def __init__(self, variable, arguments, cwd, environment, timeout):
        program = os.environ.get(variable)
        if not program:
            pytest.skip(f"{variable} is not set")
        done = subprocess.run(
            [program, *map(os.fspath, map(as_argument, arguments))],
            cwd=cwd,
            capture_output=True,
            env={**os.environ, **(environment or {})},
            timeout=timeout,
        )
        self.status = done.returncode
        self.out = done.stdout.decode("utf-8", "surrogateescape")
        self.err = done.stderr.decode("utf-8", "surrogateescape")

    def __repr__(self):
        return f"status {self.status}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


def as_argument(value):
    return value if isinstance(value, (str, bytes, os.PathLike)) else str(value)


def microdup(*arguments, cwd=None, environment=None, timeout=120):
    return Run("MDUP_BIN", arguments, cwd, environment, timeout)


def original(*arguments, cwd=None, environment=None, timeout=120):
    return Run("MDUP_ORIGINAL_BIN", arguments, cwd, environment, timeout)


def screen(*arguments, cwd, **more):
    """A screen that must succeed and be quiet on stderr."""
    run = microdup("screen", *arguments, cwd=cwd, **more)
    assert (run.status, run.err) == (0, ""), run
    return run


def decided_alike(out):
    """The session alone, without inputs and images, gives the same files again."""
    again = out.parent / "decided"
    run = microdup("decide", out / "session.mdup", "--o", again, cwd=out.parent)
    assert (run.status, run.err) == (0, ""), run
    assert files_of(again) == [name for name in files_of(out) if name != "session.mdup"]
    for name in files_of(again):
        if name not in CHANGING:
            assert (again / name).read_bytes() == (out / name).read_bytes(), name


def read_csv(path):
    """The rows as dictionaries; bytes that are not UTF-8 survive."""
    with open(path, newline="", encoding="utf-8", errors="surrogateescape") as file:
        return list(csv.DictReader(file, strict=True))


def statuses(folder):
    """{micrograph: (status, reason)} of a finished run."""
    return {row["micrograph"]: (row["status"], row["reason"]) for row in read_csv(folder / "micrographs.csv")}


def duplicates(folder):
    return [(row["Original"], row["Duplicate"]) for row in read_csv(folder / "duplicates.csv")]


def files_of(folder):
    return sorted(path.name for path in pathlib.Path(folder).iterdir())


# ---- micrographs ----

DTYPES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}


def mrc_header(nx, ny, nz=1, mode=2, order="<", pixel_A=1.0, extended=b"", **fields):
    """1024 bytes.  fields: offset in bytes given as at_N=value (int, float or bytes)."""
    header = bytearray(1024)
    struct.pack_into(order + "4i", header, 0, nx, ny, nz, mode)
    struct.pack_into(order + "3i", header, 28, nx, ny, nz)
    struct.pack_into(order + "3f", header, 40, nx * pixel_A, ny * pixel_A, nz * pixel_A)
    struct.pack_into(order + "3f", header, 52, 90, 90, 90)
    struct.pack_into(order + "3i", header, 64, 1, 2, 3)
    struct.pack_into(order + "i", header, 92, len(extended))
    struct.pack_into(order + "i", header, 108, 20140)
    header[208:212] = b"MAP "
    header[212:216] = b"\x44\x44\0\0" if order == "<" else b"\x11\x11\0\0"
    for name, value in fields.items():
        at = int(name.split("_")[1])
        if isinstance(value, bytes):
            header[at : at + len(value)] = value
        else:
            struct.pack_into(order + ("f" if isinstance(value, float) else "i"), header, at, value)
    return bytes(header)


def mrc_bytes(pixels, mode=2, order="<", extended=b"", pixel_A=1.0, **fields):
    """pixels[y, x] or [z, y, x], the first row at the bottom as MRC has it."""
    pixels = numpy.asarray(pixels)
    nz, ny, nx = (1, *pixels.shape)[-3:]
    header = mrc_header(nx, ny, nz, mode, order, pixel_A, extended, **fields)
    return header + extended + pixels.astype(order + DTYPES[mode]).tobytes()


def write_mrc(path, pixels, **more):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(mrc_bytes(pixels, **more))
    return path


def write_gzip(path, data):
    pathlib.Path(path).write_bytes(gzip.compress(data, compresslevel=1, mtime=0))


def write_bzip2(path, data):
    pathlib.Path(path).write_bytes(bz2.compress(data, compresslevel=1))


def texture(nx, ny, seed, sigma_px=6.0):
    """A random field with structure of some pixels and unit variance."""
    rng = numpy.random.default_rng(seed)
    spectrum = numpy.fft.rfft2(rng.standard_normal((ny, nx)))
    fx, fy = numpy.fft.rfftfreq(nx), numpy.fft.fftfreq(ny)[:, None]
    field = numpy.fft.irfft2(spectrum * numpy.exp(-2 * (numpy.pi * sigma_px) ** 2 * (fx**2 + fy**2)), s=(ny, nx))
    return (field - field.mean()) / field.std()


def exposure(field, x, y, seed, nx=NX, ny=NY, noise=1.0):
    """What an exposure with its corner at (x, y) of the field shows, with noise of its own."""
    rng = numpy.random.default_rng(seed)
    return field[y : y + ny, x : x + nx] + noise * rng.standard_normal((ny, nx))


class Shots:
    """Eight exposures.  1 and 5 overlap by 0.86, 2 and 6 by 0.84, 3 and 7 by 0.30; 0 and 4 show nothing else."""

    DUPLICATES = {(1, 5): (60, -30), (2, 6): (-48, 50)}
    OVERLAPS = {(3, 7): (350, 200)}
    N = 8

    def __init__(self):
        self.pixels = [None] * self.N
        for i in (0, 4):
            self.pixels[i] = exposure(texture(NX, NY, 100 + i), 0, 0, 200 + i)
        for (a, b), (dx, dy) in {**self.DUPLICATES, **self.OVERLAPS}.items():
            field = texture(NX + abs(dx), NY + abs(dy), 100 + a)
            ax, ay = max(-dx, 0), max(-dy, 0)
            self.pixels[a] = exposure(field, ax, ay, 200 + a)
            self.pixels[b] = exposure(field, ax + dx, ay + dy, 200 + b)


def overlap_of(dx, dy, nx=NX, ny=NY):
    return max(0, nx - abs(dx)) * max(0, ny - abs(dy)) / (nx * ny)


# ---- STAR files ----

OPTICS = """
# version 30001

data_optics

loop_ 
_rlnOpticsGroupName #1 
_rlnOpticsGroup #2 
_rlnMicrographOriginalPixelSize #3 
_rlnVoltage #4 
_rlnSphericalAberration #5 
_rlnAmplitudeContrast #6 
_rlnMicrographPixelSize #7 
opticsGroup1            1     1.000000   300.000000     2.700000     0.100000     1.000000 
 

# version 30001

data_micrographs

loop_ 
_rlnMicrographName #1 
_rlnOpticsGroup #2 
"""


def quoted(name):
    return f'"{name}"' if any(c in name for c in " \t") else name


def star_text(names):
    """As RELION 3.1 writes it."""
    return OPTICS + "".join(f"{quoted(str(name))}            1 \n" for name in names) + " \n"


def write_star(path, names):
    pathlib.Path(path).write_bytes(star_text(names).encode("utf-8", "surrogateescape"))
    return pathlib.Path(path)


def write_results(folder, micrographs, pairs=()):
    """A folder as a screen leaves it, of its tables only what later steps need.

    micrographs: names, or (name, {column: value}); pairs: (a, b, shift_x_px, shift_y_px, {column: value}) with a, b indices.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    micrographs = [m if isinstance(m, tuple) else (m, {}) for m in micrographs]
    rows = [
        {"micrograph": name, "status": "ok", "reason": "", "order": i + 1, "decision": "keep", "pixel_A": "", "uid": "", **more}
        for i, (name, more) in enumerate(micrographs)
    ]
    write_csv(folder / "micrographs.csv", rows, list(rows[0]) if rows else ["micrograph", "decision"])
    columns = ["micrograph_a", "micrograph_b", "class", "overlap", "shift_x_px", "shift_y_px", "kind", "shift_sd_px"]
    rows = [
        {
            "micrograph_a": micrographs[a][0],
            "micrograph_b": micrographs[b][0],
            "class": "overlap",
            "overlap": 0.3,
            "shift_x_px": x,
            "shift_y_px": y,
            "kind": "overlap",
            "shift_sd_px": 0.1,
            **(more[0] if more else {}),
        }
        for a, b, x, y, *more in pairs
    ]
    write_csv(folder / "pairs.csv", rows, columns)
    return folder


def write_csv(path, rows, columns):
    with open(path, "w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def link(source, target):
    """The same bytes under another name without copying them, where the file system can."""
    target = pathlib.Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


# ---- data that does not come with the program ----


def cu428():
    folder = pathlib.Path(os.environ.get("MDUP_SHARED", "/nonexistent")) / "data" / "cu428"
    if not folder.is_dir():
        pytest.skip("data/cu428 is not here")
    return folder
