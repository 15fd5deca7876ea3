"""--report and --plots of `dtorch detect` with the toy model."""

import json
import re

import numpy as np
import pytest

from darknet_torch.report import detection_plots, thumbnails
from tests.cli.toy_detection import CLIP_FRAMES, DONE, SOME_FAILED, UNUSABLE, detect
from tests.report.page_reader import read_page_data
from tests.toy.files import PICTURE

PLOT = detection_plots.DETECTION_PLOTS[0]  # tests of all of them are elsewhere
pytestmark = pytest.mark.usefixtures("clip_folder")
HOSTILE = "<img src=x onerror=alert(1)>"
THRESHOLD, CLASSES = 0.1, 3


@pytest.fixture(autouse=True)
def one_plot(monkeypatch):
    monkeypatch.setattr(detection_plots, "DETECTION_PLOTS", (PLOT,))


@pytest.fixture
def names(clip_folder):
    (clip_folder / "hostile.names").write_text(f"circle\n{HOSTILE}\ntriangle\n")
    return ["--names", "hostile.names"]


def test_the_page_has_what_the_json_has(clip_folder, names):
    words = [PICTURE, "clip.avi", "gone.png", "--threshold", THRESHOLD, *names, "--quiet"]
    result = detect(*words, "--report", "r", "--plots", "p", "--format", "json")
    assert result.exit_code == SOME_FAILED
    records = json.loads(result.stdout)
    page = read_page_data(clip_folder / "r")
    frames = [f"clip.avi, frame {number}" for number in range(1, CLIP_FRAMES + 1)]
    assert [one["name"] for one in page["pictures"]] == [str(PICTURE), *frames]
    assert page["threshold"] == THRESHOLD
    assert page["classes"] == ["circle", HOSTILE, "triangle"]
    for picture, record in zip(page["pictures"], records, strict=True):
        boxes = [(one[4], pytest.approx(one[6], abs=1e-6)) for one in picture["boxes"]]
        assert [(one["class_id"], one["confidence"]) for one in record["objects"]] == boxes
    objects = [one for record in records for one in record["objects"]]
    for row, (counts,) in enumerate(page["counts"]):  # the last one is of all classes
        found = [one["confidence"] for one in objects if row in (one["class_id"], CLASSES)]
        expected = (np.array(found)[:, None] > np.arange(101) / 100).sum(0)
        assert counts == expected.tolist()
    text = (clip_folder / "r" / "index.html").read_text()
    assert HOSTILE not in text
    assert re.search(r'<th scope="row">gone\.png: no such picture', text)
    assert "Boxes with scores up to 0.1 were not kept" in text
    files = {path.name for path in (clip_folder / "p").iterdir()}
    assert files == {f"{PLOT.name}.png", f"{PLOT.name}.svg"}
    assert PLOT.title in text


def test_a_long_run_keeps_few_pictures_and_counts_all(clip_folder, monkeypatch):
    monkeypatch.setattr(thumbnails, "MOST_PICTURES", 2)
    result = detect("clip.avi", "--report", "r", "--classes", "circle", "--format", "jsonl")
    assert result.exit_code == DONE
    assert result.stderr == "report: r/index.html\n"
    page = read_page_data(clip_folder / "r")
    assert [one["name"] for one in page["pictures"]] == [f"clip.avi, frame {i}" for i in (1, 5)]
    found = sum(len(json.loads(line)["objects"]) for line in result.stdout.splitlines())
    assert page["counts"][-1][0][0] == found >= CLIP_FRAMES


def test_a_page_of_another_program_is_refused_before_the_run(clip_folder):
    (clip_folder / "index.html").write_text("mine")
    result = detect(PICTURE, "--report", ".")
    assert (result.exit_code, result.stdout) == (UNUSABLE, "")
    assert "cannot be written over a file of another program" in result.stderr
    assert (clip_folder / "index.html").read_text() == "mine"


def test_a_plot_does_not_replace_an_input(clip_folder):
    (clip_folder / f"{PLOT.name}.png").write_bytes(PICTURE.read_bytes())
    result = detect(f"{PLOT.name}.png", "--plots", ".")
    assert (result.exit_code, result.stdout) == (UNUSABLE, "")
    assert f"{PLOT.name}.png: cannot be written over an input" in result.stderr


def test_a_run_that_fails_writes_no_page(clip_folder, monkeypatch):
    def fail(*arguments, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr("darknet_torch.cli.result_formats.TextFormat.format", fail)
    assert detect("clip.avi", "--report", "r").exit_code not in (DONE, SOME_FAILED)
    assert not (clip_folder / "r").exists()
