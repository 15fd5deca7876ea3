"""DenseNet: torchvision's names, old and new, which timm shares."""

from __future__ import annotations

from darknet_torch.checkpoints.backbone import Backbone, Block, Names, State, numbered

# Layers in each dense block -> shipped definition.
_SHIPPED: dict[tuple[int, ...], str] = {(6, 12, 48, 32): "densenet201-torch"}
_BLOCK = "features.denseblock"


class DenseNet(Backbone):
    """DenseNet: each BatchNorm stands before its convolution, those inside a layer behind one.

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
        blocks = [Block((Names("features.conv0", "features.norm0"),))]
        for block in numbered(state, _BLOCK):
            for layer in numbered(state, f"{_BLOCK}{block}.denselayer"):
                blocks.append(_layer(state, f"{_BLOCK}{block}.denselayer{layer}."))
            transition = f"features.transition{block}."
            if f"{transition}conv.weight" in state:
                blocks.append(Block((Names(norm=f"{transition}norm"), Names(f"{transition}conv"))))
        if "features.norm5.weight" in state:
            blocks.append(Block((Names(norm="features.norm5"),)))
        return blocks


def _layer(state: State, at: str) -> Block:
    dot = "." if f"{at}conv.1.weight" in state else ""
    norms, convolutions = f"{at}norm{dot}", f"{at}conv{dot}"
    return Block(
        (
            Names(norm=f"{norms}1"),
            Names(f"{convolutions}1", f"{norms}2"),
            Names(f"{convolutions}2"),
        )
    )


def _depths(state: State) -> tuple[int, ...]:
    return tuple(
        len(numbered(state, f"{_BLOCK}{block}.denselayer")) for block in numbered(state, _BLOCK)
    )
