"""Pictures with boxes for [yolo], [Gaussian_yolo] and [region]. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from darknet_torch.augment.colour import distort, distort_bytes
from darknet_torch.augment.crop import PictureCrop, jittered_crop
from darknet_torch.augment.detection_options import AugmentationParameters, DetectionAugmentation
from darknet_torch.augment.jittered_placement import JitteredPlacement
from darknet_torch.augment.labelled import LabelledPictures, LabelledSource
from darknet_torch.augment.mixing import MOSAIC
from darknet_torch.augment.mosaic import PARTS, Mosaic
from darknet_torch.augment.pictures import OpenedPicture, rgb_planes
from darknet_torch.augment.random_streams import RandomStream, SampleSeed, coin_flip
from darknet_torch.augment.source import Sample, as_floats
from darknet_torch.augment.truths import BoxTransform
from darknet_torch.datasets.examples import Example
from darknet_torch.media.images import network_input, place

__all__ = ["DetectionAugmentation", "DetectionSource"]


@dataclass(frozen=True)
class _Part:
    """A picture for a sample, uint8 [H, W] or [H, W, 3], with its truths; its crop as it lies."""

    image: np.ndarray
    rows: np.ndarray
    crop: PictureCrop
    opened: OpenedPicture


@dataclass(frozen=True)
class DetectionSource(LabelledSource):
    """Augmented pictures with the rows that heads learn from.

    Attributes:
        plan: what happens to them.
    """

    plan: DetectionAugmentation

    @staticmethod
    def from_examples(examples: Sequence[Example], plan: DetectionAugmentation) -> DetectionSource:
        """From the pictures of a data set.

        Raises:
            UsageError: there are none.
        """
        return DetectionSource(
            LabelledPictures.from_examples(examples, plan.truth_encoder.classes), plan
        )

    def sample(self, seed: SampleSeed, height: int, width: int) -> Sample:
        """`PictureSource.sample`; the truth is [max, 5], x, y, w, h, class.

        With contrastive=1 rows have a sixth value, the number of the object.
        """
        plan = self.plan
        if not plan.enabled:
            return self._plain(seed, height, width)
        if plan.places:
            return self._placed(seed, height, width)
        mix = plan.order.group_leader(seed).generator(RandomStream.MIXING)
        mixup = plan.mixup if coin_flip(mix) else 0
        if mixup == MOSAIC:
            return self._mosaic(seed, height, width)
        parts = [self._part(seed, part, height, width) for part in range(mixup + 1)]
        image, rows = rgb_planes(parts[0].image), parts[0].rows
        if mixup:
            image = 0.5 * as_floats(rgb_planes(parts[1].image)) + 0.5 * as_floats(image)
            rows = np.concatenate((rows, parts[1].rows))
        return self._finished(image, rows, [part.opened for part in parts])

    def _mosaic(self, seed: SampleSeed, height: int, width: int) -> Sample:
        """Source: data.c load_data_detection, blend_truth_mosaic (AlexeyAB)."""
        rules = self.plan.truth_encoder
        random = seed.generator(RandomStream.MOSAIC_CUT)
        mosaic = Mosaic.draw(random, height, width, bound=self.plan.mosaic_bound)
        shape = (height, width) if self.plan.channels == 1 else (height, width, 3)
        canvas = np.empty(shape, np.uint8)
        rows = np.zeros((0, rules.width), np.float32)
        opened = []
        for number in range(PARTS):
            part = self._part(
                seed, number, height, width, corner=number if coin_flip(random) else None
            )
            shift = mosaic.shift(number, part.crop)
            mosaic.paste(canvas, part.image, number, shift)
            moved = mosaic.move(part.rows, number, shift, rules.most - len(rows))
            rows = np.concatenate((rows, moved))
            opened.append(part.opened)
        return self._finished(rgb_planes(canvas), rows, opened)

    def _part(
        self, seed: SampleSeed, number: int, height: int, width: int, corner: int | None = None
    ) -> _Part:
        """One picture cropped, resized, mirrored, coloured and spoiled, uint8.

        Source: data.c load_data_detection, image_opencv.cpp image_data_augmentation (AlexeyAB).
        """
        plan, seed = self.plan, replace(seed, part=number)
        opened, draws = self._open(seed), AugmentationParameters.of(plan, seed)
        size = opened.image.shape[:2]
        crop = jittered_crop(size, draws.edges, draws.sizes, plan.jitter, plan.resize)
        if plan.letterbox:
            crop = crop.letterboxed(height, width)
        if corner is not None:
            crop = crop.in_corner(corner, flip=draws.flip)
        crop = crop.checked()
        random = seed.generator(RandomStream.BOXES)
        rows = self._rows(opened.index, random, crop.box_transform(flip=draws.flip), height, width)
        image = cv2.resize(crop.cut(opened.image), (width, height))
        image = cv2.flip(image, 1) if draws.flip else image
        image = distort_bytes(image, draws.colour)
        image = plan.blur_noise.apply(image, rows, draws.blur, draws.noise, random)
        return _Part(image, rows, crop.mirrored() if draws.flip else crop, opened)

    def _placed(self, seed: SampleSeed, height: int, width: int) -> Sample:
        """Source: data.c load_data_detection (pjreddie)."""
        opened, random = self._open(seed), seed.generator(RandomStream.AUGMENTATION)
        image = opened.image
        colours = image if image.ndim == 2 else image[:, :, ::-1]
        placed = JitteredPlacement.draw(random, image.shape[:2], self.plan.jitter, height, width)
        colour, flip = self.plan.colour.draw(random), coin_flip(random) and self.plan.flip
        out = distort(placed.put(colours / np.float32(255)), colour)
        out = cv2.flip(out, 1) if flip else out
        boxes = seed.generator(RandomStream.BOXES)
        rows = self._rows(opened.index, boxes, placed.box_transform(flip=flip), height, width)
        return self._finished(np.atleast_3d(out).transpose(2, 0, 1), rows, [opened])

    def _plain(self, seed: SampleSeed, height: int, width: int) -> Sample:
        """The picture as `Detector` sees it, with its boxes in the order of the file."""
        opened = self._open(seed)
        placement = place(opened.image, height, width, letterbox=self.plan.letterbox)
        image = network_input(opened.image, placement, channels=self.plan.channels)
        rows = self._rows(
            opened.index, None, BoxTransform.from_placement(placement), height, width
        )
        return self._finished(image, rows, [opened])

    def _open(self, seed: SampleSeed) -> OpenedPicture:
        # network_input turns grey what is not augmented.
        return self.pictures.open(
            seed, self.plan.order, self.plan.channels if self.plan.enabled else 3
        )

    def _rows(
        self,
        index: int,
        random: np.random.Generator | None,
        transform: BoxTransform,
        height: int,
        width: int,
    ) -> np.ndarray:
        labels = self.pictures.labels[index]
        order = np.arange(len(labels)) if random is None else random.permutation(len(labels))
        return self.plan.truth_encoder.rows(labels, index, order, transform, height, width)

    def _finished(
        self, image: np.ndarray, rows: np.ndarray, opened: Sequence[OpenedPicture]
    ) -> Sample:
        return Sample(
            np.ascontiguousarray(image),
            self.plan.truth_encoder.filled(rows),
            tuple(item.path for item in opened),
            tuple(problem for item in opened for problem in item.problems),
        )
