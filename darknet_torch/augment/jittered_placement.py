"""pjreddie's way to jitter: all of a picture, its aspect changed, somewhere. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from darknet_torch.augment.random_streams import uniform
from darknet_torch.augment.truths import BoxTransform

_FILL = 0.5


@dataclass(frozen=True)
class JitteredPlacement:
    """Where a picture lies in the input, pixels of it.

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
        """A random aspect, as large as fits, at a random place.

        Args:
            size: height and width of the picture.
            jitter: how far they vary for the aspect, as a part of them.
        """
        own_height, own_width = size
        wide = own_width + uniform(random, -jitter * own_width, jitter * own_width)
        high = own_height + uniform(random, -jitter * own_height, jitter * own_height)
        aspect = max(wide, 1) / max(high, 1)
        inner_height = height if aspect < 1 else width / aspect
        inner_width = height * aspect if aspect < 1 else width
        left = uniform(random, 0, width - inner_width)
        top = uniform(random, 0, height - inner_height)
        return JitteredPlacement(height, width, inner_height, inner_width, left, top)

    def box_transform(self, *, flip: bool) -> BoxTransform:
        """What becomes of the boxes."""
        scale = self.inner_width / self.width, self.inner_height / self.height
        return BoxTransform(scale, (-self.left / self.width, -self.top / self.height), flip)

    def put(self, image: np.ndarray) -> np.ndarray:
        """The input with the picture in it, grey around.

        Args:
            image: RGB [H, W, 3] or grey [H, W] float32 in 0-1.

        Source: image.c place_image (pjreddie): bilinear, black beyond the last row and column.
        OpenCV before version 5 takes places to 1/32 of a pixel, little beside the jitter.
        """
        canvas = np.full((self.height, self.width, *image.shape[2:]), _FILL, np.float32)
        high, wide = max(1, int(self.inner_height)), max(1, int(self.inner_width))
        matrix = np.diag((image.shape[1] / wide, image.shape[0] / high, 1))[:2]
        inner = cv2.warpAffine(
            image, matrix, (wide, high), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        )
        # An aspect other than the input's may reach beyond it, as in C, where that is not drawn.
        top, left = max(0, int(self.top)), max(0, int(self.left))
        top_cut, left_cut = max(0, -int(self.top)), max(0, -int(self.left))
        inner = inner[top_cut:, left_cut:][: self.height - top, : self.width - left]
        canvas[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
        return canvas
