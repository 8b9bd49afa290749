"""microdup show: one pair as a picture, looked at by Pillow."""

import os
import shutil
import sqlite3

import numpy
import pytest

from helpers import NX, NY, Shots, exposure, link, microdup, read_csv, screen, texture, write_mrc, write_star

EARLIER, LATER, WHITE = (255, 196, 51), (56, 197, 255), (255, 255, 255)
# As src/publish/pair_png.c has them: margin, gap, width of what stands left of the numbers.
MARGIN, GAP, LEFT = 32, 16, 1600 - 2 * 32 - 36 - 380
SIDE = (LEFT - GAP) // 2
SCALE = SIDE / NX


def show(*arguments, cwd, status=0, err="", session="microdup/session.mdup", **more):
    run = microdup("show", *arguments, *(("--session", session) if session else ()), cwd=cwd, **more)
    assert (run.status, run.err) == (status, err), run
    return run


def pixels_of(path):
    image = pytest.importorskip("PIL.Image").open(path)
    assert (image.format, image.mode, image.info["Software"].split()[0]) == ("PNG", "RGB", "microdup")
    return numpy.asarray(image).astype(int)


def box_of(pixels, colour, left, right):
    """(x0, y0, x1, y1) of what has that colour between two columns; the legend stands above."""
    near = (abs(pixels[:, left:right] - colour).max(axis=2) <= 12)
    near[:130] = False
    rows, columns = numpy.nonzero(near.any(axis=1))[0], numpy.nonzero(near.any(axis=0))[0]
    return (columns[0] + left, rows[0], columns[-1] + left, rows[-1]) if len(rows) else None


def outlines(pixels):
    second = MARGIN + SIDE + GAP
    return box_of(pixels, EARLIER, MARGIN, MARGIN + SIDE), box_of(pixels, LATER, second, second + SIDE)


def panels(pixels, width, height):
    """The three pictures of the shared area, without their scale bars: they end the left block."""
    scale = min((LEFT - 2 * GAP) / 3 / width, 400 / height)
    w, h = int(scale * width), int(scale * height)
    left = pixels[:, MARGIN : MARGIN + LEFT]
    bottom = numpy.nonzero((left < 250).any(axis=(1, 2)))[0][-1]
    step = (LEFT - 2 * GAP) / 3 + GAP
    found = []
    for k in range(3):
        x = int(round(k * step))
        found.append(left[bottom - h + 6 : bottom - 45, x + 4 : x + w - 6, 0].astype(float))
    return found


def is_empty(pixels, x):
    """A plain box where the frame should be."""
    return (abs(pixels[300:450, x + 100 : x + 500] - (225, 230, 235)).max(axis=(0, 1)) <= 2).all()


def correlation(a, b):
    return numpy.corrcoef(a.ravel(), b.ravel())[0, 1]


@pytest.fixture
def screened(session):
    screen("micrographs.star", cwd=session)
    for path in session.glob("m*.mrc"):
        path.unlink()
    return session


# ---- what is seen ----


@pytest.mark.parametrize("pair", [*Shots.DUPLICATES, *Shots.OVERLAPS])
def test_the_shared_area_is_outlined(pair, screened):
    a, b = pair
    dx, dy = {**Shots.DUPLICATES, **Shots.OVERLAPS}[pair]
    # The order does not matter.
    show(f"m{b}.mrc", f"m{a}.mrc", cwd=screened)
    pixels = pixels_of(screened / "pair.png")
    assert pixels.shape[1] == 1600 and 600 < pixels.shape[0] < 1400
    assert tuple(pixels[0, 0]) == tuple(pixels[-1, -1]) == WHITE
    earlier, later = outlines(pixels)
    top = later[1] if dy < 0 else earlier[1]  # of the frames: which outline begins there
    second = MARGIN + SIDE + GAP
    # y is up in the micrograph and down in the picture.
    x, y = dx * SCALE, -dy * SCALE
    w, h = (NX - abs(dx)) * SCALE, (NY - abs(dy)) * SCALE
    for found, (left, x0, y0) in [(earlier, (MARGIN, max(0, x), max(0, y))), (later, (second, max(0, -x), max(0, -y)))]:
        assert found == pytest.approx((left + x0, top + y0, left + x0 + w, top + y0 + h), abs=4)


def test_the_shared_areas_are_alike_and_their_difference_is_not(screened):
    dx, dy = Shots.DUPLICATES[1, 5]
    show("m1.mrc", "m5.mrc", cwd=screened)
    earlier, later, difference = panels(pixels_of(screened / "pair.png"), NX - abs(dx), NY - abs(dy))
    assert correlation(earlier, later) > 0.8
    assert correlation(earlier, later) > correlation(earlier[:, 6:], later[:, :-6]) + 0.1
    assert correlation(earlier, later) > correlation(earlier[6:], later[:-6]) + 0.1
    assert abs(correlation(difference, earlier + later)) < 0.2
    assert difference.std() < 0.6 * earlier.std()
    assert difference.mean() == pytest.approx(127.5, abs=5)


