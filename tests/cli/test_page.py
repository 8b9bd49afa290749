"""report.html in a browser: what it shows, what it does, and that nothing in a name can harm it."""

import csv
import io
import json
import os
import re
import subprocess

import numpy
import pytest

import browser as browsers
from helpers import Shots, microdup, screen, write_mrc, write_star

KINDS = ["none", "pairs", "many", "hostile"]
MOST_BYTES_OF_200_PAIRS = 12_000_000

# Those of tests/unit/page_dump.c.
HOSTILE = [
    b"<script>document.title='harm'</script>.mrc",
    b"\"><img src=x onerror=\"document.title='harm'\">.mrc",
    b"'-alert(1)-'&amp;&lt;.mrc",
    b'=HYPERLINK("http://example.invalid","x").mrc',
    "@SUM(1,2)\U0001f52c.mrc".encode(),
    b"\xff\xfe\xc3(broken\x80.mrc",
    b"tab\there\nand a line\x1b[31m.mrc",
    "gpj\u202e_cod\u200b.mrc".encode(),
    b"</style></script><!-- {{data}} -->.mrc",
    b'+1,"quoted",-2.mrc',
    "a name with blanks and \u00e9\u6f22.mrc".encode(),
    b"`$(touch harm)`;|.mrc",
]


@pytest.fixture(scope="session")
def dumped(tmp_path_factory):
    """{kind: (page, PDF)}"""
    program = os.environ.get("MDUP_PAGE_DUMP") or pytest.skip("MDUP_PAGE_DUMP is not set")
    folder = tmp_path_factory.mktemp("pages")
    made = {}
    for kind in KINDS:
        made[kind] = folder / f"{kind}.html", folder / f"{kind}.pdf"
        subprocess.run([program, kind, *made[kind]], check=True, timeout=300)
    return made


@pytest.fixture(scope="session")
def chrome(tmp_path_factory):
    downloads = tmp_path_factory.mktemp("downloads")
    started = browsers.start(downloads)
    yield started, downloads
    started.quit()


@pytest.fixture
def page(chrome, dumped):
    """page(kind, ...): that page, opened."""

    def open_page(kind, *arguments, **more):
        path = dumped[kind][0] if kind in dumped else kind
        return browsers.Page(chrome[0], path, chrome[1]).open(*arguments, **more)

    return open_page


def embedded(path):
    text = path.read_text()
    return json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.S).group(1))


# ---- by itself ----


@pytest.mark.parametrize("kind", KINDS)
def test_asks_for_nothing_and_says_nothing(kind, page, dumped):
    opened = page(kind)
    for row in opened.all("#table tbody tr a")[:3]:
        row.click()
    assert opened.asked() == [dumped[kind][0].as_uri()]
    assert opened.said() == []


def test_holds_no_address_of_another_place(dumped):
    """But for that of SVG, which is a name."""
    for kind in ("none", "pairs", "many"):
        assert not re.search(r"https?://(?!www\.w3\.org/)", dumped[kind][0].read_text())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["none", "hostile"])
def test_accessible(kind, scheme, page):
    opened = page(kind, scheme=scheme)
    assert opened.complaints() == []


def test_accessible_on_a_telephone(page):
    opened = page("hostile", width=400)
    assert opened.complaints() == []
    assert opened.js("return document.documentElement.scrollWidth <= innerWidth")


def test_size(dumped):
    assert dumped["pairs"][0].read_text().count('<article class="pair duplicate"') == 200
    assert dumped["pairs"][0].stat().st_size < MOST_BYTES_OF_200_PAIRS


def test_dark_and_light_differ(page):
    def ground():
        return opened.js("return getComputedStyle(document.body).backgroundColor")

    opened = page("none")
    light = ground()
    opened.media("dark")
    assert ground() != light


# ---- without a script, and on paper ----


