"""Which picture a sample gets."""

from collections import Counter

import numpy as np
import pytest

from darknet_torch.augment.picture_draw import UNIFORM, ShapeDraw, WeightedDraw
from darknet_torch.augment.picture_order import PictureOrder
from darknet_torch.augment.random_streams import SampleSeed

SAMPLES = 4000


def drawn(draw, count, samples=SAMPLES):
    order = PictureOrder(draw=draw)
    seeds = (SampleSeed(0, number) for number in range(samples))
    return Counter(next(order.picture_candidates(seed, count)) for seed in seeds)


def test_pictures_are_drawn_alike_by_default():
    assert PictureOrder().draw is UNIFORM
    assert drawn(UNIFORM, 2)[0] / SAMPLES == pytest.approx(1 / 2, abs=0.03)  # 4 deviations


def test_pictures_are_drawn_as_often_as_their_weights_say():
    counts = drawn(WeightedDraw((1.0, 3.0, 6.0)), 3)
    shares = [counts[index] / SAMPLES for index in range(3)]
    assert shares == pytest.approx([0.1, 0.3, 0.6], abs=0.03)  # 4 deviations


def test_an_iteration_has_pictures_of_one_group():
    groups = ((0, 2), (1, 3, 4, 5))
    order = PictureOrder(draw=ShapeDraw(groups, (2.0, 0.5)))
    chosen = Counter()
    for iteration in range(SAMPLES // 4):
        seeds = [SampleSeed(5, iteration, slot) for slot in range(4)]
        found = {next(order.picture_candidates(seed, 6)) for seed in seeds}
        aspect = order.draw.aspect_of(5, iteration)
        assert found <= set(groups[0 if aspect == 2 else 1])
        chosen[aspect] += 1
    # as often as its pictures are drawn without groups; 4 deviations
    assert chosen[2.0] / (SAMPLES // 4) == pytest.approx(1 / 3, abs=0.06)


def test_weights_count_within_groups_and_between_them():
    counts = drawn(ShapeDraw(((0, 1), (2,)), (1.0, 2.0), weights=(1.0, 3.0, 6.0)), 3)
    shares = np.array([counts[index] for index in range(3)]) / SAMPLES
    assert shares == pytest.approx([0.1, 0.3, 0.6], abs=0.03)  # 4 deviations
