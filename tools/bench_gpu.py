"""The tables of docs/performance.md for a GPU, row by row: goals, training steps, inference."""

from __future__ import annotations

import gc
import itertools
import platform
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

import darknet_torch
from darknet_torch.inference.detector import Detector
from darknet_torch.inference.gpu.pipeline import DeviceDetector
from darknet_torch.ops.precision import Precision
from tools.bench_timing import NotFiniteError, Program, interleaved
from tools.bench_train import (
    CHANNELS_LAST,
    OURS,
    PLAIN,
    Plain,
    Subject,
    network,
    steps,
    subjects,
)

PRECISIONS = ("float32", "tf32", "bfloat16")
TRAINING = (
    "| network | precision | ours, ms | images per second | plain channels-last, ms | ratio "
    "| plain, ms | ratio |"
)
INFERENCE = (
    "| network | batch | precision | ours, ms | plain channels-last, ms | ratio | plain, ms "
    "| ratio | Detector, ms |"
)
GOAL = (
    "| network | batch | precision | goal, ms per picture | Detector, ms per picture | of these: "
    "upload and resize | network and decoding | threshold and NMS |"
)
_BATCHES = (1, 32)  # of inference
_PICTURE = (480, 640, 3)  # that the detector takes
# No box is above it: random weights give thousands, whose suppression would be most of the time.
_THRESHOLD = 1.0
_MORE = (Subject("yolov4-tiny", 416, 64),)  # of inference
_CANDIDATES = 50  # scores above the threshold, per picture, of what has a goal


@dataclass(frozen=True)
class Goal:
    """What a detector should take for a batch of arrays of 640x480 on an H100.

    Attributes:
        subject: the network, and the pictures of a batch.
        precision: that of its layers.
        milliseconds: per picture, from the arrays to the detections.
    """

    subject: Subject
    precision: str
    milliseconds: float


GOALS = (
    Goal(Subject("yolov3", 416, 1), "float16", 2.0),
    Goal(Subject("yolov3", 416, 32), "float16", 0.5),
    Goal(Subject("yolov3", 416, 1), "float32", 6.5),
)


def tables(
    device: str, nets: Sequence[str], batch: int | None, repeats: int, seconds: float
) -> Iterator[str]:
    """Measure, and yield the lines as soon as they are known.

    Args:
        device: "cuda", or "cpu" to try the tables out.
        nets: cfgs with the sides of their inputs; all of the device if empty.
        batch: pictures at once; by default those of each table.
        repeats: turns of each program.
        seconds: after so many no other row is started.
    """
    where, end = torch.device(device), time.monotonic() + seconds
    chosen = subjects(where, nets, batch)
    yield from _machine(where)
    goals = _goals(where, nets)
    yield from _header("Goals of detection on an H100", GOAL) if goals else ()
    for goal in goals:
        subject = goal.subject
        name = f"| {subject.cfg}-{subject.side} | {subject.batch} | {goal.precision} |"
        yield _row(name, end, lambda g=goal: _compare(g, where, repeats))
    yield from _header("Training: one step", TRAINING)
    for precision, subject in itertools.product(PRECISIONS, chosen):
        name = f"| {subject} | {precision} |"
        yield _row(name, end, lambda s=subject, p=precision: _training(s, p, where, repeats))
    yield from _header("Inference: one batch", INFERENCE)
    chosen += () if nets else _MORE
    sizes = (batch,) if batch else _BATCHES
    for precision, size, subject in itertools.product((*PRECISIONS, "float16"), sizes, chosen):
        name = f"| {subject.cfg}-{subject.side} | {size} | {precision} |"
        one = replace(subject, batch=size)
        yield _row(name, end, lambda s=one, p=precision: _inference(s, p, where, repeats))


def _machine(device: torch.device) -> Iterator[str]:
    """What the figures depend on."""
    card = "no GPU"
    if device.type == "cuda":
        card = f"{torch.cuda.get_device_name(device)}, driver {_driver()}"
    yield f"- {card}; CPU {platform.processor() or platform.machine()}"
    cudnn = torch.backends.cudnn.version() if torch.backends.cudnn.is_available() else "none"
    yield (
        f"- PyTorch {torch.__version__}, CUDA {torch.version.cuda}, cuDNN {cudnn}, "
        f"Python {platform.python_version()}, darknet_torch {darknet_torch.__version__}"
    )


