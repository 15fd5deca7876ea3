"""ResNet with the key names of torchvision, which timm shares."""

from __future__ import annotations

from darknet_torch.checkpoints.backbone import Backbone, Block, LayerKeys, State, child_indices

# (blocks in each stage, convolutions in each block) -> shipped definition.
_SHIPPED: dict[tuple[tuple[int, ...], int], str] = {
    ((2, 2, 2, 2), 2): "resnet18-torch",
    ((3, 4, 6, 3), 2): "resnet34-torch",
    ((3, 4, 6, 3), 3): "resnet50-torch",
}
_STEM_SHAPE = (64, 3, 7, 7)
_PLAIN_SHAPE = (64, 64, 3, 3)  # Wide ResNet has more filters, ResNeXt fewer channels a group


class ResNet(Backbone):
    """ResNet with basic or bottleneck blocks.

    Source: torchvision models/resnet.py.
    """

    name = "ResNet of torchvision or timm"
    classifier = ("fc",)

    def recognises(self, state: State) -> bool:
        stem = state.get("conv1.weight")
        return stem is not None and stem.shape == _STEM_SHAPE and "layer1.0.conv2.weight" in state

    def default_cfg(self, state: State) -> str | None:
        if state["layer1.0.conv2.weight"].shape != _PLAIN_SHAPE:
            return None
        blocks = tuple(len(child_indices(state, f"layer{stage}.")) for stage in range(1, 5))
        convolutions = len(_convolutions(state, "layer1.0."))
        return _SHIPPED.get((blocks, convolutions))

    def blocks(self, state: State) -> list[Block]:
        blocks = [Block((LayerKeys("conv1", "bn1"),))]
        for stage in range(1, 5):
            for number in child_indices(state, f"layer{stage}."):
                blocks.append(_block(state, f"layer{stage}.{number}."))
        return blocks


def _block(state: State, prefix: str) -> Block:
    projection = None
    if f"{prefix}downsample.0.weight" in state:
        projection = LayerKeys(f"{prefix}downsample.0", f"{prefix}downsample.1")
    return Block(_convolutions(state, prefix), projection)


def _convolutions(state: State, prefix: str) -> tuple[LayerKeys, ...]:
    numbers = child_indices(state, f"{prefix}conv")
    return tuple(LayerKeys(f"{prefix}conv{number}", f"{prefix}bn{number}") for number in numbers)
