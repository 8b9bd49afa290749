"""report.html and logfile.pdf as files, and the last lines on the terminal."""

import os
import pty
import re
import select
import shutil
import subprocess

import pytest

from helpers import NX, NY, Shots, exposure, link, microdup, read_csv, screen, texture, write_mrc, write_star

REPORTS = ["report.html", "logfile.pdf"]


def page_of(folder):
    return (folder / "microdup" / "report.html").read_text()


def n_pdf_pages(path):
    data = path.read_bytes()
    assert data.startswith(b"%PDF-") and data.rstrip().endswith(b"%%EOF")
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", data))


def pdf_text(path):
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext is not installed")
    return subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True, text=True).stdout


def copies(folder, n, form):
    first = write_mrc(folder / form.format(0), exposure(texture(NX, NY, 5), 0, 0, 50))
    for i in range(1, n):
        link(first, folder / form.format(i))


# ---- how many pictures ----


@pytest.mark.parametrize("asked, pairs, frames", [(0, 0, 0), (1, 1, 2), (2, 2, 4), (3, 3, 6), (1000, 3, 6)])
def test_report_pairs(asked, pairs, frames, session):
    """The table keeps all."""
    screen("micrographs.star", "--report-pairs", asked, cwd=session)
    page = page_of(session)
    assert page.count('<article class="pair ') - page.count('<article class="pair plain') == pairs
    assert page.count("data:image/jpeg;base64,") == frames
    assert page.count("<tr data-pair=") == 3
    assert n_pdf_pages(session / "microdup" / "logfile.pdf") == 1 + pairs


def test_report_pairs_is_no_negative_number(session):
    run = microdup("screen", "micrographs.star", "--report-pairs", -1, cwd=session)
    assert run.status == 2 and "--report-pairs" in run.err


def test_the_most_important_pairs_have_the_pictures(session):
    """A duplicate before an overlap, whatever their order in pairs.csv."""
    names = ["m3.mrc", "m7.mrc", "m1.mrc", "m5.mrc", "m0.mrc", "m4.mrc"]
    write_star(session / "in.star", names)
    screen("in.star", "--order", "star", "--report-pairs", 1, cwd=session)
    rows = read_csv(session / "microdup" / "pairs.csv")
    assert [row["class"] for row in rows] == ["overlap", "duplicate"]
    assert 'id="pair-2"' in page_of(session) and 'id="pair-1"' not in page_of(session)


# ---- what the PDF says ----


def test_pdf(session):
    screen("micrographs.star", cwd=session)
    text = pdf_text(session / "microdup" / "logfile.pdf")
    assert "2 of 8 micrographs (25 %) show a place that was recorded before" in " ".join(text.split())
    for pair in (1, 2, 3):
        assert f"Pair {pair}: " in text
    assert "m5.mrc (removed)" in text and "m1.mrc (kept)" in text


def test_pdf_has_no_more_than_twenty_pages(tmp_path):
    """Twenty-five copies of one file."""
    copies(tmp_path, 26, "a{:02d}.mrc")
    screen(".", cwd=tmp_path)
    assert n_pdf_pages(tmp_path / "microdup" / "logfile.pdf") == 20


# ---- to be passed on ----


def test_anonymous(shots, tmp_path):
    """Neither the folder of the session, blanks in it and all, nor that of the user stands in what is passed on."""
    home = tmp_path / "jane qdoe" / "secret qproject"
    for i in range(Shots.N):
        link(shots / f"m{i}.mrc", home / "Micro graphs" / f"m{i}.mrc")
    (home / "Micro graphs" / "broken.mrc").write_bytes(b"x" * 3000)
    names = [home / "Micro graphs" / f"m{i}.mrc" for i in range(Shots.N)] + [home / "Micro graphs" / "broken.mrc", home / "gone.mrc"]
    star = write_star(home / "in put.star", names)
    out = home / "out put"
    for options in ((), ("--anonymous",)):
        run = microdup("screen", star, "--o", out, *options, cwd=home)
        assert run.status == 0, run
        page = (out / "report.html").read_text()
        found = [word for word in ("jane", "qdoe", "secret", "qproject", "Micro graphs", str(tmp_path)) if word in page]
        assert bool(found) != bool(options), (options, found)
    for name in ("m5.mrc", "broken.mrc", "gone.mrc", "in put.star"):
        assert name in page
    assert "secret" not in pdf_text(out / "logfile.pdf")


# ---- the last lines ----


