"""The size of a network, known before its arrays have memory, and the limits on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from darknet_torch.cfg.net import NetOptions
from darknet_torch.cfg.size_limits import (
    HOW_TO_ALLOW,
    MEMORY_SHARE,
    MOST_OPERATIONS,
    large_networks_are_allowed,
)
from darknet_torch.cpu.memory import available_memory
from darknet_torch.errors import CfgError
from darknet_torch.layers.base import Layer
from darknet_torch.model.lifetimes import last_readers

_VALUE_BYTES = 4  # float32
_ASSUMED_MEMORY = 16 * 2**30  # free bytes where the system does not say
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")


@dataclass(frozen=True)
class NetworkSize:
    """What the inference of one picture takes.

    Attributes:
        arrays: bytes of all parameters and buffers.
        activations: the most bytes that the outputs of layers, and what computing a layer
            needs besides, take at once; the network's input included.
        operations: floating-point operations, multiplications and additions counted alone.
        largest: index of the layer that adds the most bytes.
        slowest: index of the layer with the most operations.
    """

    arrays: int
    activations: int
    operations: float
    largest: int
    slowest: int


def measure(layers: Sequence[Layer], net: NetOptions) -> NetworkSize:
    """Compute the size of a network from the shapes of its layers.

    Args:
        layers: the layers, whose arrays may be on the device "meta".
        net: the options of [net], which give the size of the input.
    """
    arrays = [_array_bytes(layer) for layer in layers]
    outputs = [_VALUE_BYTES * layer.output_shape.count for layer in layers]
    extra = [_VALUE_BYTES * layer.working_values for layer in layers]
    operations = [layer.operations for layer in layers]
    added = [sum(parts) for parts in zip(arrays, outputs, extra, strict=True)]
    return NetworkSize(
        arrays=sum(arrays),
        activations=_peak(layers, _VALUE_BYTES * net.input_shape.count, outputs, extra),
        operations=sum(operations),
        largest=added.index(max(added)),
        slowest=operations.index(max(operations)),
    )


def _array_bytes(layer: Layer) -> int:
    return sum(array.nbytes for array in (*layer.parameters(), *layer.buffers()))


def _peak(layers: Sequence[Layer], first: int, outputs: list[int], extra: list[int]) -> int:
    """The most bytes at once, as the network's loop keeps and frees the outputs.

    Args:
        layers: the layers.
        first: bytes of the network's input.
        outputs: bytes of each layer's output.
        extra: bytes that computing each layer takes besides.
    """
    freed = last_readers(layers)
    held = peak = first
    for index, output in enumerate(outputs):
        held += output
        peak = max(peak, held + extra[index])
        held -= sum(first if done < 0 else outputs[done] for done in freed.get(index, ()))
    return peak


def check_size(layers: Sequence[Layer], net: NetOptions) -> None:
    """Refuse a network that this machine could not run, unless large ones are allowed.

    Args:
        layers: the layers, whose arrays may be on the device "meta".
        net: the options of [net].

    Raises:
        CfgError: the arrays and the activations of one picture take more than `MEMORY_SHARE`
            of the memory that is free, or its inference takes more than `MOST_OPERATIONS`.
    """
    if large_networks_are_allowed():
        return
    size = measure(layers, net)
    known = available_memory()
    free = _ASSUMED_MEMORY if known is None else known
    if size.arrays + size.activations > MEMORY_SHARE * free:
        raise _too_large(
            "the network takes too much memory",
            layers[size.largest],
            net,
            expected=f"{MEMORY_SHARE:.0%} of the {_in_words(free)} that are free, at most",
            got=f"{_in_words(size.arrays)} of arrays and {_in_words(size.activations)} of "
            "activations for one picture",
        )
    if size.operations > MOST_OPERATIONS:
        raise _too_large(
            "the network takes too many operations",
            layers[size.slowest],
            net,
            expected=f"{MOST_OPERATIONS:.0e} for one picture, at most",
            got=f"{size.operations:.1e}",
        )


def _too_large(what: str, most: Layer, net: NetOptions, *, expected: str, got: str) -> CfgError:
    return CfgError(
        what,
        where=net.where,
        expected=expected,
        got=got,
        fix=f"correct the sizes in [net] and in layer {most.index}, [{most.section}] "
        f"({most.options.where}), which takes the most; {HOW_TO_ALLOW}",
    )


def _in_words(count: int) -> str:
    """A number of bytes in the unit that suits it, such as "1.5 GB"."""
    value = float(count)
    for unit in _UNITS[:-1]:
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == _UNITS[0] else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.3g} {_UNITS[-1]}"
