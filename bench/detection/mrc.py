"""MRC2014 files of one float32 image, as the benchmark needs them, and the STAR file that lists them."""

import struct

import numpy

HEADER_bytes = 1024
FLOAT32 = 2


def read(path):
    with open(path, "rb") as file:
        header = file.read(HEADER_bytes)
        nx, ny, _, mode = struct.unpack("<4i", header[:16])
        extended = struct.unpack("<i", header[92:96])[0]
        if mode != FLOAT32:
            raise ValueError(f"{path}: mode {mode}; this reads float32 alone")
        file.seek(HEADER_bytes + extended)
        return numpy.fromfile(file, "<f4", nx * ny).reshape(ny, nx)


def write(path, image, pixel_A):
    ny, nx = image.shape
    header = bytearray(HEADER_bytes)
    struct.pack_into("<10i", header, 0, nx, ny, 1, FLOAT32, 0, 0, 0, nx, ny, 1)
    struct.pack_into("<6f", header, 40, nx * pixel_A, ny * pixel_A, pixel_A, 90, 90, 90)
    struct.pack_into("<3i", header, 64, 1, 2, 3)
    struct.pack_into("<3f", header, 76, image.min(), image.max(), image.mean())
    struct.pack_into("<i", header, 108, 20140)
    header[208:216] = b"MAP DD\0\0"
    with open(path, "wb") as file:
        file.write(header)
        file.write(numpy.ascontiguousarray(image, "<f4").tobytes())


def write_star(path, names, pixel_A):
    optics = ["OpticsGroupName", "OpticsGroup", "MicrographOriginalPixelSize", "Voltage", "SphericalAberration"]
    optics += ["AmplitudeContrast", "MicrographPixelSize"]
    lines = ["# version 30001", "", "data_optics", "", "loop_"]
    lines += [f"_rln{name} #{i + 1}" for i, name in enumerate(optics)]
    lines += [f"opticsGroup1 1 {pixel_A} 300 2.7 0.1 {pixel_A}", "", "# version 30001", "", "data_micrographs", ""]
    lines += ["loop_", "_rlnMicrographName #1", "_rlnOpticsGroup #2", *(f"{name} 1" for name in names), ""]
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(lines))
