"""ResNet: torchvision's names, which timm shares."""

from __future__ import annotations

from darknet_torch.checkpoints.backbone import Backbone, Block, Names, State, numbered

# Blocks in each stage, convolutions in each block -> shipped definition.
_SHIPPED: dict[tuple[tuple[int, ...], int], str] = {
    ((2, 2, 2, 2), 2): "resnet18-torch",
    ((3, 4, 6, 3), 2): "resnet34-torch",
    ((3, 4, 6, 3), 3): "resnet50-torch",
}
_STEM = (64, 3, 7, 7)
_FIRST = (64, 64, 3, 3)  # wider, or of fewer channels a group, in Wide ResNet and ResNeXt


class ResNet(Backbone):
    """ResNet with basic or bottleneck blocks. Source: torchvision models/resnet.py."""

    name = "ResNet of torchvision or timm"
    classifier = ("fc",)

    def recognises(self, state: State) -> bool:
        stem = state.get("conv1.weight")
        return stem is not None and stem.shape == _STEM and "layer1.0.conv2.weight" in state

    def default_cfg(self, state: State) -> str | None:
        if state["layer1.0.conv2.weight"].shape != _FIRST:
            return None
        depths = tuple(len(numbered(state, f"layer{stage}.")) for stage in range(1, 5))
        convolutions = len(_convolutions(state, "layer1.0."))
        return _SHIPPED.get((depths, convolutions))

    def blocks(self, state: State) -> list[Block]:
        blocks = [Block((Names("conv1", "bn1"),))]
        for stage in range(1, 5):
            for number in numbered(state, f"layer{stage}."):
                blocks.append(_block(state, f"layer{stage}.{number}."))
        return blocks


def _block(state: State, at: str) -> Block:
    projects = f"{at}downsample.0.weight" in state
    projection = Names(f"{at}downsample.0", f"{at}downsample.1") if projects else None
    return Block(_convolutions(state, at), projection)


def _convolutions(state: State, at: str) -> tuple[Names, ...]:
    numbers = numbered(state, f"{at}conv")
    return tuple(Names(f"{at}conv{number}", f"{at}bn{number}") for number in numbers)
