"""Comparison of a network or a graph with another one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor

from darknet_torch.cfg.zoo import BUNDLED_PICTURE, sample_folder
from darknet_torch.errors import WeightsError
from darknet_torch.export.graphs import Graph, input_sizes
from darknet_torch.heads.base import Head
from darknet_torch.layers.base import Layer
from darknet_torch.media.images import input_placement, network_input, read_image
from darknet_torch.model.network import Network

_SEED = 0
_SCORES = 10  # different ones that lie above the threshold of a comparison
_STEPS = 3  # time steps; a difference in a state shows from the second step on


@dataclass(frozen=True)
class Difference:
    """The difference of two sets of values.

    Attributes:
        worst: the largest absolute difference of two values, divided by the largest absolute
            value if that is above 1; for boxes, by the value itself if that is above 1.
            Infinite if only one of two values is finite.
        what: what was compared, such as an array or an input size.
        values: how many values were compared.
    """

    worst: float
    what: str
    values: int

    def __str__(self) -> str:
        return f"{self.what}: {self.worst:.2g} of {self.values} values"


def worst_difference(got: Tensor, expected: Tensor) -> float:
    """The worst difference of two tensors, as in `Difference`; infinite if their shapes differ."""
    if got.shape != expected.shape:
        return float("inf")
    if not expected.numel():
        return 0.0
    got, expected = got.detach(), expected.detach()
    apart = _absolute_differences(got, expected)
    finite = expected[expected.isfinite()].double().abs()
    scale = max(1.0, float(finite.max())) if finite.numel() else 1.0
    return float(apart.max()) / scale


def worst_box_difference(got: Tensor, expected: Tensor) -> float:
    """The largest of |got - expected| / max(1, |expected|); infinite if the shapes differ.

    A picture has the size 1. A network may decode a box exp(50) times as large as its anchor,
    where float32 has no digit left below the size of the picture; such a box must hide no
    difference of another one.

    Args:
        got, expected: boxes or scores, in 0-1 of the picture, of any shape.
    """
    if got.shape != expected.shape:
        return float("inf")
    return float(_box_differences(got, expected).max()) if expected.numel() else 0.0


def _box_differences(got: Tensor, expected: Tensor) -> Tensor:
    """What `worst_box_difference` is the largest of; shapes are broadcast."""
    scale = expected.double().abs().nan_to_num(nan=1, posinf=1).clamp(min=1)
    return _absolute_differences(got, expected) / scale


def _absolute_differences(got: Tensor, expected: Tensor) -> Tensor:
    """0 where both are the same infinity or NaN, infinite where only one is finite."""
    got, expected = got.double(), expected.double()
    same = (got == expected) | (got.isnan() & expected.isnan())
    infinite = float("inf")
    apart = torch.where(same, 0, (got - expected).abs())
    return apart.nan_to_num(nan=infinite, posinf=infinite)


def compare_graph(
    graph: Graph,
    run: Callable[[Tensor], Sequence[Tensor]],
    second_size: tuple[int, int] | None,
) -> list[Difference]:
    """Run a written graph and the original on the same pictures.

    They run in batches of 1 and 3, and in a batch of 1 at the second size. The pictures are
    random; for detections the bundled picture, since noise has few.

    Args:
        graph: the original.
        run: runs the written graph.
        second_size: a height and width besides the network's own; None for no second size.

    Returns:
        The difference of the outputs in each case.
    """
    channels, height, width = input_sizes(graph.network)
    cases = [(1, height, width), (3, height, width)]
    cases += [(1, *second_size)] if second_size else []
    detects = graph.options.outputs == "detections"
    compare = _COMPARE[graph.options.outputs]
    make_images = sample_images if detects else random_images
    differences = []
    for batch, rows, columns in cases:
        images = make_images(batch, channels, rows, columns)
        with torch.inference_mode():
            expected = graph(images)
            worst = compare(run(images), expected)
        values = sum(output.numel() for output in expected)
        differences.append(Difference(worst, f"{batch} x {columns}x{rows}", values))
    return differences


def _compare_raw(got: Sequence[Tensor], expected: Sequence[Tensor]) -> float:
    return max(worst_difference(mine, theirs) for mine, theirs in zip(got, expected, strict=True))


def _compare_boxes(got: Sequence[Tensor], expected: Sequence[Tensor]) -> float:
    pairs = zip(got, expected, strict=True)
    return max(worst_box_difference(mine, theirs) for mine, theirs in pairs)


def compare_detections(got: Sequence[Tensor], expected: Sequence[Tensor]) -> float:
    """The largest difference of each detection from the nearest of its class and picture.

    The order does not matter: equal scores may be sorted differently, since their last bit
    decides.

    Args:
        got: boxes [K, 4], scores [K], class ids [K], picture ids [K].
        expected: the same.

    Returns:
        The largest difference of a coordinate or score, as `worst_box_difference` divides it;
        infinite if the numbers of detections differ, or one has no counterpart.
    """
    mine, theirs = (torch.cat((one[0], one[1][:, None]), 1) for one in (got, expected))
    if len(mine) != len(theirs):
        return float("inf")
    if not len(mine):
        return 0.0
    same = (got[2][:, None] == expected[2][None]) & (got[3][:, None] == expected[3][None])
    apart = _box_differences(mine[:, None], theirs[None]).amax(-1)
    apart = torch.where(same, apart, float("inf"))
    return max(float(apart.amin(0).max()), float(apart.amin(1).max()))


# How the outputs of a graph are compared, by `GraphOptions.outputs`.
_COMPARE = {"raw": _compare_raw, "boxes": _compare_boxes, "detections": compare_detections}


def compare_arrays(got: Network, expected: Network, *, cutoff: int | None = None) -> Difference:
    """The worst difference of the arrays of two networks of one cfg.

    Args:
        got, expected: the networks.
        cutoff: compare only that many layers, counted from the first.
    """
    worst, what, values = 0.0, "all arrays", 0
    for (layer, mine), (_, theirs) in zip(got.slots(), expected.slots(), strict=True):
        if cutoff is not None and layer.index >= cutoff:
            break
        apart = worst_difference(mine.tensor, theirs.tensor)
        values += theirs.tensor.numel()
        if apart > worst:
            worst, what = apart, f"{mine.name} of layer {layer.index} [{layer.section}]"
    return Difference(worst, what, values)


def compare_layers(got: Network, expected: Network, tolerance: float) -> float:
    """The worst difference of the outputs of every layer for the same random input.

    Raises:
        WeightsError: the outputs of a layer differ by more than `tolerance`; the first such
            layer is named.
    """
    steps = _STEPS if any(layer.has_state for layer in expected.layers) else 1
    sequence = random_images(steps, *input_sizes(expected))
    worst = 0.0
    for images in sequence.split(1):
        with torch.inference_mode():
            outputs = [network.layer_outputs(images) for network in (got, expected)]
        worst = max(worst, _worst_layer(got, expected, outputs, tolerance))
    for network in (got, expected):
        network.reset_state()
    return worst


def _worst_layer(
    got: Network, expected: Network, outputs: list[list[Tensor]], tolerance: float
) -> float:
    worst = 0.0
    for mine, theirs, out, wanted in zip(got.layers, expected.layers, *outputs, strict=True):
        apart = _compare_layer((mine, out), (theirs, wanted), expected)
        if not apart <= tolerance:
            raise WeightsError(
                f"layer {mine.index} [{mine.section}] ({mine.options.where}) computes something "
                f"else in {got.dialect.name} than in {expected.dialect.name}",
                expected=f"a difference of {tolerance:g} at most",
                got=f"{apart:.3g}",
                fix="if you can accept that, give a larger --tolerance",
            )
        worst = max(worst, apart)
    return worst


def _compare_layer(
    got: tuple[Layer, Tensor], expected: tuple[Layer, Tensor], network: Network
) -> float:
    """The worst difference of the outputs of a layer, or of the boxes and scores of a head.

    The two code bases may keep the values of a head in another order.
    """
    if not isinstance(expected[0], Head):
        return worst_difference(got[1].reshape(expected[1].shape), expected[1])
    height, width = network.net.height, network.net.width
    mine = cast("Head", got[0]).decode(got[1], height, width)
    theirs = expected[0].decode(expected[1], height, width)
    return max(
        worst_box_difference(mine.boxes, theirs.boxes),
        worst_box_difference(mine.class_scores, theirs.class_scores),
    )


def sample_images(batch: int, channels: int, height: int, width: int) -> Tensor:
    """The bundled picture, as it is and mirrored in turn, [N, C, H, W] in 0-1.

    Random pictures for networks that take neither 1 nor 3 channels.
    """
    if channels not in (1, 3):
        return random_images(batch, channels, height, width)
    picture = read_image(sample_folder() / BUNDLED_PICTURE)
    placement = input_placement(picture, height, width, letterbox=False)
    image = torch.from_numpy(network_input(picture, placement, channels=channels).copy())
    return torch.stack([image.flip(-1) if index % 2 else image for index in range(batch)])


def find_active_threshold(graph: Graph) -> float | None:
    """A threshold at which a graph detects something in the bundled picture; None for none."""
    boxes = Graph(graph.network, replace(graph.options, outputs="boxes", fold=False))
    with torch.inference_mode():
        _, scores = boxes(sample_images(1, *input_sizes(graph.network)))
    ranked = scores[scores.isfinite() & (scores > 0)].unique(sorted=True)
    return float(ranked[-min(len(ranked), _SCORES)]) / 2 if len(ranked) else None


def random_images(batch: int, channels: int, height: int, width: int) -> Tensor:
    """Random pictures [N, C, H, W] in 0-1, the same in every call."""
    generator = torch.Generator().manual_seed(_SEED)
    return torch.rand(batch, channels, height, width, generator=generator)
