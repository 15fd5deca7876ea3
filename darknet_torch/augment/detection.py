"""Pictures with boxes for [yolo], [Gaussian_yolo] and [region]. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from darknet_torch.augment.colour import distort, distort_bytes
from darknet_torch.augment.crop import Crop, drawn_crop
from darknet_torch.augment.detection_plan import DetectionAugmentation, Draws
from darknet_torch.augment.labelled import LabelledPictures, LabelledSource
from darknet_torch.augment.mixing import MOSAIC
from darknet_torch.augment.mosaic import PARTS, Mosaic
from darknet_torch.augment.pictures import Opened, planes
from darknet_torch.augment.placing import Placed
from darknet_torch.augment.random_streams import RandomStream, SampleSeed, coin
from darknet_torch.augment.source import Sample, as_floats
from darknet_torch.augment.truths import Motion
from darknet_torch.datasets.model import Example
from darknet_torch.media.images import input_placement, network_input

__all__ = ["DetectionAugmentation", "DetectionSource"]


@dataclass(frozen=True)
class _Part:
    """A picture for a sample, uint8 [H, W] or [H, W, 3], with its truths; its crop as it lies."""

    image: np.ndarray
    rows: np.ndarray
    crop: Crop
    opened: Opened


@dataclass(frozen=True)
class DetectionSource(LabelledSource):
    """Augmented pictures with the rows that heads learn from.

    Attributes:
        plan: what happens to them.
    """

    plan: DetectionAugmentation

    @staticmethod
    def of(examples: Sequence[Example], plan: DetectionAugmentation) -> DetectionSource:
        """From the pictures of a data set.

        Raises:
            UsageError: there are none.
        """
        return DetectionSource(LabelledPictures.of(examples, plan.rules.classes), plan)

    def sample(self, key: SampleSeed, height: int, width: int) -> Sample:
        """`PictureSource.sample`; the truth is [max, 5], x, y, w, h, class.

        With contrastive=1 rows have a sixth value, the number of the object.
        """
        plan = self.plan
        if not plan.on:
            return self._plain(key, height, width)
        if plan.places:
            return self._placed(key, height, width)
        mix = plan.order.leader(key).random(RandomStream.MIX)
        mixup = plan.mixup if coin(mix) else 0
        if mixup == MOSAIC:
            return self._mosaic(key, height, width)
        parts = [self._part(key, part, height, width) for part in range(mixup + 1)]
        image, rows = planes(parts[0].image), parts[0].rows
        if mixup:
            image = 0.5 * as_floats(planes(parts[1].image)) + 0.5 * as_floats(image)
            rows = np.concatenate((rows, parts[1].rows))
        return self._finished(image, rows, [part.opened for part in parts])

    def _mosaic(self, key: SampleSeed, height: int, width: int) -> Sample:
        """Source: data.c load_data_detection, blend_truth_mosaic (AlexeyAB)."""
        rules = self.plan.rules
        random = key.random(RandomStream.CUTS)
        mosaic = Mosaic.drawn(random, height, width, bound=self.plan.mosaic_bound)
        shape = (height, width) if self.plan.channels == 1 else (height, width, 3)
        canvas = np.empty(shape, np.uint8)
        rows = np.zeros((0, rules.width), np.float32)
        opened = []
        for number in range(PARTS):
            part = self._part(key, number, height, width, corner=number if coin(random) else None)
            shift = mosaic.shift(number, part.crop)
            mosaic.paste(canvas, part.image, number, shift)
            moved = mosaic.move(part.rows, number, shift, rules.most - len(rows))
            rows = np.concatenate((rows, moved))
            opened.append(part.opened)
        return self._finished(planes(canvas), rows, opened)

    def _part(
        self, key: SampleSeed, number: int, height: int, width: int, corner: int | None = None
    ) -> _Part:
        """One picture cropped, resized, mirrored, coloured and spoiled, uint8.

        Source: data.c load_data_detection, image_opencv.cpp image_data_augmentation (AlexeyAB).
        """
        plan, key = self.plan, replace(key, part=number)
        opened, draws = self._open(key), Draws.of(plan, key)
        size = opened.image.shape[:2]
        crop = drawn_crop(size, draws.edges, draws.sizes, plan.jitter, plan.resize)
        if plan.letterbox:
            crop = crop.letterboxed(height, width)
        if corner is not None:
            crop = crop.in_corner(corner, flip=draws.flip)
        crop = crop.checked()
        random = key.random(RandomStream.BOXES)
        rows = self._rows(opened.index, random, crop.motion(flip=draws.flip), height, width)
        image = cv2.resize(crop.cut(opened.image), (width, height))
        image = cv2.flip(image, 1) if draws.flip else image
        image = distort_bytes(image, draws.colour)
        image = plan.blur_noise.apply(image, rows, draws.blur, draws.noise, random)
        return _Part(image, rows, crop.mirrored() if draws.flip else crop, opened)

    def _placed(self, key: SampleSeed, height: int, width: int) -> Sample:
        """Source: data.c load_data_detection (pjreddie)."""
        opened, random = self._open(key), key.random(RandomStream.DRAWS)
        image = opened.image
        colours = image if image.ndim == 2 else image[:, :, ::-1]
        placed = Placed.drawn(random, image.shape[:2], self.plan.jitter, height, width)
        colour, flip = self.plan.colour.draw(random), coin(random) and self.plan.flip
        out = distort(placed.put(colours / np.float32(255)), colour)
        out = cv2.flip(out, 1) if flip else out
        boxes = key.random(RandomStream.BOXES)
        rows = self._rows(opened.index, boxes, placed.motion(flip=flip), height, width)
        return self._finished(np.atleast_3d(out).transpose(2, 0, 1), rows, [opened])

    def _plain(self, key: SampleSeed, height: int, width: int) -> Sample:
        """The picture as `Detector` sees it, with its boxes in the order of the file."""
        opened = self._open(key)
        placement = input_placement(opened.image, height, width, letterbox=self.plan.letterbox)
        image = network_input(opened.image, placement, channels=self.plan.channels)
        rows = self._rows(opened.index, None, Motion.of(placement), height, width)
        return self._finished(image, rows, [opened])

    def _open(self, key: SampleSeed) -> Opened:
        # network_input turns grey what is not augmented.
        return self.pictures.open(key, self.plan.order, self.plan.channels if self.plan.on else 3)

    def _rows(
        self,
        index: int,
        random: np.random.Generator | None,
        motion: Motion,
        height: int,
        width: int,
    ) -> np.ndarray:
        labels = self.pictures.labels[index]
        order = np.arange(len(labels)) if random is None else random.permutation(len(labels))
        return self.plan.rules.rows(labels, index, order, motion, height, width)

    def _finished(self, image: np.ndarray, rows: np.ndarray, opened: Sequence[Opened]) -> Sample:
        return Sample(
            np.ascontiguousarray(image),
            self.plan.rules.filled(rows),
            tuple(item.path for item in opened),
            tuple(problem for item in opened for problem in item.problems),
        )
