"""Reading damaged and hostile picture files, compared with records of Darknet's own decoder."""

import hashlib
import os

import cv2
import numpy as np
import pytest

from darknet_torch.errors import CfgWarning, ImageError
from darknet_torch.media.decoding import read_grey, read_picture
from darknet_torch.media.picture_limits import DEFAULT_MAX_PIXELS
from tests.media.picture_files import (
    JPEG,
    JPEG_WITH_RESTARTS,
    encoded,
    exif,
    insert_after_start,
    png,
    resized_jpeg,
)

# stbi_load of AlexeyAB's stb_image.h, compiled with gcc: the start of the SHA-256 of the pixels,
# RGB, of the JPEGs without their last bytes.
RECORDS = [
    (JPEG, 2, "2b5e862449ccb0a2"),
    (JPEG, 40, "8f6c3f65206105b7"),
    (JPEG, 120, "6703ed133576baf5"),
    (JPEG_WITH_RESTARTS, 2, "2b5e862449ccb0a2"),
    (JPEG_WITH_RESTARTS, 40, "b5e1a1641a3daf31"),
]


@pytest.fixture
def read(tmp_path):
    def read(data, **options):
        path = tmp_path / "a.jpg"
        path.write_bytes(data)
        return read_picture(path, **options)

    return read