def test_without_a_script(page):
    opened = page("hostile", script=False)
    try:
        assert "12 of 48 micrographs" in opened.one("h1").text
        cards = opened.all(".pair[data-pair]")
        assert len(cards) == 24 and all(card.is_displayed() for card in cards)
        assert len(opened.all("#table tbody tr")) == 24
        assert not any(button.is_displayed() for button in opened.all("button"))
        assert len(opened.all(".plot svg")) == 4
    finally:
        opened.open()


@pytest.mark.parametrize("kind", ["pairs", "hostile"])
def test_the_script_says_the_same_as_the_page(kind, page):
    """The rows that the script writes are those that stood there before."""
    opened = page(kind, script=False)
    try:
        before = opened.js_free_rows()
    finally:
        opened.open()
    after = opened.texts("#table tbody tr")[: len(before)]
    assert len(before) >= 24
    assert after == [row.replace(" apart", "") for row in before]


def test_print(page):
    """All cards that pass the filter, and nothing to press."""
    opened = page("hostile")
    assert len(opened.shown()) == 1
    opened.media(medium="print")
    assert sorted(opened.shown()) == list(range(1, 25))
    assert not any(button.is_displayed() for button in opened.all("button:not(th button), input"))
    opened.open("#kind=duplicate")
    opened.media(medium="print")
    assert len(opened.shown()) == 12
    assert len(opened.cdp("Page.printToPDF")["data"]) > 10000


# ---- the table ----


def numbers(opened):
    return [int(text) for text in opened.texts("#table tbody tr td:first-child")]


@pytest.mark.parametrize("key, value", [("number", lambda p: p[0]), ("overlap", lambda p: p[5]), ("evalue", lambda p: p[10]),
                                        ("apart", lambda p: p[12]), ("a", lambda p: p[1])])
def test_sort(key, value, page, dumped):
    opened = page("hostile")
    by_number = {pair[0]: pair for pair in embedded(dumped["hostile"][0])["pairs"]}
    usual = numbers(opened)
    header, button = opened.one(f'#table th[data-key="{key}"]'), f'#table th[data-key="{key}"] button'
    for direction, descending in (("ascending", False), ("descending", True)):
        opened.push(button)
        assert header.get_attribute("aria-sort") == direction
        values = [value(by_number[number]) for number in numbers(opened)]
        assert values == sorted(values, reverse=descending) and len(values) == 24
    opened.push(button)
    assert header.get_attribute("aria-sort") is None
    assert numbers(opened) == usual


def test_filter_and_its_address(page, dumped):
    opened = page("pairs")
    assert opened.one("#count").text == "800 pairs"
    opened.one("#find").send_keys("FoilHole_30590100")
    assert opened.one("#count").text == "5 of 800 pairs"  # four duplicates, one corner
    opened.one("#kind").send_keys("duplicates")
    assert opened.one("#count").text == "4 of 800 pairs"
    assert all("30590100" in text for text in opened.texts("#table tbody td.names"))
    before, address = numbers(opened), opened.address()
    assert "kind=duplicate" in address and "q=FoilHole_30590100" in address
    opened.open(address)
    assert numbers(opened) == before
    assert opened.one("#find").get_property("value") == "FoilHole_30590100"
    opened.one("#find").clear()
    opened.one("#find").send_keys("set:7")
    assert opened.texts("#table tbody td:last-child") == ["7"]
    opened.open("#least=50")
    assert opened.one("#count").text == "200 of 800 pairs"


def test_twenty_thousand_micrographs_are_listed_by_and_by(page, dumped):
    opened = page("many")
    n = len(embedded(dumped["many"][0])["pairs"])
    assert n > 5000 and len(opened.all("#table tbody tr")) == 200
    opened.push("#more")
    assert len(opened.all("#table tbody tr")) == 400
    opened.one("#find").send_keys("no such name")
    assert opened.all("#table tbody tr") == []
    assert not opened.one("#save-table").is_enabled()


# ---- one pair ----


