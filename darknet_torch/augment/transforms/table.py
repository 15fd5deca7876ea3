"""All transforms, and the steps of `dtorch dataset augment` without a file. No torch.

A new transform is a class and its row here.
"""

from __future__ import annotations

from darknet_torch.augment.transforms.base import Transform
from darknet_torch.augment.transforms.colour import (
    BrightnessContrast,
    Clahe,
    ColourJitter,
    Posterize,
    RgbShift,
    ToGrey,
)
from darknet_torch.augment.transforms.geometry import Affine, Flip, Resize
from darknet_torch.augment.transforms.noise import (
    Blur,
    Fog,
    GaussianNoise,
    MotionBlur,
    MultiplicativeNoise,
)

TRANSFORMS: dict[str, type[Transform]] = {
    one.name: one
    for one in (
        Resize,
        Flip,
        Affine,
        BrightnessContrast,
        ColourJitter,
        RgbShift,
        ToGrey,
        Clahe,
        Posterize,
        GaussianNoise,
        MultiplicativeNoise,
        Fog,
        Blur,
        MotionBlur,
    )
}

DEFAULT_STEPS: tuple[Transform, ...] = (
    Flip(),
    Affine(probability=0.8),
    BrightnessContrast(),
    ColourJitter(),
    GaussianNoise(probability=0.2),
    Blur(probability=0.1),
)
