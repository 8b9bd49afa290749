"""take_pictures.py PAGE FOLDER: pictures of a report for the documents."""

import base64
import pathlib
import sys
import tempfile

import browser

WIDTH, HEIGHT = 1360, 860


def shoot(page, path):
    data = page.cdp("Page.captureScreenshot", format="jpeg", quality=82)["data"]
    path.write_bytes(base64.b64decode(data))
    print(path, path.stat().st_size, "bytes")


def go_to(page, selector):
    page.js("document.querySelector(arguments[0]).scrollIntoView({block: 'start'})", selector)
    page.js("return new Promise((done) => requestAnimationFrame(() => setTimeout(done, 300)))")


def main(path, folder):
    with tempfile.TemporaryDirectory() as downloads:
        chrome = browser.start(downloads)
        page = browser.Page(chrome, pathlib.Path(path).resolve(), pathlib.Path(downloads))
        folder = pathlib.Path(folder)
        page.open(width=WIDTH)
        page.cdp("Emulation.setDeviceMetricsOverride", width=WIDTH, height=HEIGHT, deviceScaleFactor=1, mobile=False)
        shoot(page, folder / "report_verdict.jpg")
        go_to(page, "#sets")
        shoot(page, folder / "report_sets.jpg")
        page.media("dark")
        page.push("#table tbody tr:nth-child(2) a")
        go_to(page, "#pairs")
        shoot(page, folder / "report_pair_dark.jpg")
        chrome.quit()


if __name__ == "__main__":
    main(*sys.argv[1:])
