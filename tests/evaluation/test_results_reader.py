"""Reading result files: what was written is read again, and errors are located."""

import numpy as np
import pytest

from darknet_torch.errors import UsageError
from darknet_torch.evaluation.results_reader import read_results
from darknet_torch.evaluation.results_writer import WRITERS
from tests.evaluation import plain_loops

NAMES = ("cat", "traffic light", "eel/snake")
# Coordinates are written with 6 digits of a pixel, those of COCO with 4.
COORDINATES = 1e-4 / plain_loops.HEIGHT


def by_content(found):
    rows = np.column_stack((found.pictures, found.class_ids, found.scores, found.boxes))
    return rows[np.lexsort(rows.T[::-1].round(3))]


def write_random_results(form, folder, names=NAMES):
    found, ground_truth = plain_loops.random_case(2, names=names)
    WRITERS[form](found, ground_truth, folder)
    inside = ground_truth.clipped_boxes_xyxy(found)
    boxes = ground_truth.boxes_cxcywh(found.pictures, inside)
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
def test_written_results_are_read_again(tmp_path, form, name):
    found, ground_truth = write_random_results(form, tmp_path)
    again = read_results(tmp_path / name, ground_truth)
    assert len(found) > 100
    assert (np.diff(again.pictures) >= 0).all()
    np.testing.assert_allclose(by_content(again), by_content(found), rtol=0, atol=COORDINATES)


WRONG = {
    "image.json": ('[{"image_id": 99, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 1}]', "99"),
    "class.json": ('[{"image_id": 2, "category_id": [], "bbox": [1, 2, 3, 4], "score": 1}]', "[]"),
    "short.json": (
        '[{"image_id": 2, "category_id": 1, "bbox": [1, 2, 3], "score": 1}]',
        "this record is not a result",
    ),
    "text.json": ("boxes", "not valid JSON"),
    "voc/comp4_det_test_cow.txt": ("", "cow"),
    "line/comp4_det_test_cat.txt": ("one000 0.5 1 2 3\n", "cat.txt:1"),
    "picture/comp4_det_test_cat.txt": ("two 0.5 1 2 3 4\n", "'two'"),
    "txt/one000.txt": ("cow 0.5 1 2 3 4\n", "'cow'"),
    "empty/nothing.dat": ("", "expected COCO"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_broken_file_is_reported_with_its_line(tmp_path, name):
    text, message = WRONG[name]
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    _, ground_truth = plain_loops.random_case(2)
    with pytest.raises(UsageError) as error:
        read_results(path if path.parent == tmp_path else path.parent, ground_truth)
    assert message in str(error.value)
    assert str(path if name != "empty/nothing.dat" else path.parent) in str(error.value)
