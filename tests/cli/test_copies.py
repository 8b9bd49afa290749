"""Exact copies: under another name, of another type, turned and mirrored, across geometries."""

import json
import os

import numpy
import pytest

from helpers import (
    Shots,
    duplicates,
    microdup,
    mrc_bytes,
    read_csv,
    screen,
    statuses,
    texture,
    write_gzip,
    write_mrc,
    write_star,
)

NX, NY = 733, 517  # bin 2: a column and a row are left over


# What is done to an image that has its first row at the bottom, as arrays of MRC files have.
ORIENTATIONS = {
    "copy": lambda a: a,
    "copy-mirrored-x": lambda a: a[:, ::-1],
    "copy-mirrored-y": lambda a: a[::-1],
    "copy-turned-180": lambda a: a[::-1, ::-1],
    "copy-transposed": lambda a: a.T,
    "copy-turned-90": lambda a: numpy.rot90(a, -1),  # counter-clockwise when the first row is at the bottom
    "copy-turned-270": lambda a: numpy.rot90(a, 1),
    "copy-antitransposed": lambda a: a[::-1, ::-1].T,
}


def image(seed, nx=NX, ny=NY):
    """Counts, so that every pixel type holds them."""
    noise = numpy.random.default_rng(seed).standard_normal((ny, nx))
    return numpy.rint(500 + 40 * texture(nx, ny, seed) + 40 * noise)


def kinds(folder):
    return {(row["micrograph_a"], row["micrograph_b"]): row["kind"] for row in read_csv(folder / "pairs.csv")}


def counts(folder):
    return json.loads((folder / "summary.json").read_text())["counts"]


@pytest.fixture
def others(tmp_path):
    """Three micrographs that have nothing to do with each other."""
    for i in range(3):
        write_mrc(tmp_path / f"a{i}.mrc", image(i))
    return tmp_path


def screen_anyway(*arguments, cwd):
    """A screen with warnings."""
    run = microdup("screen", *arguments, cwd=cwd)
    assert run.status == 0, run
    return run


@pytest.mark.parametrize("kind", ORIENTATIONS)
def test_orientation(kind, others):
    write_mrc(others / "b.mrc", ORIENTATIONS[kind](image(1)))
    run = screen_anyway(".", cwd=others)
    out = others / "microdup"
    assert kinds(out) == {("a1.mrc", "b.mrc"): kind}
    (row,) = read_csv(out / "pairs.csv")
    assert row["class"] == "duplicate"
    numbers = ("overlap", "ccc", "shift_x_px", "shift_y_px", "shift_sd_px", "score", "evalue", "log10_evalue")
    assert [float(row[name]) for name in numbers] == [1, 1, 0, 0, 0, 999, 0, -9999]
    assert duplicates(out) == [("a1.mrc", "b.mrc")]
    assert (out / "removed.txt").read_text() == "b.mrc\n"
    assert counts(out)["exact_copies"] == counts(out)["removed"] == 1
    assert "1 of them is an exact copy of an earlier file, pixel by pixel." in run.out
    if ORIENTATIONS[kind](image(1)).shape != (NY, NX):
        reason = f"{NY} x {NX} px of 1 A, most are {NX} x {NY} px of 1 A; an exact copy of a1.mrc ({kind})"
        assert statuses(out)["b.mrc"] == ("odd-size", reason)
        assert run.err == f"WARNING: b.mrc: {reason}\n"
    else:
        assert run.err == ""


@pytest.mark.parametrize("first", ORIENTATIONS)
def test_all_orientations_of_one_image(first, others):
    """Each is told against the earliest, whatever that is."""
    images = {name: turn(image(7)) for name, turn in ORIENTATIONS.items()}
    order = [first] + [name for name in images if name != first]
    for i, name in enumerate(order):
        write_mrc(others / f"b{i}.mrc", images[name])
    write_star(others / "in.star", ["a0.mrc", "a1.mrc", "a2.mrc"] + [f"b{i}.mrc" for i in range(8)])
    run = screen_anyway("in.star", cwd=others)
    out = others / "microdup"
    found = kinds(out)
    for i, name in enumerate(order[1:], 1):
        (expected,) = [k for k, turn in ORIENTATIONS.items() if numpy.array_equal(turn(images[first]), images[name])]
        assert found["b0.mrc", f"b{i}.mrc"] == expected
    assert duplicates(out) == [("b0.mrc", f"b{i}.mrc") for i in range(1, 8)]
    assert "7 of them are exact copies of an earlier file, pixel by pixel." in run.out
    assert counts(out)["exact_copies"] == 7
    assert counts(out)["sets"] == 1


