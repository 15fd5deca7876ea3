"""How an object is painted: filled, outlined, shaded, with a border, a shadow or a highlight."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tools.drawn.canvas import Canvas
from tools.drawn.colours import random_colour, standing_out
from tools.drawn.outline import Outline
from tools.drawn.raster import Window, bounds, coverage, fine_mask
from tools.drawn.textures import clouds, gradient, mixed

Random = np.random.RandomState
# The narrowest line that is still seen, in pixels.
_NARROWEST = 1.5


@dataclass(frozen=True)
class Ink:
    """A way to paint, which several objects may share, such as the digits of a number.

    Attributes:
        fill: whether the inside is painted.
        line: the width of the line around it as a part of the object's size; 0 for none.
        two_colours: whether the line has another colour than the inside.
        finish: how the colour changes over the object: flat, shaded, ball or grain.
        shadow: how far the shadow falls, as a part of the size; 0 for none.
        highlight: whether light falls on it.
        contrast: the least distance of its colour from what is below, see `colours.distance`.
        colour: its colour, BGR [3], or one that is found where it is painted.
    """

    fill: bool = True
    line: float = 0.0
    two_colours: bool = False
    finish: str = "flat"
    shadow: float = 0.0
    highlight: bool = False
    contrast: float = 60.0
    colour: np.ndarray | None = None


def random_ink(random: Random, thin: bool) -> Ink:
    """Return a random way to paint; `thin` things, such as digits, are outlined with care."""
    kind = random.uniform()
    line, two_colours, fill = 0.0, False, True
    if kind < (0.08 if thin else 0.25):
        fill, line = False, random.uniform(0.03, 0.05) if thin else random.uniform(0.04, 0.16)
    elif kind < 0.4:
        two_colours, line = True, random.uniform(0.03, 0.06 if thin else 0.12)
    elif kind < 0.5:
        line = random.uniform(0.02, 0.06 if thin else 0.14)
    return Ink(
        fill=fill,
        line=line,
        two_colours=two_colours,
        finish=str(random.choice(["flat", "flat", "flat", "shaded", "shaded", "ball", "grain"])),
        shadow=random.uniform(0.03, 0.12) if random.uniform() < 0.2 else 0.0,
        highlight=random.uniform() < 0.12,
        contrast=random.uniform(30, 50) if random.uniform() < 0.15 else random.uniform(50, 110),
    )


@dataclass(frozen=True)
class Painted:
    """An object ready to be laid on the canvas; alphas are float32 [h, w] of the window.

    Attributes:
        inside: what is filled.
        line: the line around it, if there is one.
        both: all of it.
        box: left, top, right, bottom of all of it, in pixels.
    """

    window: Window
    inside: np.ndarray
    line: np.ndarray | None
    both: np.ndarray
    box: np.ndarray


def prepare(outline: Outline, ink: Ink) -> Painted:
    """Return what an outline, given in pixels, covers when it is painted with `ink`."""
    points = np.concatenate(outline.parts)
    size = float((points.max(0) - points.min(0)).max())
    line = max(ink.line * size, _NARROWEST) if ink.line else 0.0
    inner = max(outline.stroke, _NARROWEST) if outline.stroke else 0.0
    # A border goes around a stroke; without one the stroke is all there is.
    outer = inner + line if ink.two_colours or not inner else inner
    window = Window.around(outline, outer / 2 + 2)
    inside = fine_mask(window, outline, inner, ink.fill)
    if outer == inner:
        alpha = coverage(inside)
        return Painted(window, alpha, None, alpha, bounds(window, inside))
    edge = fine_mask(window, outline, outer, fill=False)
    both = inside | edge
    if inner:
        edge[inside > 0] = 0
    return Painted(window, coverage(inside), coverage(edge), coverage(both), bounds(window, both))


def paint(random: Random, canvas: Canvas, painted: Painted, ink: Ink) -> None:
    """Lay an object on the canvas."""
    window = painted.window
    below = canvas.below(window, painted.both)
    if ink.shadow:
        _shadow(random, canvas, painted, ink)
    colour = standing_out(random, below, ink.contrast) if ink.colour is None else ink.colour
    canvas.blend(
        window,
        painted.both if not ink.two_colours else painted.inside,
        _finished(random, window, colour, ink.finish),
    )
    if ink.two_colours and painted.line is not None:
        canvas.blend(window, painted.line, standing_out(random, colour, 40))
    if ink.highlight:
        _highlight(random, canvas, painted)


def _shadow(random: Random, canvas: Canvas, painted: Painted, ink: Ink) -> None:
    size = max(painted.window.width, painted.window.height)
    reach = int(np.ceil(ink.shadow * size * 1.5)) + 1
    old = painted.window
    window = Window(
        old.left - reach, old.top - reach, old.width + 2 * reach, old.height + 2 * reach
    )
    alpha = cv2.copyMakeBorder(painted.both, *[reach] * 4, cv2.BORDER_CONSTANT, value=0)
    shift = np.float32(
        [[1, 0, ink.shadow * size * random.choice([-0.7, 0.7])], [0, 1, ink.shadow * size * 0.7]]
    )
    moved = cv2.warpAffine(alpha, shift, (window.width, window.height))
    soft = cv2.GaussianBlur(moved, (0, 0), max(0.5, ink.shadow * size * random.uniform(0.1, 0.4)))
    strength = np.float32(random.uniform(0.25, 0.6))
    canvas.blend(window, soft * strength, np.zeros(3, np.float32))


def _finished(random: Random, window: Window, colour: np.ndarray, finish: str) -> np.ndarray:
    """Return the colour, [3] or float32 [h, w, 3], changed over the window."""
    height, width = window.height, window.width
    if finish == "shaded":
        other = colour * np.float32(random.uniform(0.5, 0.8)) + random_colour(random) * np.float32(
            0.15
        )
        return mixed(gradient(random, width, height), colour, other)
    if finish == "ball":
        x = np.linspace(-1, 1, width, dtype=np.float32) - np.float32(random.uniform(-0.5, 0.5))
        y = np.linspace(-1, 1, height, dtype=np.float32)[:, None] + np.float32(0.4)
        bright = np.minimum(colour * 1.2 + 40, 255)
        return mixed(np.sqrt(x * x + y * y) / 1.7, bright, colour * np.float32(0.6))
    if finish == "grain":
        noise = clouds(random, width, height, 6, 3)
        return colour + noise[:, :, None] * np.float32(random.uniform(8, 40))
    return colour


def _highlight(random: Random, canvas: Canvas, painted: Painted) -> None:
    window = painted.window
    light = np.zeros((window.height, window.width), np.float32)
    centre = (
        int(window.width * random.uniform(0.25, 0.6)),
        int(window.height * random.uniform(0.2, 0.4)),
    )
    axes = (max(1, window.width // 6), max(1, window.height // 10))
    cv2.ellipse(light, centre, axes, random.uniform(-40, 10), 0, 360, 1.0, -1)
    soft = cv2.GaussianBlur(light, (0, 0), max(0.6, window.width / 25))
    canvas.blend(
        window,
        soft * painted.both * np.float32(random.uniform(0.3, 0.8)),
        np.full(3, 255, np.float32),
    )
