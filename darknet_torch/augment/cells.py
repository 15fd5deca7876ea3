"""Samples for networks with a [detection] head, as YOLOv1. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from darknet_torch.augment.colour import ColourRange, distort
from darknet_torch.augment.crop import jittered_crop
from darknet_torch.augment.labelled import LabelledPictures, LabelledSource
from darknet_torch.augment.picture_order import PictureOrder
from darknet_torch.augment.pictures import check_channels
from darknet_torch.augment.random_streams import RandomStream, SampleSeed, coin_flip
from darknet_torch.augment.source import Sample
from darknet_torch.augment.transforms.base import Step
from darknet_torch.augment.truths import BoxTransform, CellTruthEncoder
from darknet_torch.cfg.dialect import Dialect
from darknet_torch.cfg.net import NetOptions
from darknet_torch.cfg.preprocessing import GREY
from darknet_torch.datasets.examples import Example, Labels
from darknet_torch.media.images import Placement, input_placement, network_input
from darknet_torch.media.resizing import resize_darknet


class CellHeadOptions(Protocol):
    """The options of [detection] that augmentation needs."""

    @property
    def classes(self) -> int: ...
    @property
    def side(self) -> int: ...
    @property
    def jitter(self) -> float: ...


@dataclass(frozen=True)
class CellAugmentation:
    """The augmentation for [detection]; mosaic, mixup, blur and noise have no effect here.

    Attributes:
        enabled: if False, pictures are only resized or letterboxed.
        truth_encoder: converts boxes to the cells of the head.
        channels: 3, or 1 for grey.
        jitter: the most that an edge moves, as a fraction of the picture's side.
        flip: mirror half of the pictures. Differs: Darknet ignores flip= and always does so.
        colour: the range of colour changes.
        letterbox: without augmentation, letterbox pictures instead of stretching them.
        order: selects the picture of each sample.
        fill: [net] fill=, "" for what the C code takes.
    """

    enabled: bool
    truth_encoder: CellTruthEncoder
    channels: int
    jitter: float
    flip: bool
    colour: ColourRange
    letterbox: bool
    order: PictureOrder
    fill: str = ""

    @staticmethod
    def from_options(
        net: NetOptions, head: CellHeadOptions, dialect: Dialect, *, augment: bool = True
    ) -> CellAugmentation:
        """Read the augmentation options of a cfg.

        Args:
            net: the options of [net].
            head: the options of [detection].
            dialect: the Darknet code base to follow.
            augment: False disables augmentation.

        Raises:
            CfgError: the network's input is not a picture with 1 or 3 channels.

        Source: yolo.c train_yolo (AlexeyAB), examples/yolo.c (pjreddie).
        """
        return CellAugmentation(
            enabled=augment,
            truth_encoder=CellTruthEncoder(
                head.classes, head.side, dialect.training_data.smallest_cell_truth
            ),
            channels=check_channels(net),
            jitter=head.jitter,
            flip=bool(net.flip),
            colour=ColourRange.from_net(net),
            letterbox=net.letter_box or dialect.defaults.letterbox,
            order=PictureOrder(),  # train_yolo supports neither pairs nor sequences
            fill=net.fill,
        )


@dataclass(frozen=True)
class CellSource(LabelledSource):
    """Samples for [detection].

    Attributes:
        settings: what to augment, and how.
    """

    settings: CellAugmentation

    @staticmethod
    def from_examples(
        examples: Sequence[Example], settings: CellAugmentation, steps: Sequence[Step] = ()
    ) -> CellSource:
        """Create a source from the pictures of a data set.

        Args:
            examples: the pictures.
            settings: what to augment, and how.
            steps: applied to each picture before `settings` are.

        Raises:
            UsageError: there are no pictures.
        """
        classes = settings.truth_encoder.classes
        return CellSource(LabelledPictures.from_examples(examples, classes, steps), settings)

    def sample(self, seed: SampleSeed, height: int, width: int) -> Sample:
        """`PerSampleSource.sample`; the truth is [side * side * (1 + classes + 4)]."""
        settings = self.settings
        # Without augmentation network_input converts to grey.
        opened = self.pictures.open(
            seed, settings.order, settings.channels if settings.enabled else 3
        )
        if settings.enabled:
            order = seed.generator(RandomStream.BOXES).permutation(np.arange(len(opened.labels)))
            image, transform = self._augmented(opened.image, seed, height, width)
            truth = settings.truth_encoder.encode(opened.labels, order, transform)
        else:
            placement = input_placement(opened.image, height, width, letterbox=settings.letterbox)
            image = network_input(
                opened.image,
                placement,
                channels=settings.channels,
                fill=settings.fill or GREY,
            )
            truth = self._placed_truth(opened.labels, placement)
        return Sample(np.ascontiguousarray(image), truth, (opened.path,), opened.problems)

    def truth_of(self, index: int, placement: Placement, height: int, width: int) -> np.ndarray:
        """`LabelledSource.truth_of`."""
        return self._placed_truth(self.pictures.labels[index], placement)

    def _placed_truth(self, labels: Labels, placement: Placement) -> np.ndarray:
        transform = BoxTransform.from_placement(placement)
        return self.settings.truth_encoder.encode(labels, np.arange(len(labels)), transform)

    def _augmented(
        self, image: np.ndarray, seed: SampleSeed, height: int, width: int
    ) -> tuple[np.ndarray, BoxTransform]:
        """Crop, resize, change the colours, mirror.

        Source: data.c load_data_region (both code bases).
        """
        random = seed.generator(RandomStream.AUGMENTATION)
        edges = tuple(random.random(4))
        crop = jittered_crop(image.shape[:2], edges, (0, 0), self.settings.jitter, 1.0)
        crop = crop.or_whole_picture()
        flip = coin_flip(random) and self.settings.flip
        colour = self.settings.colour.draw(random)
        if self.settings.fill:
            cropped = crop.apply(image, fill=self.settings.fill)
        else:
            cropped = crop.apply(image, border=cv2.BORDER_REPLICATE)
        cropped = np.atleast_3d(cropped)[:, :, ::-1]
        sized = resize_darknet(cropped, height, width)
        sized = distort(sized if sized.shape[2] == 3 else sized[:, :, 0], colour)
        sized = cv2.flip(sized, 1) if flip else sized
        return np.atleast_3d(sized).transpose(2, 0, 1), crop.box_transform(flip=flip)
