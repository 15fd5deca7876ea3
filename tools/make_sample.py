"""Make the bundled sample: draw its picture, train the toy model on drawn shapes, and store its
detections, with which `dtorch doctor` and the tests compare.

    python tools/make_sample.py [--folder darknet_torch/sample] [--steps 500]

This takes about a minute on two cores. The loss is a simple one for a toy model with one anchor,
not Darknet's.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from darknet_torch.doctor.self_test import EXPECTED, detect_sample
from darknet_torch.files import write_text
from darknet_torch.loading.load import load
from darknet_torch.model.network import Network
from darknet_torch.model.weights import write_weights

SAMPLE = Path(__file__).resolve().parents[1] / "darknet_torch" / "sample"
CIRCLE, SQUARE, TRIANGLE = range(3)


def draw_scene(random: np.random.RandomState, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw a picture with shapes.

    Returns:
        BGR uint8 [side, side, 3], and [K, 5]: class, then left, top, right, bottom in 0-1.
    """
    slope = np.linspace(0, random.uniform(0, 60), side)[:, None, None]
    image = np.clip(random.uniform(30, 200, 3) + slope * np.ones((1, side, 1)), 0, 255)
    image = np.ascontiguousarray(image.astype(np.uint8))
    boxes: list[tuple[float, ...]] = []
    for _ in range(random.randint(2, 7)):
        size = random.uniform(0.1, 0.32)
        left, top = random.uniform(0.01, 0.99 - size, 2)
        box = (left, top, left + size, top + size)
        if all(_apart(box, other[1:]) for other in boxes):
            kind = random.randint(3)
            background = image[int(top * side), int(left * side)].astype(float)
            _draw_shape(image, kind, np.array(box) * side, _contrasting(random, background))
            boxes.append((kind, *box))
    noise = random.normal(0, random.uniform(0, 10), image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8), np.array(boxes).reshape(-1, 5)


def _apart(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    gap = 0.02
    return a[2] + gap < b[0] or b[2] + gap < a[0] or a[3] + gap < b[1] or b[3] + gap < a[1]


def _contrasting(random: np.random.RandomState, background: np.ndarray) -> tuple[float, ...]:
    while True:
        color = random.uniform(0, 255, 3)
        if np.abs(color - background).sum() > 200:
            return tuple(color)


def _draw_shape(image: np.ndarray, kind: int, box: np.ndarray, color: tuple[float, ...]) -> None:
    left, top, right, bottom = box
    if kind == CIRCLE:
        centre = (round((left + right) / 2), round((top + bottom) / 2))
        cv2.circle(image, centre, round((right - left) / 2), color, cv2.FILLED, cv2.LINE_AA)
        return
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    if kind == TRIANGLE:
        corners = [((left + right) / 2, top), (right, bottom), (left, bottom)]
    cv2.fillPoly(image, [np.round(corners).astype(np.int32)], color, cv2.LINE_AA)


def make_batch(random: np.random.RandomState, size: int, side: int) -> tuple[Tensor, Tensor]:
    """Draw a batch: RGB pictures [N, 3, side, side] in 0-1, and [K, 6] index, class, box."""
    images, truths = [], []
    for index in range(size):
        image, boxes = draw_scene(random, side)
        images.append(image[:, :, ::-1].transpose(2, 0, 1) / np.float32(255))
        truths.append(np.concatenate((np.full((len(boxes), 1), index), boxes), 1))
    return (
        torch.from_numpy(np.stack(images)),
        torch.from_numpy(np.concatenate(truths).astype(np.float32)),
    )


def toy_loss(network: Network, images: Tensor, truths: Tensor) -> Tensor:
    """Sum the losses of objectness in all cells, and of box and class in each truth's cell."""
    head = network.heads[0]
    (output,) = network(images)
    count, _, rows, columns = output.shape
    index, kind = truths[:, 0].long(), truths[:, 1].long()
    centre = (truths[:, 2:4] + truths[:, 4:6]) / 2 * torch.tensor((columns, rows))
    column, row = centre.long().unbind(1)
    wanted = torch.zeros(count, rows, columns)
    wanted[index, row, column] = 1
    weight = 1 + 4 * wanted
    objectness = functional.binary_cross_entropy(output[:, 4], wanted, weight)
    cell = output[index, :, row, column]
    size = (truths[:, 4:6] - truths[:, 2:4]) * network.net.width
    anchors = head.get_buffer("anchors")
    place = functional.mse_loss(cell[:, :2], centre - centre.floor())
    shape = functional.mse_loss(cell[:, 2:4], torch.log(size / anchors[0]))
    classes = functional.binary_cross_entropy(
        cell[:, 5:], functional.one_hot(kind, head.classes).float()
    )
    return objectness + 2 * place + shape + classes


def train(network: Network, steps: int) -> None:
    """Train `network` for `steps` batches."""
    random = np.random.RandomState(7)
    optimizer = torch.optim.Adam(network.parameters(), 4e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, steps)
    network.train()
    for step in range(steps):
        images, truths = make_batch(random, 32, network.net.width)
        loss = toy_loss(network, images, truths)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 50 == 0:
            click.echo(f"{step}: {loss.item():.3f}")
    network.eval()


@click.command(help=__doc__)
@click.option("--folder", type=click.Path(path_type=Path), default=SAMPLE)
@click.option("--steps", type=int, default=500, show_default=True)
def main(folder: Path, steps: int) -> None:
    """Draw the picture, train the model, and write both and the detections."""
    folder.mkdir(parents=True, exist_ok=True)
    picture, _ = draw_scene(np.random.RandomState(3), 480)
    cv2.imwrite(str(folder / "shapes.png"), picture)
    torch.manual_seed(7)
    network = load(SAMPLE / "toy-shapes.cfg")
    train(network, steps)
    write_weights(network, folder / "toy-shapes.weights")
    found = detect_sample(network, folder).to_dict()["objects"]
    write_text(folder / EXPECTED, json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
