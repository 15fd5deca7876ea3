"""Detection in a folder of pictures or in a video, compared with the network alone."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from darknet_torch.cli.detection_run import detection_steps
from darknet_torch.cli.result_formats import create_format
from darknet_torch.cli.result_output import ResultOutput
from darknet_torch.cli.source_run import ReadingSettings, Sinks, SourceRun
from darknet_torch.files import FreePaths
from darknet_torch.inference.detector import Detector
from darknet_torch.input_files import protected_inputs
from darknet_torch.media.decoding import read_picture
from darknet_torch.media.images import write_picture
from darknet_torch.media.sources import PictureSource, find_sources
from darknet_torch.model.noise_statistics import noise
from darknet_torch.results.annotated_media import AnnotatedFolder
from tools.bench_data import random_examples
from tools.bench_timing import Spent

RUN, NETWORK = "detect", "network alone"
_RUNS = 7  # of a single step; the least CPU time counts
_FPS = 25.0


@dataclass(frozen=True)
class Media:
    """What is detected in.

    Attributes:
        sources: a list of pictures, or one video.
        image: one of the pictures or frames, BGR uint8 [H, W, 3].
        picture: the path of a picture.
        count: how many pictures or frames there are.
    """

    sources: list[PictureSource]
    image: np.ndarray
    picture: Path
    count: int


def write_media(folder: Path, count: int, *, picture: str | None, video: bool) -> Media:
    """Write copies of a picture, or a video of it, to `folder`.

    Args:
        folder: an empty folder.
        count: how many pictures or frames.
        picture: the path of the picture; None for a random JPEG of 640x480 pixels.
        video: write a video.
    """
    random_examples(folder, 1)
    first = Path(picture) if picture else folder / "0.jpg"
    image, media = read_picture(str(first)).image, folder / "media"
    media.mkdir()
    if video:
        height, width = image.shape[:2]
        codec = cv2.VideoWriter.fourcc(*"mp4v")
        writer = cv2.VideoWriter(str(media / "clip.mp4"), codec, _FPS, (width, height))
        for _ in range(count):
            writer.write(image)
        writer.release()
    else:
        for number in range(count):
            shutil.copy(first, media / f"{number}{first.suffix}")
    return Media(find_sources([str(media)]), image, first, count)


def detect_program(
    detector: Detector, media: Media, folder: Path, *, batch: int, save: bool
) -> Callable[[], float]:
    """Return a function that does what `dtorch detect` does once its network is loaded.

    Args:
        detector: the detector.
        media: what it detects in.
        folder: for its results.
        batch: pictures per batch.
        save: write annotated pictures or videos, too.
    """

    def run() -> float:
        protected_inputs.clear()  # as in a process of its own
        out = str(folder / "results.jsonl")
        with ExitStack() as stack:
            keep = []
            if save:
                names = FreePaths(folder / "annotated", (one.name for one in media.sources))
                keep.append(stack.enter_context(AnnotatedFolder(names)).write)
            sinks = Sinks([ResultOutput(create_format("jsonl", out, detector.classes), out)], keep)
            reading = ReadingSettings(batch=batch, workers=2, exif=True, quiet=True)
            SourceRun(detection_steps(detector), sinks, reading).run([media.sources])
        return float(media.count)

    return run


def network_program(detector: Detector, count: int, *, batch: int) -> Callable[[], float]:
    """Return a function that runs the network alone on as many pictures of noise."""
    images, batches = noise(detector.network, batch).numpy(), -(-count // batch)

    def run() -> float:
        return sum(float(detector.backend.predict(images)[0].mean()) for _ in range(batches))

    return run


def step_seconds(detector: Detector, media: Media) -> dict[str, float]:
    """Return the CPU seconds per picture of each step, computed with one thread.

    Args:
        detector: its thresholds decide how many boxes are found and drawn.
        media: what it detects in.
    """
    images, target = [media.image], media.picture.with_name("annotated.jpg")
    is_video = media.sources[0].is_video
    prepared = detector.prepare_inputs(images, from_video=is_video)
    predicted = detector.predict_inputs(*prepared)
    (found,) = detector.find_detections(predicted, images, [""])
    boxes = len(found.scores)
    steps: Mapping[str, Callable[[], object]] = {
        "read a picture": lambda: read_picture(str(media.picture)),
        "prepare": lambda: detector.prepare_inputs(images, from_video=is_video),
        "network": lambda: detector.backend.predict(prepared[0]),
        f"find {boxes} boxes": lambda: detector.find_detections(predicted, images, [""]),
        "draw": lambda: found.draw(media.image),
        "write a picture": lambda: write_picture(target, media.image),
    }
    threads, of_opencv = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        return {name: _least_cpu(step) for name, step in steps.items()}
    finally:
        torch.set_num_threads(threads)
        cv2.setNumThreads(of_opencv)


def _least_cpu(step: Callable[[], object]) -> float:
    times = []
    for _ in range(_RUNS):
        start = time.thread_time()
        step()
        times.append(time.thread_time() - start)
    return min(times)


def report_lines(spent: Mapping[str, Spent], steps: Mapping[str, float], count: int) -> list[str]:
    """Describe the throughput, its ratio to that of the network alone, and the single steps."""
    lines = [
        f"{name}: {count / one.clock:.1f} pictures per second, "
        f"{1000 * one.cpu / count:.1f} CPU-ms per picture"
        for name, one in spent.items()
    ]
    ratio = spent[NETWORK].clock / spent[RUN].clock
    alone = ", ".join(f"{name} {1000 * seconds:.1f}" for name, seconds in steps.items())
    return [
        *lines,
        f"throughput, ratio to the network alone: {ratio:.2f}",
        f"CPU-ms per picture on one thread: {alone}",
    ]
