"""DenseNet with the key names of torchvision, old and new, which timm shares."""

from __future__ import annotations

from darknet_torch.checkpoints.backbone import Backbone, Block, LayerKeys, State, child_indices

# Layers in each dense block -> shipped definition.
_SHIPPED: dict[tuple[int, ...], str] = {(6, 12, 48, 32): "densenet201-torch"}
_BLOCK = "features.denseblock"


class DenseNet(Backbone):
    """DenseNet, whose layers are BatchNorm, convolution, BatchNorm, convolution.

    The first BatchNorm is a Darknet layer of its own. The second one follows a convolution and
    forms one Darknet layer with it.

    Source: torchvision models/densenet.py; its `_load_state_dict` for names like ``conv.1``.
    """

    name = "DenseNet of torchvision or timm"
    classifier = ("classifier",)

    def recognises(self, state: State) -> bool:
        stem = state.get("features.conv0.weight")
        return stem is not None and stem.dim() == 4 and bool(_depths(state))

    def default_cfg(self, state: State) -> str | None:
        return _SHIPPED.get(_depths(state))

    def blocks(self, state: State) -> list[Block]:
        blocks = [Block((LayerKeys("features.conv0", "features.norm0"),))]
        for block in child_indices(state, _BLOCK):
            for layer in child_indices(state, f"{_BLOCK}{block}.denselayer"):
                blocks.append(_layer(state, f"{_BLOCK}{block}.denselayer{layer}."))
            transition = f"features.transition{block}."
            if f"{transition}conv.weight" in state:
                main = LayerKeys(norm=f"{transition}norm"), LayerKeys(f"{transition}conv")
                blocks.append(Block(main))
        if "features.norm5.weight" in state:
            blocks.append(Block((LayerKeys(norm="features.norm5"),)))
        return blocks


def _layer(state: State, prefix: str) -> Block:
    dot = "." if f"{prefix}conv.1.weight" in state else ""
    norms, convolutions = f"{prefix}norm{dot}", f"{prefix}conv{dot}"
    return Block(
        (
            LayerKeys(norm=f"{norms}1"),
            LayerKeys(f"{convolutions}1", f"{norms}2"),
            LayerKeys(f"{convolutions}2"),
        )
    )


def _depths(state: State) -> tuple[int, ...]:
    """The number of layers of each dense block."""
    blocks = [f"{_BLOCK}{block}." for block in child_indices(state, _BLOCK)]
    return tuple(len(child_indices(state, f"{block}denselayer")) for block in blocks)
