"""How long the outputs of a network's layers are needed."""

from __future__ import annotations

from collections.abc import Sequence

from darknet_torch.heads.base import Head
from darknet_torch.layers.base import Layer


def last_readers(layers: Sequence[Layer]) -> dict[int, list[int]]:
    """Index of a layer -> indices of the outputs that no later layer reads."""
    last = {source: index for index, layer in enumerate(layers) for source in layer.sources}
    for output in output_indices(layers):
        last.pop(output, None)
    freed: dict[int, list[int]] = {}
    for source, reader in last.items():
        freed.setdefault(reader, []).append(source)
    return freed


def output_indices(layers: Sequence[Layer]) -> tuple[int, ...]:
    """Indices of the layers whose outputs are the network's: the heads, else the last layer."""
    heads = tuple(layer.index for layer in layers if isinstance(layer, Head))
    if heads:
        return heads
    ends = [layer.index for layer in layers if layer.may_be_output]
    return (ends[-1] if ends else 0,)
