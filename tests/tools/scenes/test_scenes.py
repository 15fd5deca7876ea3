"""The scenes as wholes."""

import numpy as np
import pytest

from tools.drawn.classes import CLASSES
from tools.scenes import SCENES, desk


def check(picture: np.ndarray, boxes: np.ndarray) -> None:
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert boxes.dtype == np.float64
    assert set(boxes[:, 0]) <= set(range(len(CLASSES)))
    assert (boxes[:, 1:] >= 0).all()
    assert (boxes[:, 1:] <= 1).all()
    height, width = picture.shape[:2]
    sizes = (boxes[:, 3:] - boxes[:, 1:3]) * (width, height)
    assert (sizes.max(axis=1) >= 0.06 * width).all()
    assert (sizes.max(axis=1) <= 0.45 * width).all()
    assert (sizes.min(axis=1) > 8).all()


def test_there_are_ten_scenes_with_names_of_their_own():
    assert len({name for name, _ in SCENES}) == len({draw for _, draw in SCENES}) == 10


def test_objects_are_inside_and_large_enough_and_a_scene_is_always_the_same():
    picture, boxes = dict(SCENES)["first-aid"]()
    check(picture, boxes)
    again, same = dict(SCENES)["first-aid"]()
    assert (again == picture).all()
    assert (same == boxes).all()


@pytest.mark.long
def test_the_scenes_show_every_class():
    drawn = [draw() for _, draw in SCENES]
    for picture, boxes in drawn:
        check(picture, boxes)
    shown = np.concatenate([boxes[:, 0] for _, boxes in drawn])
    assert set(shown) == set(range(len(CLASSES)))
    check(*desk.draw())
