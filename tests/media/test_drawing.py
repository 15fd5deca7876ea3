"""Drawing boxes and labels on pictures."""

import numpy as np
import pytest

from darknet_torch.media.drawing import class_color, draw_boxes

# Large enough for lines of two pixels: thinner lines are anti-aliased over their whole width.
SIZE = (400, 600)
BOX = (100, 120, 500, 360)


def drawn(boxes, *, size=SIZE, labels=None, class_ids=None):
    boxes = np.array(boxes, float).reshape(-1, 4)
    labels = [""] * len(boxes) if labels is None else labels
    canvas = np.zeros((*size, 3), np.uint8)
    return draw_boxes(canvas, boxes, labels, class_ids or [0] * len(boxes))


def has_color(pixel, class_id):
    return tuple(int(value) for value in pixel) == class_color(class_id)


class TestColors:
    def test_a_class_has_the_same_color_in_every_run(self):
        assert class_color(0) == (178, 114, 0)
        assert class_color(1) == (0, 94, 213)

    def test_all_80_classes_of_coco_have_different_colors(self):
        assert len({class_color(class_id) for class_id in range(80)}) == 80

    def test_neighbouring_classes_have_clearly_different_colors(self):
        for class_id in range(80):
            one, other = np.array(class_color(class_id)), np.array(class_color(class_id + 1))
            assert np.abs(one - other).sum() > 100

    def test_a_class_keeps_its_color_whatever_else_is_drawn(self):
        alone = drawn([BOX], class_ids=[4])
        together = drawn([(200, 140, 400, 300), BOX], class_ids=[9, 4])
        assert has_color(alone[360, 300], 4)
        assert has_color(together[360, 300], 4)
        assert has_color(together[300, 300], 9)


class TestBoxes:
    def test_lines_are_drawn_on_the_edges_of_the_box(self):
        image = drawn([BOX])
        for row, column in ((360, 300), (240, 100), (240, 500)):
            assert has_color(image[row, column], 0)
        assert not image[240, 110:490].any()
        assert not image[370:].any()

    @pytest.mark.parametrize(("side", "thickness"), [(40, 1), (250, 1), (1000, 4), (2000, 8)])
    def test_line_thickness_grows_with_the_picture(self, side, thickness):
        image = drawn([(side * 0.2, side * 0.2, side * 0.8, side * 0.8)], size=(side, side))
        colored = image[side * 7 // 10, : side // 2].any(1).sum()
        # OpenCV makes even widths odd and adds a faint pixel on each side.
        assert thickness <= colored <= thickness + 3

    @pytest.mark.parametrize("ids", [(3, 5), (5, 3)])
    def test_the_first_box_is_drawn_on_top(self, ids):
        image = drawn([BOX, BOX], class_ids=list(ids))
        assert has_color(image[360, 300], ids[0])

    @pytest.mark.parametrize(
        "box",
        [
            (-50, -60, 800, 700),
            (-1e9, -1e9, 1e9, 1e9),
            (700, 500, 800, 600),
            (-90, -80, -10, -20),
            (500, 360, 100, 120),
            (100, 100, 100, 100),
        ],
    )
    def test_a_box_with_any_corners_is_drawn_inside_the_picture(self, box):
        image = drawn([box], labels=["dog 93%"])
        assert image.shape == (*SIZE, 3)
        assert image.any()

    @pytest.mark.parametrize("size", [(1, 1), (1, 300), (200, 1), (3, 3)])
    def test_tiny_pictures_can_be_drawn_on(self, size):
        image = drawn([(0, 0, 300, 300)], size=size, labels=["dog 93%"])
        assert image.shape == (*size, 3)
        assert image.any()

    def test_a_view_of_another_picture_can_be_drawn_on(self):
        whole = np.zeros((*SIZE, 3), np.uint8)
        image = draw_boxes(whole[::2, ::-2], np.array([[10.0, 10, 90, 90]]), ["dog"], [0])
        assert image.any()
        assert not whole.any()


class TestLabels:
    def test_a_label_is_drawn_above_its_box(self):
        image = drawn([BOX], labels=["dog 93%"])
        assert image[108:116, 102:140].any(2).mean() > 0.9
        assert not image[:90].any()

    def test_a_label_without_room_above_is_drawn_inside_the_box(self):
        image = drawn([(100, 2, 500, 360)], labels=["dog 93%"])
        assert image[6:12, 104:140].any(2).mean() > 0.9

    def test_a_label_at_the_right_border_is_drawn_completely(self):
        def area(left, right):
            return drawn([(left, 120, right, 360)], labels=["dog 93%"])[:116].any(2).sum()

        assert area(597, 599) == area(100, 500) > 0

    @pytest.mark.parametrize(
        "label", ["x" * 2000, "höhle 🐻 狗 93%", "a\nb\tc", "", "\x00", "%s {} %d"]
    )
    def test_any_text_can_be_a_label(self, label):
        image = drawn([BOX], labels=[label])
        assert has_color(image[360, 300], 0)

    @pytest.mark.parametrize("class_id", range(12))
    def test_the_text_contrasts_with_its_background(self, class_id):
        def luma(color):
            return np.asarray(color, float) @ (0.114, 0.587, 0.299)

        image = drawn([BOX], labels=["WWWW"], class_ids=[class_id])
        label = image[108:116, 102:130]
        assert np.abs(luma(label) - luma(class_color(class_id))).max() > 100
