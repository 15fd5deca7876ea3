"""How an object is painted: filled, outlined, shaded, with a border, a shadow or a highlight."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from tools.drawn.canvas import Canvas
from tools.drawn.colours import random_colour, standing_out
from tools.drawn.outline import Outline
from tools.drawn.raster import FINE, Window, bounds, coverage, fine_mask
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
        depth: how far its sides go back, as of a block of wood, as a part of the size.
        inset: the scale of a copy in another colour inside of it, as on signs; 0 for none.
        shadow: how far the shadow falls, as a part of the size; 0 for none.
        highlight: whether light falls on it.
        contrast: the least distance of its colour from what is below, see `colours.distance`.
        colour: its colour, BGR [3], or one that is found where it is painted.
    """

    fill: bool = True
    line: float = 0.0
    two_colours: bool = False
    finish: str = "flat"
    depth: float = 0.0
    inset: float = 0.0
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
        depth=random.uniform(0.03, 0.14) if fill and random.uniform() < 0.1 else 0.0,
        inset=random.uniform(0.5, 0.88) if not thin and random.uniform() < 0.15 else 0.0,
        shadow=random.uniform(0.03, 0.12) if random.uniform() < 0.2 else 0.0,
        highlight=random.uniform() < 0.12,
        contrast=random.uniform(38, 60) if random.uniform() < 0.15 else random.uniform(60, 120),
    )


@dataclass(frozen=True)
class Painted:
    """An object ready to be laid on the canvas; alphas are float32 [h, w] of the window.

    Attributes:
        inside: what is filled.
        line: the line around it, if there is one.
        inset: a smaller copy inside, if there is one.
        sides: its sides, if it has a depth.
        all: all of it.
        box: left, top, right, bottom of all of it, in pixels.
    """

    window: Window
    inside: np.ndarray
    line: np.ndarray | None
    inset: np.ndarray | None
    sides: np.ndarray | None
    all: np.ndarray
    box: np.ndarray


def prepare(outline: Outline, ink: Ink) -> Painted:
    """Return what an outline, given in pixels, covers when it is painted with `ink`."""
    size = outline.size()
    line = max(ink.line * size, _NARROWEST) if ink.line else 0.0
    inner = max(outline.stroke, _NARROWEST) if outline.stroke else 0.0
    # A border goes around a stroke; without one the stroke is all there is.
    outer = inner + line if ink.two_colours or not inner else inner
    window = Window.around(outline, outer / 2 + ink.depth * size + 2)
    inside = fine_mask(window, outline, inner, ink.fill)
    face, edge = inside, None
    if outer != inner:
        edge = fine_mask(window, outline, outer, fill=False)
        face = inside | edge
        if inner:
            edge[inside > 0] = 0
    inset = None
    if ink.inset and ink.fill and not outline.stroke:
        inset = fine_mask(window, outline.scaled(ink.inset), 0, fill=True) & inside
    whole = face
    if ink.depth:
        whole = cv2.dilate(face, _sweep(ink.depth * size * FINE))
    return Painted(
        window,
        inside=coverage(inside),
        line=None if edge is None else coverage(edge),
        inset=None if inset is None else coverage(inset),
        sides=coverage(whole & ~face) if ink.depth else None,
        all=coverage(whole),
        box=bounds(window, whole),
    )


def _sweep(length: float) -> np.ndarray:
    """Return a kernel of `cv2.dilate` that moves a mask down and to the right along a line."""
    down, right = round(length), round(length * 0.5)
    kernel = np.zeros((2 * down + 1, 2 * down + 1), np.uint8)
    # Dilation takes the largest value below the kernel, so its line points back.
    cv2.line(kernel, (down, down), (down - right, 0), 1)
    return kernel


def paint(random: Random, canvas: Canvas, painted: Painted, ink: Ink) -> None:
    """Lay an object on the canvas."""
    window = painted.window
    below = canvas.below(window, painted.all)
    if ink.shadow:
        _shadow(random, canvas, painted, ink)
    colour = standing_out(random, below, ink.contrast) if ink.colour is None else ink.colour
    if painted.sides is not None:
        canvas.blend(window, painted.all, colour * np.float32(random.uniform(0.4, 0.7)))
    face = _finished(random, window, colour, ink.finish)
    canvas.blend(window, painted.inside, face)
    if painted.line is not None:
        other = standing_out(random, colour, 40) if ink.two_colours else face
        canvas.blend(window, painted.line, other)
    if painted.inset is not None:
        canvas.blend(window, painted.inset, standing_out(random, colour, 40))
    if ink.highlight:
        _highlight(random, canvas, painted)


def _shadow(random: Random, canvas: Canvas, painted: Painted, ink: Ink) -> None:
    size = max(painted.window.width, painted.window.height)
    reach = int(np.ceil(ink.shadow * size * 1.5)) + 1
    old = painted.window
    window = Window(
        old.left - reach, old.top - reach, old.width + 2 * reach, old.height + 2 * reach
    )
    alpha = cv2.copyMakeBorder(painted.all, *[reach] * 4, cv2.BORDER_CONSTANT, value=0)
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
        soft * painted.all * np.float32(random.uniform(0.3, 0.8)),
        np.full(3, 255, np.float32),
    )
