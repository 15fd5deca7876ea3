"""From the sections of a cfg to layers; sizes are checked before any array has memory."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from darknet_torch.cfg.dialect import Dialect
from darknet_torch.cfg.grammar import Section
from darknet_torch.cfg.named_files import NamedFiles
from darknet_torch.cfg.net import NetOptions
from darknet_torch.cfg.options import read_options
from darknet_torch.errors import CfgError, without_warnings
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions
from darknet_torch.model.bounds import check_size
from darknet_torch.model.registry import layer_type
from darknet_torch.ops.arithmetic import Arithmetic

_WITHOUT_MEMORY = torch.device("meta")  # its tensors have a shape and a type alone
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

    They are built without memory first, and once more after their sizes have been checked.
    Inside of ``with torch.device("meta")`` the first ones are returned, whatever their sizes.

    Args:
        sections: of the layers, in their order.
        net: the options of [net].
        dialect: the code base to follow.
        arithmetic: how layers add up and round in training.
        files: finds and reads the files that options name.

    Raises:
        CfgError: Darknet would refuse a section, or the network is too large, see `check_size`.
    """
    shared = (net, dialect, arithmetic, files)
    with _WITHOUT_MEMORY:
        sketch = _construct_layers(sections, [], *shared)
    if torch.get_default_device() == _WITHOUT_MEMORY:
        return sketch
    check_size(sketch, net)
    with without_warnings():  # the first time has issued them
        return _construct_layers(sections, [layer.options for layer in sketch], *shared)


def _construct_layers(
    sections: Sequence[Section],
    known: Sequence[LayerOptions],
    net: NetOptions,
    dialect: Dialect,
    arithmetic: Arithmetic,
    files: NamedFiles,
) -> list[Layer]:
    """Construct one layer after the other; each reads its predecessors through its context.

    Args:
        sections: of the layers.
        known: the options of the sections where they have been read already; else empty.
        net, dialect, arithmetic, files: see `build_layers`.
    """
    layers: list[Layer] = []
    shape = net.input_shape
    for index, section in enumerate(sections):
        cls = layer_type(section)
        options = known[index] if known else read_options(cls.Options, section, dialect)
        context = BuildContext(index, section.name, shape, layers, net, dialect, arithmetic, files)
        layers.append(_construct_layer(cls, options, context))
        shape = layers[-1].output_shape
    return layers


def _construct_layer(cls: type[Layer], options: LayerOptions, context: BuildContext) -> Layer:
    try:
        return cls(options, context)
    except (RuntimeError, MemoryError, OverflowError, TypeError) as error:
        reason = str(error).lower()
        if not isinstance(error, MemoryError) and not any(word in reason for word in _TOO_LARGE):
            raise
        raise CfgError(
            f"[{context.section}] is too large for this machine's memory",
            where=options.where,
            expected="arrays that fit the memory",
            got=f"input {context.input_shape}",
            fix="check its filters=, output= and size=, and the sizes before it",
        ) from None
