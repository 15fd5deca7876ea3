"""Make reports with the bundled model and with two short trainings, and photograph their pages.

    python tools/report_pictures.py

Writes the pictures of reports in docs/. It needs chromium, chromedriver and selenium. Look at the
pictures before you keep them.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from darknet_torch.cfg.zoo import BUNDLED_MODEL, sample_folder
from darknet_torch.files import write_bytes
from examples.draw_shapes import draw_folder
from tools.drawn.data_set import Settings, draw_data_set

_ROOT = Path(__file__).resolve().parents[1]
_DTORCH = (sys.executable, "-c", "from darknet_torch.cli.main import main; main()")
_MODEL = f"{BUNDLED_MODEL}.weights"  # a copy, so that pages show no path of this machine
_SEED = 77  # no picture that the model was trained or evaluated on
_WIDTH, _HEIGHT = 1280, 1400  # of the window in CSS pixels; pictures outside are not drawn
_QUALITY = 75  # of the JPEGs
_FLAGS = "--headless=new --no-sandbox --disable-gpu --hide-scrollbars --no-first-run".split()
# Scrolls to an element, and gives its rectangle in the whole page, in CSS pixels, when the
# pictures in the window have been drawn.
_RECTANGLE = """
const [selector, done] = arguments;
const element = document.querySelector(selector);
element.scrollIntoView({behavior: "instant"});
const inView = (image) => image.getBoundingClientRect().top < innerHeight;
const loaded = (image) => image.complete ? image.decode() :
  new Promise((resolve) => image.addEventListener("load", resolve));
requestAnimationFrame(() => requestAnimationFrame(async () => {
  await Promise.all([...document.images].filter(inView).map(loaded));
  const {top, height} = element.getBoundingClientRect();
  done({x: 0, y: top + scrollY, width: innerWidth, height});
}));
"""


@dataclass(frozen=True)
class Photo:
    """A part of a page.

    Attributes:
        name: of the file, without suffix.
        page: the folder of the page.
        selector: what is shown, from its upper edge on.
        height: at most so much of it, in CSS pixels.
    """

    name: str
    page: str
    selector: str
    height: int


PHOTOS = (
    Photo("report-eval", "eval", "html", 1000),
    Photo("report-eval-curves", "eval", "#section-3", 1250),
    Photo("report-eval-pictures", "eval", "#pictures", 1250),
    Photo("report-detect", "detect", "html", 950),
    Photo("report-runs", "compared", "html", 1250),
)


@click.command(help=__doc__)
@click.option("--docs", type=click.Path(path_type=Path), default=_ROOT / "docs")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep the reports here.")
def main(docs: Path, folder: Path | None) -> None:
    """Write the reports, then the pictures."""
    with tempfile.TemporaryDirectory() as passing:
        place = folder or Path(passing)
        write_reports(place)
        with _browser() as browser:
            for photo in PHOTOS:
                picture = _photograph(browser, photo, place)
                write_bytes(docs / f"{photo.name}.jpg", picture)
                click.echo(f"{photo.name}.jpg: {len(picture):,} bytes")


def write_reports(folder: Path) -> None:
    """Write the pages eval, detect and compared into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in (".cfg", ".weights", ".names"):
        shutil.copy(sample_folder() / f"{BUNDLED_MODEL}{suffix}", folder)
    settings = Settings(train=1, valid=60, seed=_SEED, side=256)
    data = draw_data_set(folder / "drawn", settings, lambda line: None)
    _run(folder, "eval", _MODEL, str(data.relative_to(folder)), "--report", "eval")
    _run(folder, "detect", _MODEL, "drawn/valid", "--threshold", "0.05", "--report", "detect")
    draw_folder(folder / "photos", 80, 160, _SEED)
    _run(folder, "dataset", "init", "photos")
    for name, options in {"steps": (), "cosine": ("--schedule", "cosine")}.items():
        _train(folder, f"runs/{name}", *options)
    _run(folder, "report", "runs/steps", "runs/cosine", "--out", "compared")


def _train(folder: Path, run: str, *options: str) -> None:
    """Train the small network of the examples on drawn shapes."""
    cfg = str(_ROOT / "examples" / "small.cfg")
    length = ("--max-batches", "300", "--scale-schedule", "--map", "--seed", "1")
    data = ("--data", "photos/dataset.data")
    _run(folder, "train", "--cfg", cfg, *data, *length, *options, "--backup", run)


def _run(folder: Path, *words: str) -> None:
    subprocess.run((*_DTORCH, *words), cwd=folder, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _browser() -> Iterator[Any]:
    """Chromium without a window."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (*_FLAGS, f"--window-size={_WIDTH},{_HEIGHT}"):
        options.add_argument(flag)
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    browser = webdriver.Chrome(options=options, service=service)
    try:
        yield browser
    finally:
        browser.quit()


def _photograph(browser: Any, photo: Photo, folder: Path) -> bytes:
    """Return a part of a page as JPEG."""
    browser.get((folder / photo.page / "index.html").resolve().as_uri())
    part = browser.execute_async_script(_RECTANGLE, photo.selector)
    clip = {**part, "height": min(part["height"], photo.height), "scale": 1}
    taken = browser.execute_cdp_cmd(
        "Page.captureScreenshot",
        {"format": "jpeg", "quality": _QUALITY, "clip": clip, "captureBeyondViewport": True},
    )
    return base64.b64decode(taken["data"])


if __name__ == "__main__":
    main()
