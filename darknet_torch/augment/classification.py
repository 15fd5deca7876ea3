"""Pictures of one class each. No torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from darknet_torch.augment.class_mixing import mixed, pictures_for
from darknet_torch.augment.class_truths import ClassTruths
from darknet_torch.augment.colour import ColourRange, distort
from darknet_torch.augment.mixing import check_pairs, mixing_mode
from darknet_torch.augment.order import Order
from darknet_torch.augment.pictures import Opened, check_channels, check_not_empty, open_first
from darknet_torch.augment.random_streams import RandomStream, SampleSeed, coin
from darknet_torch.augment.rotated_crop import CropRange
from darknet_torch.augment.source import PerSampleSource, Sample
from darknet_torch.cfg.dialect import Dialect
from darknet_torch.cfg.net import NetOptions
from darknet_torch.cfg.tree import Tree
from darknet_torch.datasets.classification import ClassifiedPictures
from darknet_torch.datasets.model import Problem
from darknet_torch.media.images import classifier_input

_BLURRED = 4  # one in so many
_DEFAULT_BLUR = 15


@dataclass(frozen=True)
class ClassificationAugmentation:
    """What may happen to a classifier's pictures.

    Attributes:
        on: without it pictures are brought to size, and nothing else.
        channels: 3, or 1 for grey.
        crop: which part of them is taken.
        flip: mirror half of them.
        colour: how far colours change.
        blur: kernel of a quarter of them, pixels; 0 for none.
        mixup: of half of the samples, see `mixing_mode`.
        letterbox: without augmentation, fit pictures in whole.
        truths: how a class becomes a truth.
        order: which picture is taken.
    """

    on: bool
    channels: int
    crop: CropRange
    flip: bool
    colour: ColourRange
    blur: int
    mixup: int
    letterbox: bool
    truths: ClassTruths
    order: Order

    @staticmethod
    def of(
        net: NetOptions,
        classes: int,
        dialect: Dialect,
        *,
        tree: Tree | None = None,
        augment: bool = True,
    ) -> ClassificationAugmentation:
        """What the cfg asks for.

        Args:
            classes: of the network.
            tree: a hierarchy of them.
            augment: without it pictures are seen as for classification.

        Raises:
            CfgError: Darknet refuses it, or has no meaning for it.

        Source: classifier.c train_classifier (both code bases). pjreddie's center= is read
        and not passed on there, and does nothing here.
        """
        check_pairs(net)
        blur = _DEFAULT_BLUR if net.blur == 1 else net.blur // 2 * 2 + 1 if net.blur > 0 else 0
        return ClassificationAugmentation(
            on=augment,
            channels=check_channels(net),
            crop=CropRange.of(net, dialect),
            flip=bool(net.flip),
            colour=ColourRange.of(net),
            blur=blur,
            mixup=mixing_mode(net) if augment else 0,
            letterbox=net.letter_box or dialect.defaults.letterbox,
            truths=ClassTruths.of(net, classes, tree),
            order=Order(pairs=net.contrastive),
        )


@dataclass(frozen=True)
class ClassificationSource(PerSampleSource):
    """Augmented pictures with [classes] truths.

    Attributes:
        paths: of the pictures.
        class_ids: of each.
        plan: what happens to them.
        problems: pictures that are left out.
    """

    paths: tuple[Path, ...]
    class_ids: tuple[int, ...]
    plan: ClassificationAugmentation
    problems: tuple[Problem, ...]

    @staticmethod
    def of(pictures: ClassifiedPictures, plan: ClassificationAugmentation) -> ClassificationSource:
        """From a data set. Differs: pictures of no class or of several are left out.

        With unsupervised=1 the classes are made up, and all pictures are taken.

        Raises:
            UsageError: no picture is left.

        Source: data.c load_labels_paths (both code bases).
        """
        classes, problems = plan.truths.classes, list(pictures.problems)
        if plan.truths.made_up:
            ids = tuple(index % classes for index in range(len(pictures.paths)))
            return ClassificationSource(pictures.paths, ids, plan, ())
        kept = []
        for path, class_id in zip(pictures.paths, pictures.class_ids, strict=True):
            if class_id is not None and class_id >= classes:
                what = f"class {class_id}, but the network has 0..{classes - 1}"
                problems.append(Problem("unknown class", str(path), what))
            elif class_id is not None:
                kept.append((path, class_id))
        paths = tuple(path for path, _ in kept)
        check_not_empty(paths, pictures.origin)
        return ClassificationSource(
            paths, tuple(class_id for _, class_id in kept), plan, tuple(problems)
        )

    def sample(self, key: SampleSeed, height: int, width: int) -> Sample:
        """`PerSampleSource.sample`; the truth is [classes].

        Source: data.c load_data_augment (AlexeyAB).
        """
        plan, random = self.plan, key.random(RandomStream.MIX)
        mixup = plan.mixup if coin(random) else 0
        parts = [
            self._part(replace(key, part=part), height, width)
            for part in range(pictures_for(mixup))
        ]
        image, truth = mixed(mixup, [(part[0], part[1]) for part in parts], random)
        if plan.on and plan.blur and random.integers(_BLURRED) == 0:
            image = cv2.GaussianBlur(image, (plan.blur, plan.blur), 0)
        opened = [part[2] for part in parts]
        return Sample(
            np.ascontiguousarray(np.atleast_3d(image).transpose(2, 0, 1)),
            truth,
            tuple(item.path for item in opened),
            tuple(problem for item in opened for problem in item.problems),
        )

    def _part(
        self, key: SampleSeed, height: int, width: int
    ) -> tuple[np.ndarray, np.ndarray, Opened]:
        """One picture, RGB or grey float32 [H, W, ...] in 0-1, and its truth."""
        plan = self.plan
        channels = plan.channels if plan.on else 3  # classifier_input turns grey itself
        opened = open_first(self.paths, plan.order.candidates(key, len(self.paths)), channels)
        truth = plan.truths.of_class(self.class_ids[opened.index])
        if not plan.on:
            image = classifier_input(
                opened.image, height, width, channels=plan.channels, letterbox=plan.letterbox
            )
            return image.transpose(1, 2, 0), truth, opened
        random = key.random(RandomStream.DRAWS)
        image = opened.image if opened.image.ndim == 2 else opened.image[:, :, ::-1]
        image = plan.crop.draw(image / np.float32(255), random, height, width)
        image = cv2.flip(image, 1) if coin(random) and plan.flip else image
        return distort(image, plan.colour.draw(random)), truth, opened
