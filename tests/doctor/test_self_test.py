"""The bundled model finds what is kept of it, and a broken installation is noticed."""

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
from darknet_torch.model.loading import load

FOLDER = sample_folder()
KEPT = json.loads((FOLDER / EXPECTED).read_bytes())


def test_the_sample_is_found_as_it_is_kept():
    # The kept numbers have six digits; sums in another order move the last of them.
    assert self_test() < 1e-5


def test_the_kept_objects_are_those_of_the_picture():
    assert [one["name"] for one in KEPT] == ["circle", "square", "triangle", "triangle"]


def test_a_network_without_its_weights_fails():
    untrained = load(FOLDER / "toy-shapes.cfg")
    found = detect_sample(untrained, FOLDER).to_dict()["objects"]
    assert difference(found, KEPT) > TOLERANCE


@pytest.mark.parametrize("part", ["center_x", "width", "confidence"])
def test_each_number_counts(part):
    moved = json.loads(json.dumps(KEPT))
    place = moved[2] if part == "confidence" else moved[2]["relative_coordinates"]
    place[part] += 0.02
    assert difference(moved, KEPT) == pytest.approx(0.02)


def test_other_objects_are_infinitely_far():
    assert difference(KEPT[:3], KEPT) == math.inf
    assert difference([], []) == 0


def test_a_device_that_is_not_there_is_an_error():
    with pytest.raises(UsageError, match="no such device"):
        self_test("cuda:99")
