"""Sessions to measure with, made once and kept."""

import gzip
import pathlib
import shutil
import struct
import subprocess

import programs

K3 = ("--size", "5760x4092", "--pixel", "0.83")
BINNED = ("--size", "360x255", "--pixel", "13.28", "--bin", "16")  # the frame of a K3 micrograph, as a file of its own
TYPES = ("float32", "float16", "int16", "uint8")


def simulate(folder, n, *options):
    """A list of n micrographs in a folder of that many; all sizes that were once made stay."""
    if not (folder / "list.txt").exists():
        shutil.rmtree(folder, ignore_errors=True)
        command = [programs.MICRODUP, "simulate", "--micrographs", str(n), "--names", "plain", "--seed", "7", "--o", folder, *options]
        print(f"making {folder}")
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        write_list(folder)
    return sorted((folder / "Micrographs").iterdir())


def write_list(folder):
    names = sorted(p.name for p in (folder / "Micrographs").iterdir())
    (folder / "list.txt").write_text("".join(f"Micrographs/{name}\n" for name in names))


def frames(data, n):
    """Folders of K3 frames, by type."""
    found = {}
    for kind in TYPES:
        folder = data / f"k3-{kind}-{n}"
        simulate(folder, n, *K3, "--format", kind, "--duplicates", str(max(1, n // 8)), "--overlaps", "1")
        found[kind] = folder
    found["TIFF, int16"] = convert(found["int16"], data / f"k3-tiff-{n}", ".tif", write_tiff)
    found["gzip, int16"] = convert(found["int16"], data / f"k3-gzip-{n}", ".mrc.gz", write_gzip)
    return found


def binned(data, n):
    return simulate(data / f"binned-{n}", n, *BINNED, "--duplicates", str(max(1, n // 100)), "--overlaps", str(max(1, n // 50)))[:n]


def convert(source, folder, ending, write):
    if not (folder / "list.txt").exists():
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "Micrographs").mkdir(parents=True)
        print(f"making {folder}")
        for path in sorted((source / "Micrographs").iterdir()):
            write(path, folder / "Micrographs" / (path.stem + ending))
        write_list(folder)
    return folder


def write_gzip(source, path):
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(source.read_bytes())


def write_tiff(source, path):
    """Of 16-bit pixels, uncompressed, in one strip."""
    mrc = source.read_bytes()
    nx, ny = struct.unpack("<2i", mrc[:8])
    pixels = mrc[1024:]
    tags = ((256, nx), (257, ny), (258, 16), (259, 1), (262, 1), (273, 8), (277, 1), (278, ny), (279, len(pixels)), (339, 2))
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<2H2I", tag, 4, 1, value) for tag, value in tags) + bytes(4)
    path.write_bytes(struct.pack("<2sHI", b"II", 42, 8 + len(pixels)) + pixels + directory)


def write_part(folder, n):
    """A list of the first n micrographs."""
    lines = (folder / "list.txt").read_text().splitlines(keepends=True)
    path = folder / f"first-{n}.txt"
    path.write_text("".join(lines[:n]))
    return path
