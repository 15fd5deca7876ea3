"""A page in a browser: what it shows, and what a reader does with it."""

import json
from pathlib import Path

from darknet_torch.report.page import write_page

WAIT = 10  # seconds until what the browser does on its own must be done


class Opened:
    """Opens pages in a browser, and reads them.

    Args:
        browser: selenium's driver.
        folder: where pages are written.
    """

    def __init__(self, browser, folder: Path):
        self.browser, self._folder = browser, folder
        self.reset()

    def page(self, content, *, width=1280, height=900, features=None, scripts=True):
        """Write a page and open it from disk.

        Args:
            content: of the page.
            width, height: of the window in CSS pixels; one of less than 500 is a phone's.
            features: name of a media feature -> value, such as "prefers-color-scheme": "dark".
                Unless they say so, nothing moves smoothly, since a click needs a place.
            scripts: whether the browser runs scripts.
        """
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        features = {"prefers-reduced-motion": "reduce", **(features or {})}
        named = [{"name": name, "value": value} for name, value in features.items()]
        self.command("Emulation.setEmulatedMedia", features=named)
        self.command("Emulation.setScriptExecutionDisabled", value=not scripts)
        return self.file(write_page(content, self._folder / "report"))

    def file(self, path):
        """Open a file; what the browser recorded before is forgotten."""
        self.console()
        self.browser.get_log("performance")
        self.browser.get(path.as_uri())
        return self

    def reset(self):
        """Leave the page, and forget what it recorded."""
        self.command("Emulation.setScriptExecutionDisabled", value=False)
        self.command("Emulation.clearDeviceMetricsOverride")
        self.browser.get("about:blank")
        self.console()

    def command(self, name, **arguments):
        """Send a command of the Chrome DevTools protocol."""
        return self.browser.execute_cdp_cmd(name, arguments)

    def console(self):
        """The messages in the console since the last call."""
        return [entry["message"] for entry in self.browser.get_log("browser")]

    def requests(self):
        """The addresses of all requests since the page was opened."""
        messages = [json.loads(each["message"]) for each in self.browser.get_log("performance")]
        return [
            each["message"]["params"]["request"]["url"]
            for each in messages
            if each["message"]["method"] == "Network.requestWillBeSent"
        ]

    def run(self, script, *arguments):
        """Run a function's body in the page and return its result."""
        return self.browser.execute_script(script, *arguments)

    def until(self, script, *arguments):
        """Wait until a function's body returns something true; return it."""
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.browser, WAIT, 0.02).until(
            lambda _: self.run(script, *arguments)
        )

    def find(self, selector):
        """The first element that a CSS selector finds."""
        return self.browser.find_element("css selector", selector)

    def click(self, selector):
        """Click an element as a mouse does."""
        self.run("arguments[0].scrollIntoView({block: 'center'})", self.find(selector))
        self.find(selector).click()

    def press(self, *keys):
        """Press keys one after the other, wherever the focus is."""
        from selenium.webdriver import ActionChains

        for key in keys:
            ActionChains(self.browser).send_keys(key).perform()

    def tab_to(self, selector):
        """Press Tab until an element has the focus."""
        from selenium.webdriver import Keys

        for _ in range(100):
            if self.run("return document.activeElement.matches(arguments[0])", selector):
                return
            self.press(Keys.TAB)
        raise AssertionError(f"Tab does not reach {selector}")

    def move_slider(self, threshold):
        """Move the slider to a threshold, as a mouse does."""
        self.run(
            """
            const slider = document.getElementById("threshold");
            slider.value = arguments[0];
            slider.dispatchEvent(new Event("input", {bubbles: true}));
            slider.dispatchEvent(new Event("change", {bubbles: true}));
            """,
            threshold,
        )

    def rows(self, selector):
        """The texts of a table's cells, row after row, without its head."""
        return self.run(
            """
            const rows = document.querySelectorAll(
              `${arguments[0]} tbody tr, ${arguments[0]} tfoot tr`);
            return [...rows].map((row) => [...row.cells].map((cell) => cell.textContent));
            """,
            selector,
        )

    def cards(self):
        """The pictures in the grid, in order: name -> the line below it."""
        pairs = self.run(
            """
            return [...document.querySelectorAll("#grid .card")].map((card) =>
              [".name", ".count"].map((part) => card.querySelector(part).textContent));
            """
        )
        return dict(pairs)

    def drawn(self, index):
        """How many boxes of each kind are drawn over a picture: index of the kind -> number."""
        card = self.run(
            """
            const card = document.querySelector(`.card[data-index="${arguments[0]}"]`);
            card.scrollIntoView({block: "center"});
            return card;
            """,
            index,
        )
        self.until("return arguments[0].querySelector('svg.boxes')", card)
        pairs = self.run(
            """
            return [...arguments[0].querySelectorAll("svg.boxes .line")].map((line) =>
              [Number(line.dataset.kind), line.getAttribute("d").split("M").length - 1]);
            """,
            card,
        )
        return dict(pairs)
