import os

import cv2
import numpy as np
import pytest

from darknet_torch.datasets.examples import Example
from darknet_torch.datasets.picture_size import picture_size
from darknet_torch.errors import ImageError
from darknet_torch.media.images import read_image
from tests.datasets.tiny_datasets import picture
from tests.media.picture_files import turned_jpeg

# An APP1 segment that says: orientation 6, a quarter turn.
EXIF = (
    b"\xff\xe1\x00\x22Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01"
    b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".tif", ".ppm"])
def test_the_size_matches_the_decoded_picture(tmp_path, suffix):
    path = picture(tmp_path / f"a{suffix}")
    assert picture_size(path) == read_image(path).shape[:2] == (100, 200)


@pytest.mark.parametrize(("exif", "size"), [(True, (200, 100)), (False, (100, 200))])
def test_exif_orientation_swaps_height_and_width(tmp_path, exif, size):
    _, data = cv2.imencode(".jpg", np.zeros((100, 200, 3), np.uint8))
    path = tmp_path / "turned.jpg"
    path.write_bytes(data[:2].tobytes() + EXIF + data[2:].tobytes())
    assert picture_size(path, exif=exif) == size
    assert read_image(path, exif=exif).shape[:2] == size


@pytest.mark.parametrize("content", [None, b"", b"no picture"])
def test_a_file_that_is_not_a_picture_is_an_error(tmp_path, content):
    path = tmp_path / "a.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ImageError, match=r"a\.jpg"):
        picture_size(path)


def test_a_picture_above_the_limit_is_an_error(tmp_path, monkeypatch):
    path = picture(tmp_path / "a.png")
    monkeypatch.setenv("OPENCV_IO_MAX_IMAGE_PIXELS", str(100 * 200 - 1))
    with pytest.raises(
        ImageError, match="too large: expected at most 19999 pixels, got 200 x 100"
    ):
        picture_size(path)


def test_a_pipe_is_an_error_at_once(tmp_path):
    os.mkfifo(tmp_path / "a.jpg")
    with pytest.raises(ImageError, match="not a file"):
        picture_size(tmp_path / "a.jpg")


@pytest.mark.parametrize(("exif", "size"), [(True, (120, 60)), (False, (60, 120))])
def test_an_example_without_a_size_is_measured_as_it_is_read(tmp_path, exif, size):
    path = tmp_path / "a.jpg"
    path.write_bytes(turned_jpeg(60, 120))
    assert Example(path, None, exif=exif).measure() == size
    assert Example(path, None, size=(7, 8), exif=exif).measure() == (7, 8)