def test_rows_lead_to_cards_and_keys_go_on(page):
    opened = page("hostile")
    order = numbers(opened)
    assert opened.shows(order[:1])
    opened.all("#table tbody tr a")[2].click()
    assert opened.shows(order[2:3])
    assert opened.address() == f"#pair={order[2]}"
    opened.press("j")
    assert opened.shows(order[3:4])
    opened.press("kk")
    assert opened.shows(order[1:2])
    opened.press("kkkk")
    assert opened.shows(order[:1])
    assert opened.js("return document.activeElement.closest('tr').dataset.pair") == str(order[0])
    opened.open(f"#pair-{order[5]}")
    assert opened.shows(order[5:6])


def test_keys_do_nothing_elsewhere(page):
    opened = page("hostile")
    before = opened.shown()
    opened.press("j")
    opened.press("x")
    assert opened.shows(before)
    opened.one("#find").send_keys("jx/")
    assert opened.one("#find").get_property("value") == "jx/"
    assert not opened.one("#save-refused").is_enabled()


def visible_layer(opened):
    return opened.js("return getComputedStyle(document.querySelector('.pair.current .blink .layer-earlier')).visibility")


def test_switch(page):
    opened = page("hostile")
    opened.all("#table tbody tr a")[0].click()
    assert visible_layer(opened) == "visible"
    opened.press("s")
    assert visible_layer(opened) == "hidden"
    assert opened.one(".pair.current .blink .layer-name").text == "later"
    opened.one(".pair.current .blink svg").click()
    assert visible_layer(opened) == "visible"
    opened.push(".pair.current .do-switch")
    assert visible_layer(opened) == "hidden"


COUNT_SWITCHES = """const done = arguments[arguments.length - 1], card = document.querySelector('.pair.current');
let n = 0;
new MutationObserver(() => n++).observe(card, {attributes: true, attributeFilter: ['class']});
card.querySelector('.do-blink').click();
setTimeout(() => done(n), 1500);"""


def test_blink(page):
    opened = page("hostile")
    assert opened.chrome.execute_async_script(COUNT_SWITCHES) >= 2
    assert opened.one(".pair.current .do-blink").get_attribute("aria-pressed") == "true"
    opened.push(".pair.current .do-next")
    assert opened.all('.do-blink[aria-pressed="true"]') == []


def test_no_blinking_for_who_asked_for_less_motion(page):
    opened = page("hostile", calm=True)
    assert opened.chrome.execute_async_script(COUNT_SWITCHES) == 1
    assert opened.one(".pair.current .do-blink").get_attribute("aria-pressed") == "false"


def test_the_layers_of_the_shared_area_fit(page, dumped):
    """The later frame is drawn where the shift says, +y up."""
    data = embedded(dumped["pairs"][0])
    number, _, _, _, _, _, dx, dy = data["pairs"][0][:8]
    opened = page("pairs", f"#pair={number}")
    matrix = opened.one(".pair.current .blink .layer-later").get_attribute("transform")
    assert matrix == f"matrix(1 0 0 1 {dx:.1f} {-dy:.1f})"
    box = [float(value) for value in opened.js(
        "return document.querySelector('.pair.current .blink svg').getAttribute('viewBox')").split()]
    assert box == pytest.approx([max(0, dx), max(0, -dy), 5760 - abs(dx), 4096 - abs(dy)], abs=0.6)


def test_a_pair_without_pictures_has_its_numbers(page, dumped):
    plain = next(pair for pair in embedded(dumped["many"][0])["pairs"] if not pair[17])
    opened = page("many", f"#pair={plain[0]}")
    assert opened.shows([0])
    assert f"Pair {plain[0]}" in opened.one("#no-picture h3").text
    assert plain[11] in opened.one("#no-picture").text


# ---- sets ----


