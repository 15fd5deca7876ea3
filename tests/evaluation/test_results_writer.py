"""Result files for other programs."""

import json

import numpy as np
import pytest

from darknet_torch.errors import UsageError
from darknet_torch.evaluation.results_writer import WRITERS
from tests.evaluation import plain_loops

NAMES = ("cat", "traffic light", "eel/snake")


def test_the_formats_are_those_that_other_programs_expect(tmp_path):
    found, ground_truth = plain_loops.random_case(2, names=NAMES)
    one = found.select(np.flatnonzero(found.class_ids == 1)[:1])
    for form, writer in WRITERS.items():
        writer(one, ground_truth, tmp_path / form)
    left, top, right, bottom = ground_truth.clipped_boxes_xyxy(one)[0]
    stem, score = ground_truth.stems[one.pictures[0]], one.scores[0]
    fields = f"{score:f} {left:f} {top:f} {right:f} {bottom:f}\n"
    voc = tmp_path / "voc"
    assert (voc / "comp4_det_test_traffic light.txt").read_text() == f"{stem} {fields}"
    assert (voc / "comp4_det_test_eel_snake.txt").read_text() == ""
    txt = tmp_path / "txt" / "detections"
    assert (txt / f"{stem}.txt").read_text() == f"traffic_light {fields}"
    assert len(list(txt.iterdir())) == len(ground_truth.stems)
    (record,) = json.loads((tmp_path / "coco" / "coco_results.json").read_text())
    assert record["image_id"] == one.pictures[0]  # one000.jpg is picture 0
    assert record["category_id"] == 2
    assert record["bbox"] == pytest.approx([left, top, right - left, bottom - top], abs=1e-4)


def test_pictures_of_the_same_name_are_refused_by_formats_that_identify_by_name(tmp_path):
    found, ground_truth = plain_loops.random_case(2)
    twice = ground_truth.subset(np.array([0, 0]))
    empty = found.select(np.zeros(0, int))
    WRITERS["coco"](empty, twice, tmp_path)
    for form in ("voc", "txt"):
        with pytest.raises(UsageError, match="same name"):
            WRITERS[form](empty, twice, tmp_path)
