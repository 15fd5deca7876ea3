"""A state_dict read layer by layer, until no key is left over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from darknet_torch.checkpoints.arrays import Normalized, Unit, fitted, store
from darknet_torch.errors import WeightsError
from darknet_torch.layers.base import Layer
from darknet_torch.model.network import Network

_NORMALIZATION = ("weight", "bias", "running_mean", "running_var")
_SHOWN = 4


@dataclass(frozen=True)
class LayerMatch:
    """What a checkpoint has for a layer.

    Attributes:
        layer: a layer with arrays.
        key: that of its weights in such a checkpoint, None if the kind has none for it.
        unit: its arrays, None if the checkpoint has none.
    """

    layer: Layer
    key: str | None
    unit: Unit | None


class StateReader:
    """Takes arrays out of a state_dict, and knows which were never taken.

    Attributes:
        left: the arrays that are still there, by key.
    """

    def __init__(self, state: Mapping[str, Tensor], where: object) -> None:
        self.left = dict(state)
        self.where = where

    def take(self, key: str) -> Tensor | None:
        """The array called `key`, None if there is none."""
        return self.left.pop(key, None)

    def unit(self, prefix: str, normalization: str, epsilon: float) -> Unit | None:
        """A convolution or a matrix with the BatchNorm behind it; None without its weight."""
        weight = self.take(f"{prefix}.weight")
        if weight is None:
            return None
        bias = self.take(f"{prefix}.bias")
        return Unit(prefix, weight, bias, self.normalized(normalization, epsilon))

    def normalized(self, prefix: str, epsilon: float) -> Normalized | None:
        """A BatchNorm, None if there is none.

        Raises:
            WeightsError: it lacks some of its arrays.
        """
        arrays = {name: self.take(f"{prefix}.{name}") for name in _NORMALIZATION}
        found = {name: array for name, array in arrays.items() if array is not None}
        if not found:
            return None
        if len(found) < len(arrays):
            raise WeightsError(
                f"the BatchNorm {prefix} is not complete",
                where=self.where,
                expected=", ".join(arrays),
                got=", ".join(found),
            )
        weight, bias, mean, variance = found.values()
        return Normalized(weight, bias, mean, variance, epsilon)

    def lacks(self, key: str) -> WeightsError:
        """The error for a key that is not there."""
        return WeightsError(f"has no {key}", where=self.where)

    def refuse_left(self, takers: str) -> None:
        """Refuse arrays that were never taken.

        Args:
            takers: whom the arrays would be for, with its "no".

        Raises:
            WeightsError: there are some.
        """
        if self.left:
            raise WeightsError(
                f"has arrays that {takers} takes",
                where=self.where,
                got=some(sorted(self.left)),
                fix="take the cfg that the checkpoint was trained with",
            )


def layers_with_arrays(network: Network) -> list[Layer]:
    """The layers of `network` that weight files have arrays for."""
    return [layer for layer in network.layers if layer.weight_slots()]


def store_all(network: Network, found: Sequence[LayerMatch], reader: StateReader) -> int:
    """Give `network` all that was found, if it fits and nothing else is in the checkpoint.

    Args:
        found: one per layer with arrays, in order. The last ones may lack their unit: such
            a checkpoint covers the first layers only.
        reader: what it was read with.

    Returns:
        How many layers from the first are covered, those without arrays included.

    Raises:
        WeightsError: an array has the wrong shape, a layer between others has none, or a
            key was not used. The network is then unchanged.
    """
    pairs = []
    for one in found:
        if one.unit is not None:
            pairs += fitted(one.layer, one.unit, reader.where)
    missing = [one for one in found if one.unit is None]
    covered = missing[0].layer.index if missing else len(network.layers)
    beyond = [one for one in found if one.unit is not None and one.layer.index > covered]
    if missing and (beyond or len(missing) == len(found)):
        raise _gap(missing[0], reader.where)
    reader.refuse_left(f"no layer of {network.net.where.file}")
    store(pairs)
    return covered


def some(keys: Sequence[str]) -> str:
    """The first of `keys`, and how many there are if not all are shown."""
    shown = ", ".join(keys[:_SHOWN])
    return shown if len(keys) <= _SHOWN else f"{shown}, ... ({len(keys)} keys)"


def _gap(missing: LayerMatch, where: object) -> WeightsError:
    layer = missing.layer
    return WeightsError(
        f"has nothing for layer {layer.index} [{layer.section}] ({layer.options.where})",
        where=where,
        expected=missing.key,
        got="no such key",
        fix="take the cfg that the checkpoint was trained with",
    )
