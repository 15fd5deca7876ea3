"""Pictures with boxes for [detection], the head of YOLOv1. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from darknet_torch.augment.colour import ColourRange, distort
from darknet_torch.augment.crop import drawn_crop
from darknet_torch.augment.labelled import LabelledPictures, LabelledSource
from darknet_torch.augment.order import Order
from darknet_torch.augment.pictures import check_channels
from darknet_torch.augment.random_streams import RandomStream, SampleSeed, coin
from darknet_torch.augment.source import Sample
from darknet_torch.augment.truths import CellRules, Motion
from darknet_torch.cfg.dialect import Dialect
from darknet_torch.cfg.net import NetOptions
from darknet_torch.datasets.model import Example
from darknet_torch.media.images import network_input, place, resize_darknet


class CellHeadOptions(Protocol):
    """What is asked of the options of [detection]."""

    @property
    def classes(self) -> int: ...
    @property
    def side(self) -> int: ...
    @property
    def jitter(self) -> float: ...


@dataclass(frozen=True)
class CellAugmentation:
    """What may happen to the pictures; mosaic and the like are not for this head.

    Attributes:
        on: without it pictures are brought to size, and nothing else.
        rules: which boxes become truths.
        channels: 3, or 1 for grey.
        jitter: how far each edge moves, as a part of the picture.
        flip: mirror half of them. Differs: Darknet does so whatever flip= says.
        colour: how far colours change.
        letterbox: without augmentation, fit pictures in whole.
        order: which picture is taken.
    """

    on: bool
    rules: CellRules
    channels: int
    jitter: float
    flip: bool
    colour: ColourRange
    letterbox: bool
    order: Order

    @staticmethod
    def of(
        net: NetOptions, head: CellHeadOptions, dialect: Dialect, *, augment: bool = True
    ) -> CellAugmentation:
        """What the cfg asks for.

        Raises:
            CfgError: the network takes no pictures.

        Source: yolo.c train_yolo (AlexeyAB), examples/yolo.c (pjreddie).
        """
        return CellAugmentation(
            on=augment,
            rules=CellRules(head.classes, head.side, dialect.training_data.smallest_cell_truth),
            channels=check_channels(net),
            jitter=head.jitter,
            flip=bool(net.flip),
            colour=ColourRange.of(net),
            letterbox=net.letter_box or dialect.defaults.letterbox,
            order=Order(),  # train_yolo knows neither pairs nor sequences
        )


@dataclass(frozen=True)
class CellSource(LabelledSource):
    """Augmented pictures with the cells that [detection] learns from.

    Attributes:
        plan: what happens to them.
    """

    plan: CellAugmentation

    @staticmethod
    def of(examples: Sequence[Example], plan: CellAugmentation) -> CellSource:
        """From the pictures of a data set.

        Raises:
            UsageError: there are none.
        """
        return CellSource(LabelledPictures.of(examples, plan.rules.classes), plan)

    def sample(self, key: SampleSeed, height: int, width: int) -> Sample:
        """`PictureSource.sample`; the truth is [side * side * (1 + classes + 4)]."""
        plan = self.plan
        # network_input turns grey what is not augmented.
        opened = self.pictures.open(key, plan.order, plan.channels if plan.on else 3)
        labels = self.pictures.labels[opened.index]
        order = np.arange(len(labels))
        if plan.on:
            order = key.random(RandomStream.BOXES).permutation(order)
            image, motion = self._augmented(opened.image, key, height, width)
        else:
            placement = place(opened.image, height, width, letterbox=plan.letterbox)
            image = network_input(opened.image, placement, channels=plan.channels)
            motion = Motion.of(placement)
        truth = plan.rules.cells(labels, order, motion)
        return Sample(image, truth, (opened.path,), opened.problems)

    def _augmented(
        self, image: np.ndarray, key: SampleSeed, height: int, width: int
    ) -> tuple[np.ndarray, Motion]:
        """Source: data.c load_data_region (both code bases)."""
        random = key.random(RandomStream.DRAWS)
        edges = tuple(random.random(4))
        crop = drawn_crop(image.shape[:2], edges, (0, 0), self.plan.jitter, 1.0).checked()
        flip = coin(random) and self.plan.flip
        colour = self.plan.colour.draw(random)
        shown = crop.cut(image, border=cv2.BORDER_REPLICATE)
        shown = np.atleast_3d(shown)[:, :, ::-1]
        sized = resize_darknet(shown, height, width)
        sized = distort(sized if sized.shape[2] == 3 else sized[:, :, 0], colour)
        sized = cv2.flip(sized, 1) if flip else sized
        return np.ascontiguousarray(np.atleast_3d(sized).transpose(2, 0, 1)), crop.motion(
            flip=flip
        )
