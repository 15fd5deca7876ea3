"""Pictures with boxes for [yolo], [Gaussian_yolo] and [region]. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from darknet_torch.augment.colour import Colour, ColourRange, distort, distort_bytes
from darknet_torch.augment.crop import Crop, drawn_crop
from darknet_torch.augment.draws import Key, Purpose, coin
from darknet_torch.augment.mixing import BOTH, CUTMIX, MOSAIC, check_pairs, mixing_mode
from darknet_torch.augment.mosaic import PARTS, Mosaic
from darknet_torch.augment.order import Order
from darknet_torch.augment.pictures import (
    Opened,
    check_channels,
    check_not_empty,
    open_first,
    planes,
)
from darknet_torch.augment.placing import Placed
from darknet_torch.augment.source import Loaded, Request, Sample
from darknet_torch.augment.spoiling import Spoiling
from darknet_torch.augment.truths import Motion, RowRules, label_problems, training_labels
from darknet_torch.cfg.dialect import Dialect
from darknet_torch.cfg.net import NetOptions
from darknet_torch.datasets.model import Example, Labels, Problem
from darknet_torch.errors import CfgError
from darknet_torch.images import network_input, place


class HeadOptions(Protocol):
    """What is asked of a head's options: those of the last head, as in train_detector."""

    classes: int
    max: int
    jitter: float
    resize: float


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
        spoiling: blur and noise.
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
    spoiling: Spoiling
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
        if head.resize <= 0:
            raise CfgError(
                "resize of the last head is out of its bounds",
                where=net.where,
                expected="above 0",
                got=head.resize,
            )
        places = dialect.jitter_places_pictures
        return DetectionAugmentation(
            on=augment,
            rules=RowRules(head.classes, head.max, dialect.truths_in_pixels, net.contrastive),
            channels=check_channels(net),
            jitter=head.jitter,
            resize=head.resize,
            flip=bool(net.flip),
            colour=ColourRange.of(net),
            spoiling=Spoiling(net.blur, net.gaussian_noise),
            mixup=mixup,
            mosaic_bound=net.mosaic_bound,
            letterbox=net.letter_box or (not augment and dialect.letterbox),
            places=places,
            pairs_move=net.contrastive_jit_flip,
            pairs_colour=net.contrastive_color,
            order=Order.of(net),
        )


@dataclass(frozen=True)
class Draws:
    """The random numbers of one picture; in sequences all pictures have the same.

    Attributes:
        edges: four in 0-1, for left, right, top, bottom; sizes: two. See `drawn_crop`.
        flip: mirror it.
        colour: change its colours.
        blur, noise: see `Spoiling`.
    """

    edges: tuple[float, ...]
    sizes: tuple[float, ...]
    flip: bool
    colour: Colour
    blur: int
    noise: int

    @staticmethod
    def drawn(plan: DetectionAugmentation, key: Key) -> Draws:
        """The numbers of a place. Source: data.c load_data_detection (AlexeyAB)."""
        random = key.random(Purpose.DRAWS)
        edges, sizes = tuple(random.random(4)), tuple(random.random(2))
        flip = coin(random) and plan.flip
        colour = plan.colour.draw(random)
        blur, noise = plan.spoiling.draw(random)
        return Draws(edges, sizes, flip, colour, blur, noise)

    @staticmethod
    def of(plan: DetectionAugmentation, key: Key) -> Draws:
        """The numbers of a sample: its own, its sequence's, or in part those of its pair."""
        leader = plan.order.leader(key)
        first = Draws.drawn(plan, leader)
        if plan.order.streams or leader == key:
            return first
        own = Draws.drawn(plan, key)
        if not plan.pairs_move:
            own = replace(own, edges=first.edges, flip=first.flip)
        return own if plan.pairs_colour else replace(own, colour=first.colour)


@dataclass(frozen=True)
class _Part:
    """A picture on its way into a sample, uint8 or in 0-1, with its truths."""

    image: np.ndarray
    rows: np.ndarray
    crop: Crop
    opened: Opened


