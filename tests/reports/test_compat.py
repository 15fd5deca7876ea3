"""Scripts for darknet.py and OpenCV's dnn: what they forget is an error that says so."""

import numpy as np
import pytest

from darknet_torch.compat import darknet
from darknet_torch.compat import opencv as dnn
from darknet_torch.errors import UsageError
from tests.toy.files import CFG, WEIGHTS


@pytest.mark.parametrize(
    ("data", "what", "got"),
    [
        (bytes(17), "too few", 17),
        (bytes(19), "too many", 19),
        (np.zeros((3, 2, 4), np.uint8).tobytes(), "too many", 24),
        (np.zeros((3, 2, 3), np.float32).tobytes(), "too many", 72),
        (np.zeros((6, 4, 3), np.uint8), "too many", 72),
        (b"", "too few", 0),
    ],
    ids=["short", "long", "four channels", "floats", "another size", "empty"],
)
def test_bytes_of_another_picture(data, what, got):
    """C would take the first bytes of a larger picture, and show something else."""
    image = darknet.make_image(2, 3, 3)
    with pytest.raises(UsageError) as caught:
        darknet.copy_image_from_bytes(image, data)
    assert str(caught.value) == (
        f"there are {what} bytes for the picture: expected 18 for 2x3x3, got {got}; "
        "resize the array to network_width, network_height, with 3 channels of uint8, "
        "before tobytes()"
    )
    assert [image.data[place] for place in range(18)] == [0] * 18


@pytest.mark.parametrize("read", [dnn.readNet, dnn.DetectionModel])
def test_weights_without_a_cfg(read):
    with pytest.raises(UsageError) as caught:
        read(str(WEIGHTS))
    error = caught.value
    assert error.where == str(WEIGHTS)
    assert error.what.startswith("no cfg was given, and a weight file does not say")
    assert (error.expected, error.got) == ("a weight file and its cfg", "the weights alone")
    assert "readNet('x.weights', 'x.cfg')" in error.fix


@pytest.mark.parametrize(
    ("arguments", "got"),
    [
        (("darknet", WEIGHTS.read_bytes()), "the weights alone"),
        (("darknet",), "neither"),
        ((str(WEIGHTS), "", "darknet"), "the weights alone"),
    ],
    ids=["bytes", "nothing", "named"],
)
def test_the_format_without_a_cfg(arguments, got):
    with pytest.raises(UsageError, match="no cfg was given") as caught:
        dnn.readNet(*arguments)
    assert caught.value.got == got


def test_a_cfg_alone_names_layers_but_cannot_compute():
    net = dnn.readNet(str(CFG))
    assert net.getLayerNames()
