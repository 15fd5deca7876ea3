"""How much of a picture file is read: whole pictures, and the start of files that are none."""

import os

import pytest

from darknet_torch.errors import ImageError
from darknet_torch.media import picture_bytes
from darknet_torch.media.picture_bytes import read_picture_bytes
from tests.media.picture_files import JPEG, png

SPARSE = 2**31 - 1  # bytes; no file system keeps zeros that were never written
PIXELS = 32 * 48  # of `JPEG`
TIFF = b"II*\0"


def sparse(path, start, length=SPARSE):
    with path.open("wb") as file:
        file.write(start)
        file.truncate(length)
    return path


@pytest.mark.parametrize("start", [b"", JPEG, png(24, 32), b"P6 4 4 255\n", TIFF])
def test_a_sparse_file_is_not_read_whole(tmp_path, monkeypatch, start):
    monkeypatch.setattr(picture_bytes, "_START", 2000)
    monkeypatch.setenv("OPENCV_IO_MAX_IMAGE_PIXELS", "10000")
    with pytest.raises(ImageError, match=rf"the file is too large: .* got {SPARSE} bytes"):
        read_picture_bytes(sparse(tmp_path / "a.jpg", start))


@pytest.mark.parametrize(("more", "is_read"), [(0, True), (1, False)])
def test_a_file_may_have_32_bytes_for_each_of_its_pixels(tmp_path, monkeypatch, more, is_read):
    monkeypatch.setattr(picture_bytes, "_START", len(JPEG))
    length = len(JPEG) + 32 * PIXELS + more
    path = sparse(tmp_path / "a.jpg", JPEG, length)
    if is_read:
        assert read_picture_bytes(path) == JPEG.ljust(length, b"\0")
        return
    with pytest.raises(ImageError, match=f"expected at most {length - 1} bytes, got {length}"):
        read_picture_bytes(path)


def test_a_long_file_of_too_many_pixels_is_refused_by_its_header(tmp_path, monkeypatch):
    monkeypatch.setattr(picture_bytes, "_START", 100)
    with pytest.raises(ImageError, match=r"the picture is too large: .* got 60000 x 60000"):
        read_picture_bytes(sparse(tmp_path / "a.png", png(60000, 60000)))


@pytest.mark.parametrize("start", [TIFF, b"#?RADIANCE\n", b"\x59\xa6\x6a\x95"])
@pytest.mark.parametrize("name", [b"a", b"\xff"])
def test_of_a_format_whose_size_is_not_known_more_is_read(tmp_path, monkeypatch, start, name):
    monkeypatch.setattr(picture_bytes, "_START", 100)
    path = sparse(tmp_path / os.fsdecode(name), start, 200)
    assert read_picture_bytes(path) == start.ljust(200, b"\0")
