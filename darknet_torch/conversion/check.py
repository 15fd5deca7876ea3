"""How far what was written is from what was read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from darknet_torch.errors import WeightsError
from darknet_torch.export.graphs import Graph, input_sizes
from darknet_torch.heads.base import Head
from darknet_torch.layers.base import Layer
from darknet_torch.model.network import Network

_SEED = 0
_STEPS = 3  # a state matters from the second step on


@dataclass(frozen=True)
class Difference:
    """A difference of two tensors, and where it was seen.

    Attributes:
        worst: largest difference of two values, as a part of the largest value if that
            is above 1.
        at: on what.
        values: how many were compared.
    """

    worst: float
    at: str
    values: int

    def __str__(self) -> str:
        return f"{self.at}: {self.worst:.2g} of {self.values} values"


def difference(got: Tensor, want: Tensor) -> float:
    """See `Difference.worst`; infinite where one alone is no number, or the shapes differ."""
    if got.shape != want.shape:
        return float("inf")
    if not want.numel():
        return 0.0
    got, want = got.detach().double(), want.detach().double()
    same = (got == want) | (got.isnan() & want.isnan())
    infinite = float("inf")
    apart = torch.where(same, 0, (got - want).abs()).nan_to_num(nan=infinite, posinf=infinite)
    finite = want[want.isfinite()].abs()
    scale = max(1.0, float(finite.max())) if finite.numel() else 1.0
    return float(apart.max()) / scale


def compare_graph(
    graph: Graph, run: Callable[[Tensor], Sequence[Tensor]], other: tuple[int, int] | None
) -> list[Difference]:
    """Run a written graph beside the one it should equal, on random pictures.

    Args:
        graph: what it should equal.
        run: what runs what was written.
        other: a height and a width beside the network's own.
    """
    channels, height, width = input_sizes(graph.network)
    cases = [(1, height, width), (3, height, width)]
    cases += [(1, *other)] if other else []
    compare = compare_boxes if graph.options.outputs == "detections" else _all_difference
    found = []
    for batch, rows, columns in cases:
        images = random_images(batch, channels, rows, columns)
        with torch.inference_mode():
            wanted = graph(images)
            worst = compare(run(images), wanted)
        values = sum(want.numel() for want in wanted)
        found.append(Difference(worst, f"{batch} x {columns}x{rows}", values))
    return found


def _all_difference(got: Sequence[Tensor], want: Sequence[Tensor]) -> float:
    return max(difference(mine, theirs) for mine, theirs in zip(got, want, strict=True))


def compare_boxes(got: Sequence[Tensor], want: Sequence[Tensor]) -> float:
    """Of two lists of boxes, each beside the nearest of its class and picture.

    Equal scores may come in another order, since a last bit decides between them.
    """
    mine, theirs = (torch.cat((one[0], one[1][:, None]), 1).double() for one in (got, want))
    if len(mine) != len(theirs):
        return float("inf")
    if not len(mine):
        return 0.0
    same = (got[2][:, None] == want[2][None]) & (got[3][:, None] == want[3][None])
    apart = (mine[:, None] - theirs[None]).abs().amax(-1)
    apart = torch.where(same, apart, float("inf"))
    return max(float(apart.amin(0).max()), float(apart.amin(1).max()))


def compare_arrays(got: Network, want: Network, *, cutoff: int | None = None) -> Difference:
    """The arrays of a network's first `cutoff` layers beside those of another of its kind."""
    worst, at, values = 0.0, "all arrays", 0
    for (layer, mine), (_, theirs) in zip(got.slots(), want.slots(), strict=True):
        if cutoff is not None and layer.index >= cutoff:
            break
        apart = difference(mine.tensor, theirs.tensor)
        values += theirs.tensor.numel()
        if apart > worst:
            worst, at = apart, f"{mine.name} of layer {layer.index} [{layer.section}]"
    return Difference(worst, at, values)


def compare_layers(got: Network, want: Network, tolerance: float) -> float:
    """The worst difference of two networks' layers for the same random input.

    Raises:
        WeightsError: a layer's differ by more than `tolerance`; the first such is named.
    """
    steps = _STEPS if any(layer.has_state for layer in want.layers) else 1
    sequence = random_images(steps, *input_sizes(want))
    worst = 0.0
    for images in sequence.split(1):
        with torch.inference_mode():
            outputs = [network.layer_outputs(images) for network in (got, want)]
        worst = max(worst, _worst_layer(got, want, outputs, tolerance))
    for network in (got, want):
        network.reset_state()
    return worst


def _worst_layer(
    got: Network, want: Network, outputs: list[list[Tensor]], tolerance: float
) -> float:
    worst = 0.0
    for mine, theirs, out, wanted in zip(got.layers, want.layers, *outputs, strict=True):
        apart = _layer_difference((mine, out), (theirs, wanted), want)
        if not apart <= tolerance:
            raise WeightsError(
                f"layer {mine.index} [{mine.section}] ({mine.options.where}) computes otherwise "
                f"in {got.dialect.name} than in {want.dialect.name}",
                expected=f"a difference of {tolerance:g} at most",
                got=f"{apart:.3g}",
                fix="accept it with --tolerance if it is no matter",
            )
        worst = max(worst, apart)
    return worst


def _layer_difference(
    got: tuple[Layer, Tensor], want: tuple[Layer, Tensor], network: Network
) -> float:
    """Of two layers' outputs; of heads, which may order their values otherwise, the boxes'."""
    if not isinstance(want[0], Head):
        return difference(got[1].reshape(want[1].shape), want[1])
    height, width = network.net.height, network.net.width
    mine = cast("Head", got[0]).decode(got[1], height, width)
    theirs = want[0].decode(want[1], height, width)
    return max(
        difference(mine.boxes, theirs.boxes), difference(mine.class_scores, theirs.class_scores)
    )


def random_images(batch: int, channels: int, height: int, width: int) -> Tensor:
    """[N, C, H, W] in 0-1, the same ones every time."""
    generator = torch.Generator().manual_seed(_SEED)
    return torch.rand(batch, channels, height, width, generator=generator)
