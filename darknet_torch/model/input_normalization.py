"""What a network does to its input before the first layer: [net] normalize=."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from darknet_torch.cfg.preprocessing import (
    IMAGENET,
    IMAGENET_DEVIATION,
    IMAGENET_MEAN,
    PER_PICTURE,
    ZERO_ONE,
)

SMALLEST_DEVIATION = 1 / 255  # one of the 256 levels of a picture's values


class ImagenetNormalization(nn.Module):
    """Subtracts the mean of ImageNet's pictures and divides by their deviation, by colour.

    The two are no arrays of the model: no file of weights and no state_dict has them.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name, values in (("mean", IMAGENET_MEAN), ("deviation", IMAGENET_DEVIATION)):
            self.register_buffer(name, torch.tensor(values)[:, None, None], persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Normalise pictures, in float32 at least.

        Args:
            images: [N, 3, H, W] RGB in 0-1.

        Returns:
            The same shape and type.
        """
        return ((images - self.mean) / self.deviation).to(images.dtype)


class PictureNormalization(nn.Module):
    """Gives every picture a mean of 0 and a deviation of 1.

    Both are taken over all values of one picture's input: all channels, margins included. A
    deviation below `SMALLEST_DEVIATION` counts as that, so that a picture of one colour becomes 0.
    """

    def forward(self, images: Tensor) -> Tensor:
        """Normalise pictures, in float32 at least.

        Args:
            images: [N, C, H, W] in 0-1.

        Returns:
            The same shape and type.
        """
        values = images.to(torch.promote_types(images.dtype, torch.float32))
        centred = values - values.mean((1, 2, 3), keepdim=True)
        deviation = centred.square().mean((1, 2, 3), keepdim=True).sqrt()
        return (centred / deviation.clamp(min=SMALLEST_DEVIATION)).to(images.dtype)


# The word of the cfg -> what it does. nn.Identity returns what it is given.
INPUT_NORMALIZATIONS: dict[str, type[nn.Module]] = {
    ZERO_ONE: nn.Identity,
    IMAGENET: ImagenetNormalization,
    PER_PICTURE: PictureNormalization,
}