def test_mosaic(page, dumped):
    opened = page("pairs")
    data = embedded(dumped["pairs"][0])
    _, a, b, _, _, _, dx, dy = data["pairs"][0][:8]
    assert len(opened.all(".set")) == 200
    members = opened.js("return Array.from(document.querySelectorAll('#set-1 .member'), (m) => [m.dataset.member,"
                        "m.querySelector('use').transform.baseVal[0].matrix.e, m.querySelector('use').transform.baseVal[0].matrix.f])")
    places = {number: (x, y) for number, x, y in members}
    assert places["2"][0] - places["1"][0] == pytest.approx(dx, abs=0.2)
    assert places["2"][1] - places["1"][1] == pytest.approx(-dy, abs=0.2)
    assert [number for number, _, _ in members] == ["2", "1"]  # the kept one on top
    opened.js("document.querySelector('#set-1').scrollIntoView()")
    opened.push('#set-1 .do-raise[data-member="2"]')
    assert opened.js("return Array.from(document.querySelectorAll('#set-1 .member'), (m) => m.dataset.member)") == ["1", "2"]
    opened.push("#set-1 .do-enlarge")
    assert opened.one("#set-1").size["width"] > 2 * opened.one("#set-2").size["width"]
    opened.push("#set-2 .links a")
    assert opened.shows([data["pairs"][1][0]])


def test_marks_in_plots_lead_to_pairs(page):
    opened = page("hostile")
    mark = opened.all(".mark")[4]
    number = int(mark.get_attribute("data-pair"))
    opened.js("arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))", mark)
    assert opened.shows([number])


# ---- out of the page ----


def test_refusals(page, dumped):
    opened = page("hostile")
    data = embedded(dumped["hostile"][0])
    opened.all("#table tbody tr a")[0].click()
    opened.press("xjjx")
    opened.press("jxx")
    refused = [data["pairs"][0], data["pairs"][2]]
    assert opened.address().endswith("refused=" + ".".join(sorted(str(pair[0]) for pair in refused)))
    assert opened.one("#save-refused").text == "Save 2 refusals"
    opened.push("#save-refused")
    saved = opened.saved("refused.csv")
    rows = list(csv.reader(io.StringIO(saved.decode("latin-1"), newline="")))
    named = [[HOSTILE[(data["micrographs"][pair[i]][0] - 1) % len(HOSTILE)] for i in (1, 2)] for pair in refused]
    assert [[name.encode("latin-1") for name in row] for row in rows] == [[b"micrograph_a", b"micrograph_b"]] + named
    opened.open(opened.address())
    opened.one("#kind").send_keys("refused")
    assert numbers(opened) == sorted((pair[0] for pair in refused), key=numbers_in(data).index)


def numbers_in(data):
    return [pair[0] for pair in data["pairs"]]


def test_every_name_survives_the_way_out(page, dumped):
    opened = page("hostile")
    opened.all("#table tbody tr a")[0].click()
    for _ in range(24):
        opened.press("xj")
    opened.push("#save-refused")
    rows = list(csv.reader(io.StringIO(opened.saved("refused.csv").decode("latin-1"), newline="")))
    data = embedded(dumped["hostile"][0])
    expected = [[HOSTILE[(data["micrographs"][pair[i]][0] - 1) % len(HOSTILE)].decode("latin-1") for i in (1, 2)] for pair in data["pairs"]]
    assert rows[1:] == expected and len({name for row in expected for name in row}) == len(HOSTILE)


def test_saved_table_is_no_formula(page):
    """Neither a name nor anything else begins like one, but for numbers."""
    opened = page("hostile")
    opened.push("#save-table")
    rows = list(csv.reader(io.StringIO(opened.saved("pairs_shown.csv").decode(), newline="")))
    assert len(rows) == 25 and len({len(row) for row in rows}) == 1
    fields = [field for row in rows[1:] for field in row]
    assert any(field.startswith("'=HYPERLINK") for field in fields)
    for field in fields:
        if field[:1] in ("=", "+", "-", "@", "\t", "\r"):
            float(field)


def test_copy(page):
    opened = page("hostile")
    opened.push("#copy-names")
    opened.chrome.execute_async_script("setTimeout(arguments[0], 200)")
    assert "removed names copied" in opened.one("#said").get_property("textContent")


# ---- names ----