def _driver() -> str:
    """The version of the driver, as nvidia-smi gives it."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return "unknown"
    query = [program, "--query-gpu=driver_version", "--format=csv,noheader"]
    found = subprocess.run(query, capture_output=True, text=True, check=False)
    return found.stdout.partition("\n")[0].strip() or "unknown"


def _header(title: str, columns: str) -> Iterator[str]:
    yield from ("", title, "", columns, "|---" * (columns.count("|") - 1) + "|")


def _row(name: str, end: float, measure: Callable[[], str]) -> str:
    """A row: its measured cells, or why there are none."""
    if time.monotonic() > end:
        return f"{name} not run: no time was left |"
    try:
        return f"{name} {measure()}"
    except (NotFiniteError, torch.OutOfMemoryError) as error:
        return f"{name} not run: {str(error).splitlines()[0]} |"
    finally:
        gc.collect()  # networks refer to themselves
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _goals(device: torch.device, nets: Sequence[str]) -> list[Goal]:
    """The goals of the named networks; without names all, on a GPU."""
    if not nets:
        return list(GOALS) if device.type == "cuda" else []
    cfgs = {net.partition(":")[0] for net in nets}
    return [goal for goal in GOALS if goal.subject.cfg in cfgs]


def _compare(goal: Goal, device: torch.device, repeats: int) -> str:
    spent = interleaved(detections(goal, device), device, repeats=repeats)
    each = [f"{1000 * one.clock / goal.subject.batch:.3f}" for one in spent.values()]
    return f"{goal.milliseconds} | {' | '.join(each)} |"


def _training(subject: Subject, precision: str, device: torch.device, repeats: int) -> str:
    programs = steps(subject, device, Precision.named(precision))
    spent = interleaved(programs, device, repeats=repeats)
    clocks = {name: one.clock for name, one in spent.items()}
    rate = f"{subject.batch / clocks[OURS]:.0f}"
    return f"{_ms(clocks[OURS])} | {rate} | {_peers(clocks)} |"


def _inference(subject: Subject, precision: str, device: torch.device, repeats: int) -> str:
    programs = passes(subject, device, precision)
    spent = interleaved(programs, device, repeats=repeats)
    clocks = {name: one.clock for name, one in spent.items()}
    return f"{_ms(clocks[OURS])} | {_peers(clocks)} | {_ms(clocks[DETECTOR])} |"


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.2f}"


def _peers(clocks: dict[str, float]) -> str:
    """The cells of the peers; ratios above 1 mean that ours takes longer."""
    return " | ".join(
        f"{_ms(clocks[peer])} | {clocks[OURS] / clocks[peer]:.2f}"
        for peer in (CHANNELS_LAST, PLAIN)
    )


DETECTOR = "Detector"


def detections(goal: Goal, device: torch.device) -> dict[str, Program]:
    """A `Detector` on pictures of which something is found, and the steps of which it consists.

    The steps take their turns on their own, each with the result of the one before it.
    """
    subject, precision = goal.subject, goal.precision
    pictures = [np.random.default_rng(0).integers(0, 256, _PICTURE, np.uint8)] * subject.batch
    built = network(subject, device).eval()
    detector = Detector(built, device=device, batch=subject.batch, precision=precision)
    scores = detector.predict(pictures).predictions.class_scores.flatten()
    detector.threshold = float(scores.topk(_CANDIDATES * subject.batch + 1).values[-1])
    steps_of = DeviceDetector(built, Precision.named(precision))
    _, placements = detector.prepare_inputs(pictures)
    method = detector.resize_method(from_video=False)
    limits = {"threshold": detector.threshold, "nms_threshold": detector.nms_threshold}
    inputs = steps_of.prepare_inputs(pictures, placements, method)
    predicted = steps_of.predict_inputs(inputs)

    def prepare() -> torch.Tensor:
        found = steps_of.prepare_inputs(pictures, placements, method)
        found.ready.before_reading(found.images)
        return found.images[0, 0, 0, 0]

    def compute() -> torch.Tensor:
        return steps_of.predict_inputs(inputs).decoded.objectness[0, 0]

    return {
        DETECTOR: lambda: float(len(detector(pictures))),
        "prepare": prepare,
        "compute": compute,
        "find": lambda: float(len(steps_of.find_detections(predicted, **limits))),
    }


def passes(subject: Subject, device: torch.device, precision: str) -> dict[str, Program]:
    """Passes of a batch through a network for inference, ours and its peers', by name."""
    built, chosen = network(subject, device).eval(), Precision.named(precision)
    images = torch.rand(subject.batch, 3, subject.side, subject.side, device=device)
    pictures = [np.random.default_rng(0).integers(0, 256, _PICTURE, np.uint8)] * subject.batch
    programs = {OURS: _pass(built, images, chosen)}
    for name, memory_format in (
        (PLAIN, torch.contiguous_format),
        (CHANNELS_LAST, torch.channels_last),
    ):
        plain = Plain(built).to(device, memory_format=memory_format).eval()
        programs[name] = _pass(plain, images.contiguous(memory_format=memory_format), chosen)
    detector = Detector(
        built, device=device, threshold=_THRESHOLD, batch=subject.batch, precision=precision
    )
    programs[DETECTOR] = lambda: float(len(detector(pictures)))
    return programs


def _pass(module: torch.nn.Module, images: torch.Tensor, precision: Precision) -> Program:
    @torch.inference_mode()
    def run() -> torch.Tensor:
        with precision.computing(images.device), precision.autocast(images.device):
            return torch.stack([output.float().abs().max() for output in module(images)])

    return run
