"""The options of drawing, through commands."""

import cv2
import numpy as np
import pytest

from darknet_torch import Detector, load
from darknet_torch.media import text_drawing
from tests.cli.command import dtorch
from tests.cli.toy_detection import DONE, UNUSABLE, detect
from tests.toy.files import CFG, PICTURE


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def found():
    detector = Detector(load(CFG, CFG.with_suffix(".weights")))
    return detector(PICTURE)


@pytest.mark.parametrize(
    ("words", "style"),
    [
        ("--line-width 5 --font-size 30", {"line_width": 5, "font_size": 30}),
        ("--hide-labels", {"labels": False}),
        ("--hide-scores", {"scores": False}),
        ("-dontdraw_bbox", {"labels": False, "boxes": False}),
    ],
)
def test_annotated_pictures_are_drawn_in_the_style(found, words, style):
    result = detect(PICTURE, "--save", "out", *words.split())
    assert result.exit_code == DONE, result.stderr
    drawn = cv2.imread("out/shapes.png")
    np.testing.assert_array_equal(drawn, found.draw(PICTURE, **style))
    assert (drawn != found.draw(PICTURE)).any()


def test_crops_are_the_detections(found, folder):
    result = detect(PICTURE, "--crops", "crops", "--quiet")
    assert (result.exit_code, result.stderr) == (DONE, "")
    files = sorted((folder / "crops").rglob("*.png"))
    assert len(files) == len(found)
    assert {file.parent.name for file in files} == {one.name for one in found}
    left, top, right, bottom = np.array(found[0].box_xyxy)
    part = cv2.imread(PICTURE)[
        int(np.floor(max(top, 0))) : int(np.ceil(bottom)),
        int(np.floor(max(left, 0))) : int(np.ceil(right)),
    ]
    np.testing.assert_array_equal(cv2.imread(f"crops/{found[0].name}/shapes_1.png"), part)


def test_the_end_says_how_many_pictures_had_crops():
    assert "crops of 1 picture in crops" in detect(PICTURE, "--crops", "crops").stderr


def test_a_style_without_a_drawing_is_noted():
    result = detect(PICTURE, "--hide-scores")
    assert result.exit_code == DONE
    assert "--hide-scores has no effect" in result.stderr
    assert "--save DIR" in result.stderr


def test_names_that_opencv_4_cannot_draw_are_noted(monkeypatch, folder):
    monkeypatch.setattr(text_drawing, "_FONT", text_drawing._AsciiFont())
    text_drawing.text_width.cache_clear()
    (folder / "x.names").write_text("dog\nhöhle\n犬\n")
    result = detect(PICTURE, "--names", "x.names", "--save", "out")
    text_drawing.text_width.cache_clear()
    assert result.exit_code == DONE
    for part in ("'höhle'", "ASCII", "opencv-python>=5"):
        assert part in result.stderr


@pytest.mark.parametrize("words", ["--line-width 0", "--font-size 3", "--crops photo.jpg"])
def test_wrong_values_are_refused(words):
    result = detect(PICTURE, *words.split())
    assert result.exit_code == UNUSABLE
    assert words.split()[0] in result.stderr


def test_dataset_show_has_the_style(folder):
    cv2.imwrite("a.png", np.full((64, 64, 3), 90, np.uint8))
    (folder / "a.txt").write_text("0 .5 .5 .5 .5\n")
    (folder / "list.txt").write_text("a.png\n")
    (folder / "x.names").write_text("höhle\n")
    (folder / "x.data").write_text("classes=1\ntrain=list.txt\nnames=x.names\n")
    sheets = []
    for words in ((), ("--hide-labels",), ("--line-width", 6), ("--font-size", 20)):
        result = dtorch("dataset", "show", "x.data", *words)
        assert result.exit_code == DONE, result.stderr
        sheets.append((folder / "dataset.png").read_bytes())
    assert len(set(sheets)) == len(sheets)