def test_last_lines(session):
    run = screen("micrographs.star", cwd=session)
    lines = run.out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.endswith("s") and "pairs compared in" in line)
    assert lines[start + 1].startswith("2 of 8 micrographs (25 %) show a place that was recorded before: 2 places,")
    table = next(i for i, line in enumerate(lines) if line.split() == ["set", "kept", "removed", "shared", "E-value"])
    assert [line.split()[:4] for line in lines[table + 1 : table + 3]] == [["1", "m1.mrc", "m5.mrc", "86"], ["2", "m2.mrc", "m6.mrc", "84"]]
    assert lines[-3:] == ["Look at     microdup/report.html", "Go on with  microdup/micrographs.star (6)",
                          "In numbers  microdup/pairs.csv, duplicates.csv, micrographs.csv"]
    assert max(map(len, lines)) <= 79


def test_long_names_are_shortened_and_many_are_counted(tmp_path):
    copies(tmp_path, 14, "FoilHole_" + "0" * 80 + "_{:02d}.mrc")
    run = screen(".", cwd=tmp_path)
    assert "and 3 more: duplicates.csv" in run.out
    assert max(map(len, run.out.splitlines())) <= 79
    assert re.search(r"^ +1  00\.mrc +01\.mrc +100 % ", run.out, re.M)


def in_a_terminal(arguments, cwd, **environment):
    """What a program writes when its output is a terminal."""
    program = os.environ.get("MDUP_BIN") or pytest.skip("MDUP_BIN is not set")
    ours, theirs = pty.openpty()
    environment = {**{key: value for key, value in os.environ.items() if key != "NO_COLOR"}, "TERM": "xterm", **environment}
    process = subprocess.Popen([program, *arguments], cwd=cwd, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    written = b""
    while True:
        ready, _, _ = select.select([ours], [], [], 60)
        assert ready, written
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        written += piece
    os.close(ours)
    assert process.wait(60) == 0, written
    return written


COLOUR = re.compile(rb"\x1b\[[0-9;]*m")


def test_colours_on_a_terminal_only(session):
    arguments = ["screen", "micrographs.star"]
    assert b"\x1b[1m2 of 8 micrographs" in in_a_terminal(arguments, session)
    assert not COLOUR.search(in_a_terminal(arguments, session, NO_COLOR="1"))
    assert not COLOUR.search(in_a_terminal(arguments, session, TERM="dumb"))
    assert COLOUR.search(in_a_terminal(arguments, session, NO_COLOR=""))
    assert "\x1b" not in screen("micrographs.star", cwd=session).out


def test_names_give_no_orders_to_the_terminal(session):
    """A title, a colour, a line that is taken back; bytes that are no text."""
    evil = [b"\x1b]0;harm\x07.mrc", b"\x1b[2J\x1b[31m.mrc", b"a\rb\x08c.mrc", b"\xff\x9b31m.mrc"]
    for i, name in enumerate(evil):
        link(session / f"m{1 + i // 2 + i % 2 * 4}.mrc", session / os.fsdecode(name))
    (session / os.fsdecode(b"broken\x1b[5m.mrc")).write_bytes(b"x" * 3000)
    (session / "list.txt").write_bytes(b"\n".join(name for name in evil if b"\r" not in name) + b"\nbroken\x1b[5m.mrc\nm0.mrc\n")
    out = in_a_terminal(["screen", "list.txt"], session, NO_COLOR="1")
    assert b"]0;harm" in out and b"broken?[5m" in out
    # The program's own: back to the start of the line, and the rest of it cleared.
    assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\xff]", out.replace(b"\x1b[K", b""))


def test_hostile_names_end_to_end(session):
    """Names that are markup, through STAR, page, PDF and tables; pairs.csv has them to the byte."""
    evil = ["<script>alert(1)<\\script>.mrc", "'><img src=x onerror=alert(1)>.mrc", "=1+1.mrc", "\U0001f52c.mrc"]
    for i, name in zip((1, 5, 2, 6), evil):
        link(session / f"m{i}.mrc", session / name)
    write_star(session / "in.star", [*evil, "m0.mrc", "m4.mrc"])
    screen("in.star", "--order", "star", cwd=session)
    rows = read_csv(session / "microdup" / "pairs.csv")
    assert [(row["micrograph_a"], row["micrograph_b"]) for row in rows] == [(evil[0], evil[1]), (evil[2], evil[3])]
    page = page_of(session)
    markup = re.sub(r"<script.*?</script>", "", page.replace("<script id=", "\n<script id="), flags=re.S)
    assert "<img" not in markup and page.count("<script") == page.count("</script>") == 3
    assert "Pair 1: duplicate" in pdf_text(session / "microdup" / "logfile.pdf")


# ---- when it cannot be written ----


def test_nothing_is_left_half_written(session):
    """A folder stands where the page should go: the run fails, and says so."""
    screen("micrographs.star", cwd=session)
    out = session / "microdup"
    (out / "report.html").unlink()
    (out / "report.html").mkdir()
    run = microdup("screen", "micrographs.star", cwd=session)
    assert run.status == 1 and "report.html" in run.err
    assert not [path.name for path in out.iterdir() if path.name not in (*REPORTS, *os.listdir(out))]
