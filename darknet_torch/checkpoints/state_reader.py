"""A state_dict read layer by layer, until every key has been used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from darknet_torch.checkpoints.arrays import (
    BatchNormArrays,
    LayerArrays,
    copy_values,
    match_slots,
)
from darknet_torch.errors import WeightsError
from darknet_torch.layers.base import Layer
from darknet_torch.model.network import Network
from darknet_torch.printable import shorten

_BATCHNORM_KEYS = ("weight", "bias", "running_mean", "running_var")
_KEYS_SHOWN = 4
_LONGEST_KEY = 100


@dataclass(frozen=True)
class LayerMatch:
    """A Darknet layer and what a checkpoint has for it.

    Attributes:
        layer: a layer with arrays.
        key: the key of its weights in such a checkpoint; None if this kind of checkpoint has
            no key for it.
        arrays: its arrays; None if the checkpoint has none for it.
    """

    layer: Layer
    key: str | None
    arrays: LayerArrays | None


class StateReader:
    """Takes arrays out of a state_dict and keeps those that nothing has taken yet.

    Attributes:
        unused: the arrays that have not been taken, by key.
        where: the checkpoint, for messages.
    """

    def __init__(self, state: Mapping[str, Tensor], where: object) -> None:
        self.unused = dict(state)
        self.where = where

    def take(self, key: str) -> Tensor | None:
        """The array of that key; None if there is none."""
        return self.unused.pop(key, None)

    def take_layer(self, prefix: str, batchnorm: str, epsilon: float) -> LayerArrays | None:
        """The arrays of a convolution or a matrix and of the BatchNorm that follows it.

        Args:
            prefix: of the keys of the convolution or the matrix.
            batchnorm: prefix of the keys of the BatchNorm, which may be absent.
            epsilon: of the BatchNorm.

        Returns:
            The arrays; None if there is no weight.

        Raises:
            WeightsError: the BatchNorm lacks some of its arrays.
        """
        weight = self.take(f"{prefix}.weight")
        if weight is None:
            return None
        bias = self.take(f"{prefix}.bias")
        return LayerArrays(prefix, weight, bias, self.take_batchnorm(batchnorm, epsilon))

    def take_batchnorm(self, prefix: str, epsilon: float) -> BatchNormArrays | None:
        """The arrays of a BatchNorm; None if there are none.

        Raises:
            WeightsError: it lacks some of its arrays.
        """
        arrays = {name: self.take(f"{prefix}.{name}") for name in _BATCHNORM_KEYS}
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
        return BatchNormArrays(weight, bias, mean, variance, epsilon)

    def missing_key(self, key: str) -> WeightsError:
        """The error for a key that the checkpoint lacks."""
        return WeightsError(f"has no {key}", where=self.where)

    def check_all_used(self, no_user: str) -> None:
        """Refuse a checkpoint with arrays that nothing has taken.

        Args:
            no_user: what does not use them, such as "no layer of yolov3.cfg", for the message.

        Raises:
            WeightsError: there are such arrays.
        """
        if self.unused:
            raise WeightsError(
                f"has arrays that {no_user} uses",
                where=self.where,
                got=format_keys(sorted(self.unused)),
                fix="use the cfg that the checkpoint was trained with",
            )


def layers_with_arrays(network: Network) -> list[Layer]:
    """The layers of `network` that have arrays in a weight file."""
    return [layer for layer in network.layers if layer.weight_slots()]


def fill_layers(network: Network, matches: Sequence[LayerMatch], reader: StateReader) -> int:
    """Give the layers of `network` their arrays, if they fit and the checkpoint has no others.

    Args:
        network: changed in place, but not on an error.
        matches: one for each layer with arrays, in order. The last ones may lack their
            arrays: such a checkpoint covers the first layers only.
        reader: what the arrays were taken from.

    Returns:
        How many layers, counted from the first, are covered, including those without arrays.

    Raises:
        WeightsError: an array has the wrong shape, a layer lacks its arrays while a later
            one has them, or a key was not used.
    """
    pairs = []
    for match in matches:
        if match.arrays is not None:
            pairs += match_slots(match.layer, match.arrays, reader.where)
    missing = [match for match in matches if match.arrays is None]
    covered = missing[0].layer.index if missing else len(network.layers)
    beyond = [m for m in matches if m.arrays is not None and m.layer.index > covered]
    if missing and (beyond or len(missing) == len(matches)):
        raise _missing_layer(missing[0], reader.where)
    reader.check_all_used(f"no layer of {network.net.where.file}")
    copy_values(pairs)
    return covered


def format_keys(keys: Sequence[str]) -> str:
    """The first few of `keys`, and how many there are if not all are shown."""
    shown = ", ".join(format_key(key) for key in keys[:_KEYS_SHOWN])
    return shown if len(keys) <= _KEYS_SHOWN else f"{shown}, ... ({len(keys)} keys)"


def format_key(key: object) -> str:
    """`key` in one line, whatever a broken file has for it."""
    if isinstance(key, int):
        return str(key)
    text = repr(key)[1:-1] if isinstance(key, str) else f"a {type(key).__name__}"
    return shorten(text, _LONGEST_KEY)


def _missing_layer(match: LayerMatch, where: object) -> WeightsError:
    layer = match.layer
    return WeightsError(
        f"has no arrays for layer {layer.index} [{layer.section}] ({layer.options.where})",
        where=where,
        expected=match.key,
        got="no such key",
        fix="use the cfg that the checkpoint was trained with",
    )
