"""Samples for networks with [yolo], [Gaussian_yolo] or [region] heads. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from darknet_torch.augment.colour import distort, distort_bytes
from darknet_torch.augment.crop import PictureCrop, jittered_crop
from darknet_torch.augment.detection_options import AugmentationParameters, DetectionAugmentation
from darknet_torch.augment.jittered_placement import JitteredPlacement
from darknet_torch.augment.labelled import LabelledPictures, LabelledSource, OpenedExample
from darknet_torch.augment.mixing import MOSAIC
from darknet_torch.augment.mosaic import PARTS, Mosaic
from darknet_torch.augment.pictures import OpenedPicture, rgb_planes
from darknet_torch.augment.random_streams import RandomStream, SampleSeed, coin_flip
from darknet_torch.augment.source import Sample, as_floats
from darknet_torch.augment.transforms.base import Step
from darknet_torch.augment.truths import BoxTransform
from darknet_torch.cfg.preprocessing import GREY, PICTURE_MEAN
from darknet_torch.datasets.examples import Example
from darknet_torch.media.fill import fill_colour
from darknet_torch.media.images import Placement, input_placement, network_input

__all__ = ["DetectionAugmentation", "DetectionSource"]


@dataclass(frozen=True)
class _AugmentedPicture:
    """One augmented picture of a sample.

    Attributes:
        image: uint8 [H, W] or [H, W, 3] in the size of the network's input.
        rows: the truths, see `RowTruthEncoder.encode`.
        crop: the crop of the picture, mirrored if the picture is.
        opened: the original picture.
    """

    image: np.ndarray
    rows: np.ndarray
    crop: PictureCrop
    opened: OpenedPicture


@dataclass(frozen=True)
class DetectionSource(LabelledSource):
    """Samples for detectors.

    Attributes:
        settings: what to augment, and how.
    """

    settings: DetectionAugmentation

    @staticmethod
    def from_examples(
        examples: Sequence[Example], settings: DetectionAugmentation, steps: Sequence[Step] = ()
    ) -> DetectionSource:
        """Create a source from the pictures of a data set.

        Args:
            examples: the pictures.
            settings: what to augment, and how.
            steps: applied to each picture before `settings` are.

        Raises:
            UsageError: there are no pictures.
        """
        classes = settings.truth_encoder.classes
        return DetectionSource(LabelledPictures.from_examples(examples, classes, steps), settings)

    def sample(self, seed: SampleSeed, height: int, width: int) -> Sample:
        """`PerSampleSource.sample`; the truth is [max, 5]: x, y, w, h, class.

        With contrastive=1 the rows have a sixth value, the track id of the object.
        """
        settings = self.settings
        if not settings.enabled:
            return self._without_augmentation(seed, height, width)
        if settings.aspect_jitter:
            return self._with_aspect_jitter(seed, height, width)
        mix = settings.order.group_leader(seed).generator(RandomStream.MIXING)
        mixup = settings.mixup if coin_flip(mix) else 0
        if mixup == MOSAIC:
            return self._mosaic(seed, height, width)
        parts = [self._augmented(seed, part, height, width) for part in range(mixup + 1)]
        image, rows = rgb_planes(parts[0].image), parts[0].rows
        if mixup:
            image = 0.5 * as_floats(rgb_planes(parts[1].image)) + 0.5 * as_floats(image)
            rows = np.concatenate((rows, parts[1].rows))
        return self._make_sample(image, rows, [part.opened for part in parts])

    def _mosaic(self, seed: SampleSeed, height: int, width: int) -> Sample:
        """A mosaic of four pictures.

        Source: data.c load_data_detection, blend_truth_mosaic (AlexeyAB).
        """
        encoder = self.settings.truth_encoder
        random = seed.generator(RandomStream.MOSAIC_CUT)
        mosaic = Mosaic.draw(random, height, width, bound=self.settings.mosaic_bound)
        shape = (height, width) if self.settings.channels == 1 else (height, width, 3)
        canvas = np.empty(shape, np.uint8)
        rows = np.zeros((0, encoder.row_length), np.float32)
        opened = []
        for number in range(PARTS):
            part = self._augmented(
                seed, number, height, width, corner=number if coin_flip(random) else None
            )
            shift = mosaic.shift(number, part.crop)
            mosaic.paste(canvas, part.image, number, shift)
            moved = mosaic.transform_rows(part.rows, number, shift, encoder.max_truths - len(rows))
            rows = np.concatenate((rows, moved))
            opened.append(part.opened)
        return self._make_sample(rgb_planes(canvas), rows, opened)

    def _augmented(
        self, seed: SampleSeed, number: int, height: int, width: int, corner: int | None = None
    ) -> _AugmentedPicture:
        """One picture cropped, resized, mirrored, with colours changed, blurred, noise added.

        Source: data.c load_data_detection, image_opencv.cpp image_data_augmentation (AlexeyAB).
        """
        settings, seed = self.settings, replace(seed, part=number)
        opened = self._open(seed)
        params = AugmentationParameters.for_sample(settings, seed)
        size = opened.image.shape[:2]
        crop = jittered_crop(size, params.edges, params.sizes, settings.jitter, settings.resize)
        if settings.letterbox:
            crop = crop.letterboxed(height, width)
        if corner is not None:
            crop = crop.for_mosaic_part(corner, flip=params.flip)
        crop = crop.or_whole_picture()
        random = seed.generator(RandomStream.BOXES)
        rows = self._rows(opened, random, crop.box_transform(flip=params.flip), height, width)
        image = cv2.resize(
            crop.apply(opened.image, fill=settings.fill or PICTURE_MEAN), (width, height)
        )
        image = cv2.flip(image, 1) if params.flip else image
        image = distort_bytes(image, params.colour)
        image = settings.blur_noise.apply(image, rows, params.blur, params.noise, random)
        return _AugmentedPicture(image, rows, crop.mirrored() if params.flip else crop, opened)

    def _with_aspect_jitter(self, seed: SampleSeed, height: int, width: int) -> Sample:
        """A picture with pjreddie's jitter. Source: data.c load_data_detection (pjreddie)."""
        opened, random = self._open(seed), seed.generator(RandomStream.AUGMENTATION)
        image = opened.image
        rgb = image if image.ndim == 2 else image[:, :, ::-1]
        placement = JitteredPlacement.draw(
            random, image.shape[:2], self.settings.jitter, height, width
        )
        colour, flip = self.settings.colour.draw(random), coin_flip(random) and self.settings.flip
        margin = fill_colour(self.settings.fill or GREY, image)
        out = distort(placement.paste(rgb / np.float32(255), margin), colour)
        out = cv2.flip(out, 1) if flip else out
        boxes = seed.generator(RandomStream.BOXES)
        rows = self._rows(opened, boxes, placement.box_transform(flip=flip), height, width)
        return self._make_sample(np.atleast_3d(out).transpose(2, 0, 1), rows, [opened])

    def _without_augmentation(self, seed: SampleSeed, height: int, width: int) -> Sample:
        """A picture prepared as in detection, with its boxes in the order of the file."""
        opened = self._open(seed)
        placement = input_placement(opened.image, height, width, letterbox=self.settings.letterbox)
        image = network_input(
            opened.image,
            placement,
            channels=self.settings.channels,
            fill=self.settings.fill or GREY,
        )
        rows = self._rows(opened, None, BoxTransform.from_placement(placement), height, width)
        return self._make_sample(image, rows, [opened])

    def truth_of(self, index: int, placement: Placement, height: int, width: int) -> np.ndarray:
        """`LabelledSource.truth_of`."""
        labels = self.pictures.labels[index]
        rows = self.settings.truth_encoder.encode(
            labels,
            index,
            np.arange(len(labels)),
            BoxTransform.from_placement(placement),
            height,
            width,
        )
        return self.settings.truth_encoder.pad(rows)

    def _open(self, seed: SampleSeed) -> OpenedExample:
        # Without augmentation network_input converts to grey.
        return self.pictures.open(
            seed, self.settings.order, self.settings.channels if self.settings.enabled else 3
        )

    def _rows(
        self,
        opened: OpenedExample,
        random: np.random.Generator | None,
        transform: BoxTransform,
        height: int,
        width: int,
    ) -> np.ndarray:
        labels, index = opened.labels, opened.index
        order = np.arange(len(labels)) if random is None else random.permutation(len(labels))
        return self.settings.truth_encoder.encode(labels, index, order, transform, height, width)

    def _make_sample(
        self, image: np.ndarray, rows: np.ndarray, opened: Sequence[OpenedPicture]
    ) -> Sample:
        return Sample(
            np.ascontiguousarray(image),
            self.settings.truth_encoder.pad(rows),
            tuple(item.path for item in opened),
            tuple(problem for item in opened for problem in item.problems),
        )
