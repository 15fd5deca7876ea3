"""Make the toy model: draw its picture, and train it on drawn shapes.

    python -m tests.toy.make_toy [--folder FOLDER] [--steps 500]

This takes about a minute on two cores. The loss is a simple one for a model with one anchor, not
Darknet's.
"""

from __future__ import annotations

from pathlib import Path

import click
import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from darknet_torch.loading.load import load
from darknet_torch.model.network import Network
from darknet_torch.model.weights import write_weights
from examples.draw_shapes import draw_scene
from tests.toy.files import CFG, FOLDER, PICTURE, WEIGHTS


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


def draw_picture() -> tuple[np.ndarray, np.ndarray]:
    """Draw the toy model's picture, on which it is not trained; return it and its truths."""
    return draw_scene(np.random.RandomState(3), 480)


@click.command(help=__doc__)
@click.option("--folder", type=click.Path(path_type=Path), default=FOLDER)
@click.option("--steps", type=int, default=500, show_default=True)
def main(folder: Path, steps: int) -> None:
    """Draw the picture, train the model, and write both."""
    folder.mkdir(parents=True, exist_ok=True)
    picture, _ = draw_picture()
    cv2.imwrite(str(folder / PICTURE.name), picture)
    torch.manual_seed(7)
    network = load(CFG)
    train(network, steps)
    write_weights(network, folder / WEIGHTS.name)


if __name__ == "__main__":
    main()
