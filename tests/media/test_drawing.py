"""Drawing boxes and labels on pictures."""

import numpy as np
import pytest

from darknet_torch.errors import UsageError
from darknet_torch.media.drawing import DrawingStyle, class_color, draw_boxes, text_color

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

    def test_no_label_covers_another_and_boxes_lie_below_labels(self):
        names = ["dog", "cat"]
        alone = drawn([BOX], labels=["dog"])
        both = drawn([BOX, (102, 112, 498, 350)], labels=names, class_ids=[0, 1])
        np.testing.assert_array_equal(both[104:118, 104:120], alone[104:118, 104:120])

    def test_a_label_that_is_wider_than_the_picture_keeps_its_score(self):
        image = np.zeros((60, 90, 3), np.uint8)
        box = np.array([[10.0, 30, 60, 50]])
        long = draw_boxes(image, box, ["x" * 50], [0], scores=[0.5])
        other = draw_boxes(image, box, ["x" * 60], [0], scores=[0.5])
        np.testing.assert_array_equal(long, other)
        assert (long != draw_boxes(image, box, ["x" * 50], [0], scores=[0.6])).any()

    @pytest.mark.parametrize("class_id", range(80))
    def test_the_text_has_the_contrast_that_the_guidelines_ask_of_text(self, class_id):
        def luminance(color):
            blue, green, red = (
                v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4
                for v in np.array(color) / 255
            )
            return 0.2126 * red + 0.7152 * green + 0.0722 * blue

        color = class_color(class_id)
        light, dark = sorted((luminance(color), luminance(text_color(color))), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5


class TestStyle:
    def draw(self, **style):
        image = np.zeros((*SIZE, 3), np.uint8)
        boxes = np.array([BOX], float)
        return draw_boxes(image, boxes, ["dog"], [0], scores=[0.93], style=DrawingStyle(**style))

    def test_the_line_width(self):
        line = self.draw(line_width=9)[200:350, :150].any(2).sum(1)
        np.testing.assert_array_equal(line, 9)

    def test_the_font_size_sets_the_height_of_labels(self):
        def height(size):
            return self.draw(font_size=size, boxes=False).any(2).any(1).sum()

        assert (height(10), height(40)) == (13, 52)

    def test_hidden_labels_and_boxes(self):
        assert not self.draw(labels=False)[:110].any()
        assert not self.draw(boxes=False)[200:].any()
        assert not self.draw(boxes=False, labels=False).any()

    def test_hidden_scores_make_labels_shorter(self):
        plain = self.draw(scores=False, boxes=False)
        np.testing.assert_array_equal(
            plain,
            draw_boxes(
                np.zeros_like(plain),
                np.array([BOX], float),
                ["dog"],
                [0],
                style=DrawingStyle(boxes=False),
            ),
        )
        assert plain.any(2).any(0).sum() < self.draw(boxes=False).any(2).any(0).sum()

    @pytest.mark.parametrize("style", [{"line_width": 0}, {"font_size": 2}, {"font_size": 1.5}])
    def test_a_number_that_cannot_be_drawn_is_refused(self, style):
        with pytest.raises(UsageError, match=f"{next(iter(style))}.*whole number of pixels"):
            DrawingStyle(**style)