@pytest.mark.parametrize("turn", [lambda a: a, lambda a: a[:, ::-1], lambda a: a[::-1, ::-1], lambda a: numpy.rot90(a)])
def test_of_a_copy_nothing_is_left(turn, tmp_path):
    """However it lies: it is turned back before it is subtracted."""
    image = numpy.rint(100 * exposure(texture(NX, NY, 5), 0, 0, 6))
    write_mrc(tmp_path / "a.mrc", image, mode=1)
    write_mrc(tmp_path / "b.mrc", turn(image), mode=1)
    write_star(tmp_path / "in.star", ["a.mrc", "b.mrc"])
    assert microdup("screen", "in.star", cwd=tmp_path).status == 0
    run = show("a.mrc", "b.mrc", cwd=tmp_path)
    assert run.out.startswith("Exact copy\n") and "\nE-value      0" in run.out
    earlier, later, difference = panels(pixels_of(tmp_path / "pair.png"), NX, NY)
    assert correlation(earlier, later) > 0.95 and earlier.std() > 30
    assert abs(difference - 127.5).max() <= 12


def test_the_numbers(screened):
    run = show("m1.mrc", "m5.mrc", cwd=screened)
    row = read_csv(screened / "microdup/pairs.csv")[0]
    lines = run.out.splitlines()
    assert lines[:3] == ["Duplicate", "earlier      m1.mrc (kept)", "later        m5.mrc (removed)"]
    values = {line[:11].strip(): line[13:] for line in lines[3:]}
    assert values["Shared area"] == f"{100 * float(row['overlap']):.0f} %"
    assert values["Shift"] == "6.0 nm right, 3.0 nm down"
    assert values["Score"] == f"{float(row['score']):.1f}" and values["CCC"] == f"{float(row['ccc']):.2f}"
    assert values["Recorded"] == "4 exposures apart"
    assert lines[-1] == "Look at      pair.png" and max(map(len, lines)) <= 79
    assert show("m3.mrc", "m7.mrc", cwd=screened).out.splitlines()[0] == "Recorded again in part"


def test_the_last_decision_counts(screened):
    assert microdup("decide", "microdup/session.mdup", "--keep", "latest", "--o", "latest", cwd=screened).status == 0
    run = show("m1.mrc", "m5.mrc", cwd=screened)
    assert "earlier      m1.mrc (removed)\nlater        m5.mrc (kept)\n" in run.out


# ---- pairs that are not reported ----


def test_a_pair_above_the_limit(screened):
    with sqlite3.connect(screened / "microdup/session.mdup") as db:
        evalues = db.execute("SELECT log10_evalue FROM pairs WHERE class IS NOT NULL").fetchall()
    assert microdup("decide", "microdup/session.mdup", "--evalue", f"1e{int(min(evalues)[0]) + 1}", cwd=screened).status == 0
    gone = {("m1.mrc", "m5.mrc"), ("m2.mrc", "m6.mrc"), ("m3.mrc", "m7.mrc")} - {
        (row["micrograph_a"], row["micrograph_b"]) for row in read_csv(screened / "microdup/pairs.csv")
    }
    assert gone
    run = show(*gone.pop(), cwd=screened)
    assert run.out.startswith("Not taken for an overlap\n") and "E-value above 1e-" in run.out and "it is not reported." in run.out
    assert all(outlines(pixels_of(screened / "pair.png")))


def test_a_refused_pair(screened):
    (screened / "veto.csv").write_text("micrograph_a,micrograph_b\nm1.mrc,m5.mrc\n")
    assert microdup("decide", "microdup/session.mdup", "--veto", "veto.csv", cwd=screened).status == 0
    run = show("m1.mrc", "m5.mrc", cwd=screened)
    assert run.out.startswith("Not taken for an overlap\n") and "It was refused (--veto), and is not reported." in run.out
    assert "m5.mrc (kept)" in run.out and all(outlines(pixels_of(screened / "pair.png")))


