"""The bundled model finds the stored detections, and a broken installation is noticed."""

import json
import math

import pytest

from darknet_torch.cfg.zoo import sample_folder
from darknet_torch.doctor.self_test import (
    EXPECTED,
    TOLERANCE,
    detect_sample,
    difference,
    self_test,
)
from darknet_torch.errors import UsageError
from darknet_torch.loading.load import load

FOLDER = sample_folder()
STORED = json.loads((FOLDER / EXPECTED).read_bytes())


def test_the_bundled_model_finds_the_stored_detections():
    # The stored numbers have six digits; summing in another order changes the last one.
    assert self_test() < 1e-5


def test_the_stored_detections_are_the_objects_of_the_picture():
    assert [one["name"] for one in STORED] == ["circle", "square", "triangle", "triangle"]


def test_an_untrained_network_fails():
    untrained = load(FOLDER / "toy-shapes.cfg")
    found = detect_sample(untrained, FOLDER).to_dict()["objects"]
    assert difference(found, STORED) > TOLERANCE


@pytest.mark.parametrize("part", ["center_x", "width", "confidence"])
def test_the_difference_covers_every_number(part):
    moved = json.loads(json.dumps(STORED))
    place = moved[2] if part == "confidence" else moved[2]["relative_coordinates"]
    place[part] += 0.02
    assert difference(moved, STORED) == pytest.approx(0.02)


def test_the_difference_is_infinite_if_classes_differ():
    assert difference(STORED[:3], STORED) == math.inf
    assert difference([], []) == 0


def test_a_missing_device_is_an_error():
    with pytest.raises(UsageError, match="no such device"):
        self_test("cuda:99")
