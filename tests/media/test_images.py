"""Reading pictures, and turning them into a network's input."""

import base64

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darknet_torch.errors import CfgWarning, ImageError, UsageError
from darknet_torch.media.images import (
    Placement,
    as_bgr,
    centre_crop,
    fit_planes,
    input_placement,
    network_input,
    read_image,
    write_picture,
)
from darknet_torch.media.resizing import RESIZE_METHODS
from tests.media.picture_files import encoded, exif, insert_after_start, segment
from tests.media.reference_resize import assert_same_bits, pixels, reference_resize

# 16 x 8, the left half red and the right half blue, as Pillow writes CMYK.
CMYK_JPEG = base64.b64decode(
    "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4LCxAW"
    "EBETFBUVFQwPFxgWFBgSFBUU/8AAFAgACAAQBEMRAE0RAFkRAEsRAP/EABYAAQEBAAAAAAAAAAAAAAAAAAkACv/EABQQ"
    "AQAAAAAAAAAAAAAAAAAAAAD/2gAOBEMATQBZAEsAAD8AVMVQqipsq6aqE//Z"
)
sizes = st.tuples(st.integers(1, 40), st.integers(1, 40))
JPEG_TOLERANCE = 4  # grey levels lost by quantisation and by inexact decoders


def picture(height=24, width=32):
    """Left half red, right half blue, the top row of both white."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:, : width // 2] = 0, 0, 255
    image[:, width // 2 :] = 255, 0, 0
    image[: height // 3] = 255
    return image


@pytest.fixture
def write_file(tmp_path):
    def write(data, name="picture.jpg"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


class TestReading:
    @pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".ppm"])
    def test_lossless_formats_are_read_unchanged(self, write_file, suffix):
        image = picture()
        path = write_file(encoded(image, suffix), f"picture{suffix}")
        np.testing.assert_array_equal(read_image(path), image)

    def test_the_format_is_recognised_by_content_and_not_by_suffix(self, write_file):
        image = picture()
        np.testing.assert_array_equal(read_image(write_file(encoded(image, ".png"))), image)

    def test_a_path_may_be_a_string(self, write_file):
        assert read_image(str(write_file(encoded(picture(), ".png")))).shape == (24, 32, 3)

    def test_a_grey_picture_is_read_as_three_equal_channels(self, write_file):
        grey = np.arange(48, dtype=np.uint8).reshape(6, 8)
        image = read_image(write_file(encoded(grey, ".png")))
        np.testing.assert_array_equal(image, np.dstack([grey] * 3))

    def test_the_upper_eight_of_sixteen_bits_are_kept(self, write_file):
        deep = np.array([[0, 255, 256, 0x1280, 0xFFFF]], np.uint16)
        image = read_image(write_file(encoded(deep, ".png")))
        np.testing.assert_array_equal(image[0, :, 0], [0, 0, 1, 0x12, 0xFF])

    def test_transparency_is_dropped(self, write_file):
        image = picture()
        clear = np.dstack([image, np.zeros(image.shape[:2], np.uint8)])
        np.testing.assert_array_equal(read_image(write_file(encoded(clear, ".png"))), image)

    def test_cmyk_becomes_bgr(self, write_file):
        image = read_image(write_file(CMYK_JPEG)).astype(int)
        assert image.shape == (8, 16, 3)
        assert np.abs(image[:, 2] - (0, 0, 255)).max() <= JPEG_TOLERANCE
        assert np.abs(image[:, 13] - (255, 0, 0)).max() <= JPEG_TOLERANCE

    def test_a_jpeg_is_read_as_bgr(self, write_file):
        flat = np.full((16, 16, 3), (200, 100, 20), np.uint8)
        image = read_image(write_file(encoded(flat, ".jpg"))).astype(int)
        assert np.abs(image - flat).max() <= JPEG_TOLERANCE

    def test_exif_orientation_6_rotates_the_picture_clockwise(self, write_file):
        jpeg = encoded(picture(), ".jpg")
        upright = read_image(write_file(jpeg))
        path = write_file(insert_after_start(jpeg, exif(6)))
        np.testing.assert_array_equal(read_image(path), np.rot90(upright, -1))

    def test_exif_can_be_ignored(self, write_file):
        jpeg = encoded(picture(), ".jpg")
        upright = read_image(write_file(jpeg))
        path = write_file(insert_after_start(jpeg, exif(6)))
        np.testing.assert_array_equal(read_image(path, exif=False), upright)

    @pytest.mark.parametrize(
        "trailer",
        [b"\0" * 64, b"a film: \xff\xda \xff\x00", b"\xff\xd8 half a thumbnail \xff\xda"],
        ids=["zeros", "film", "thumbnail"],
    )
    def test_bytes_after_the_end_of_a_jpeg_are_ignored(self, write_file, trailer):
        jpeg = encoded(picture(), ".jpg")
        whole = read_image(write_file(jpeg))
        np.testing.assert_array_equal(read_image(write_file(jpeg + trailer)), whole)

    @pytest.mark.parametrize("orientation", [None, 6])
    def test_the_opencv_decoder_can_be_chosen(self, write_file, orientation):
        random = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
        jpeg = encoded(random, ".jpg")
        path = write_file(
            jpeg if orientation is None else insert_after_start(jpeg, exif(orientation))
        )
        found = read_image(path, decoder="opencv")
        np.testing.assert_array_equal(found, cv2.imread(str(path)))
        other = read_image(path)
        assert found.shape == other.shape
        assert not np.array_equal(found, other)

    @pytest.mark.parametrize("decoder", ["darknet", "opencv"])
    def test_a_cut_off_jpeg_is_read_with_a_warning(self, write_file, decoder):
        path = write_file(encoded(picture(), ".jpg")[:-30])
        with pytest.warns(CfgWarning, match=r"picture\.jpg: the picture is cut off"):
            image = read_image(path, decoder=decoder)
        assert image.shape == (24, 32, 3)


class TestUnreadablePictures:
    def test_a_missing_file_is_reported(self, tmp_path):
        with pytest.raises(ImageError, match=r"gone\.png: no such picture"):
            read_image(tmp_path / "gone.png")

    def test_a_folder_is_reported(self, tmp_path):
        with pytest.raises(ImageError, match="cannot be read"):
            read_image(tmp_path)

    def test_an_empty_file_is_reported_as_empty(self, write_file):
        with pytest.raises(ImageError, match="empty"):
            read_image(write_file(b""))

    def test_a_text_file_is_reported_whatever_its_suffix(self, write_file):
        with pytest.raises(ImageError, match="not a picture"):
            read_image(write_file(b"<html>404 not found</html>"))

    @pytest.mark.parametrize(
        "extra",
        [b"", segment(0xE2, encoded(picture(), ".jpg"))],
        ids=["plain", "with a whole thumbnail"],
    )
    def test_a_jpeg_cut_off_before_its_pixels_is_an_error(self, write_file, extra):
        jpeg = insert_after_start(encoded(picture(), ".jpg"), extra)
        with pytest.raises(ImageError):
            read_image(write_file(jpeg[: jpeg.rfind(b"\xff\xda")]))

    @pytest.mark.parametrize("suffix", [".png", ".bmp", ".webp"])
    def test_other_formats_cut_off_are_errors(self, write_file, suffix):
        data = encoded(picture(), suffix)
        with pytest.raises(ImageError):
            read_image(write_file(data[: int(len(data) * 0.6)], f"cut{suffix}"))


class TestArrays:
    def test_bgr_arrays_are_unchanged(self):
        image = picture()
        np.testing.assert_array_equal(as_bgr(image), image)

    @pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1)])
    def test_grey_arrays_are_repeated_over_three_channels(self, shape):
        grey = np.arange(20, dtype=np.uint8).reshape(shape)
        image = as_bgr(grey)
        assert image.shape == (4, 5, 3)
        assert (image == grey.reshape(4, 5, 1)).all()

    def test_the_alpha_channel_is_dropped(self):
        image = picture()
        clear = np.dstack([image, image[:, :, :1]])
        np.testing.assert_array_equal(as_bgr(clear), image)

    def test_the_upper_eight_of_sixteen_bits_are_kept(self):
        deep = np.array([[[0, 255, 256], [0x1280, 0xFFFE, 0xFFFF]]], np.uint16)
        image = as_bgr(deep)
        assert image.dtype == np.uint8
        np.testing.assert_array_equal(image, [[[0, 0, 1], [0x12, 0xFF, 0xFF]]])

    @pytest.mark.parametrize(
        "shape", [(3,), (4, 5, 2), (4, 5, 5), (1, 4, 5, 3), (0, 5, 3), (4, 0), (0,)]
    )
    def test_other_shapes_are_refused(self, shape):
        with pytest.raises(ImageError, match=r"not a picture.*got"):
            as_bgr(np.zeros(shape, np.uint8))

    @pytest.mark.parametrize("dtype", [np.float32, np.int32, np.int16, bool])
    def test_other_types_are_refused_with_a_fix(self, dtype):
        with pytest.raises(ImageError, match=r"expected uint8.*got.*255"):
            as_bgr(np.zeros((4, 5, 3), dtype))


def noise(height, width, channels=2):
    values = np.random.RandomState(height * 100 + width).randint(0, 256, (height, width, channels))
    return values.astype(np.uint8)


class TestPlacement:
    @pytest.mark.parametrize(
        ("own", "network", "inner"),
        [
            ((100, 200), (64, 64), (32, 64)),
            ((200, 100), (64, 64), (64, 32)),
            ((50, 50), (64, 64), (64, 64)),
            ((576, 768), (416, 416), (312, 416)),
            ((3, 2), (8, 8), (8, 5)),
            ((2, 3), (8, 8), (5, 8)),
            ((5, 3), (8, 8), (8, 4)),
            ((3, 5), (8, 8), (4, 8)),
            ((10, 10), (32, 64), (32, 32)),
            ((1, 1000), (64, 64), (1, 64)),
            ((1000, 1), (64, 64), (64, 1)),
        ],
    )
    def test_a_letterboxed_picture_keeps_its_aspect_in_whole_pixels(self, own, network, inner):
        placement = input_placement(np.zeros((*own, 3), np.uint8), *network, letterbox=True)
        assert placement == Placement(*network, *inner)

    def test_a_stretched_picture_fills_the_input(self):
        placement = input_placement(np.zeros((100, 200, 3), np.uint8), 64, 32, letterbox=False)
        assert placement == Placement(64, 32, 64, 32)

    @pytest.mark.parametrize(
        ("own", "rows", "columns"),
        [
            ((2, 4), slice(2, 6), slice(0, 8)),
            ((4, 2), slice(0, 8), slice(2, 6)),
            ((3, 2), slice(0, 8), slice(1, 6)),
            ((2, 3), slice(1, 6), slice(0, 8)),
        ],
    )
    def test_margins_are_grey_and_the_top_or_left_one_is_rounded_down(self, own, rows, columns):
        white = np.full((*own, 3), 255, np.uint8)
        out = network_input(white, input_placement(white, 8, 8, letterbox=True))
        expected = np.full((3, 8, 8), 0.5, np.float32)
        expected[:, rows, columns] = 1
        np.testing.assert_allclose(out, expected, atol=1e-6)  # two weights, rounded each

    def test_boxes_are_shifted_by_exactly_half_the_margins(self):
        odd = Placement(8, 8, 8, 5)
        box = odd.to_picture(np.array([[1.5 / 8, 0.5, 2.5 / 8, 1]]))
        np.testing.assert_allclose(box, [[0, 0.5, 0.5, 1]], atol=1e-15)  # float64 rounding

    def test_boxes_of_a_stretched_picture_are_unchanged(self):
        boxes = np.array([[0.1, 0.2, 0.3, 0.4]])
        np.testing.assert_array_equal(Placement(64, 32, 64, 32).to_picture(boxes), boxes)


class TestNetworkInput:
    def test_it_is_rgb_channels_first_in_0_to_1(self):
        blue = np.zeros((6, 6, 3), np.uint8)
        blue[:, :, 0] = 255
        out = network_input(blue, Placement(6, 6, 6, 6))
        assert (out.shape, out.dtype) == ((3, 6, 6), np.float32)
        np.testing.assert_array_equal(out[:, 3, 3], [0, 0, 1])
        assert out.transpose(1, 2, 0).flags.c_contiguous

    @pytest.mark.parametrize("method", RESIZE_METHODS)
    @pytest.mark.parametrize("letterbox", [False, True])
    def test_a_network_of_one_channel_gets_grey(self, method, letterbox):
        image = np.zeros((6, 9, 3), np.uint8)
        image[:] = 30, 200, 90
        placement = input_placement(image, 12, 12, letterbox=letterbox)
        out = network_input(image, placement, channels=1, method=method)
        assert out.shape == (1, 12, 12)
        luma = (0.114 * 30 + 0.587 * 200 + 0.299 * 90) / 255
        # The grey value is a whole level.
        np.testing.assert_allclose(out[0, 6, 6], luma, atol=0.5 / 255 + 1e-6)

    @pytest.mark.parametrize("channels", [2, 4, 0])
    def test_other_numbers_of_channels_are_refused(self, channels):
        with pytest.raises(ImageError, match=rf"channels=1 or 3.*got {channels}"):
            network_input(picture(), Placement(8, 8, 8, 8), channels=channels)

    def test_the_opencv_method_resizes_bytes(self):
        image = noise(9, 14, 3)
        out = network_input(image, Placement(16, 12, 16, 12), method="opencv")
        resized = cv2.resize(image, (12, 16))[:, :, ::-1]
        np.testing.assert_array_equal(out, resized.transpose(2, 0, 1) / np.float32(255))

    def test_the_two_resize_methods_differ(self):
        image = noise(9, 14, 3)
        one, other = (
            network_input(image, Placement(16, 12, 16, 12), method=method)
            for method in ("darknet", "opencv")
        )
        assert np.abs(one - other).max() > 0.01


def reference_input(image, placement, channels):
    """[C, height, width], as the network's input was made before it was made in place."""
    planes = image[:, :, ::-1] if channels == 3 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    height, width = placement.inner_height, placement.inner_width
    out = np.full((channels, placement.height, placement.width), 0.5, np.float32)
    top, left = (placement.height - height) // 2, (placement.width - width) // 2
    resized = reference_resize(np.atleast_3d(planes), height, width)
    out[:, top : top + height, left : left + width] = resized.transpose(2, 0, 1)
    return out


