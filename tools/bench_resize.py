"""Turn pictures into a network's input, compared with OpenCV's bilinear resize of floats."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from darknet_torch.media.images import Placement, input_placement, network_input

PEER = "cv2.resize of floats"


@dataclass(frozen=True)
class Form:
    """A picture and the input that it becomes; heights and widths in pixels."""

    height: int
    width: int
    side: int
    letterbox: bool = False
    channels: int = 3

    def __str__(self) -> str:
        words = ["grey"] * (self.channels == 1) + ["letterboxed"] * self.letterbox
        return ", ".join([f"{self.width}x{self.height} to {self.side}x{self.side}", *words])

    def image(self) -> np.ndarray:
        """A picture of noise, BGR uint8 [height, width, 3]."""
        return np.random.default_rng(0).integers(0, 256, (self.height, self.width, 3), np.uint8)

    def placement(self) -> Placement:
        """Where it lies in the input."""
        return input_placement(self.image(), self.side, self.side, letterbox=self.letterbox)


FORMS = (
    Form(480, 640, 416),
    Form(480, 640, 416, letterbox=True),
    Form(480, 640, 416, channels=1),
    Form(1080, 1920, 608),
    Form(416, 416, 416),
)


def peer(image: np.ndarray, placement: Placement, *, channels: int, out: np.ndarray) -> None:
    """Write the input as a program on OpenCV does: RGB, floats, cv2.resize, grey margins.

    Args:
        image: BGR uint8 [H, W, 3].
        placement: where it lies in the input.
        channels: 3 for RGB, 1 for grey.
        out: float32 [height, width, channels].
    """
    code = cv2.COLOR_BGR2RGB if channels == 3 else cv2.COLOR_BGR2GRAY
    floats = cv2.cvtColor(image, code) / np.float32(255)
    height, width = placement.inner_height, placement.inner_width
    if (height, width) != (placement.height, placement.width):
        out[...] = 0.5
    top, left = (placement.height - height) // 2, (placement.width - width) // 2
    resized = cv2.resize(floats, (width, height)).reshape(height, width, channels)
    out[top : top + height, left : left + width] = resized


def fastest(*programs: Callable[[], object], seconds: float) -> list[float]:
    """Return the shortest CPU time of this thread for each program, in seconds; they take turns.

    Args:
        programs: what to time.
        seconds: for how long; each has one turn at least.
    """
    best = [float("inf")] * len(programs)
    end = time.monotonic() + seconds
    while True:
        for index, program in enumerate(programs):
            began = time.thread_time()
            program()
            best[index] = min(best[index], time.thread_time() - began)
        if time.monotonic() >= end:
            return best


def comparisons(seconds: float) -> Iterator[tuple[str, float, float]]:
    """Yield each form with the seconds of ours and of the peer, timed for so long."""
    for form in FORMS:
        image, placement = form.image(), form.placement()
        out = np.empty((form.side, form.side, form.channels), np.float32)
        options = {"channels": form.channels, "out": out}
        ours, theirs = fastest(
            functools.partial(network_input, image, placement, **options),
            functools.partial(peer, image, placement, **options),
            seconds=seconds,
        )
        yield str(form), ours, theirs
