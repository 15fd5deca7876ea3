"""Make the report pages that the documentation shows, and photograph them in a browser.

    python tools/report_screenshots.py WORK

WORK is a folder for the pictures, trainings and pages; what it has already is not made again.
Needs chromium, chromedriver and selenium. Takes about five minutes. Look at the pictures
afterwards.
"""

from __future__ import annotations

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
import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from darknet_torch.cfg.zoo import sample_folder
from darknet_torch.files import write_bytes

_WIDTH, _HEIGHT = 1280, 860  # pixels of the window
_QUALITY = 72  # of the pictures; 60 to 160 KB
_FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
_MODEL = ("bundled.cfg", "bundled.weights", "bundled.names")
_TRAIN = ["--cfg", "shapes.cfg", "--data", "photos/dataset.data", "--map", "--map-every", "5"]


@dataclass(frozen=True)
class Screenshot:
    """A picture of a page.

    Attributes:
        name: of its file in docs.
        page: the folder of the page.
        place: a CSS selector of what is at the top; "" for the top of the page.
    """

    name: str
    page: str
    place: str = ""


SCREENSHOTS = (
    Screenshot("report-evaluation", "evaluation"),
    Screenshot("report-evaluation-curves", "evaluation", "#section-3"),
    Screenshot("report-evaluation-pictures", "evaluation", "#grid"),
    Screenshot("report-detections", "detections"),
    Screenshot("report-trainings", "trainings"),
    Screenshot("report-trainings-pictures", "trainings", "#grid"),
)


@dataclass(frozen=True)
class Step:
    """A command that makes a file or folder.

    Attributes:
        makes: its path in the working folder.
        command: the program and its arguments.
    """

    makes: str
    command: tuple[str, ...]


def _python(script: str, *arguments: str) -> tuple[str, ...]:
    return sys.executable, str(ROOT / script), *arguments


def _dtorch(*arguments: str) -> tuple[str, ...]:
    return str(Path(sys.executable).with_name("dtorch")), *arguments


def _training(name: str, *options: str) -> Step:
    makes = f"runs/{name}/shapes_final.weights"
    return Step(makes, _dtorch("train", *_TRAIN, *options, "--backup", f"runs/{name}"))


STEPS = (
    Step("drawn/drawn.data", _python("tools/draw_dataset.py", "drawn", "--train", "0")),
    Step(
        "evaluation",
        _dtorch("eval", *_MODEL[:2], "drawn/drawn.data", "--report", "evaluation", "--quiet"),
    ),
    Step(
        "detections",
        _dtorch(
            "detect",
            *_MODEL[:2],
            "--names",
            _MODEL[2],
            "drawn/valid",
            "--report",
            "detections",
            "--quiet",
        ),
    ),
    Step("photos", _python("examples/draw_shapes.py", "photos", "--pictures", "120")),
    Step("photos/dataset.data", _dtorch("dataset", "init", "photos")),
    Step(
        "shapes.cfg",
        _dtorch(
            *("new", str(ROOT / "examples/small.cfg"), "--data", "photos/dataset.data"),
            *("--max-batches", "300", "--out", "shapes.cfg"),
        ),
    ),
    _training("steps"),
    _training("cosine", "--schedule", "cosine", "--learning-rate", "0.002"),
    Step("trainings", _dtorch("report", "runs/steps", "runs/cosine", "--out", "trainings")),
)


@click.command(help=__doc__)
@click.argument("work", type=click.Path(path_type=Path))
@click.option("--docs", type=click.Path(path_type=Path), default=ROOT / "docs")
def main(work: Path, docs: Path) -> None:
    """Make the pages, and write the pictures."""
    work.mkdir(parents=True, exist_ok=True)
    for name in _MODEL:
        shutil.copy(sample_folder() / name, work)
    for step in STEPS:
        if not (work / step.makes).exists():
            subprocess.run(step.command, cwd=work, check=True, stdout=subprocess.DEVNULL)
            _make_relative(work)
    with _browser() as browser:
        for one in SCREENSHOTS:
            data = _photograph(browser, work.resolve() / one.page / "index.html", one.place)
            write_bytes(docs / f"{one.name}.jpg", data)
            click.echo(f"{one.name}.jpg: {len(data):,} bytes")


def _make_relative(work: Path) -> None:
    """Take the working folder out of the lists of photos: pages show the paths of pictures."""
    for name in ("dataset.data", "train.txt", "valid.txt"):
        file = work / "photos" / name
        if file.exists():
            file.write_text(file.read_text("utf-8").replace(f"{work.resolve()}/", ""), "utf-8")


@contextmanager
def _browser() -> Iterator[Any]:
    """Start Chromium without a window."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    with tempfile.TemporaryDirectory() as profile:
        for flag in (*_FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
        browser = webdriver.Chrome(options=options, service=service)
        try:
            yield browser
        finally:
            browser.quit()


def _photograph(browser: Any, page: Path, place: str) -> bytes:
    """Return a JPEG file of a part of a page."""
    for name, value in (
        ("setDeviceMetricsOverride", {"width": _WIDTH, "height": _HEIGHT}),
        ("setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "light"}]}),
    ):
        scale = {"deviceScaleFactor": 1, "mobile": False} if "width" in value else {}
        browser.execute_cdp_cmd(f"Emulation.{name}", {**value, **scale})
    browser.get(page.as_uri())
    if place:
        browser.execute_script(
            "document.querySelector(arguments[0]).scrollIntoView({behavior: 'instant'})", place
        )
    # Boxes are drawn once the browser says which pictures are on the screen.
    browser.execute_async_script("setTimeout(arguments[0], 500)")
    image = cv2.imdecode(np.frombuffer(browser.get_screenshot_as_png(), np.uint8), 1)
    return cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, _QUALITY))[1].tobytes()


if __name__ == "__main__":
    main()