class TestCutOff:
    @pytest.mark.parametrize(("jpeg", "cut", "digest"), RECORDS)
    def test_pixels_are_those_of_darknet(self, read, jpeg, cut, digest):
        found = read(jpeg[:-cut])
        rgb = np.ascontiguousarray(found.image[:, :, ::-1])
        assert hashlib.sha256(rgb.tobytes()).hexdigest().startswith(digest)

    def test_the_damage_says_where_what_and_how_to_mend_it(self, read, tmp_path):
        damage = read(JPEG[:-2]).damage
        assert isinstance(damage, CfgWarning)
        assert damage.where == tmp_path / "a.jpg"
        assert damage.what == "the picture is cut off: its end is missing"
        assert damage.got == f"{len(JPEG) - 2} bytes without a JPEG's end mark"
        assert damage.fix == "copy or download it again"

    @pytest.mark.parametrize("decoder", ["darknet", "opencv"])
    def test_without_the_end_mark_all_pixels_are_there(self, read, decoder):
        for jpeg in (JPEG, JPEG_WITH_RESTARTS):
            whole = read(jpeg, decoder=decoder)
            assert whole.damage is None
            cut = read(jpeg[:-2], decoder=decoder)
            np.testing.assert_array_equal(cut.image, whole.image)

    def test_opencv_reads_what_its_builds_of_darknet_read(self, read, tmp_path):
        found = read(JPEG[:-120], decoder="opencv").image
        np.testing.assert_array_equal(found, cv2.imread(str(tmp_path / "a.jpg")))

    @pytest.mark.parametrize("kept", [0.3, 0.6, 0.9, 1])
    def test_a_progressive_picture_is_read_as_by_opencv(self, read, tmp_path, kept):
        image = np.random.RandomState(0).randint(0, 256, (48, 64, 3)).astype(np.uint8)
        whole = encoded(image, ".jpg", [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[:-2]
        found = read(whole[: int(len(whole) * kept)])
        assert found.damage is not None
        np.testing.assert_array_equal(found.image, cv2.imread(str(tmp_path / "a.jpg")))

    def test_missing_restart_intervals_give_the_same_pixels_each_time(self, read):
        images = [read(JPEG_WITH_RESTARTS[:-120]).image for _ in range(3)]
        assert len({image.tobytes() for image in images}) == 1
        np.testing.assert_array_equal(images[0][:8, :16], read(JPEG_WITH_RESTARTS).image[:8, :16])

    def test_the_orientation_of_a_cut_off_picture_counts(self, read):
        jpeg = insert_after_start(JPEG[:-2], exif(6))
        assert read(jpeg).image.shape == (48, 32, 3)
        assert read(jpeg, exif=False).image.shape == (32, 48, 3)

    def test_a_picture_that_ends_before_its_pixels_is_an_error(self, read, tmp_path):
        jpeg = JPEG[: JPEG.index(b"\xff\xda")]
        with pytest.raises(ImageError) as caught:
            read(jpeg)
        assert caught.value.where == tmp_path / "a.jpg"
        assert caught.value.what == "the picture is cut off: its end is missing"
        assert caught.value.got == f"{len(jpeg)} bytes without a JPEG's end mark"
        assert caught.value.fix == "copy or download it again"


class TestDeclaredLengths:
    @pytest.mark.parametrize("length", [2**31 + 648, 2**32 - 1, 2000])
    def test_a_chunk_longer_than_its_file_is_refused(self, read, length):
        data = png(24, 32, length=length)
        with pytest.raises(ImageError, match="cut off") as caught:
            read(data)
        expected = f"{33 + 12 + length} bytes or more, as its chunk IDAT says"
        assert (caught.value.expected, caught.value.got) == (expected, f"{len(data)} bytes")

    @pytest.mark.parametrize(
        "data", [png(15000, 15000), png(2**31 - 1, 1), resized_jpeg(30000, 30000)]
    )
    def test_a_picture_of_too_many_pixels_is_refused(self, read, data):
        with pytest.raises(ImageError, match="too large") as caught:
            read(data)
        assert caught.value.expected == f"at most {DEFAULT_MAX_PIXELS} pixels"
        assert str(caught.value.got).endswith(f"in a file of {len(data)} bytes")
        assert "--max-pixels" in caught.value.fix

    @pytest.mark.parametrize(
        "data", [png(12000, 16000), resized_jpeg(12000, 16000), resized_jpeg(12000, 16000)[:-9]]
    )
    def test_a_size_that_the_file_cannot_hold_is_refused(self, read, data):
        with pytest.raises(ImageError, match="out of proportion") as caught:
            read(data)
        assert caught.value.got == f"16000 x 12000 in a file of {len(data)} bytes"

    def test_large_flat_pictures_are_read(self, read):
        image = np.zeros((4200, 4100), np.uint8)
        assert read(encoded(image, ".png")).image.shape == (4200, 4100, 3)


class TestPaths:
    def test_a_pipe_is_refused_at_once(self, tmp_path):
        os.mkfifo(tmp_path / "a.jpg")
        with pytest.raises(ImageError, match="not a file: expected a picture, got a pipe"):
            read_picture(tmp_path / "a.jpg")

    def test_a_device_is_refused(self):
        with pytest.raises(ImageError, match="/dev/zero: not a file"):
            read_picture("/dev/zero")

    @pytest.mark.parametrize("name", ["a\0b.jpg", "a" * 5000 + ".jpg", "\ud800.jpg"])
    def test_a_path_that_the_system_refuses_is_an_error(self, name):
        with pytest.raises(ImageError, match="cannot be read"):
            read_picture(name)


class TestGrey:
    @pytest.mark.parametrize(
        ("least", "size"), [(1, (8, 12)), (16, (16, 24)), (17, (32, 48)), (33, (64, 96))]
    )
    def test_a_picture_is_reduced_as_long_as_its_sides_are_long_enough(
        self, tmp_path, least, size
    ):
        image = np.full((64, 96, 3), (0, 0, 200), np.uint8)
        for suffix in (".jpg", ".png"):
            path = tmp_path / f"a{suffix}"
            path.write_bytes(encoded(image, suffix, []))
            found = read_grey(path, least_side=least)
            assert found.shape == size
            assert abs(int(found.mean()) - 60) <= 1  # 0.299 * 200

    def test_of_a_jpeg_that_is_cut_off_what_is_there_is_read(self, tmp_path):
        path = tmp_path / "a.jpg"
        path.write_bytes(JPEG[:-2])
        found = read_grey(path, least_side=10**6)
        assert found.shape == read_picture(path).image.shape[:2]

    @pytest.mark.parametrize(
        ("data", "what"),
        [(b"", "the file is empty"), (b"text", "not a picture"), (None, "no such")],
    )
    def test_what_cannot_be_read_is_an_error(self, tmp_path, data, what):
        path = tmp_path / "a.jpg"
        if data is not None:
            path.write_bytes(data)
        with pytest.raises(ImageError, match=what):
            read_grey(path)
