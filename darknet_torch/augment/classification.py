"""Samples for classifiers. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from darknet_torch.augment.class_mixing import mix_parts, picture_count
from darknet_torch.augment.class_truths import ClassTruthEncoder
from darknet_torch.augment.colour import ColourRange, distort
from darknet_torch.augment.mixing import check_contrastive_batch, mixing_mode
from darknet_torch.augment.picture_order import PictureOrder
from darknet_torch.augment.picture_reading import PictureReader
from darknet_torch.augment.pictures import (
    FILE_READER,
    OpenedPicture,
    check_channels,
    check_not_empty,
    in_channels,
    open_first_readable,
)
from darknet_torch.augment.random_streams import RandomStream, SampleSeed, coin_flip
from darknet_torch.augment.rotated_crop import CropRange
from darknet_torch.augment.source import PerSampleSource, Sample
from darknet_torch.augment.transforms.base import Step, apply_steps
from darknet_torch.augment.transforms.labelled_image import LabelledImage
from darknet_torch.cfg.dialect import Dialect
from darknet_torch.cfg.net import NetOptions
from darknet_torch.cfg.preprocessing import GREY
from darknet_torch.cfg.tree import Tree
from darknet_torch.datasets.classification import ClassifiedPictures
from darknet_torch.datasets.examples import Labels, Problem
from darknet_torch.media.fill import fill_colour
from darknet_torch.media.images import classifier_input

_BLUR_ONE_IN = 4  # samples
_DEFAULT_BLUR = 15


@dataclass(frozen=True)
class ClassificationAugmentation:
    """The augmentation of a classifier's pictures.

    Attributes:
        enabled: if False, pictures are only resized or letterboxed.
        channels: 3, or 1 for grey.
        crop: the range of random crops.
        flip: mirror half of the pictures.
        colour: the range of colour changes.
        blur: kernel size in pixels, used for a quarter of the samples; 0 for none.
        mixup: how half of the samples are mixed, see `mixing_mode`.
        letterbox: without augmentation, letterbox pictures instead of stretching them.
        truth_encoder: converts a class to a truth.
        order: selects the picture of each sample.
        fill: [net] fill=, "" for what the C code takes.
    """

    enabled: bool
    channels: int
    crop: CropRange
    flip: bool
    colour: ColourRange
    blur: int
    mixup: int
    letterbox: bool
    truth_encoder: ClassTruthEncoder
    order: PictureOrder
    fill: str = ""

    @staticmethod
    def from_options(
        net: NetOptions,
        classes: int,
        dialect: Dialect,
        *,
        tree: Tree | None = None,
        augment: bool = True,
    ) -> ClassificationAugmentation:
        """Read the augmentation options of a cfg.

        Args:
            net: the options of [net].
            classes: number of classes of the network.
            dialect: the Darknet code base to follow.
            tree: the hierarchy of the classes, or None.
            augment: False prepares pictures as for classification.

        Raises:
            CfgError: an option is invalid, or Darknet refuses the combination.

        Source: classifier.c train_classifier (both code bases). pjreddie's parser reads
        center=, but its training does not use it; it has no effect here either.
        """
        check_contrastive_batch(net)
        blur = _DEFAULT_BLUR if net.blur == 1 else net.blur // 2 * 2 + 1 if net.blur > 0 else 0
        return ClassificationAugmentation(
            enabled=augment,
            channels=check_channels(net),
            crop=CropRange.from_net(net, dialect),
            flip=bool(net.flip),
            colour=ColourRange.from_net(net),
            blur=blur,
            mixup=mixing_mode(net) if augment else 0,
            letterbox=net.letter_box or dialect.defaults.letterbox,
            truth_encoder=ClassTruthEncoder.from_net(net, classes, tree),
            order=PictureOrder(pairs=net.contrastive),
            fill=net.fill,
        )


@dataclass(frozen=True)
class ClassificationSource(PerSampleSource):
    """Samples for classifiers.

    Attributes:
        paths: the picture files.
        class_ids: the class of each picture.
        settings: what to augment, and how.
        problems: the pictures that are left out.
        exif: rotate pictures according to their EXIF orientation.
        reader: reads the files.
        steps: applied to each picture before `settings` are.
    """

    paths: tuple[Path, ...]
    class_ids: tuple[int, ...]
    settings: ClassificationAugmentation
    problems: tuple[Problem, ...]
    exif: bool
    reader: PictureReader = FILE_READER
    steps: Sequence[Step] = ()

    @staticmethod
    def from_pictures(
        pictures: ClassifiedPictures,
        settings: ClassificationAugmentation,
        steps: Sequence[Step] = (),
    ) -> ClassificationSource:
        """Create a source from a data set.

        With unsupervised=1 labels are ignored: each picture gets a class by its index.

        Raises:
            UsageError: no picture is left.

        Differs: pictures that match no class or several are left out.

        Source: data.c load_labels_paths (both code bases).
        """
        classes, problems = settings.truth_encoder.classes, list(pictures.problems)
        if settings.truth_encoder.unsupervised:
            ids = tuple(index % classes for index in range(len(pictures.paths)))
            return ClassificationSource(
                pictures.paths, ids, settings, (), pictures.exif, steps=tuple(steps)
            )
        kept = []
        for path, class_id in zip(pictures.paths, pictures.class_ids, strict=True):
            if class_id is not None and class_id >= classes:
                what = f"class {class_id}, but the network has 0..{classes - 1}"
                problems.append(Problem("unknown class", str(path), what))
            elif class_id is not None:
                kept.append((path, class_id))
        paths = tuple(path for path, _ in kept)
        check_not_empty(paths, pictures.origin)
        ids = tuple(class_id for _, class_id in kept)
        return ClassificationSource(
            paths, ids, settings, tuple(problems), pictures.exif, steps=tuple(steps)
        )

    def sample(self, seed: SampleSeed, height: int, width: int) -> Sample:
        """`PerSampleSource.sample`; the truth is [classes].

        Source: data.c load_data_augment (AlexeyAB).
        """
        settings, random = self.settings, seed.generator(RandomStream.MIXING)
        mixup = settings.mixup if coin_flip(random) else 0
        parts = [
            self._part(replace(seed, part=part), height, width)
            for part in range(picture_count(mixup))
        ]
        image, truth = mix_parts(mixup, [(part[0], part[1]) for part in parts], random)
        if settings.enabled and settings.blur and random.integers(_BLUR_ONE_IN) == 0:
            image = cv2.GaussianBlur(image, (settings.blur, settings.blur), 0)
        opened = [part[2] for part in parts]
        return Sample(
            np.ascontiguousarray(np.atleast_3d(image).transpose(2, 0, 1)),
            truth,
            tuple(item.path for item in opened),
            tuple(problem for item in opened for problem in item.problems),
        )

    def _part(
        self, seed: SampleSeed, height: int, width: int
    ) -> tuple[np.ndarray, np.ndarray, OpenedPicture]:
        """One augmented picture, RGB or grey float32 [H, W, ...] in 0-1, and its truth."""
        settings = self.settings
        channels = (
            settings.channels if settings.enabled else 3
        )  # classifier_input converts to grey
        opened = self._open(seed, channels)
        truth = settings.truth_encoder.encode(self.class_ids[opened.index])
        if not settings.enabled:
            image = classifier_input(
                opened.image,
                height,
                width,
                channels=settings.channels,
                letterbox=settings.letterbox,
                fill=settings.fill or GREY,
            )
            return image.transpose(1, 2, 0), truth, opened
        random = seed.generator(RandomStream.AUGMENTATION)
        image = opened.image if opened.image.ndim == 2 else opened.image[:, :, ::-1]
        colour = fill_colour(settings.fill, opened.image) if settings.fill else ()
        image = settings.crop.random_crop(image / np.float32(255), random, height, width, colour)
        image = cv2.flip(image, 1) if coin_flip(random) and settings.flip else image
        return distort(image, settings.colour.draw(random)), truth, opened

    def _open(self, seed: SampleSeed, channels: int) -> OpenedPicture:
        """Read the picture of a sample, or another one if it is broken, and apply the steps."""
        candidates = self.settings.order.picture_candidates(seed, len(self.paths))
        opened = open_first_readable(
            self.paths,
            candidates,
            3 if self.steps else channels,
            exif=self.exif,
            reader=self.reader,
        )
        if not self.steps:
            return opened
        picture = LabelledImage.from_labels(opened.image, Labels.empty())
        changed = apply_steps(self.steps, picture, seed.generator(RandomStream.TRANSFORMS))
        return replace(opened, image=in_channels(changed.image, channels))
