"""A headless Chromium that watches what a page asks for and says.  Debian: chromium, chromium-driver; PyPI: selenium, axe-playwright-python (for
its axe.min.js)."""

import importlib.util
import json
import pathlib
import shutil
import time

import pytest

AXE = importlib.util.find_spec("axe_playwright_python")


def start(downloads):
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("chromium and chromium-driver are not installed")
    if not importlib.util.find_spec("selenium"):
        pytest.skip("selenium is not installed")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1400,1000", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    chrome.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)})
    chrome.set_script_timeout(120)
    return chrome


class Page:
    def __init__(self, chrome, path, downloads):
        self.chrome, self.path, self.downloads = chrome, pathlib.Path(path), downloads

    def open(self, address="", scheme="light", calm=False, script=True, width=1400):
        self.cdp("Emulation.setScriptExecutionDisabled", value=not script)
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=1000, deviceScaleFactor=1, mobile=False)
        self.media(scheme, calm)
        self.chrome.get("about:blank")
        self.said()
        self.asked()
        self.chrome.get(self.path.as_uri() + address)
        return self

    def media(self, scheme="light", calm=False, medium=""):
        self.cdp("Emulation.setEmulatedMedia", media=medium, features=[
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce" if calm else "no-preference"}])

    def cdp(self, command, **arguments):
        return self.chrome.execute_cdp_cmd(command, arguments)

    def js(self, script, *arguments):
        return self.chrome.execute_script(script, *arguments)

    def said(self):
        """What came out on the console since the last call."""
        return [entry["message"] for entry in self.chrome.get_log("browser")]

    def asked(self):
        """What the page asked for since the last call, what it holds itself left out."""
        sent = (json.loads(entry["message"])["message"] for entry in self.chrome.get_log("performance"))
        addresses = [message["params"]["request"]["url"] for message in sent if message["method"] == "Network.requestWillBeSent"]
        return [address for address in addresses if not address.startswith(("data:", "about:", "blob:"))]

    def all(self, selector):
        return self.chrome.find_elements("css selector", selector)

    def one(self, selector):
        return self.chrome.find_element("css selector", selector)

    def texts(self, selector):
        return self.js("return Array.from(document.querySelectorAll(arguments[0]), (e) => e.textContent)", selector)

    def push(self, selector):
        """A click, wherever on the page it is."""
        self.js("document.querySelector(arguments[0]).click()", selector)

    def press(self, keys):
        from selenium.webdriver import ActionChains

        ActionChains(self.chrome).send_keys(keys).perform()

    def js_free_rows(self):
        """The rows of the table, read by the driver's own script, which runs all the same."""
        return self.texts("#table tbody tr")

    def shown(self):
        """The numbers of the pairs whose cards can be seen."""
        return self.js("return Array.from(document.querySelectorAll('.pair'))"
                       ".filter((e) => e.getClientRects().length).map((e) => Number(e.dataset.pair || 0))")

    def shows(self, pairs):
        """Whether it comes to show these: a page follows a link when it gets to it."""
        for _ in range(200):
            if self.shown() == pairs:
                return True
            time.sleep(0.05)
        return False

    def address(self):
        return self.js("return location.hash")

    def saved(self, name):
        """The bytes of a file the page has saved."""
        path = self.downloads / name
        for _ in range(200):
            if path.exists() and not list(self.downloads.glob("*.crdownload")):
                data = path.read_bytes()
                path.unlink()
                return data
            time.sleep(0.05)
        raise AssertionError(f"{name} was not saved; there is {list(self.downloads.iterdir())}")

    def complaints(self):
        """What axe-core finds serious or worse."""
        if not AXE:
            pytest.skip("axe-playwright-python is not installed")
        source = (pathlib.Path(AXE.origin).parent / "axe.min.js").read_text()
        self.cdp("Runtime.evaluate", expression=source)
        found = self.chrome.execute_async_script(
            "axe.run(document, {resultTypes: ['violations']}).then(arguments[arguments.length - 1])")
        return [(found["id"], node["html"][:200]) for found in found["violations"] if found["impact"] in ("serious", "critical")
                for node in found["nodes"]]
