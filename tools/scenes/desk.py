"""The bundled picture: a desk with a mug, a pencil, a note and wooden toys."""

from __future__ import annotations

import numpy as np

from tools.scenes.canvas import Canvas
from tools.scenes.shapes import (
    Shape,
    arrow,
    characters,
    circle,
    curve,
    heart,
    moon,
    plus,
    polygon,
    rectangle,
    square,
    star,
    stroke,
    triangle,
)
from tools.scenes.solids import Toy, draw_shadow, draw_toys, sweep
from tools.scenes.textures import planks, vertical, wood
from tools.scenes.view import View

SIZE = (640, 480)
TOYS = (
    Toy("plus", plus(0.4), (404, 268, 88, 16), (96, 150, 70)),
    Toy("star", star(0.54), (94, 378, 116, -10), (50, 178, 236)),
    Toy("heart", heart(), (552, 326, 100, 12), (66, 58, 204)),
    Toy("moon", moon(), (128, 150, 130, -8), (190, 210, 230)),
    Toy("triangle", triangle(), (506, 430, 104, 4), (60, 128, 232)),
    Toy("two", characters("2")[0], (208, 392, 92, -8), (178, 116, 44)),
    Toy("five", characters("5")[0], (300, 396, 92, 5), (72, 70, 210)),
    Toy("seven", characters("7")[0], (392, 398, 92, -4), (94, 156, 66)),
)


def _draw_note(canvas: Canvas, view: View) -> None:
    note = square().placed(300, 130, 118, 7)
    canvas.shade(view(note.moved(5, 7)), 0.34, 5)
    canvas.shade(view(note.moved(1, 2)), 0.3, 2)
    canvas.paint("square", view(note), (108, 222, 248))
    with canvas.inside(view(note)):
        canvas.shade(view(rectangle(240, 150, 360, 200)), 0.1, 16)
        canvas.shade(view(rectangle(230, 60, 370, 100)), -0.08, 10)
    canvas.paint("arrow", view(arrow(0.22, 0.4, 0.62).placed(299, 131, 82, -22)), (58, 48, 44))


def _draw_pencil(canvas: Canvas, view: View) -> None:
    def on_desk(shape: Shape) -> Shape:
        return shape.placed(226, 290, 1, -7)

    body = on_desk(rectangle(-118, -6, 84, 6))
    canvas.shade(view(body.moved(4, 7)), 0.5, 3)
    for low, high, light in ((-6, -2, 1.12), (-2, 2, 0.95), (2, 6, 0.68)):
        face = on_desk(rectangle(-96, low, 84, high))
        canvas.fill(view(face), np.array((40, 176, 240)) * light)
        metal = on_desk(rectangle(-108, low, -95, high))
        canvas.fill(view(metal), np.array((176, 188, 192)) * light)
        rubber = on_desk(rectangle(-121, low, -108, high, 1.5))
        canvas.fill(view(rubber), np.array((150, 140, 226)) * light)
    canvas.fill(
        view(on_desk(polygon((84, -6), (112, 0), (84, 6), (80, 3), (84, 1), (80, -2)))),
        (150, 194, 224),
    )
    canvas.fill(view(on_desk(polygon((103, -2), (113, 0), (103, 2)))), (50, 50, 54))


MUG, MUG_SIZE, MUG_HEIGHT = np.array((492, 150)), 134, 84


def _draw_handle(canvas: Canvas, view: View) -> None:
    along = np.array((np.cos(0.5), np.sin(0.5)))
    points = [  # (away from the middle of the mug, height)
        view.project((MUG + away * along)[None], height)
        for away, height in ((59, 17), (103, 20), (111, 46), (61, 67))
    ]
    handle = curve(np.concatenate(points))
    canvas.shade(stroke(handle + np.array((26, 44)), 16), 0.3, 7)
    canvas.fill(stroke(handle, 17), (134, 104, 62))
    canvas.fill(stroke(handle - np.array((2, 3)), 9), (186, 154, 104), blur=2)


def _draw_mug(canvas: Canvas, view: View) -> None:
    outer, height = circle().placed(*MUG, MUG_SIZE), MUG_HEIGHT
    draw_shadow(canvas, view, outer, height, 0.42)
    _draw_handle(canvas, view)
    left, _, right, _ = view(outer).box()
    across = (np.arange(640) - left) / (right - left)
    light = 1.12 - (across - 0.3) ** 2
    canvas.fill(sweep(outer, view, height), np.tile(light[:, None] * (170, 138, 86), (480, 1, 1)))
    with canvas.inside(sweep(outer, view, height)):
        canvas.shade(sweep(rectangle(448, 190, 458, 210), view, height), -0.5, 6)
        canvas.shade(view(outer.moved(0, 14)), 0.25, 8)
    rim = view(outer, height)
    canvas.paint("circle", rim, (208, 180, 132))
    canvas.bevel(rim, 0.25, 2)
    hollow = view(circle().placed(*MUG, MUG_SIZE - 16), height)
    canvas.fill(hollow, (104, 76, 40))
    with canvas.inside(hollow):
        canvas.shade(hollow.moved(16, 18), -0.5, 12)
        coffee = view(circle().placed(*MUG, MUG_SIZE - 16), height - 18)
        canvas.fill(coffee, (22, 38, 66))
        for x, y, wide, light, blur in (
            (472, 128, 52, (46, 52, 56), 9),
            (506, 162, 84, (2, 8, 16), 12),
        ):
            canvas.glow(view(circle().placed(x, y, wide), height - 18), light, blur)
        canvas.shade(hollow.moved(-60, -64), 0.5, 14)


def draw() -> tuple[np.ndarray, np.ndarray]:
    """Return the picture and its boxes."""
    random = np.random.RandomState(19)
    view = View((320, 240), tilt=30, distance=1100, roll=-1.5)
    table = planks(random, 1000, 1600, (40, 80, 132), (124, 180, 222), 5)
    canvas = Canvas(*SIZE, view.lay(table, (-380, -360, 1020, 700), SIZE))
    window = polygon((-60, -40), (330, -60), (640, 520), (120, 540))
    canvas.picture *= 0.9
    canvas.shade(window, -0.3, 60)
    _draw_note(canvas, view)
    _draw_mug(canvas, view)
    _draw_pencil(canvas, view)
    grain = wood(random, 480, 640, (0.84,) * 3, (1.1,) * 3, rings=24)
    draw_toys(canvas, view, TOYS, 15, grain)
    canvas.picture *= vertical(480, 640, [(0, (0.98, 1.0, 1.02)), (1, (0.96, 0.99, 1.02))])
    return canvas.finish(seed=19, noise=1.2, vignette=0.35)