def test_two_that_show_nothing_in_common(simulated, tmp_path):
    folder = simulated("particles", 1)
    assert microdup("screen", "corrected_micrographs.star", "--o", tmp_path / "out", cwd=folder).status == 0
    with sqlite3.connect(tmp_path / "out/session.mdup") as db:
        known = set(db.execute("SELECT a.name, b.name FROM pairs p JOIN micrographs a ON a.id = p.a JOIN micrographs b ON b.id = p.b"))
        names = [name for (name,) in db.execute("SELECT name FROM micrographs ORDER BY position")]
    a, b = next((a, b) for i, a in enumerate(names) for b in names[i + 1 :] if (a, b) not in known)
    run = show(a, b, session="out/session.mdup", cwd=tmp_path)
    assert run.out.startswith("No overlap known\n") and "E-value" not in run.out
    assert "If they share anything, then so little that more than 100 unrelated pairs are\nexpected to look as much alike.\n" in run.out
    pixels = pixels_of(tmp_path / "pair.png")
    assert outlines(pixels) == (None, None)
    # Both frames are there, and below them nothing.
    top = numpy.nonzero((pixels[150:, MARGIN + 5] < 200).any(axis=1))[0][0] + 150
    for x in (MARGIN, MARGIN + SIDE + GAP):
        assert pixels[top + 5 : top + 300, x + 5 : x + SIDE - 5].std() > 30


def test_what_could_not_be_judged(session):
    for name in ("m4.mrc", "m5.mrc"):
        (session / name).unlink()  # a link to what all tests share
    (session / "m5.mrc").write_bytes(b"x" * 3000)
    write_mrc(session / "m4.mrc", exposure(texture(400, 400, 7), 0, 0, 8, 400, 400))
    assert microdup("screen", "micrographs.star", cwd=session).status == 0
    run = show("m1.mrc", "m5.mrc", cwd=session)
    assert "The later one could not be judged: unreadable." in run.out
    pixels = pixels_of(session / "pair.png")
    assert is_empty(pixels, MARGIN + SIDE + GAP)
    assert "They are of different sizes, and are not compared." in show("m1.mrc", "m4.mrc", cwd=session).out


def test_a_restricted_search(session):
    screen("micrographs.star", "--scanrange", 1, cwd=session)
    assert "the pair was outside of what was searched" in show("m1.mrc", "m5.mrc", cwd=session).out.replace("\n", " ")


# ---- names ----

EPU = "FoilHole_{0}_Data_976138{1}_9761392_20240315_0900{2:02d}_fractions.mrc"


@pytest.fixture
def named(shots, tmp_path):
    """Names as EPU makes them, one folder for all."""
    names = [f"MotionCorr/job002/{EPU.format(9500243 + i // 4, i % 4, 6 * i)}" for i in range(Shots.N)]
    for i, name in enumerate(names):
        link(shots / f"m{i}.mrc", tmp_path / name)
    write_star(tmp_path / "in.star", names)
    screen("in.star", cwd=tmp_path)
    return tmp_path, names


@pytest.mark.parametrize("form", ["{name}", "{base}", "090006_fractions.mrc", "_0900{s}_", "95{h}...0900{s}", "FoilHole...0900{s}...mrc"])
def test_names_may_be_short(form, named):
    folder, names = named
    typed = [form.format(name=names[i], base=os.path.basename(names[i]), s=f"{6 * i:02d}", h="00243"[-5:] if i < 4 else "00244") for i in (1, 5)]
    typed[1] = names[5] if "{" not in form else typed[1]
    run = show(*typed, cwd=folder)
    assert f"earlier      {names[1]} (kept)\nlater        {names[5]} (removed)\n" in run.out


def test_names_of_the_table_on_the_terminal(named):
    """They are copied from there."""
    folder, names = named
    lines = screen("in.star", cwd=folder).out.splitlines()
    table = next(i for i, line in enumerate(lines) if line.split() == ["set", "kept", "removed", "shared", "E-value"])
    kept, removed = lines[table + 1].split()[1:3]
    assert f"earlier      {names[1]} (kept)" in show(kept, removed, cwd=folder).out


def test_names_that_mean_nobody_or_several(named):
    folder, names = named
    typo = os.path.basename(names[5]).replace("FoilHole", "FoilHoel")
    run = microdup("show", names[1], typo, "--session", "microdup/session.mdup", cwd=folder)
    assert run.status == 1
    assert run.err.startswith(f"microdup show: '{typo}' is the name of no micrograph of the session; the nearest: '{names[5]}', '")
    assert run.err.count("MotionCorr/") == 3 and run.err.count("\n") == 1
    message = f"microdup show: '9500243' may be '{names[0]}' or '{names[1]}'; give more of the name\n"
    show("9500243", names[5], cwd=folder, status=1, err=message)
    show(names[1], os.path.basename(names[1]), cwd=folder, status=1,
         err=f"microdup show: '{names[1]}' and '{os.path.basename(names[1])}' are one micrograph, '{names[1]}'\n")
    assert microdup("show", "", names[1], "--session", "microdup/session.mdup", cwd=folder).status == 1
    assert not (folder / "pair.png").exists()


