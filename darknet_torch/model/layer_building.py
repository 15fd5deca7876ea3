"""From the sections of a cfg to layers; sizes are checked before any array has memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from darknet_torch.cfg.dialect import Dialect
from darknet_torch.cfg.grammar import Section
from darknet_torch.cfg.named_files import NamedFiles
from darknet_torch.cfg.net import NetOptions
from darknet_torch.cfg.options import read_options
from darknet_torch.cfg.shape import Shape
from darknet_torch.errors import CfgError
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions
from darknet_torch.model.bounds import check_size
from darknet_torch.model.registry import layer_type
from darknet_torch.ops.arithmetic import Arithmetic

# What PyTorch says of an array that does not fit the memory, or of a size beyond 64 bits.
_TOO_LARGE = ("alloc", "overflow")


def build_layers(
    sections: Sequence[Section],
    net: NetOptions,
    dialect: Dialect,
    arithmetic: Arithmetic,
    files: NamedFiles,
) -> list[Layer]:
    """Build the layers of `sections`; their arrays have no values yet.

    They are built without memory, which their arrays get once the sizes have been checked.
    Inside of ``with torch.device("meta")`` they stay without it, whatever their sizes.

    Args:
        sections: of the layers, in their order.
        net: the options of [net].
        dialect: the code base to follow.
        arithmetic: how layers add up and round in training.
        files: finds and reads the files that options name.

    Raises:
        CfgError: Darknet would refuse a section, or the network is too large, see `check_size`.
    """
    layers: list[Layer] = []
    shape = net.input_shape
    for index, section in enumerate(sections):
        cls = layer_type(section)
        options = read_options(cls.Options, section, dialect)
        context = BuildContext(index, section.name, shape, layers, net, dialect, arithmetic, files)
        with _explaining_lack_of_memory(section.name, options, shape):
            layers.append(cls(options, context))
        shape = layers[-1].output_shape
    device = torch.get_default_device()
    if device.type != "meta":
        check_size(layers, net)
        _give_memory(layers, net, device)
    return layers


def _give_memory(layers: Sequence[Layer], net: NetOptions, device: torch.device) -> None:
    """Give memory to arrays that have none, and to those that are views of fewer values."""
    shape = net.input_shape
    for layer in layers:
        with _explaining_lack_of_memory(layer.section, layer.options, shape):
            for module in layer.modules():
                for name, array in [*module.named_parameters(recurse=False)]:
                    if not _has_memory(array):
                        setattr(module, name, nn.Parameter(_with_memory(array.detach(), device)))
                for name, buffer in [*module.named_buffers(recurse=False)]:
                    if not _has_memory(buffer):
                        setattr(module, name, _with_memory(buffer, device))
        shape = layer.output_shape


def _has_memory(array: Tensor) -> bool:
    return array.is_contiguous() and not array.is_meta


def _with_memory(array: Tensor, device: torch.device) -> Tensor:
    if array.is_meta:
        return torch.empty(array.shape, dtype=array.dtype, device=device)
    return array.contiguous()


@contextmanager
def _explaining_lack_of_memory(
    section: str, options: LayerOptions, shape: Shape
) -> Iterator[None]:
    """Turn what PyTorch raises where an array is too large into an error about its section."""
    try:
        yield
    except (RuntimeError, MemoryError, OverflowError, TypeError) as error:
        reason = str(error).lower()
        if not isinstance(error, MemoryError) and not any(word in reason for word in _TOO_LARGE):
            raise
        raise CfgError(
            f"[{section}] is too large for this machine's memory",
            where=options.where,
            expected="arrays that fit the memory",
            got=f"input {shape}",
            fix="check its filters=, output= and size=, and the sizes before it",
        ) from None
