"""Augment pictures for training, compared with a loop that reads, resizes and mirrors."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np

from darknet_torch.augment.classification import ClassificationAugmentation, ClassificationSource
from darknet_torch.augment.detection import DetectionAugmentation, DetectionSource
from darknet_torch.augment.source import SampleSource
from darknet_torch.cfg.dialect import ALEXEYAB
from darknet_torch.cfg.net import NetOptions
from darknet_torch.datasets.classification import ClassifiedPictures
from darknet_torch.datasets.examples import Example, Labels
from darknet_torch.training.batches import Batches

BATCH = 8
PICTURE = (480, 640)
Source = Callable[[Sequence[Example]], SampleSource]


def _boxes(of_net: dict[str, Any], of_head: dict[str, Any]) -> Source:
    def source(examples: Sequence[Example]) -> SampleSource:
        net = NetOptions(batch=BATCH, width=416, height=416, channels=3, **_COLOURS, **of_net)
        head = SimpleNamespace(classes=3, max=100, **of_head)
        settings = DetectionAugmentation.from_options(net, head, ALEXEYAB)
        return DetectionSource.from_examples(examples, settings)

    return source


def _classes(of_net: dict[str, Any]) -> Source:
    def source(examples: Sequence[Example]) -> SampleSource:
        net = NetOptions(batch=BATCH, width=256, height=256, channels=3, **of_net)
        paths = tuple(example.path for example in examples)
        pictures = ClassifiedPictures(paths, (0,) * len(paths), ("a",), ("a",), "the benchmark")
        settings = ClassificationAugmentation.from_options(net, 1, ALEXEYAB)
        return ClassificationSource.from_pictures(pictures, settings)

    return source


# The options of [net] and the heads in the published cfgs. A crop scales with the input.
_COLOURS = {"hue": 0.1, "saturation": 1.5, "exposure": 1.5}
RECIPES: dict[str, Source] = {
    "detector (yolov3)": _boxes({}, {"jitter": 0.3, "resize": 1.0}),
    "detector, mosaic (yolov4)": _boxes({"mosaic": True}, {"jitter": 0.3, "resize": 1.5}),
    "classifier (darknet53)": _classes(
        {"min_crop": 128, "max_crop": 448, "angle": 7, "aspect": 0.75, "hue": 0.1}
        | {"saturation": 0.75, "exposure": 0.75}
    ),
}


def random_examples(folder: Path, count: int) -> list[Example]:
    """Write smooth random JPEGs with ten boxes each."""
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
    """Return a function that loads mini-batches with `pictures` samples in total.

    Their images stay bytes, if they are, as for a GPU.
    """
    batches = Batches(
        RECIPES[recipe](examples),
        batch=BATCH,
        subdivisions=1,
        seed=0,
        size_of=lambda iteration: (size, size),
        stop=-(-pictures // BATCH),
        workers=workers,
    )
    return lambda: [batch.iteration for batch in batches.unconverted()]


def peer(examples: Sequence[Example], size: int, pictures: int) -> Callable[[], object]:
    """Return a loop of cv2.imread, cv2.resize, cv2.flip for half of them, float32 [3, H, W]."""
    random = np.random.default_rng(0)

    def run() -> None:
        for _ in range(pictures):
            image = cv2.imread(os.fspath(examples[random.integers(len(examples))].path))
            image = cv2.resize(image, (size, size))
            if random.integers(2):
                image = cv2.flip(image, 1)
            np.ascontiguousarray(image[:, :, ::-1].transpose(2, 0, 1), np.float32) / 255

    return run


def table(
    examples: Sequence[Example], sizes: Iterable[int], workers: Iterable[int], pictures: int
) -> Iterator[str]:
    """Yield the lines of a Markdown table: pictures per CPU-second, and ratios to `peer`."""
    yield _row("input", "workers", "read, resize, flip (OpenCV)", *RECIPES)
    yield _row(*["---"] * (3 + len(RECIPES)))
    for size in sizes:
        loop = peer(examples, size, pictures)
        loop()  # so that the files are cached
        theirs = _rate(loop, pictures)
        for number in workers:
            rates = [
                _rate(ours(examples, recipe, size, number, pictures), pictures)
                for recipe in RECIPES
            ]
            cells = (f"{rate:.0f} ({rate / theirs:.2f})" for rate in rates)
            yield _row(size, number, f"{theirs:.0f}", *cells)


def _rate(action: Callable[[], object], pictures: int) -> float:
    """How many of the pictures that `action` makes take a CPU second."""
    return pictures / max(times(action)[1], 1e-6)


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def times(action: Callable[[], object]) -> tuple[float, float]:
    """Return wall-clock seconds, and CPU seconds of this process and its children."""
    clock, cpu = time.perf_counter(), _cpu_seconds()
    action()
    return time.perf_counter() - clock, _cpu_seconds() - cpu


def _cpu_seconds() -> float:
    kinds = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    used = [resource.getrusage(kind) for kind in kinds]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)
