"""A picture in every form: the same pixels, and what is said of what is no picture."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from darknet_torch.errors import CfgWarning, ImageError
from darknet_torch.media.images import read_image
from darknet_torch.media.picture_input import (
    batched_pictures,
    open_picture,
    open_pictures,
    several_pictures,
)
from tests.downloads.server import sending
from tests.media.picture_files import encoded, turned_jpeg

BGR = np.random.default_rng(1).integers(0, 256, (6, 9, 3), np.uint8)
RGB = np.ascontiguousarray(BGR[:, :, ::-1])
GREY = BGR[:, :, 0]
PNG = encoded(BGR, ".png")
TENSOR = torch.from_numpy(RGB.transpose(2, 0, 1).copy())
FORMS = {
    "bytes": lambda: PNG,
    "bytearray": lambda: bytearray(PNG),
    "memoryview": lambda: memoryview(PNG),
    "file": lambda: io.BytesIO(PNG),
    "array": BGR.copy,
    "array in another order": lambda: np.asfortranarray(BGR),
    "array with negative strides": lambda: RGB[:, :, ::-1],
    "16-bit array": lambda: BGR.astype(np.uint16) << 8 | 0x7F,
    "BGRA array": lambda: np.dstack([BGR, GREY]),
    "PIL": lambda: Image.fromarray(RGB),
    "PIL from a file": lambda: Image.open(io.BytesIO(PNG)),
    "PIL RGBA": lambda: Image.fromarray(np.dstack([RGB, GREY])),
    "tensor": lambda: TENSOR,
    "tensor in another order": lambda: torch.from_numpy(RGB).permute(2, 0, 1),
    "float tensor": lambda: TENSOR / 255,
    "double tensor": lambda: TENSOR.double() / 255,
    "half tensor": lambda: (TENSOR / 255).half(),
    "tensor with a gradient": lambda: (TENSOR / 255).requires_grad_(),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_gives_the_same_pixels(form):
    opened = open_picture(form())
    np.testing.assert_array_equal(opened.image, BGR)
    assert (opened.image.dtype, opened.image.flags.c_contiguous) == (np.uint8, True)
    assert opened.name == ""


def test_a_path_and_a_url_give_the_same_pixels_and_their_name(tmp_path, server):
    path = tmp_path / "noise.png"
    path.write_bytes(PNG)
    url = f"{server.mirrors(a=[sending(PNG, 'image/png')])}noise.png?size=9"
    for picture, name in ((path, str(path)), (str(path), str(path)), (url, url)):
        opened = open_picture(picture)
        np.testing.assert_array_equal(opened.image, BGR)
        assert opened.name == name


def test_a_pil_image_has_the_name_of_its_file(tmp_path):
    path = tmp_path / "noise.png"
    path.write_bytes(PNG)
    with Image.open(path) as image:
        assert open_picture(image).name == str(path)


def test_bfloat16_is_within_one_grey_level():
    found = open_picture((TENSOR / 255).bfloat16()).image
    assert np.abs(found.astype(int) - BGR).max() <= 1  # it has 8 bits


@pytest.mark.parametrize("form", [GREY, GREY[:, :, None], torch.from_numpy(GREY.copy())[None]])
def test_grey_becomes_three_equal_channels(form):
    np.testing.assert_array_equal(open_picture(form).image, np.dstack([GREY] * 3))


class TestPilModes:
    @pytest.mark.parametrize("mode", ["L", "LA", "1", "P", "PA", "RGBX", "CMYK", "YCbCr", "HSV"])
    def test_the_colours_are_those_that_pil_converts_to(self, mode):
        image = Image.fromarray(RGB).convert(mode)
        expected = np.asarray(image.convert("RGB"))[:, :, ::-1]
        np.testing.assert_array_equal(open_picture(image).image, expected)

    @pytest.mark.parametrize(("mode", "plain"), [("RGBa", "RGBA"), ("La", "LA")])
    def test_premultiplied_transparency_is_dropped(self, mode, plain):
        clear = Image.fromarray(np.dstack([RGB, np.full_like(GREY, 255)])).convert(plain)
        expected = np.asarray(clear.convert("RGB"))[:, :, ::-1]
        np.testing.assert_array_equal(open_picture(clear.convert(mode)).image, expected)

    def test_the_upper_eight_of_sixteen_bits_are_kept_as_of_a_file(self, tmp_path):
        deep = GREY.astype(np.uint16) * 257
        path = tmp_path / "deep.png"
        path.write_bytes(encoded(deep, ".png"))
        expected = read_image(path)
        for image in (
            Image.open(path),
            Image.fromarray(deep),
            Image.fromarray(deep.astype(np.int32)),
        ):
            assert image.mode.startswith("I")
            np.testing.assert_array_equal(open_picture(image).image, expected)

    def test_values_beyond_sixteen_bits_are_refused(self):
        with pytest.raises(ImageError, match="expected 0 to 65535, got -1 to"):
            open_picture(Image.fromarray(GREY.astype(np.int32) - 1 - int(GREY.min())))

    @pytest.mark.parametrize("mode", ["F"])
    def test_a_mode_without_known_colours_is_refused(self, mode):
        with pytest.raises(ImageError, match=rf"got mode {mode}; convert it"):
            open_picture(Image.new(mode, (4, 4)))

    def test_a_broken_file_is_reported(self):
        image = Image.open(io.BytesIO(PNG[:-60]))
        with pytest.raises(ImageError, match="this PIL image cannot be read"):
            open_picture(image)

    def test_an_empty_image_is_refused(self):
        with pytest.raises(ImageError, match="PIL image is empty: got 0 x 4 pixels"):
            open_picture(Image.new("RGB", (0, 4)))


def test_exif_turns_files_bytes_and_pil_images_alike(tmp_path):
    jpeg = turned_jpeg(16, 24)
    path = tmp_path / "turned.jpg"
    path.write_bytes(jpeg)
    for picture in (path, jpeg, Image.open(path)):
        assert open_picture(picture).image.shape == (24, 16, 3)
        assert open_picture(picture, exif=False).image.shape == (16, 24, 3)


def test_a_cut_off_jpeg_in_memory_is_read_with_a_warning():
    with pytest.warns(CfgWarning, match="the picture given as bytes: the picture is cut off"):
        assert open_picture(encoded(BGR, ".jpg")[:-2]).image.shape == BGR.shape


def test_what_is_given_is_not_changed_and_may_be_read_only():
    array, tensor = BGR.copy(), TENSOR.clone()
    array.setflags(write=False)
    open_picture(array)
    open_picture(tensor)
    assert torch.equal(tensor, TENSOR)


ARRAYS = {
    "channels first": (np.zeros((3, 4, 5), np.uint8), r"got \[3, 4, 5\]; put the channels last"),
    "a batch": (np.zeros((2, 4, 5, 3), np.uint8), r"got \[2, 4, 5, 3\]; .* as a list"),
    "two channels": (np.zeros((4, 5, 2), np.uint8), r"expected \[H, W\], .*got \[4, 5, 2\]"),
    "no pixels": (np.zeros((0, 5, 3), np.uint8), r"got \[0, 5, 3\]"),
    "no dimensions": (np.array(7, np.uint8), r"got \[\]"),
    "floats": (np.zeros((4, 5, 3)), r"expected uint8 .*got float64; .*255 \* image"),
    "booleans": (np.zeros((4, 5), bool), "got bool"),
    "objects": (np.array([["a"]], object), "got object"),
}
TENSORS = {
    "channels last": (torch.zeros(4, 5, 3), r"got \[4, 5, 3\]; .*permute"),
    "no channels": (torch.zeros(4, 5), r"got \[4, 5\]"),
    "four channels": (torch.zeros(4, 5, 6), r"expected RGB \[3, H, W\]"),
    "no pixels": (torch.zeros(3, 0, 6), r"got \[3, 0, 6\]"),
    "integers": (torch.zeros(3, 4, 5, dtype=torch.int64), "got int64; .*torch.uint8"),
    "booleans": (torch.zeros(3, 4, 5, dtype=torch.bool), "got bool"),
    "above 1": (torch.full((3, 4, 5), 1.5), "expected floats in 0-1, got 1.5 to 1.5; divide"),
    "0 to 255": (torch.full((3, 4, 5), 255.0), "got 255 to 255"),
    "below 0": (torch.full((3, 4, 5), -0.5), "got -0.5 to -0.5"),
    "not a number": (torch.full((3, 4, 5), float("nan")), "got nan to nan"),
    "without values": (torch.zeros(3, 4, 5, device="meta"), "cannot be read .*got meta"),
    "sparse": (torch.ones(3, 4, 5).to_sparse(), "cannot be read"),
    "infinite": (torch.full((3, 4, 5), float("inf")), "got inf to inf"),
}
OTHERS = {
    "nothing": (None, "expected an http or https URL, a path, .*got None; cv2.imread gives"),
    "a number": (5, r"got 5 \(int\)"),
    "a dictionary": ({"image": BGR}, "got dict; give its values as a list"),
    "a set": ({"a.jpg"}, "got set"),
    "a class": (Image.Image, "got type"),
    "text that is no file": (io.StringIO("a"), "expected a file opened in binary mode"),
    "no bytes": (b"", "is empty"),
    "bytes of no picture": (b"hello", "not a picture that can be decoded"),
}


@pytest.mark.parametrize(
    ("picture", "message"),
    [*ARRAYS.values(), *TENSORS.values(), *OTHERS.values()],
    ids=[*ARRAYS, *TENSORS, *OTHERS],
)
def test_what_is_no_picture_is_refused_with_what_was_given(picture, message):
    with pytest.raises(ImageError, match=message):
        open_picture(picture)


def test_a_closed_file_is_reported():
    file = io.BytesIO(PNG)
    file.close()
    with pytest.raises(ImageError, match=r"cannot be read.*closed"):
        open_picture(file)


class TestSeveral:
    def test_one_picture_is_not_several(self):
        for picture in ("a.jpg", PNG, BGR, TENSOR, Image.fromarray(RGB), "http://host/a.jpg"):
            assert several_pictures(picture) is None

    def test_lists_generators_and_batches_are_several(self):
        batch = torch.stack([TENSOR, TENSOR])
        for pictures in ([BGR, BGR], (BGR, BGR), iter([BGR, BGR]), (b for b in [PNG, PNG]), batch):
            several = several_pictures(pictures)
            assert several is not None
            for opened in open_pictures(several):
                np.testing.assert_array_equal(opened.image, BGR)

    @pytest.mark.parametrize("thing", [None, 5, {"a": BGR}, {"a.jpg"}])
    def test_other_things_are_refused(self, thing):
        with pytest.raises(ImageError, match="neither a picture nor a list of pictures"):
            several_pictures(thing)

    def test_an_error_says_which_picture_it_concerns(self, tmp_path):
        for pictures, where in (
            ([BGR, None], r"pictures\[1\]: this is not a picture"),
            ([BGR, BGR, b""], r"pictures\[2\]: the file is empty"),
            ([BGR[None]], r"pictures\[0\]: this array"),
            ([torch.stack([TENSOR])], r"pictures\[0\]: this tensor.*; give the pictures of the"),
            ([tmp_path / "gone.png"], r"gone\.png: no such picture"),
            (["ftp://host/a.png"], r"ftp://host/a\.png: URLs of this kind are not opened"),
        ):
            with pytest.raises(ImageError, match=where):
                list(open_pictures(pictures))

    def test_a_batch_is_opened_when_it_is_asked_for(self):
        asked = []

        def pictures():
            for number in range(5):
                asked.append(number)
                yield BGR

        batches = batched_pictures(pictures(), 2)
        assert (len(next(batches)), asked) == (2, [0, 1])
        assert [len(batch) for batch in batches] == [2, 1]