class TestInputMemory:
    @settings(max_examples=40)
    @given(data=st.data(), own=sizes, new=sizes, channels=st.sampled_from((1, 3)))
    def test_every_value_of_the_memory_is_written(self, data, own, new, channels):
        inner = data.draw(st.tuples(st.integers(1, new[0]), st.integers(1, new[1])))
        image, placement = pixels(*own, 3), Placement(*new, *inner)
        out = np.full((*new, channels), np.nan, np.float32)
        got = network_input(image, placement, channels=channels, out=out)
        assert np.shares_memory(got, out)
        assert_same_bits(got, reference_input(image, placement, channels))
        assert_same_bits(out.transpose(2, 0, 1), reference_input(image, placement, channels))
        without = network_input(image, placement, channels=channels)
        assert_same_bits(without, reference_input(image, placement, channels))

    def test_the_channels_come_last_in_memory(self):
        got = network_input(pixels(6, 9, 3), Placement(8, 7, 8, 7))
        assert got.transpose(1, 2, 0).flags.c_contiguous

    @pytest.mark.parametrize("channels", [1, 3])
    def test_pictures_that_are_views(self, channels):
        placement = Placement(8, 8, 6, 8)
        for image in (pixels(9, 12, 4)[:, :, :3], pixels(9, 12, 3)[::-1, ::-2]):
            expected = reference_input(np.ascontiguousarray(image), placement, channels)
            assert_same_bits(network_input(image, placement, channels=channels), expected)

    def test_planes_of_any_number_of_channels(self):
        planes = pixels(6, 9, 5, floats=True)
        got = fit_planes(planes, Placement(7, 8, 7, 8))
        assert_same_bits(got, reference_resize(planes, 7, 8).transpose(2, 0, 1).copy())


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((4, 3), lambda planes: planes[:, 1:5, 2:5]),
        ((9, 12), lambda planes: np.pad(planes, ((0, 0), (1, 2), (2, 3)), "edge")),
    ],
    ids=["smaller", "larger"],
)
def test_the_centre_is_cropped_into_given_memory(size, expected):
    planes = pixels(3, 6, 7, floats=True)
    out = np.full((*size, 3), np.nan, np.float32)
    got = centre_crop(planes, *size, out=out)
    assert np.shares_memory(got, out)
    for crop in (got, centre_crop(planes, *size)):
        assert_same_bits(crop, np.ascontiguousarray(expected(planes)))


@pytest.mark.parametrize("name", ["a.png", "noext"])
def test_a_picture_is_written_in_the_format_of_its_suffix_png_by_default(tmp_path, name):
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    write_picture(tmp_path / name, image)
    assert np.array_equal(cv2.imread(str(tmp_path / name)), image)


def test_a_format_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"a\.xyz: .* cannot be written: expected \.png or \.jpg"):
        write_picture(tmp_path / "a.xyz", np.zeros((5, 7, 3), np.uint8))
    assert not (tmp_path / "a.xyz").exists()
