"""--rect: pictures and inputs of one shape."""

import dataclasses
from pathlib import Path

import pytest

from darknet_torch.cfg.dialect import ALEXEYAB
from darknet_torch.cfg.net import NetOptions
from darknet_torch.datasets.examples import Example
from darknet_torch.training.aspect_ratios import ShapedSizes, shape_groups
from darknet_torch.training.multiscale import MultiScale


def pictures(*sizes):
    return [Example(Path(f"{n}.jpg"), None, size=size) for n, size in enumerate(sizes)]


def test_pictures_of_like_aspect_are_a_group():
    sizes = (300, 300), (200, 400), (290, 305), (100, 199), (400, 200)  # height, width
    draw = shape_groups(pictures(*sizes), (416, 416), 32)
    assert dict(zip(draw.aspects, draw.groups, strict=True)) == {
        288 / 576: (4,),
        1.0: (0, 2),
        576 / 288: (1, 3),
    }


def test_a_panorama_has_an_input_of_about_four_to_one():
    draw = shape_groups(pictures((10, 1000)), (416, 416), 32)
    assert draw.aspects == (832 / 192,)


def test_a_picture_that_cannot_be_read_counts_as_a_square():
    assert shape_groups([Example(Path("none.jpg"), None)], (96, 96), 32).aspects == (1.0,)


@pytest.mark.parametrize("random", [0.0, 1.0])
def test_inputs_have_the_shape_of_their_pictures_and_the_area_of_the_cfg(random):
    net = NetOptions(batch=4, width=416, height=416, channels=3, max_batches=1000)
    sizes = MultiScale.from_options(net, ALEXEYAB, seed=1, random=random)
    draw = shape_groups(pictures((200, 400), (400, 200), (3, 3)), (416, 416), 32)
    shaped = ShapedSizes(sizes, draw, 1, 32)
    for iteration in range(0, 300, 10):
        width, height = shaped.size_of(iteration)
        assert width % 32 == height % 32 == 0
        assert width / height == pytest.approx(draw.aspect_of(1, iteration), rel=0.2)
        wide, high = sizes.size_of(iteration)
        assert width * height == pytest.approx(wide * high, rel=0.15)  # of a step of 32
        largest = shaped.largest
        assert width * height <= largest[0] * largest[1]


def test_squares_keep_the_size_of_the_cfg():
    net = NetOptions(batch=4, width=416, height=416, channels=3)
    sizes = MultiScale.from_options(net, ALEXEYAB, seed=1, random=0.0)
    shaped = ShapedSizes(sizes, shape_groups(pictures((5, 5)), (416, 416), 32), 1, 32)
    assert shaped.size_of(3) == (416, 416)
    assert dataclasses.replace(sizes, seed=2).largest == (416, 416)
