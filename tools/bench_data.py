"""Augmented pictures for training, beside a loop that reads, resizes and mirrors them."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np

from darknet_torch.augment.detection import DetectionAugmentation, DetectionSource
from darknet_torch.cfg.dialect import ALEXEYAB
from darknet_torch.cfg.net import NetOptions
from darknet_torch.datasets.examples import Example, Labels
from darknet_torch.training.batches import Batches

BATCH = 8
PICTURE = (480, 640)
# What [net] and the heads of the published cfgs say.
_COLOURS = {"hue": 0.1, "saturation": 1.5, "exposure": 1.5}
RECIPES = {
    "yolov3": ({**_COLOURS}, {"jitter": 0.3, "resize": 1.0}),
    "yolov4": ({**_COLOURS, "mosaic": True}, {"jitter": 0.3, "resize": 1.5}),
}


def made_up(folder: Path, count: int) -> list[Example]:
    """Smooth random JPEGs with ten boxes each."""
    random = np.random.default_rng(0)
    examples = []
    for index in range(count):
        small = random.integers(0, 256, (24, 32, 3), np.uint8)
        path = folder / f"{index}.jpg"
        cv2.imwrite(str(path), cv2.resize(small, PICTURE[::-1], interpolation=cv2.INTER_CUBIC))
        boxes = np.concatenate((random.uniform(0.2, 0.8, (10, 2)), np.full((10, 2), 0.2)), 1)
        examples.append(Example(path, Labels.from_arrays(random.integers(0, 3, 10), boxes)))
    return examples


def ours(
    examples: Sequence[Example], recipe: str, size: int, workers: int, pictures: int
) -> Callable[[], object]:
    """Mini-batches with `pictures` samples in all."""
    of_net, of_head = RECIPES[recipe]
    net = NetOptions(batch=BATCH, width=size, height=size, channels=3, **of_net)
    head = SimpleNamespace(classes=3, max=100, **of_head)
    source = DetectionSource.from_examples(
        examples, DetectionAugmentation.from_options(net, head, ALEXEYAB)
    )
    batches = Batches(
        source,
        batch=BATCH,
        subdivisions=1,
        seed=0,
        size_of=lambda iteration: (size, size),
        stop=-(-pictures // BATCH),
        workers=workers,
    )
    return lambda: [batch.iteration for batch in batches]


def peer(examples: Sequence[Example], size: int, pictures: int) -> Callable[[], object]:
    """cv2.imread, cv2.resize, cv2.flip of half of them, float32 [3, H, W]."""
    random = np.random.default_rng(0)

    def run() -> None:
        for _ in range(pictures):
            image = cv2.imread(os.fspath(examples[random.integers(len(examples))].path))
            image = cv2.resize(image, (size, size))
            if random.integers(2):
                image = cv2.flip(image, 1)
            np.ascontiguousarray(image[:, :, ::-1].transpose(2, 0, 1), np.float32) / 255

    return run


def times(action: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and of the CPU in this process and its children."""
    clock, cpu = time.perf_counter(), _cpu()
    action()
    return time.perf_counter() - clock, _cpu() - cpu


def _cpu() -> float:
    kinds = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    used = [resource.getrusage(kind) for kind in kinds]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)