def test_hostile_names_are_text(page):
    opened = page("hostile")
    assert opened.js("return document.title") == "MotionCorr/job002/corrected_micrographs.star: duplicate micrographs"
    assert opened.all("img") == [] and opened.js("return document.scripts.length") == 3
    assert opened.js("return document.querySelectorAll('[onerror], [onclick], [onload]').length") == 0
    shown = "".join(opened.texts("#table td.names bdi, .names bdi, .members bdi"))
    assert "<script>document.title='harm'</script>" in shown
    assert "&amp;&lt;" in shown and "{{data}}" in shown
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202e]", shown)


def test_no_other_script_may_run(page):
    """Should a name find a way in all the same, the page's own policy stops it."""
    opened = page("none")
    opened.js("const s = document.createElement('script'); s.textContent = 'document.title = \"harm\"'; document.body.append(s);"
              "const i = document.createElement('img'); i.src = 'http://127.0.0.1:9/x.png'; document.body.append(i);")
    assert opened.js("return document.title") != "harm"
    assert len([text for text in opened.said() if "Content Security Policy" in text]) == 2


# ---- from a screen ----


def test_page_of_a_screen(session, page):
    screen("micrographs.star", cwd=session)
    opened = page(session / "microdup" / "report.html")
    assert opened.one("h1").text.startswith("2 of 8 micrographs (25 %) show a place that was recorded before: 2 places, each twice")
    assert [len(opened.all(selector)) for selector in (".set", ".pair[data-pair]", "defs image")] == [2, 3, 6]
    assert opened.said() == []
    assert opened.js("return Array.from(document.querySelectorAll('defs image')).every((i) => i.href.baseVal.startsWith('data:image/jpeg'))")
    assert "micrographs.star" in opened.one("#provenance").text


BOXES = """return Array.from(document.querySelectorAll('#set-1 .member use'), (use) => {
  const box = use.getBoundingClientRect(), number = use.closest('.member').dataset.member;
  return [number, box.left, box.top, box.right, box.bottom];
})"""


def test_turned_copies_lie_on_what_they_are_copies_of(session, page):
    """In the mosaic and in the shared area, to the pixel of the screen."""
    pixels = Shots().pixels[0]
    for i, turned in enumerate((numpy.rot90(pixels), pixels[:, ::-1], pixels[::-1, ::-1].T)):
        write_mrc(session / f"n{i}.mrc", turned)
    write_star(session / "in.star", ["m0.mrc", "m1.mrc", "m2.mrc", "n0.mrc", "n1.mrc", "n2.mrc"])
    run = microdup("screen", "in.star", cwd=session)
    assert run.status == 0, run
    opened = page(session / "microdup" / "report.html")
    boxes = {number: box for number, *box in opened.js(BOXES)}
    assert len(boxes) == 4
    for box in boxes.values():
        assert box == pytest.approx(boxes["1"], abs=0.5)
    for number in numbers(opened):
        opened.open(f"#pair={number}")
        earlier, later = opened.js("return ['earlier', 'later'].map((which) => { const box = document.querySelector("
                                   "'.pair.current .blink .layer-' + which).getBoundingClientRect();"
                                   "return [box.left, box.top, box.right, box.bottom]; })")
        assert later == pytest.approx(earlier, abs=0.5)


def test_bad_files_have_a_section_of_their_own(session, page):
    (session / "broken.mrc").write_bytes(b"x" * 3000)
    write_star(session / "in.star", [f"m{i}.mrc" for i in range(8)] + ["broken.mrc", "gone.mrc"])
    run = microdup("screen", "in.star", cwd=session)
    assert run.status == 0, run
    opened = page(session / "microdup" / "report.html")
    rows = opened.texts("#bad tbody tr")
    assert len(rows) == 2 and any("gone.mrc" in row and "missing" in row for row in rows)
    assert "2 micrographs could not be judged and are kept." in opened.one(".lines").text
    for names in (["broken.mrc", "gone.mrc"], ["gone.mrc", "broken.mrc"]):
        opened.push("#bad th:nth-child(2) button")
        assert opened.texts("#bad tbody td.name") == names
