"""Pictures to the input of a network, on its device.

The numbers are those of `darknet_torch.media.images.network_input`: the same products and sums of
float32 in the same order, each rounded by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from darknet_torch.cfg.preprocessing import GREY
from darknet_torch.inference.gpu.streams import upload
from darknet_torch.media.fill import fill_colour
from darknet_torch.media.images import Placement, check_picture_channels
from darknet_torch.media.resizing import column_taps, row_taps

_SIZES_KEPT = 16  # pairs of sizes of a picture and of its place, whose taps stay on the device
_VALUES_AT_ONCE = 1 << 26  # float32 between source and input: 256 MB

# Source: OpenCV's cvtColor, BGR to grey of bytes: factors in 1 / 2^15, rounded.
_GREY_OF_BGR, _GREY_BITS = (3735, 19235, 9798), 15


class DeviceTaps(NamedTuple):
    """Between which pixels the new ones lie: `darknet_torch.media.resizing.Taps` on a device.

    Attributes:
        rows: [2 * height] source rows: the first of every new row, then the second.
        row_weights: [2, height, 1] float32.
        columns: [2 * width * channels] indices into the values of a row, as `rows`; of three
            channels the first new one is the last of the source, so that BGR becomes RGB.
        column_weights: [2, width * channels] float32.
    """

    rows: Tensor
    row_weights: Tensor
    columns: Tensor
    column_weights: Tensor


class DeviceResizer:
    """Letterboxes or stretches pictures to the input of a network, on its device.

    Its methods are called on one stream, or by one thread.

    Attributes:
        device: where that is.

    Args:
        device: where the input will be.
        height, width: of the input, pixels.
        channels: of the input: 3 for RGB, 1 for grey.
        dtype: of the input.
        fill: the colour of the margins, see `darknet_torch.media.fill.fill_colour`.

    Raises:
        ImageError: another number of channels.
    """

    def __init__(
        self,
        device: torch.device,
        height: int,
        width: int,
        channels: int,
        dtype: torch.dtype,
        fill: str = GREY,
    ) -> None:
        check_picture_channels(channels)
        self._fill_word = fill
        self.device = device
        self._size, self._channels, self._dtype = (height, width), channels, dtype
        # On the device, so that CUDA divides: by a number of the host it would multiply with the
        # inverse, which rounds differently. torch.tensor returns when the device has it, so that
        # every stream may read it.
        self._most = torch.tensor(255.0, device=device)
        self._taps = lru_cache(_SIZES_KEPT)(partial(_device_taps, device))
        self._flip = torch.tensor(_channel_order(channels), device=device)

    @torch.inference_mode()
    def __call__(
        self, images: Sequence[np.ndarray], placements: Sequence[Placement], method: str
    ) -> Tensor:
        """Convert pictures to inputs.

        Args:
            images: each BGR uint8 [H, W, 3], of any size.
            placements: where each one goes in the input.
            method: one of `RESIZE_METHODS`. "opencv" resizes on the CPU, before the upload.

        Returns:
            [N, channels, height, width] in 0-1, RGB or grey, channels-last in memory.
        """
        inputs = torch.empty(
            (len(images), *self._size, self._channels), dtype=self._dtype, device=self.device
        )
        if not all(placed.is_full for placed in placements):
            inputs.copy_(self._margins(images))
        prepare = self._resize_on_host if method == "opencv" else _unchanged
        for members in _alike(images, placements):
            planes = [prepare(images[index], placements[index]) for index in members]
            placed = placements[members[0]]
            self._fill(inputs, members, upload(planes, self.device), placed)
        return inputs.permute(0, 3, 1, 2)

    def _margins(self, images: Sequence[np.ndarray]) -> Tensor:
        """The colour of each picture's margins, [N, 1, 1, channels] float32 on the device."""
        colours = [fill_colour(self._fill_word, self._in_channels(image)) for image in images]
        rows = np.array(colours, np.float32)[:, None, None]
        return upload([rows], self.device)[0]

    def _in_channels(self, image: np.ndarray) -> np.ndarray:
        """A BGR picture, in grey where the network takes grey ones."""
        return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if self._channels == 1 else image

    def _resize_on_host(self, image: np.ndarray, placed: Placement) -> np.ndarray:
        """As `darknet_torch.media.resizing.resize_opencv`, which leaves bytes as bytes."""
        image = np.ascontiguousarray(self._in_channels(image))
        resized = cv2.resize(image, (placed.inner_width, placed.inner_height))
        return np.atleast_3d(resized)

    def _fill(
        self, inputs: Tensor, members: Sequence[int], planes: Tensor, placed: Placement
    ) -> None:
        """Write pictures [n, H, W, C] to their place in `inputs` [N, height, width, channels]."""
        if planes.shape[3] > self._channels:
            planes = _to_grey(planes)
        height, width = placed.inner_height, placed.inner_width
        top, left = (placed.height - height) // 2, (placed.width - width) // 2
        at_once = max(1, _VALUES_AT_ONCE // (4 * height * width * self._channels))
        for start in range(0, len(members), at_once):
            some = planes[start : start + at_once]
            first = members[start]
            out = inputs[first : first + len(some), top : top + height, left : left + width]
            if planes.shape[1:3] == (height, width):
                torch.div(some.index_select(3, self._flip), self._most, out=out)
            else:
                self._resize(some, out)

    def _resize(self, planes: Tensor, out: Tensor) -> None:
        """Resize as `darknet_torch.media.resizing.resize_darknet`.

        Args:
            planes: uint8 [n, H, W, channels].
            out: [n, height, width, channels] to write to.

        Source: image.c resize_image (both code bases).
        """
        own_height, own_width = planes.shape[1:3]
        count, height, width, channels = out.shape
        taps = self._taps(own_height, own_width, height, width, channels)
        values = planes.flatten(2).index_select(1, taps.rows).index_select(2, taps.columns)
        pairs = (values / self._most).view(count, 2 * height, 2, width * channels)
        pairs *= taps.column_weights
        lines = (pairs[:, :, 0] + pairs[:, :, 1]).view(count, 2, height, width * channels)
        lines *= taps.row_weights
        upper, lower = lines.view(count, 2, height, width, channels).unbind(1)
        torch.add(upper, lower, out=out)


def _unchanged(image: np.ndarray, placed: Placement) -> np.ndarray:
    return image


def _alike(images: Sequence[np.ndarray], placements: Sequence[Placement]) -> list[range]:
    """Runs of neighbouring pictures of one size and place, as ranges of indices."""
    keys = [(image.shape, placed) for image, placed in zip(images, placements, strict=True)]
    starts = [at for at, key in enumerate(keys) if at == 0 or key != keys[at - 1]]
    return [range(*pair) for pair in zip(starts, [*starts[1:], len(keys)], strict=True)]


def _to_grey(planes: Tensor) -> Tensor:
    """BGR uint8 [..., 3] to grey uint8 [..., 1], as OpenCV rounds."""
    blue, green, red = (
        planes[..., channel].int() * factor for channel, factor in enumerate(_GREY_OF_BGR)
    )
    total = blue + green + red + (1 << (_GREY_BITS - 1))
    return (total >> _GREY_BITS).to(torch.uint8)[..., None]


def _channel_order(channels: int) -> list[int]:
    """Which channel of BGR, or of grey, each channel of the input is."""
    return list(range(channels))[::-1]


def _device_taps(
    device: torch.device, own_height: int, own_width: int, height: int, width: int, channels: int
) -> DeviceTaps:
    """The taps of a picture of `own_height` x `own_width` that becomes `height` x `width`."""
    rows, columns = row_taps(own_height, height), column_taps(own_width, width)
    order = np.array(_channel_order(channels))
    both = np.concatenate((columns.first, columns.second))
    row_weights = np.stack((rows.first_weights, rows.second_weights))[:, :, None]
    column_weights = np.stack((columns.first_weights, columns.second_weights))
    arrays = (
        rows.used[np.concatenate((rows.first, rows.second))],
        row_weights,
        (both[:, None] * channels + order).ravel(),
        np.repeat(column_weights, channels, axis=1),
    )
    return DeviceTaps(*(torch.from_numpy(array).to(device) for array in arrays))
