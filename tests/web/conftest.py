"""A browser without a window, for the tests of this folder; skipped where it is missing."""

import shutil

import pytest

from tests.web.opened import Opened

FLAGS = """
    --headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run
    --disable-background-networking --disable-component-update --disable-sync --hide-scrollbars
    --window-size=1280,900
""".split()


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Chromium, driven by selenium; it records its console and its network."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("chromium or chromedriver is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    profile = tmp_path_factory.mktemp("profile")
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=driver)
    browser = webdriver.Chrome(options=options, service=service)
    yield browser
    browser.quit()


@pytest.fixture
def opened(browser, tmp_path):
    """Opens pages. In the end their console must be empty."""
    opened = Opened(browser, tmp_path)
    yield opened
    complaints = opened.console()
    opened.reset()
    assert complaints == []