@pytest.mark.parametrize("nx, ny", [(400, 400), (735, 735), (350, 1051), (64, 33)])
@pytest.mark.parametrize("kind", ORIENTATIONS)
def test_sizes(nx, ny, kind, tmp_path):
    write_mrc(tmp_path / "a.mrc", image(5, nx, ny))
    write_mrc(tmp_path / "b.mrc", ORIENTATIONS[kind](image(5, nx, ny)))
    write_mrc(tmp_path / "c.mrc", image(6, nx, ny))
    screen_anyway(".", cwd=tmp_path)
    assert kinds(tmp_path / "microdup") == {("a.mrc", "b.mrc"): kind}


@pytest.mark.parametrize("kind", ["copy", "copy-mirrored-x", "copy-turned-90"])
def test_other_files_of_the_same_pixels(kind, others):
    turned = ORIENTATIONS[kind](image(1))
    write_mrc(others / "b0.mrc", turned, mode=1)
    write_mrc(others / "b1.mrc", turned, mode=6)
    write_mrc(others / "b2.mrc", turned, mode=12)
    write_mrc(others / "b3.mrc", turned, order=">", extended=b"\1" * 1000)
    write_gzip(others / "b4.mrc.gz", mrc_bytes(turned, mode=1))
    screen_anyway(".", cwd=others)
    found = kinds(others / "microdup")
    names = ["b0.mrc", "b1.mrc", "b2.mrc", "b3.mrc", "b4.mrc.gz"]
    assert [found["a1.mrc", name] for name in names] == [kind] * 5
    assert {k for (a, _), k in found.items() if a != "a1.mrc"} <= {"copy"}
    assert duplicates(others / "microdup") == [("a1.mrc", name) for name in names]


def test_tiff_is_stored_from_the_top(others):
    """RELION's and MotionCor's micrographs against those of a program that does not turn TIFF movies."""
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(others / "b.tif", image(1)[::-1].astype("f4"))
    tifffile.imwrite(others / "c.tif", image(2).astype("f4"))
    screen_anyway(".", cwd=others)
    assert kinds(others / "microdup") == {("a1.mrc", "b.tif"): "copy", ("a2.mrc", "c.tif"): "copy-mirrored-y"}


def test_links_and_files_listed_twice(others):
    os.symlink("a1.mrc", others / "b.mrc")
    os.link(others / "a1.mrc", others / "c.mrc")
    write_star(others / "in.star", ["a0.mrc", "a1.mrc", "b.mrc", "c.mrc", "a1.mrc"])
    screen_anyway("in.star", cwd=others)
    rows = read_csv(others / "microdup" / "pairs.csv")
    assert [row["micrograph_b"] for row in rows if row["micrograph_a"] == "a1.mrc"][:3] == ["b.mrc", "c.mrc", "a1.mrc"]
    assert {row["kind"] for row in rows} == {"copy"}
    assert counts(others / "microdup")["exact_copies"] == 3


def test_images_of_a_stack(others):
    turned = ORIENTATIONS["copy-turned-180"](image(1))
    write_mrc(others / "s.mrcs", [turned, image(8), turned])
    write_star(others / "in.star", ["a0.mrc", "a1.mrc", "1@s.mrcs", "2@s.mrcs", "3@s.mrcs"])
    screen("in.star", cwd=others)
    found = kinds(others / "microdup")
    assert found["a1.mrc", "1@s.mrcs"] == found["a1.mrc", "3@s.mrcs"] == "copy-turned-180"
    assert {pair: kind for pair, kind in found.items() if pair[0] != "a1.mrc"} in (
        {},
        {("1@s.mrcs", "3@s.mrcs"): "copy"},
    )


def test_copy_of_another_pixel_size(others):
    """The header says another size: another geometry, and the same pixels."""
    write_mrc(others / "b.mrc", image(1), pixel_A=2.0)
    run = screen_anyway(".", cwd=others)
    assert kinds(others / "microdup") == {("a1.mrc", "b.mrc"): "copy"}
    assert run.err == (
        f"WARNING: b.mrc: {NX} x {NY} px of 2 A, most are {NX} x {NY} px of 1 A; an exact copy of a1.mrc (copy)\n"
    )


@pytest.mark.parametrize("x, y", [(0, 0), (NX - 1, NY - 1), (NX - 1, 5), (300, NY - 1), (300, 200)])
@pytest.mark.parametrize("kind", ["copy-mirrored-x", "copy-turned-90", "copy-turned-270"])
def test_one_other_pixel(kind, x, y, others):
    """Also in the column and the row that binning leaves out."""
    pixels = image(1)
    pixels[y, x] += 1
    write_mrc(others / "b.mrc", ORIENTATIONS[kind](pixels))
    screen_anyway(".", cwd=others)
    assert kinds(others / "microdup") == {}


