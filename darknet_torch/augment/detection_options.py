"""The augmentation options of a detector, and the random parameters of a picture. No torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from darknet_torch.augment.blur_noise import BlurNoise
from darknet_torch.augment.colour import ColourChange, ColourRange
from darknet_torch.augment.mixing import (
    CUTMIX,
    CUTMIX_OR_MOSAIC,
    MOSAIC,
    check_contrastive_batch,
    mixing_mode,
)
from darknet_torch.augment.picture_order import PictureOrder
from darknet_torch.augment.pictures import check_channels
from darknet_torch.augment.random_streams import RandomStream, SampleSeed, coin_flip
from darknet_torch.augment.truths import RowTruthEncoder
from darknet_torch.cfg.dialect import Dialect
from darknet_torch.cfg.net import NetOptions
from darknet_torch.errors import CfgError


class DetectorHeadOptions(Protocol):
    """The options of a head that augmentation needs."""

    @property
    def classes(self) -> int: ...
    @property
    def max(self) -> int: ...
    @property
    def jitter(self) -> float: ...
    @property
    def resize(self) -> float: ...


@dataclass(frozen=True)
class DetectionAugmentation:
    """The augmentation of a detector's pictures.

    Attributes:
        enabled: if False, pictures are only resized or letterboxed.
        truth_encoder: converts boxes to truth rows.
        channels: 3, or 1 for grey.
        jitter: see `jittered_crop`.
        resize: see `jittered_crop`.
        flip: mirror half of the pictures.
        colour: the range of colour changes.
        blur_noise: blur and noise.
        mixup: how half of the samples are mixed: 0 not at all, 1 two pictures blended, 3 mosaic.
        mosaic_bound: clip boxes to their quarter of the mosaic.
        letterbox: pictures keep their aspect ratio.
        aspect_jitter: jitter as pjreddie, with `JitteredPlacement`; else with `PictureCrop`.
        pairs_move: the second picture of a contrastive pair has its own crop and flip.
        pairs_colour: the second picture of a contrastive pair has its own colour change.
        order: selects the picture of each sample.
        fill: [net] fill=, "" for what the C code takes.
    """

    enabled: bool
    truth_encoder: RowTruthEncoder
    channels: int
    jitter: float
    resize: float
    flip: bool
    colour: ColourRange
    blur_noise: BlurNoise
    mixup: int
    mosaic_bound: bool
    letterbox: bool
    aspect_jitter: bool
    pairs_move: bool
    pairs_colour: bool
    order: PictureOrder
    fill: str = ""

    @staticmethod
    def from_options(
        net: NetOptions, head: DetectorHeadOptions, dialect: Dialect, *, augment: bool = True
    ) -> DetectionAugmentation:
        """Read the augmentation options of a cfg.

        Args:
            net: the options of [net].
            head: the options of the last detection head, as in train_detector.
            dialect: the Darknet code base to follow.
            augment: False prepares pictures as for detection.

        Raises:
            CfgError: an option is invalid, or Darknet refuses the combination.

        Source: detector.c train_detector (both code bases).
        """
        check_contrastive_batch(net)
        mixup = mixing_mode(net) if augment else 0
        _check_mixing(net, mixup)
        if head.resize <= 0:
            raise CfgError(
                "resize of the last head is out of its bounds",
                where=net.where,
                expected="above 0",
                got=head.resize,
            )
        return DetectionAugmentation(
            enabled=augment,
            truth_encoder=RowTruthEncoder(
                head.classes, head.max, dialect.training_data.truths_in_pixels, net.contrastive
            ),
            channels=check_channels(net),
            jitter=head.jitter,
            resize=head.resize,
            flip=bool(net.flip),
            colour=ColourRange.from_net(net),
            blur_noise=BlurNoise(max(0, net.blur), max(0, net.gaussian_noise)),
            mixup=mixup,
            mosaic_bound=net.mosaic_bound,
            letterbox=net.letter_box or (not augment and dialect.defaults.letterbox),
            aspect_jitter=dialect.training_data.jitter_places_pictures,
            pairs_move=net.contrastive_jit_flip,
            pairs_colour=net.contrastive_color,
            order=PictureOrder.from_net(net),
            fill=net.fill,
        )


def _check_mixing(net: NetOptions, mixup: int) -> None:
    """Refuse what AlexeyAB refuses. Source: data.c load_data_detection (AlexeyAB)."""
    if mixup in (CUTMIX, CUTMIX_OR_MOSAIC):
        raise CfgError(
            "cutmix=1 - isn't supported for Detector",
            where=net.where,
            fix="use cutmix=1 only for a classifier; delete it, or set mosaic=1 alone",
        )
    if mixup == MOSAIC and net.letter_box:
        raise CfgError(
            "Combination: letter_box=1 & mosaic=1 - isn't supported, "
            "use only 1 of these parameters",
            where=net.where,
            fix="set one of them to 0",
        )


@dataclass(frozen=True)
class AugmentationParameters:
    """The random parameters of one picture; the pictures of a sequence share them.

    Attributes:
        edges: four random numbers in 0-1, see `jittered_crop`.
        sizes: two random numbers in 0-1, see `jittered_crop`.
        flip: mirror the picture.
        colour: the colour change.
        blur: see `BlurNoise`.
        noise: see `BlurNoise`.
    """

    edges: tuple[float, ...]
    sizes: tuple[float, ...]
    flip: bool
    colour: ColourChange
    blur: int
    noise: int

    @staticmethod
    def draw(settings: DetectionAugmentation, seed: SampleSeed) -> AugmentationParameters:
        """Draw the parameters of a seed. Source: data.c load_data_detection (AlexeyAB)."""
        random = seed.generator(RandomStream.AUGMENTATION)
        edges, sizes = tuple(random.random(4)), tuple(random.random(2))
        flip = coin_flip(random) and settings.flip
        colour = settings.colour.draw(random)
        blur, noise = settings.blur_noise.draw(random)
        return AugmentationParameters(edges, sizes, flip, colour, blur, noise)

    @staticmethod
    def for_sample(settings: DetectionAugmentation, seed: SampleSeed) -> AugmentationParameters:
        """The parameters of a sample, shared within its sequence or contrastive pair."""
        group_leader = settings.order.group_leader(seed)
        first = AugmentationParameters.draw(settings, group_leader)
        if settings.order.streams or group_leader == seed:
            return first
        own = AugmentationParameters.draw(settings, seed)
        if not settings.pairs_move:
            own = replace(own, edges=first.edges, flip=first.flip)
        return own if settings.pairs_colour else replace(own, colour=first.colour)
