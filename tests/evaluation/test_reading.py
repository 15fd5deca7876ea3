"""Results files say again what was written, and tell where they are wrong."""

import json
from pathlib import Path

import numpy as np
import pytest

from darknet_torch.datasets.examples import DataSet, Example
from darknet_torch.errors import UsageError
from darknet_torch.evaluation.export import WRITERS
from darknet_torch.evaluation.ground_truth import GroundTruth
from darknet_torch.evaluation.reading import read_results
from tests.evaluation import plain

NAMES = ("cat", "traffic light", "eel/snake")
# Corners are written with 6 digits of a pixel, COCO's with 4.
COORDINATES = 1e-4 / plain.HEIGHT


def by_content(found):
    rows = np.column_stack((found.pictures, found.class_ids, found.scores, found.boxes))
    return rows[np.lexsort(rows.T[::-1].round(3))]


def written(form, folder, names=NAMES):
    found, ground_truth = plain.random_case(2, names=names)
    WRITERS[form](found, ground_truth, folder)
    inside = ground_truth.clipped_corners(found)
    boxes = ground_truth.relative(found.pictures, inside)
    return type(found)(found.pictures, found.class_ids, boxes, found.scores), ground_truth


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("coco", "coco_results.json"),
        ("voc", "."),
        ("voc", "comp4_det_test_cat.txt"),
        ("txt", "."),
        ("txt", "detections"),
    ],
)
def test_what_is_written_is_read_again(tmp_path, form, name):
    found, ground_truth = written(form, tmp_path)
    again = read_results(tmp_path / name, ground_truth)
    assert len(found) > 100
    assert (np.diff(again.pictures) >= 0).all()
    np.testing.assert_allclose(by_content(again), by_content(found), rtol=0, atol=COORDINATES)


def test_the_forms_look_as_other_programs_expect(tmp_path):
    found, ground_truth = plain.random_case(2, names=NAMES)
    one = found.select(np.flatnonzero(found.class_ids == 1)[:1])
    for form, writer in WRITERS.items():
        writer(one, ground_truth, tmp_path / form)
    left, top, right, bottom = ground_truth.clipped_corners(one)[0]
    stem, score = ground_truth.stems[one.pictures[0]], one.scores[0]
    corners = f"{score:f} {left:f} {top:f} {right:f} {bottom:f}\n"
    voc = tmp_path / "voc"
    assert (voc / "comp4_det_test_traffic light.txt").read_text() == f"{stem} {corners}"
    assert (voc / "comp4_det_test_eel_snake.txt").read_text() == ""
    txt = tmp_path / "txt" / "detections"
    assert (txt / f"{stem}.txt").read_text() == f"traffic_light {corners}"
    assert len(list(txt.iterdir())) == len(ground_truth.stems)
    (record,) = json.loads((tmp_path / "coco" / "coco_results.json").read_text())
    assert record["image_id"] == one.pictures[0]  # one000.jpg is picture 0
    assert record["category_id"] == 2
    assert record["bbox"] == pytest.approx([left, top, right - left, bottom - top], abs=1e-4)


WRONG = {
    "image.json": ('[{"image_id": 99, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 1}]', "99"),
    "class.json": ('[{"image_id": 2, "category_id": [], "bbox": [1, 2, 3, 4], "score": 1}]', "[]"),
    "short.json": ('[{"image_id": 2, "category_id": 1, "bbox": [1, 2, 3], "score": 1}]', "no res"),
    "text.json": ("boxes", "is no JSON"),
    "voc/comp4_det_test_cow.txt": ("", "cow"),
    "line/comp4_det_test_cat.txt": ("one000 0.5 1 2 3\n", "cat.txt:1"),
    "picture/comp4_det_test_cat.txt": ("two 0.5 1 2 3 4\n", "'two'"),
    "txt/one000.txt": ("cow 0.5 1 2 3 4\n", "'cow'"),
    "empty/nothing.dat": ("", "expected COCO"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_named_with_its_fault(tmp_path, name):
    text, said = WRONG[name]
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    _, ground_truth = plain.random_case(2)
    with pytest.raises(UsageError) as error:
        read_results(path if path.parent == tmp_path else path.parent, ground_truth)
    assert said in str(error.value)
    assert str(path if name != "empty/nothing.dat" else path.parent) in str(error.value)


def test_pictures_of_the_same_name_cannot_go_by_it(tmp_path):
    found, ground_truth = plain.random_case(2)
    twice = ground_truth.only(np.array([0, 0]))
    empty = found.select(np.zeros(0, int))
    WRITERS["coco"](empty, twice, tmp_path)
    for form in ("voc", "txt"):
        with pytest.raises(UsageError, match="same name"):
            WRITERS[form](empty, twice, tmp_path)


@pytest.mark.parametrize(
    ("names", "ids", "expected"),
    [
        (["COCO_val2014_000000000042", "7"], [None, None], (42, 7)),
        (["a_1", "b_1"], [None, None], (1, 2)),
        (["a_9", "b"], [None, None], (1, 2)),
        (["a_9", "b_8"], [70, 80], (70, 80)),
    ],
)
def test_pictures_have_ids(names, ids, expected):
    pairs = zip(names, ids, strict=True)
    examples = (Example(Path(f"{name}.jpg"), None, (1, 1), number) for name, number in pairs)
    assert GroundTruth.of(DataSet(tuple(examples), (), "here")).picture_ids == expected
