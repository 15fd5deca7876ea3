"""The limit of a picture's pixels, which holds for every form of a picture."""

import io

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from darknet_torch.errors import ImageError, UsageError
from darknet_torch.media.decoding import decode_picture
from darknet_torch.media.picture_input import open_picture
from darknet_torch.media.picture_limits import DEFAULT_MAX_PIXELS, VARIABLE, max_pixels
from tests.media.picture_files import encoded

ARRAY = np.zeros((20, 30, 3), np.uint8)  # 600 pixels
PNG = encoded(ARRAY, ".png", [])
FORMS = {
    "bytes": PNG,
    "file": io.BytesIO(PNG),
    "array": ARRAY,
    "PIL": Image.fromarray(ARRAY),
    "tensor": torch.zeros(3, 20, 30),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_of_a_picture_has_the_same_limit(monkeypatch, form):
    monkeypatch.setenv(VARIABLE, "599")
    with pytest.raises(ImageError, match=r"too large: expected at most 599 pixels, got 30 x 20"):
        open_picture(form)
    monkeypatch.setenv(VARIABLE, "600")
    if not isinstance(form, io.BytesIO):
        assert open_picture(form).image.shape == ARRAY.shape


def test_a_limit_that_is_not_set_is_the_default(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert max_pixels() == DEFAULT_MAX_PIXELS == 200_000_000


@pytest.mark.parametrize("value", ["", "0", "-1", "many", "1.5", "9" * 30])
def test_an_unusable_limit_is_an_error_that_names_the_variable(monkeypatch, value):
    monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(UsageError, match=f"^{VARIABLE}: not a number of pixels"):
        max_pixels()


@pytest.mark.parametrize(
    ("code", "reason", "message"),
    [
        (-4, "Failed to allocate 9 bytes", "not enough memory"),
        (-215, "pixels <= CV_IO_MAX_IMAGE_PIXELS", "too large: expected at most 200000000"),
        (-2, "Unspecified", "not a picture that can be decoded"),
    ],
)
def test_errors_of_opencv_become_errors_about_the_picture(monkeypatch, code, reason, message):
    def fail(data, flags):
        error = cv2.error(reason)
        error.code, error.err = code, reason
        raise error

    monkeypatch.setattr(cv2, "imdecode", fail)
    with pytest.raises(ImageError, match=message):
        decode_picture(PNG, where="a.png")
