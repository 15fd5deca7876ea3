"""What may happen to a detector's pictures, and the random numbers that decide on it. No torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from darknet_torch.augment.blur_noise import BlurNoise
from darknet_torch.augment.colour import Colour, ColourRange
from darknet_torch.augment.mixing import BOTH, CUTMIX, MOSAIC, check_pairs, mixing_mode
from darknet_torch.augment.order import Order
from darknet_torch.augment.pictures import check_channels
from darknet_torch.augment.random_streams import RandomStream, SampleSeed, coin
from darknet_torch.augment.truths import RowRules
from darknet_torch.cfg.dialect import Dialect
from darknet_torch.cfg.net import NetOptions
from darknet_torch.errors import CfgError


class HeadOptions(Protocol):
    """What is asked of a head's options: those of the last head, as in train_detector."""

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
    """What may happen to a detector's pictures.

    Attributes:
        on: without it pictures are brought to size, and nothing else.
        rules: which boxes become truths.
        channels: 3, or 1 for grey.
        jitter, resize: see `drawn_crop`.
        flip: mirror half of them.
        colour: how far colours change.
        blur_noise: blur and noise.
        mixup: of half of the samples, 0 for none, 1 for two pictures blended, 3 for a mosaic.
        mosaic_bound: boxes end where their quarter of the mosaic does.
        letterbox: pictures keep their aspect.
        places: pjreddie's way to jitter, `Placed`, else `Crop`.
        pairs_move, pairs_colour: the second of a contrastive pair is cropped and mirrored,
            or coloured, in a way of its own.
        order: which picture is taken.
    """

    on: bool
    rules: RowRules
    channels: int
    jitter: float
    resize: float
    flip: bool
    colour: ColourRange
    blur_noise: BlurNoise
    mixup: int
    mosaic_bound: bool
    letterbox: bool
    places: bool
    pairs_move: bool
    pairs_colour: bool
    order: Order

    @staticmethod
    def of(
        net: NetOptions, head: HeadOptions, dialect: Dialect, *, augment: bool = True
    ) -> DetectionAugmentation:
        """What the cfg asks for.

        Args:
            head: the options of the last detection head.
            augment: without it pictures are only stretched or letterboxed, as for detection.

        Raises:
            CfgError: Darknet refuses it, or has no meaning for it.

        Source: detector.c train_detector (both code bases).
        """
        check_pairs(net)
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
            on=augment,
            rules=RowRules(
                head.classes, head.max, dialect.training_data.truths_in_pixels, net.contrastive
            ),
            channels=check_channels(net),
            jitter=head.jitter,
            resize=head.resize,
            flip=bool(net.flip),
            colour=ColourRange.of(net),
            blur_noise=BlurNoise(max(0, net.blur), max(0, net.gaussian_noise)),
            mixup=mixup,
            mosaic_bound=net.mosaic_bound,
            letterbox=net.letter_box or (not augment and dialect.defaults.letterbox),
            places=dialect.training_data.jitter_places_pictures,
            pairs_move=net.contrastive_jit_flip,
            pairs_colour=net.contrastive_color,
            order=Order.of(net),
        )


def _check_mixing(net: NetOptions, mixup: int) -> None:
    """Source: data.c load_data_detection (AlexeyAB)."""
    if mixup in (CUTMIX, BOTH):
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
class Draws:
    """The random numbers of one picture; in sequences all pictures have the same.

    Attributes:
        edges: four in 0-1, for left, right, top, bottom; sizes: two. See `drawn_crop`.
        flip: mirror it.
        colour: change its colours.
        blur, noise: see `BlurNoise`.
    """

    edges: tuple[float, ...]
    sizes: tuple[float, ...]
    flip: bool
    colour: Colour
    blur: int
    noise: int

    @staticmethod
    def drawn(plan: DetectionAugmentation, key: SampleSeed) -> Draws:
        """The numbers of a place. Source: data.c load_data_detection (AlexeyAB)."""
        random = key.random(RandomStream.DRAWS)
        edges, sizes = tuple(random.random(4)), tuple(random.random(2))
        flip = coin(random) and plan.flip
        colour = plan.colour.draw(random)
        blur, noise = plan.blur_noise.draw(random)
        return Draws(edges, sizes, flip, colour, blur, noise)

    @staticmethod
    def of(plan: DetectionAugmentation, key: SampleSeed) -> Draws:
        """The numbers of a sample: its own, its sequence's, or in part those of its pair."""
        leader = plan.order.leader(key)
        first = Draws.drawn(plan, leader)
        if plan.order.streams or leader == key:
            return first
        own = Draws.drawn(plan, key)
        if not plan.pairs_move:
            own = replace(own, edges=first.edges, flip=first.flip)
        return own if plan.pairs_colour else replace(own, colour=first.colour)
