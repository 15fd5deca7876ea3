"""Pictures on the device, against `network_input`: equal bit for bit on a CPU."""

import cv2
import numpy as np
import pytest
import torch

from darknet_torch.errors import ImageError
from darknet_torch.inference.gpu import resizing
from darknet_torch.inference.gpu.resizing import DeviceResizer
from darknet_torch.media.images import input_placement, network_input
from darknet_torch.media.resizing import RESIZE_METHODS

INPUT = 24, 40  # height and width
# The input's own size, larger, smaller, one side equal, one row, one column, one pixel, and
# neighbours of one size.
SIZES = (INPUT, (64, 96), (64, 96), (9, 7), (24, 33), (31, 40), (1, 30), (30, 1), (1, 1))
SIZES_OF_INPUT = (INPUT, (1, 33), (33, 1), (1, 1))
BOUND = 1e-6  # on a GPU, of values in 0-1


def pictures(*sizes):
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (*size, 3), np.uint8) for size in sizes]


def inputs(
    device,
    images,
    size,
    *,
    channels=3,
    letterbox=False,
    method="darknet",
    dtype=None,
    fill="0.5",
):
    """What the device makes of images, and what the CPU does, both [N, C, H, W]."""
    placements = [input_placement(image, *size, letterbox=letterbox) for image in images]
    resizer = DeviceResizer(device, *size, channels, dtype or torch.float32, fill)
    expected = [
        network_input(image, placed, channels=channels, method=method, fill=fill)
        for image, placed in zip(images, placements, strict=True)
    ]
    return resizer(images, placements, method), torch.from_numpy(np.stack(expected))


def assert_equal(found, expected):
    bound = 0 if found.device.type == "cpu" else BOUND
    torch.testing.assert_close(found.cpu(), expected, rtol=0, atol=bound)


@pytest.mark.parametrize("method", RESIZE_METHODS)
@pytest.mark.parametrize("letterbox", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_of_several_sizes_become_one_batch(device, channels, letterbox, method):
    for size in SIZES_OF_INPUT:
        options = {"channels": channels, "letterbox": letterbox, "method": method}
        found, expected = inputs(device, pictures(*SIZES), size, **options)
        assert_equal(found, expected)
        assert found.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("fill", ["imagenet", "picture"])
@pytest.mark.parametrize("channels", [1, 3])
def test_margins_have_the_colour_of_the_network(device, channels, fill):
    found, expected = inputs(
        device, pictures(*SIZES), INPUT, channels=channels, letterbox=True, fill=fill
    )
    assert_equal(found, expected)


def test_grey_is_rounded_as_opencv_does(device):
    """All sums around a half of the last bit are among so many colours."""
    (image,) = pictures((256, 1024))
    found = resizing._to_grey(torch.from_numpy(image).to(device))
    np.testing.assert_array_equal(
        found[..., 0].cpu().numpy(), cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    )


def test_a_view_of_another_array_is_read_in_its_order(device):
    (image,) = pictures((30, 40))
    assert_equal(*inputs(device, [image[::2, ::-1]], INPUT))


def test_the_input_has_the_precision_of_the_layers(device):
    found, expected = inputs(device, pictures(*SIZES), INPUT, dtype=torch.bfloat16)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float().cpu(), expected, rtol=2**-8, atol=0)


def test_many_pictures_are_resized_in_parts(device, monkeypatch):
    monkeypatch.setattr(resizing, "_VALUES_AT_ONCE", 2 * 4 * 3 * INPUT[0] * INPUT[1])
    assert_equal(*inputs(device, pictures(*5 * [(9, 7)]), INPUT))


def test_the_taps_of_a_size_are_kept_and_old_ones_are_forgotten(device):
    resizer = DeviceResizer(device, *INPUT, 3, torch.float32)
    for width in (5, 6, 5, *range(7, 30)):
        images = pictures((8, width))
        resizer(images, [input_placement(images[0], *INPUT, letterbox=False)], "darknet")
    kept = resizer._taps.cache_info()
    assert (kept.hits, kept.misses, kept.currsize) == (1, 25, resizing._SIZES_KEPT)


def test_a_network_of_other_channels_takes_no_pictures(device):
    with pytest.raises(ImageError, match=r"takes no pictures: expected channels=1 or 3.*got 4"):
        DeviceResizer(device, *INPUT, 4, torch.float32)
