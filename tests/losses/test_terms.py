"""Terms that several heads share, compared with numbers computed by hand."""

import math

import pytest
import torch

from darknet_torch.losses.terms import (
    clip_delta,
    focal_delta,
    match_statistics,
)
from tests.losses.cases import build


def yolo_options(options):
    return build(f"[yolo]\nanchors=6,9\nnum=1\nclasses=3\n{options}", 8).options


def test_clip_delta_replaces_nan_and_infinities_and_bounds_the_rest():
    delta = torch.tensor([math.nan, math.inf, -math.inf, -3.0, 0.5, 3.0])
    assert clip_delta(delta, 2.0).tolist() == [0, 0, 0, -2, 0.5, 2]


def test_clip_delta_has_no_bound_by_default():
    bound = yolo_options("").max_delta
    assert clip_delta(torch.tensor([math.inf, 1e38]), bound).tolist() == [0, pytest.approx(1e38)]


def test_focal_delta_is_small_for_a_class_that_is_nearly_certain():
    scores = torch.tensor([[0.5, 0.5], [0.99, 0.01]])
    delta = focal_delta(scores, torch.tensor([0, 0]))
    # (target - score) * 0.5 * (1 - p) * (1 - p - 2 * p * log(p)) with p the score of the class
    expected = 0.5 * 0.5 * 0.5 * (0.5 - 2 * 0.5 * math.log(0.5))
    assert delta[0].tolist() == [pytest.approx(expected), pytest.approx(-expected)]
    assert 0 < delta[1, 0] < 1e-3 * expected


def test_match_statistics_count_matches_and_those_above_one_half():
    found = match_statistics(torch.tensor([0.25, 0.5, 0.75, 1.0]))
    assert {name: value.item() for name, value in found.items()} == {
        "count": 4,
        "iou": 0.625,
        "recall": 0.5,
    }


def test_match_statistics_without_a_match_are_zero():
    found = match_statistics(torch.zeros(0))
    assert [value.item() for value in found.values()] == [0, 0, 0]
