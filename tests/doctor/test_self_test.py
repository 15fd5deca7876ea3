"""The bundled model finds the stored detections, and a broken installation is noticed."""

import json
import math

import pytest

from darknet_torch.cfg.zoo import (
    BUNDLED_DETECTIONS,
    BUNDLED_MODEL,
    read_names,
    sample_folder,
)
from darknet_torch.doctor.self_test import TOLERANCE, detect_sample, difference, self_test
from darknet_torch.errors import UsageError
from darknet_torch.loading.load import load

MODEL = sample_folder() / BUNDLED_MODEL
STORED = json.loads((sample_folder() / BUNDLED_DETECTIONS).read_bytes())


def test_the_bundled_model_finds_the_stored_detections():
    # The stored numbers have six digits; summing in another order changes the last one.
    assert self_test() < 1e-5


def test_the_stored_detections_are_of_classes_of_the_model():
    names = read_names(MODEL.with_suffix(".names"))
    assert len(STORED) > 0
    assert [one["name"] for one in STORED] == [names[one["class_id"]] for one in STORED]


def test_an_untrained_network_fails():
    untrained = load(MODEL.with_suffix(".cfg"))
    assert difference(detect_sample(untrained), STORED) > TOLERANCE


@pytest.mark.parametrize("part", ["center_x", "width", "confidence"])
def test_the_difference_covers_every_number(part):
    moved = json.loads(json.dumps(STORED))
    place = moved[-1] if part == "confidence" else moved[-1]["relative_coordinates"]
    place[part] += 0.02
    assert difference(moved, STORED) == pytest.approx(0.02)


def test_the_difference_is_infinite_if_classes_differ():
    assert difference(STORED[:-1], STORED) == math.inf
    assert difference([], []) == 0


def test_a_missing_device_is_an_error():
    with pytest.raises(UsageError, match="no such device"):
        self_test("cuda:99")
