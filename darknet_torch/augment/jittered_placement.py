"""pjreddie's jitter: the whole picture with a random aspect ratio at a random place. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from darknet_torch.augment.random_streams import uniform
from darknet_torch.augment.truths import BoxTransform
from darknet_torch.media.fill import MARGIN_GREY


@dataclass(frozen=True)
class JitteredPlacement:
    """The position of a picture in the network's input, in pixels.

    Attributes:
        height: height of the input.
        width: width of the input.
        inner_height: height of the picture.
        inner_width: width of the picture.
        left: the picture's left edge.
        top: the picture's top edge.

    Source: data.c load_data_detection (pjreddie).
    """

    height: int
    width: int
    inner_height: float
    inner_width: float
    left: float
    top: float

    @staticmethod
    def draw(
        random: np.random.Generator, size: tuple[int, int], jitter: float, height: int, width: int
    ) -> JitteredPlacement:
        """Draw an aspect ratio and a place; the picture is as large as fits.

        Args:
            random: generator of the numbers.
            size: height and width of the picture in pixels.
            jitter: the most that height and width change, as a fraction, for the aspect ratio.
            height: height of the input in pixels.
            width: width of the input in pixels.
        """
        picture_height, picture_width = size
        jittered_width = picture_width + uniform(
            random, -jitter * picture_width, jitter * picture_width
        )
        jittered_height = picture_height + uniform(
            random, -jitter * picture_height, jitter * picture_height
        )
        aspect = max(jittered_width, 1) / max(jittered_height, 1)
        inner_height = height if aspect < 1 else width / aspect
        inner_width = height * aspect if aspect < 1 else width
        left = uniform(random, 0, width - inner_width)
        top = uniform(random, 0, height - inner_height)
        return JitteredPlacement(height, width, inner_height, inner_width, left, top)

    def box_transform(self, *, flip: bool) -> BoxTransform:
        """The transform of the picture's boxes into the input."""
        scale = self.inner_width / self.width, self.inner_height / self.height
        return BoxTransform(scale, (-self.left / self.width, -self.top / self.height), flip)

    def paste(
        self, image: np.ndarray, colour: float | Sequence[float] = MARGIN_GREY
    ) -> np.ndarray:
        """The network's input: the picture on a colour.

        Args:
            image: RGB [H, W, 3] or grey [H, W] float32 in 0-1.
            colour: of what the picture does not cover, in 0-1, or a value of each
                channel; grey by default, as in C.

        Source: image.c place_image (pjreddie): bilinear, black beyond the last row and column.
        OpenCV before version 5 rounds positions to 1/32 of a pixel, which is little compared
        with the jitter.
        """
        canvas = np.empty((self.height, self.width, *image.shape[2:]), np.float32)
        canvas[...] = colour
        height, width = max(1, int(self.inner_height)), max(1, int(self.inner_width))
        matrix = np.diag((image.shape[1] / width, image.shape[0] / height, 1))[:2]
        inner = cv2.warpAffine(
            image, matrix, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        )
        # As in C, the picture may reach beyond the input; that part is not drawn.
        top, left = max(0, int(self.top)), max(0, int(self.left))
        top_cut, left_cut = max(0, -int(self.top)), max(0, -int(self.left))
        inner = inner[top_cut:, left_cut:][: self.height - top, : self.width - left]
        canvas[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
        return canvas