def test_one_other_pixel_of_a_plain_copy(others):
    """A duplicate by its frame, and no copy."""
    pixels = image(1)
    pixels[NY - 1, 3] += 1
    write_mrc(others / "b.mrc", pixels)
    screen(".", cwd=others)
    assert kinds(others / "microdup") == {("a1.mrc", "b.mrc"): "duplicate"}
    assert counts(others / "microdup")["exact_copies"] == 0


def test_two_exchanged_pixels(others):
    """The signature is the same, the image is not."""
    pixels = image(1)
    pixels[10, 10], pixels[400, 600] = 700, 800
    write_mrc(others / "b0.mrc", pixels)
    pixels[10, 10], pixels[400, 600] = 800, 700
    write_mrc(others / "b1.mrc", pixels.T)
    screen_anyway("b*.mrc", cwd=others)
    assert kinds(others / "microdup") == {}


@pytest.mark.parametrize("kind", ["copy", "copy-turned-90"])
def test_truncated_copy(kind, others):
    data = mrc_bytes(ORIENTATIONS[kind](image(1)))
    (others / "b.mrc").write_bytes(data[:-4])
    screen_anyway(".", cwd=others)
    out = others / "microdup"
    assert statuses(out)["b.mrc"][0] == "truncated"
    assert kinds(out) == {} and duplicates(out) == []


def test_blank_images_are_no_copies(others):
    for i in range(3):
        write_mrc(others / f"b{i}.mrc", numpy.full((NY, NX), 7.0))
    screen_anyway(".", cwd=others)
    assert kinds(others / "microdup") == {}
    assert {status for name, (status, _) in statuses(others / "microdup").items() if name[0] == "b"} == {"blank"}


def test_copy_of_a_removed_one_goes_as_well(tmp_path):
    """5 shares most with 1 and goes for it; its mirror image, which the correlation cannot see, with it."""
    shots = Shots().pixels
    for i, pixels in enumerate(shots):
        write_mrc(tmp_path / f"m{i}.mrc", pixels)
    write_mrc(tmp_path / "m8.mrc", shots[5][:, ::-1])
    screen(".", cwd=tmp_path)
    out = tmp_path / "microdup"
    assert kinds(out)["m5.mrc", "m8.mrc"] == "copy-mirrored-x"
    assert ("m1.mrc", "m8.mrc") not in kinds(out)
    assert duplicates(out) == [("m1.mrc", "m5.mrc"), ("m2.mrc", "m6.mrc"), ("m1.mrc", "m8.mrc")]
    rows = read_csv(out / "duplicates.csv")
    assert {**rows[0], "Duplicate": ""} == {**rows[2], "Duplicate": ""}


def test_only_pairs_asked_for(others):
    """a1 is two before b0 and three before b1."""
    write_mrc(others / "b0.mrc", image(1)[::-1])
    write_mrc(others / "b1.mrc", image(1).T)
    for options, found in [
        ([], {("a1.mrc", "b0.mrc"): "copy-mirrored-y", ("a1.mrc", "b1.mrc"): "copy-transposed"}),
        (["--imagespermove", 3], {("a1.mrc", "b1.mrc"): "copy-transposed"}),
        (["--scanrange", 2], {("a1.mrc", "b0.mrc"): "copy-mirrored-y"}),
        (["--imagesperhole", 2], {("a1.mrc", "b1.mrc"): "copy-transposed"}),
        (["--scanrange", 1], {}),
    ]:
        screen_anyway(".", *options, cwd=others)
        assert kinds(others / "microdup") == found, options


def test_order_of_the_input_and_threads(others):
    """Who comes first is a matter of acquisition; the same bytes with one thread and with three."""
    for i, turn in enumerate(ORIENTATIONS.values()):
        write_mrc(others / f"b{i}.mrc", turn(image(i % 4)))
    names = sorted(path.name for path in others.glob("*.mrc"))
    written = []
    for threads, order in ((1, names), (3, names), (2, names[::-1])):
        write_star(others / "in.star", order)
        screen_anyway("in.star", "--order", "natural", "--j", threads, "--o", f"o{threads}", cwd=others)
        written.append([(others / f"o{threads}" / name).read_bytes() for name in ("pairs.csv", "duplicates.csv")])
    assert written[0] == written[1] == written[2]


def test_symmetric_image_is_a_plain_copy(tmp_path):
    half = image(1, 600, 300)
    symmetric = numpy.vstack([half, half[::-1]])
    write_mrc(tmp_path / "a.mrc", symmetric)
    write_mrc(tmp_path / "b.mrc", symmetric[::-1])
    screen(".", cwd=tmp_path)
    assert kinds(tmp_path / "microdup") == {("a.mrc", "b.mrc"): "copy"}
