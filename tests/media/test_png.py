"""The chunks of a PNG before it is decoded."""

import os
import zlib

import numpy as np
import pytest

from darknet_torch.media.decoding import decode_picture
from tests.media.picture_files import chunk, encoded

PIXELS = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
_AFTER_HEADER = 33  # bytes


def with_profile(name):
    """A PNG with a colour profile that is wrong."""
    profile = chunk(b"iCCP", name + b"\0\0" + zlib.compress(b"\0\0\0\1" + os.urandom(200)))
    data = encoded(PIXELS, ".png")
    return data[:_AFTER_HEADER] + profile + data[_AFTER_HEADER:]


@pytest.mark.parametrize("name", [b"\x1b]0;title\x07", b"\x9b31m", b"a\nb"])
def test_no_name_in_a_picture_reaches_the_terminal(name, capfd):
    image = decode_picture(with_profile(name), where="a.png").image
    assert (image == PIXELS).all()
    assert "".join(capfd.readouterr()) == ""


def test_profiles_with_other_names_stay(capfd):
    """libpng finds them wrong, which is how this test knows."""
    assert (decode_picture(with_profile(b"sRGB IEC"), where="a.png").image == PIXELS).all()
    assert "profile 'sRGB IEC'" in capfd.readouterr().err
