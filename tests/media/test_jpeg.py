"""The structure of a JPEG: whether it is whole, and what stb_image needs to read one cut off."""

import cv2
import numpy as np
import pytest

from darknet_torch.media.jpeg import JpegStructure
from tests.media.picture_files import (
    JPEG,
    JPEG_WITH_RESTARTS,
    encoded,
    insert_after_start,
    segment,
)

IMAGE = np.zeros((16, 16, 3), np.uint8)
PROGRESSIVE = encoded(IMAGE, ".jpg", [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
UNITS = 24  # 8 x 8 pixels each, of 48 x 32; two of them between restart markers


def parsed(jpeg):
    """Whether it is whole, and its filler."""
    structure = JpegStructure.parse(jpeg)
    return structure.is_whole, structure.stb_filler


@pytest.mark.parametrize("jpeg", [JPEG, JPEG_WITH_RESTARTS], ids=["plain", "restarts"])
def test_a_whole_jpeg_needs_no_filler(jpeg):
    for extra in (b"", b"after the end \xff\xda"):
        assert parsed(jpeg + extra) == (True, b"")


@pytest.mark.parametrize("cut", [1, 2, 40, 120])
def test_a_sequential_jpeg_is_read_as_it_is(cut):
    assert parsed(JPEG[:-cut]) == (False, b"")


def test_restart_markers_stand_for_the_missing_intervals():
    assert parsed(JPEG_WITH_RESTARTS[:-40]) == (False, b"\xff\xd0" * (UNITS // 2))


def test_a_progressive_jpeg_has_nothing_to_reproduce():
    assert JpegStructure.parse(PROGRESSIVE).is_whole
    assert parsed(PROGRESSIVE[:-2]) == (False, None)


def test_scans_are_counted():
    assert [JpegStructure.parse(jpeg).scans for jpeg in (JPEG, PROGRESSIVE)] == [1, 10]


def test_a_jpeg_that_ends_in_its_header_has_nothing_to_reproduce():
    for cut in (2, 3, 4, 100, JPEG.index(b"\xff\xda") + 2, JPEG.index(b"\xff\xda") + 6):
        assert parsed(JPEG[:cut]) == (False, None)


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_picture():
    jpeg = insert_after_start(JPEG, segment(0xE2, JPEG))
    assert JpegStructure.parse(jpeg).is_whole
    assert not JpegStructure.parse(jpeg[:-2]).is_whole