@dataclass(frozen=True)
class DetectionSource:
    """Augmented pictures with the rows that heads learn from, [max, 5].

    Attributes:
        paths: of the pictures.
        labels: of each.
        plan: what happens to them.
        problems: with label files and boxes.
    """

    paths: tuple[Path, ...]
    labels: tuple[Labels, ...]
    plan: DetectionAugmentation
    problems: tuple[Problem, ...]

    @staticmethod
    def of(examples: Sequence[Example], plan: DetectionAugmentation) -> DetectionSource:
        """From the pictures of a data set.

        Raises:
            UsageError: there are none.
        """
        paths = tuple(example.path for example in examples)
        check_not_empty(paths, "the data set")
        problems = label_problems(examples, plan.rules.classes)
        return DetectionSource(paths, tuple(map(training_labels, examples)), plan, problems)

    def load(self, request: Request) -> Loaded:
        """The samples asked for, [N, C, H, W] and [N, max, 5].

        With contrastive=1 rows have a sixth value, the number of the object.

        Raises:
            UsageError: no picture can be read.
        """
        return Loaded.join(
            [self._sample(key, request.height, request.width) for key in request.keys]
        )

    def _sample(self, key: Key, height: int, width: int) -> Sample:
        plan = self.plan
        if not plan.on:
            return self._plain(key, height, width)
        if plan.places:
            return self._placed(key, height, width)
        mix = plan.order.leader(key).random(Purpose.MIX)
        mixup = plan.mixup if coin(mix) else 0
        if mixup == MOSAIC:
            return self._mosaic(key, height, width)
        parts = [self._part(key, part, height, width) for part in range(mixup + 1)]
        image, rows = planes(parts[0].image), parts[0].rows
        if mixup:
            image = 0.5 * planes(parts[1].image) + 0.5 * image
            rows = np.concatenate((rows, parts[1].rows))
        return self._finished(image, rows, parts)

    def _mosaic(self, key: Key, height: int, width: int) -> Sample:
        """Source: data.c load_data_detection, blend_truth_mosaic (AlexeyAB)."""
        rules = self.plan.rules
        random = key.random(Purpose.CUTS)
        mosaic = Mosaic.drawn(random, height, width, bound=self.plan.mosaic_bound)
        canvas = np.empty((height, width, 3)[: 2 + (self.plan.channels == 3)], np.uint8)
        rows = np.zeros((0, rules.width), np.float32)
        parts = []
        for number in range(PARTS):
            part = self._part(key, number, height, width, corner=number if coin(random) else None)
            shift = mosaic.shift(number, part.crop)
            mosaic.paste(canvas, part.image, number, shift)
            moved = mosaic.move(part.rows, number, shift, rules.most - len(rows))
            rows = np.concatenate((rows, moved))
            parts.append(part)
        return self._finished(planes(canvas), rows, parts)

    def _part(
        self, key: Key, number: int, height: int, width: int, corner: int | None = None
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
        random = key.random(Purpose.BOXES)
        rows = self._rows(opened.index, random, crop.motion(flip=draws.flip), height, width)
        image = cv2.resize(crop.cut(opened.image), (width, height))
        image = cv2.flip(image, 1) if draws.flip else image
        image = distort_bytes(image, draws.colour)
        image = plan.spoiling.apply(image, rows, draws.blur, draws.noise, random)
        return _Part(image, rows, crop.mirrored() if draws.flip else crop, opened)

    def _placed(self, key: Key, height: int, width: int) -> Sample:
        """Source: data.c load_data_detection (pjreddie)."""
        opened, random = self._open(key), key.random(Purpose.DRAWS)
        image = opened.image
        colours = image if image.ndim == 2 else image[:, :, ::-1]
        placed = Placed.drawn(random, image.shape[:2], self.plan.jitter, height, width)
        colour, flip = self.plan.colour.draw(random), coin(random) and self.plan.flip
        out = distort(placed.put(colours / np.float32(255)), colour)
        out = cv2.flip(out, 1) if flip else out
        boxes = key.random(Purpose.BOXES)
        rows = self._rows(opened.index, boxes, placed.motion(flip=flip), height, width)
        part = _Part(out, rows, Crop(width, height), opened)
        return self._finished(np.atleast_3d(out).transpose(2, 0, 1), rows, [part])

    def _plain(self, key: Key, height: int, width: int) -> Sample:
        """The picture as `Detector` sees it, with its boxes in the order of the file."""
        opened = self._open(key)
        placement = place(opened.image, height, width, letterbox=self.plan.letterbox)
        image = network_input(opened.image, placement, channels=self.plan.channels)
        rows = self._rows(opened.index, None, Motion.of(placement), height, width)
        part = _Part(image, rows, Crop(width, height), opened)
        return self._finished(image, rows, [part])

    def _open(self, key: Key) -> Opened:
        candidates = self.plan.order.candidates(key, len(self.paths))
        # network_input turns grey what is not augmented.
        return open_first(self.paths, candidates, self.plan.channels if self.plan.on else 3)

    def _rows(
        self,
        index: int,
        random: np.random.Generator | None,
        motion: Motion,
        height: int,
        width: int,
    ) -> np.ndarray:
        labels = self.labels[index]
        order = np.arange(len(labels)) if random is None else random.permutation(len(labels))
        return self.plan.rules.rows(labels, index, order, motion, height, width)

    def _finished(self, image: np.ndarray, rows: np.ndarray, parts: Sequence[_Part]) -> Sample:
        opened = [part.opened for part in parts]
        return Sample(
            np.ascontiguousarray(image),
            self.plan.rules.filled(rows),
            tuple(item.path for item in opened),
            tuple(problem for item in opened for problem in item.problems),
        )
