"""Painting shapes and recording their boxes."""

import numpy as np
import pytest

from tools.drawn.classes import CLASSES
from tools.scenes.canvas import Canvas
from tools.scenes.shapes import Shape, characters, circle, heart, moon, rectangle, star, stroke


def bounds(painted: np.ndarray) -> np.ndarray:
    rows, columns = np.nonzero(painted.any(axis=1))[0], np.nonzero(painted.any(axis=0))[0]
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])


@pytest.mark.parametrize(
    "shape",
    [heart(), moon(), star(), characters("8")[0], stroke([(-0.5, 0), (0, 0.3), (0.5, 0)], 0.2)],
)
def test_a_box_is_that_of_the_painted_pixels(shape):
    canvas = Canvas(90, 70)
    canvas.paint("star", shape.placed(44.3, 33.6, 50, 12), (255, 255, 255))
    (box,) = canvas.finish(0, noise=0, blur=0.01, vignette=0)[1]
    assert box[0] == CLASSES.index("star")
    painted = bounds(canvas.picture[..., 0] > 127)
    # An edge moves by up to a pixel when the pixels that a shape half covers are counted or not;
    # the tip of a star is narrower than a pixel on its last two.
    assert np.abs(box[1:] * (90, 70, 90, 70) - painted).max() < 2.5


def test_pixels_are_painted_by_the_part_that_is_covered():
    canvas = Canvas(8, 8)
    canvas.fill(rectangle(2, 2, 4.5, 6), (200, 200, 200))
    row = canvas.picture[4, :, 0]
    # The outline itself is painted, an eighth of a pixel on each side.
    np.testing.assert_allclose(row, [0, 0, 200, 200, 100, 0, 0, 0], atol=60)
    assert (row[2:4] == 200).all()
    assert (row[6:] == 0).all()


def test_a_contour_inside_another_is_a_hole_and_parts_unite():
    canvas = Canvas(40, 40)
    outer, hole = rectangle(4, 4, 36, 36).parts[0][0], rectangle(12, 12, 28, 28).parts[0][0]
    frame = Shape(((outer, hole),))
    canvas.fill(frame + rectangle(4, 4, 10, 36), (90, 90, 90))
    assert canvas.picture[20, 20, 0] == 0
    assert canvas.picture[20, 8, 0] == 90


def test_painting_inside_a_shape_leaves_the_rest():
    canvas = Canvas(20, 20, (10, 20, 30))
    with canvas.inside(rectangle(5, 5, 15, 15)):
        canvas.fill(rectangle(-5, -5, 30, 10), (200, 200, 200))
    assert (canvas.picture[7, 7] == 200).all()
    for outside in ((2, 2), (17, 2), (12, 12)):
        assert (canvas.picture[outside] == (10, 20, 30)).all()


def test_a_box_ends_at_the_edge_of_the_picture():
    canvas = Canvas(20, 10)
    canvas.label("circle", circle().placed(0, 5, 8))
    boxes = canvas.finish(0)[1]
    np.testing.assert_allclose(boxes, [[0, 0, 0.1, 0.2, 0.9]], atol=1e-3)


def test_a_shape_outside_of_the_picture_paints_nothing():
    canvas = Canvas(20, 10, (7, 7, 7))
    canvas.fill(circle().placed(-50, 5, 8), (255, 255, 255))
    assert (canvas.picture == 7).all()
