"""Flat things with a thickness: the sides that the camera sees, and the shadow on the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tools.scenes.canvas import Canvas
from tools.scenes.shapes import Shape, polygon
from tools.scenes.view import View

LIGHT = (0.55, 0.6)  # how far a shadow reaches right and down, per height


def sweep(shape: Shape, view: View, height: float, light: Sequence[float] = (0, 0)) -> Shape:
    """Return what a shape covers in the picture on its way from the plane up to `height`.

    It moves by `light` per height. With none, that is the silhouette of a solid; a shadow moves
    away from the light and stays on the plane.
    """
    levels = np.linspace(0, 1, 9) * height
    rises = light == (0, 0)
    swept = [
        view(shape.moved(light[0] * level, light[1] * level), level if rises else 0)
        for level in levels
    ]
    return Shape(tuple(part for layer in swept for part in layer.parts))


def draw_shadow(
    canvas: Canvas, view: View, shape: Shape, height: float, strength: float = 0.5
) -> None:
    """Draw the shadow of a solid: a soft one away from the light, a dark one where it stands."""
    canvas.shade(sweep(shape, view, height, LIGHT), strength, 2 + height / 6)
    canvas.shade(view(shape), strength * 0.7, 2.5)


def draw_sides(
    canvas: Canvas, view: View, shape: Shape, height: float, color: Sequence[float]
) -> None:
    """Draw the side faces of a solid of this colour, lit from the upper left."""
    base = np.array(color, np.float32)
    canvas.fill(sweep(shape, view, height), base * 0.55)
    faces = []
    for part in shape.parts:
        for contour in part:
            ends = np.roll(contour, -1, axis=0)
            bottom, top = view.project(contour), view.project(contour, height)
            next_bottom, next_top = view.project(ends), view.project(ends, height)
            normals = np.stack((ends[:, 1] - contour[:, 1], contour[:, 0] - ends[:, 0]), 1)
            normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9
            area = (contour[:, 0] * ends[:, 1] - contour[:, 1] * ends[:, 0]).sum()
            lit = -(normals * np.sign(area)) @ (0.6, 0.8)
            for i in range(len(contour)):
                corners = (bottom[i], next_bottom[i], next_top[i], top[i])
                faces.append((max(bottom[i][1], next_bottom[i][1]), corners, lit[i]))
    for _, corners, lit in sorted(faces, key=lambda face: face[0]):
        across, along = corners[1] - corners[0], corners[3] - corners[0]
        if abs(across[0] * along[1] - across[1] * along[0]) > 0.3:
            canvas.fill(polygon(*corners), base * (0.66 + 0.22 * lit))


@dataclass(frozen=True)
class Toy:
    """A thing cut from a painted board.

    Attributes:
        name: its class.
        outline: its outline, about 1 high.
        place: x, y, size and degrees, see `Shape.placed`.
        color: blue, green, red.
    """

    name: str
    outline: Shape
    place: tuple[float, float, float, float]
    color: tuple[float, float, float]


def draw_toys(
    canvas: Canvas, view: View, toys: Sequence[Toy], height: float, grain: np.ndarray
) -> None:
    """Draw toys that lie on the plane, the far ones first, and label all that is seen of each.

    Their colour is multiplied by `grain` [H, W, 1 or 3] on the upper side.
    """
    for toy in toys:
        shape = toy.outline.placed(*toy.place)
        draw_shadow(canvas, view, shape, height)
        draw_sides(canvas, view, shape, height, toy.color)
        face = view(shape, height)
        canvas.fill(face, grain * toy.color)
        canvas.bevel(face, 0.35, 1.5)
        canvas.label(toy.name, view(shape) + face)
