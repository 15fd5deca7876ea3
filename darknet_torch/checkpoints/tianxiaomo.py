"""The class Yolov4 of Tianxiaomo/pytorch-YOLOv4, which spells yolov4.cfg out as modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import Tensor

from darknet_torch.checkpoints.state_reader import (
    LayerMatch,
    StateReader,
    fill_layers,
    layers_with_arrays,
)
from darknet_torch.model.network import Network

_EPSILON = 1e-5
_COCO_FILTERS = 3 * (4 + 1 + 80)


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(f"conv{number}" for number in range(1, count + 1))


def _with_residual_blocks(blocks: int) -> tuple[str, ...]:
    pairs = (f"resblock.module_list.{block}.{half}" for block in range(blocks) for half in (0, 1))
    return ("conv1", "conv2", "conv3", *pairs, "conv4", "conv5")


# The names of each stage, and its convolutions in the order of the cfg. The second name is the
# one in yolov4.conv.137, a Sequential that ends before the head. The neck was once misspelt.
_STAGES = (
    (("down1", "0"), _numbered(8)),
    (("down2", "1"), _with_residual_blocks(2)),
    (("down3", "2"), _with_residual_blocks(8)),
    (("down4", "3"), _with_residual_blocks(8)),
    (("down5", "4"), _with_residual_blocks(4)),
    (("neck", "5", "neek"), _numbered(20)),
    (("head",), _numbered(18)),
)


class Yolov4Layout:
    """The keys of class Yolov4, such as down2.resblock.module_list.0.1.conv.0.weight."""

    name = "Tianxiaomo/pytorch-YOLOv4 (class Yolov4)"

    def recognises(self, state: Mapping[str, Tensor]) -> bool:
        """Whether `state` has the first convolution, with its 32 filters."""
        first = state.get(f"{next(_prefixes(state))}.0.weight")
        return first is not None and first.shape == (32, 3, 3, 3)

    def default_cfg(self, state: Mapping[str, Tensor]) -> str | None:
        """yolov4; None if the head is for another number of classes than COCO's 80."""
        head = state.get("head.conv2.conv.0.weight")
        return "yolov4" if head is None or head.shape[0] == _COCO_FILTERS else None

    def fill(self, network: Network, state: Mapping[str, Tensor], where: object) -> int:
        """See `Layout.fill`."""
        reader, prefixes = StateReader(state, where), _prefixes(state)
        matches = []
        for layer in layers_with_arrays(network):
            prefix = next(prefixes, None)
            if prefix is None:
                matches.append(LayerMatch(layer, None, None))
            else:
                arrays = reader.take_layer(f"{prefix}.0", f"{prefix}.1", _EPSILON)
                matches.append(LayerMatch(layer, f"{prefix}.0.weight", arrays))
        return fill_layers(network, matches, reader)


def _prefixes(state: Mapping[str, Tensor]) -> Iterator[str]:
    """The prefix of each convolution and its BatchNorm, in the order of yolov4.cfg.

    Source: models.py Conv_Bn_Activation, ResBlock, Yolov4 (Tianxiaomo/pytorch-YOLOv4).
    """
    for spellings, convolutions in _STAGES:
        present = (name for name in spellings if f"{name}.conv1.conv.0.weight" in state)
        stage = next(present, spellings[0])
        for convolution in convolutions:
            yield f"{stage}.{convolution}.conv"
