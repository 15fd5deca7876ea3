"""Pictures with boxes to train on. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from darknet_torch.augment.picture_order import PictureOrder
from darknet_torch.augment.picture_reading import PictureReader
from darknet_torch.augment.pictures import (
    FILE_READER,
    OpenedPicture,
    check_not_empty,
    in_channels,
    missing_pictures,
    open_first_readable,
)
from darknet_torch.augment.random_streams import RandomStream, SampleSeed
from darknet_torch.augment.source import PerSampleSource
from darknet_torch.augment.transforms.base import Step, apply_steps
from darknet_torch.augment.transforms.labelled_image import LabelledImage
from darknet_torch.augment.truths import label_problems, training_labels
from darknet_torch.datasets.examples import Example, Labels, Problem
from darknet_torch.media.images import Placement


@dataclass(frozen=True)
class OpenedExample(OpenedPicture):
    """A picture that was read, and its boxes.

    Attributes:
        labels: the boxes to train on.
    """

    labels: Labels


@dataclass(frozen=True)
class LabelledPictures:
    """Pictures and the boxes to train on.

    Attributes:
        paths: the picture files.
        labels: the boxes of each picture.
        problems: missing pictures and label files, and unusable boxes.
        exif: rotate pictures according to their EXIF orientation.
        reader: reads the files.
        steps: applied to each picture that is opened, and to its boxes.
    """

    paths: tuple[Path, ...]
    labels: tuple[Labels, ...]
    problems: tuple[Problem, ...]
    exif: bool
    reader: PictureReader = FILE_READER
    steps: Sequence[Step] = ()

    @staticmethod
    def from_examples(
        examples: Sequence[Example], classes: int, steps: Sequence[Step] = ()
    ) -> LabelledPictures:
        """Collect the pictures and boxes of a data set.

        Args:
            examples: the pictures.
            classes: number of classes of the network.
            steps: see `LabelledPictures`.

        Raises:
            UsageError: there are no pictures.
        """
        paths = tuple(example.path for example in examples)
        check_not_empty(paths, "the data set")
        missing = missing_pictures(paths)
        gone = {problem.where for problem in missing}
        there = [example for example in examples if str(example.path) not in gone]
        problems = (*missing, *label_problems(there, classes))
        exif = all(example.exif for example in examples)
        labels = tuple(training_labels(example, classes) for example in examples)
        return LabelledPictures(paths, labels, problems, exif, steps=tuple(steps))

    def open(self, seed: SampleSeed, order: PictureOrder, channels: int) -> OpenedExample:
        """Read the picture of a sample, or another one if it is broken, and apply the steps.

        All pictures of a sequence are changed alike.

        Raises:
            UsageError: no picture can be read, or a step fails.
        """
        candidates = order.picture_candidates(seed, len(self.paths))
        read = open_first_readable(
            self.paths,
            candidates,
            3 if self.steps else channels,
            exif=self.exif,
            reader=self.reader,
        )
        image, labels = read.image, self.labels[read.index]
        if self.steps:
            leader = order.group_leader(seed) if order.streams else seed
            random = leader.generator(RandomStream.TRANSFORMS)
            picture = LabelledImage.from_labels(image, labels)
            changed = apply_steps(self.steps, picture, random)
            image, labels = in_channels(changed.image, channels), changed.to_labels(len(labels))
        return OpenedExample(read.index, image, read.path, read.problems, labels)


@dataclass(frozen=True)
class LabelledSource(PerSampleSource):
    """The base of sources that make samples from pictures with boxes.

    Attributes:
        pictures: the pictures and their boxes.
    """

    pictures: LabelledPictures

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Missing pictures and label files, and unusable boxes."""
        return self.pictures.problems

    def truth_of(self, index: int, placement: Placement, height: int, width: int) -> np.ndarray:
        """The truth of a picture that is not augmented, as in `Sample`.

        Args:
            index: of the picture.
            placement: where it lies in the network's input.
            height, width: of that input, in pixels.
        """
        raise NotImplementedError