def test_a_name_before_its_endings(shots, tmp_path):
    """x.mrc is x.mrc, and not ax.mrc; of one that is listed twice the first is meant."""
    for i, name in [(1, "x.mrc"), (5, "ax.mrc"), (0, "b.mrc")]:
        link(shots / f"m{i}.mrc", tmp_path / name)
    write_star(tmp_path / "in.star", ["x.mrc", "ax.mrc", "b.mrc", "x.mrc"])
    assert microdup("screen", "in.star", "--order", "star", cwd=tmp_path).status == 0
    assert "earlier      x.mrc (kept)\nlater        ax.mrc (removed)\n" in show("ax.mrc", "x.mrc", cwd=tmp_path).out


def test_names_of_any_bytes(session):
    """They do nothing to the terminal nor to the picture, and can be typed."""
    evil = ["<script>alert(1)<\\script>.mrc", b"\xff\xfe\x1b[31m%s%n.mrc".decode("utf-8", "surrogateescape")]
    for i, name in zip((1, 5), evil):
        link(session / f"m{i}.mrc", session / name)
    (session / "list.txt").write_bytes("\n".join([*evil, "m0.mrc", "m4.mrc", "m2.mrc"]).encode("utf-8", "surrogateescape"))
    assert microdup("screen", "list.txt", "--order", "star", cwd=session).status == 0
    run = show(*(name.encode("utf-8", "surrogateescape") for name in evil), cwd=session)
    assert run.out.startswith("Duplicate\n") and "\x1b" not in run.out and "??" in run.out
    assert all(outlines(pixels_of(session / "pair.png")))


# ---- files ----


def test_the_session_in_the_current_folder(screened):
    shutil.copy(screened / "microdup/session.mdup", screened / "session.mdup")
    (screened / "session.mdup").chmod(0o444)
    show("m1.mrc", "m5.mrc", cwd=screened, session=None)
    first = (screened / "pair.png").read_bytes()
    # Its own is replaced, by the same bytes.
    show("m1.mrc", "m5.mrc", cwd=screened, session=None)
    assert (screened / "pair.png").read_bytes() == first


def test_pictures_of_others_are_not_overwritten(screened):
    image = pytest.importorskip("PIL.Image").new("RGB", (80, 60))
    image.save(screened / "mine.png")
    (screened / "text.png").write_text("mine")
    (screened / "empty.png").touch()
    (screened / "folder.png").mkdir()
    for name in ("mine.png", "text.png", "empty.png", "folder.png"):
        before = (screened / name).read_bytes() if (screened / name).is_file() else None
        message = f"microdup show: {name}: exists already and was not written by microdup; give another name with --o\n"
        show("m1.mrc", "m5.mrc", "--o", name, cwd=screened, status=1, err=message)
        assert before is None or (screened / name).read_bytes() == before
    for name in ("pair.jpg", ".png", "pair"):
        message = f"microdup show: {name}: the picture is a PNG; give it a name that ends in .png\n"
        show("m1.mrc", "m5.mrc", "--o", name, cwd=screened, status=1, err=message)
    run = microdup("show", "m1.mrc", "m5.mrc", "--o", "nowhere/pair.png", "--session", "microdup/session.mdup", cwd=screened)
    assert run.status == 1 and run.err.startswith("microdup show: nowhere/pair.png")


def test_broken_sessions(screened):
    path = screened / "microdup/session.mdup"
    whole = path.read_bytes()
    for content, message in [
        (whole[: len(whole) // 2], "the session file is damaged ("),
        (b"", "there is no session here, or nothing in it yet; microdup screen makes one"),
        (b"no database " * 50, "no session of microdup; give another name"),
    ]:
        path.write_bytes(content)
        run = microdup("show", "m1.mrc", "m5.mrc", "--session", path, cwd=screened)
        assert run.status == 1 and run.err.startswith(f"microdup show: {path}: {message}"), run
    assert not (screened / "pair.png").exists()


def test_a_damaged_frame(screened):
    with sqlite3.connect(screened / "microdup/session.mdup") as db:
        db.execute("UPDATE frames SET pixels = zeroblob(length(pixels)) WHERE id = (SELECT id FROM micrographs WHERE name = 'm5.mrc')")
    run = microdup("show", "m1.mrc", "m5.mrc", "--session", "microdup/session.mdup", cwd=screened)
    assert run.status == 0 and run.err.startswith("WARNING: m5.mrc: no picture of it: microdup/session.mdup: ") and run.err.count("\n") == 1
    pixels = pixels_of(screened / "pair.png")
    assert is_empty(pixels, MARGIN + SIDE + GAP)
    assert outlines(pixels)[0] is not None


@pytest.mark.parametrize("arguments, message", [
    (["a"], "something is missing: microdup show A B"),
    (["a", "b", "c"], '"c" is one argument too many'),
    (["a", "b", "--session"], "--session"),
])
def test_usage(arguments, message, tmp_path):
    run = microdup("show", *arguments, cwd=tmp_path)
    assert run.status == 2 and message in run.err, run
