"""The perspective of planes."""

import numpy as np
import pytest

from tools.scenes.canvas import Canvas
from tools.scenes.shapes import square
from tools.scenes.solids import Toy, draw_toys
from tools.scenes.view import View


@pytest.mark.parametrize("angles", [{}, {"tilt": 40}, {"turn": -30}, {"tilt": 20, "roll": 10}])
def test_the_target_appears_at_the_centre(angles):
    view = View((320, 240), target=(50, 70), **angles)
    np.testing.assert_allclose(view.project(np.array([(50, 70)])), [(320, 240)])


def test_a_plane_seen_from_the_front_keeps_its_coordinates():
    points = np.array([(0, 0), (640, 17), (320, 480)])
    np.testing.assert_allclose(View((320, 240)).project(points), points)


def test_what_is_far_away_is_small_and_what_is_high_is_near():
    view = View((320, 240), tilt=50)
    far, near = (np.ptp(view(square().placed(320, y, 50)).box()[::2]) for y in (0, 400))
    assert far < near
    point = np.array([(320, 240)])
    assert view.project(point, 30)[0, 1] < view.project(point)[0, 1]


def test_a_camera_to_the_right_sees_the_right_side_large():
    view = View((320, 240), turn=30)
    left, right = (np.ptp(view(square().placed(x, 240, 50)).box()[1::2]) for x in (100, 540))
    assert left < right


def test_a_texture_lies_where_shapes_do():
    view = View((60, 50), tilt=30, turn=10, distance=200)
    texture = np.zeros((200, 240, 3), np.float32)
    texture[80:120, 100:140] = 255
    picture = view.lay(texture, (-60, -50, 180, 150), (120, 100))
    canvas = Canvas(120, 100)
    canvas.fill(view(square().placed(60, 50, 40)), (255, 255, 255))
    # Both are antialiased, in two ways: a few pixels on the edges differ by more than a quarter.
    assert (np.abs(picture - canvas.picture) > 64).mean() < 0.001


def test_the_box_of_a_toy_holds_its_sides_but_not_its_shadow():
    canvas = Canvas(160, 120, (128, 128, 128))
    view = View((80, 60), tilt=40, distance=400)
    toy = Toy("square", square(), (80, 60, 50, 20), (20, 20, 220))
    draw_toys(canvas, view, [toy], 20, np.ones((120, 160, 1)))
    red = canvas.picture[..., 2] - canvas.picture[..., 0] > 20
    rows, columns = np.nonzero(red.any(axis=1))[0], np.nonzero(red.any(axis=0))[0]
    painted = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    ((_, *box),) = canvas.finish(0)[1]
    # Pixels that are covered in part count or not.
    np.testing.assert_allclose(np.array(box) * (160, 120, 160, 120), painted, atol=1.5)
