"""Darknet's resize compared bit for bit with its rule in plain loops, and in plain numpy."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darknet_torch.media import resizing
from darknet_torch.media.resizing import resize_darknet, resize_opencv
from tests.media.reference_resize import assert_same_bits, pixels, reference_resize

sides = st.integers(1, 40)
sizes = st.tuples(sides, sides)
seeds = st.integers(0, 2**32 - 1)
# Grey, what is read from JPEGs, and what darknet.py's make_image allows beyond.
channel_counts = st.sampled_from((1, 3, 2, 4, 5))
UNTOUCHED = np.float32(-7)


def resize_in_loops(plane, height, width):
    """Darknet's rule for one channel of floats, a pixel at a time in float32.

    Undefined for height 1: C divides zero by zero there.
    """
    one = np.float32(1)
    own_height, own_width = plane.shape
    if (own_height, own_width) == (height, width):
        return plane.copy()
    across = np.float32(own_width - 1) / np.float32(max(width - 1, 1))
    down = np.float32(own_height - 1) / np.float32(height - 1)
    part = np.zeros((own_height, width), np.float32)
    for row in range(own_height):
        for column in range(width - 1):
            at = np.float32(column) * across
            first = int(at)
            beyond = at - np.float32(first)
            second = min(first + 1, own_width - 1)
            part[row, column] = (one - beyond) * plane[row, first] + beyond * plane[row, second]
        part[row, width - 1] = plane[row, own_width - 1]
    out = np.zeros((height, width), np.float32)
    for row in range(height):
        at = np.float32(row) * down
        first = int(at)
        beyond = at - np.float32(first)
        out[row] = (one - beyond) * part[first]
        if row != height - 1 and own_height != 1:
            out[row] += beyond * part[first + 1]
    return out


class TestDarknetsRule:
    @pytest.mark.parametrize(
        ("own", "wanted"),
        [
            ((5, 7), (9, 13)),
            ((9, 13), (5, 7)),
            ((9, 13), (4, 21)),
            ((6, 6), (6, 11)),
            ((6, 6), (11, 6)),
            ((1, 1), (4, 3)),
            ((1, 6), (5, 9)),
            ((6, 1), (9, 4)),
            ((6, 5), (3, 1)),
            ((2, 2), (2, 3)),
            ((23, 31), (32, 32)),
        ],
        ids=str,
    )
    def test_it_equals_the_plain_loop_bit_for_bit(self, own, wanted):
        planes = pixels(*own, 2)
        resized = resize_darknet(planes, *wanted)
        assert resized.dtype == np.float32
        for channel in range(planes.shape[2]):
            plane = planes[:, :, channel].astype(np.float32) / np.float32(255)
            np.testing.assert_array_equal(
                resized[:, :, channel], resize_in_loops(plane, *wanted), strict=True
            )

    def test_resizing_to_the_same_size_changes_nothing(self):
        planes = pixels(4, 5, 2)
        np.testing.assert_array_equal(resize_darknet(planes, 4, 5), planes / np.float32(255))

    def test_the_corners_coincide(self):
        planes = pixels(5, 7, 2)
        corners = np.ix_([0, -1], [0, -1])
        resized = resize_darknet(planes, 9, 13)
        # float32 may leave the upper of the last row's two taps a weight of a millionth.
        np.testing.assert_allclose(resized[corners], planes[corners] / 255, atol=1e-5)

    def test_the_last_row_is_darker_where_float32_rounds_its_position_down(self):
        """41 * float32(2 / 41) is below 2, and C omits the lower row for the last one."""
        white = np.full((3, 3, 1), 255, np.uint8)
        resized = resize_darknet(white, 42, 3)
        assert (resized[-1] < 1e-5).all()
        np.testing.assert_allclose(resized[:-1], 1, atol=1e-6)  # two weights, rounded each

    def test_resizing_to_height_one_takes_the_first_row(self):
        planes = pixels(4, 5, 2)
        np.testing.assert_array_equal(resize_darknet(planes, 1, 5), planes[:1] / np.float32(255))


class TestDarknetsResize:
    @settings(max_examples=60)
    @given(own=sizes, new=sizes, channels=channel_counts, floats=st.booleans(), seed=seeds)
    def test_it_equals_the_plain_form(self, own, new, channels, floats, seed):
        planes = pixels(*own, channels, seed, floats=floats)
        assert_same_bits(resize_darknet(planes, *new), reference_resize(planes, *new))

    @settings(max_examples=15)
    @given(own=sizes, new=sizes, channels=channel_counts, rows=st.integers(1, 5))
    def test_blocks_of_rows_change_nothing(self, own, new, channels, rows):
        planes = pixels(*own, channels)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(resizing, "_BLOCK_VALUES", rows * new[1] * channels)
            got = resize_darknet(planes, *new)
        assert_same_bits(got, reference_resize(planes, *new))

    @pytest.mark.parametrize(
        ("own", "new"),
        [
            ((1, 1), (1, 1)),
            ((1, 1), (5, 7)),
            ((1, 9), (6, 4)),
            ((9, 1), (4, 6)),
            ((9, 8), (1, 5)),
            ((9, 8), (5, 1)),
            ((9, 8), (1, 1)),
            ((9, 8), (9, 8)),
            ((9, 8), (9, 5)),
            ((9, 8), (5, 8)),
            ((48, 64), (41, 41)),
            ((90, 70), (7, 300)),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("channels", [1, 3])
    @pytest.mark.parametrize("floats", [False, True], ids=["uint8", "float32"])
    def test_rows_columns_and_equal_sizes(self, own, new, channels, floats):
        planes = pixels(*own, channels, floats=floats)
        assert_same_bits(resize_darknet(planes, *new), reference_resize(planes, *new))

    @pytest.mark.parametrize(
        "view",
        [
            lambda planes: planes[:, :, ::-1],
            lambda planes: planes[::-1],
            lambda planes: planes[:, ::-1],
            lambda planes: planes[1::2, 3:-2:3],
            lambda planes: planes.transpose(1, 0, 2),
            lambda planes: planes[:, :, :2],
            lambda planes: np.ascontiguousarray(planes.transpose(2, 0, 1)).transpose(1, 2, 0),
        ],
        ids=["rgb", "upside down", "mirrored", "steps", "transposed", "channels", "planar"],
    )
    @pytest.mark.parametrize("new", [(12, 17), (23, 31)], ids=str)
    def test_any_order_of_memory(self, view, new):
        planes = view(pixels(23, 31, 3))
        before = planes.copy()
        assert_same_bits(resize_darknet(planes, *new), reference_resize(before, *new))
        np.testing.assert_array_equal(planes, before)

    @pytest.mark.parametrize("own", [(9, 14), (6, 11)], ids=["resized", "same size"])
    @pytest.mark.parametrize(
        "place",
        [
            lambda memory: memory[2:8, 3:14],
            lambda memory: memory[7:1:-1, 13:2:-1],
            lambda memory: memory[2:8, 3:14, ::-1],
            lambda memory: memory.transpose(1, 0, 2)[:6, :11],
        ],
        ids=["inner", "turned", "bgr", "transposed"],
    )
    def test_it_writes_to_its_place_alone(self, own, place):
        memory = np.full((16, 18, 3), UNTOUCHED)
        out, planes = place(memory), pixels(*own, 3)
        assert resize_darknet(planes, 6, 11, out=out) is out
        assert_same_bits(out, reference_resize(planes, 6, 11))
        assert (memory == UNTOUCHED).sum() == memory.size - out.size

    def test_a_result_shares_no_memory_with_the_picture(self):
        planes = pixels(5, 6, 3, floats=True)
        assert not np.shares_memory(resize_darknet(planes, 5, 6), planes)

    def test_earlier_pictures_of_the_size_change_nothing(self):
        first, second = (pixels(7, 9, 3, seed) for seed in (1, 2))
        resize_darknet(first, 5, 5)
        assert_same_bits(resize_darknet(second, 5, 5), reference_resize(second, 5, 5))


class TestOpenCvsResize:
    @pytest.mark.parametrize("channels", [1, 3])
    @pytest.mark.parametrize("new", [(16, 12), (9, 14), (1, 1)], ids=str)
    def test_it_is_cv2_resize_of_the_bytes(self, channels, new):
        planes = pixels(9, 14, channels)
        resized = cv2.resize(planes, new[::-1]).reshape(*new, channels)
        assert_same_bits(resize_opencv(planes, *new), resized / np.float32(255))

    def test_it_writes_to_its_place(self):
        memory, planes = np.full((8, 9, 3), UNTOUCHED), pixels(5, 4, 3)
        out = memory[1:7, 2:8]
        assert resize_opencv(planes[:, :, ::-1], 6, 6, out=out) is out
        assert_same_bits(out, resize_opencv(planes, 6, 6)[:, :, ::-1].copy())
        assert (memory == UNTOUCHED).sum() == memory.size - out.size
