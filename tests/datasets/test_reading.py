import numpy as np
import pytest

from darknet_torch.datasets.reading import labels_from_corners, read_lines
from darknet_torch.errors import UsageError


def test_empty_lines_white_space_and_the_byte_order_mark_are_dropped(tmp_path):
    file = tmp_path / "list.txt"
    file.write_bytes(b"\xef\xbb\xbf  a.png \r\n\r\n b c.png\n")
    assert read_lines(file) == ["a.png", "b c.png"]


def test_a_missing_list_is_an_error(tmp_path):
    with pytest.raises(UsageError, match=r"gone\.txt: cannot be read"):
        read_lines(tmp_path / "gone.txt")


def test_corners_in_pixels_become_fractions_of_the_picture():
    labels = labels_from_corners([1], [(30, 40, 50, 50)], [True], (100, 200))
    np.testing.assert_allclose(labels.boxes, [(0.2, 0.45, 0.1, 0.1)], rtol=1e-15)  # one rounding
    assert (labels.class_ids.tolist(), labels.difficult.tolist()) == ([1], [True])
