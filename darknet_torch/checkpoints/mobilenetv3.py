"""MobileNetV3 with the key names of torchvision and of timm, which share the architecture."""

from __future__ import annotations

from darknet_torch.checkpoints.backbone import Backbone, Block, LayerKeys, State, child_indices

# Shipped definition -> output channels of the stem, each block and the last convolution.
_CHANNELS = {
    "yolov3-mobilenetv3-large": (16, 16, 24, 24, *[40] * 3, *[80] * 4, 112, 112, *[160] * 3, 960),
    "yolov3-mobilenetv3-small": (16, 16, 24, 24, *[40] * 3, 48, 48, *[96] * 3, 576),
}


class _MobileNetV3(Backbone):
    def recognises(self, state: State) -> bool:
        return self.default_cfg(state) is not None

    def default_cfg(self, state: State) -> str | None:
        weights = [state.get(f"{b.main[-1].weight}.weight") for b in self.blocks(state)]
        own = tuple(w.shape[0] if w is not None and w.dim() == 4 else 0 for w in weights)
        found = [name for name, channels in _CHANNELS.items() if channels[: len(own)] == own]
        return found[0] if len(found) == 1 else None


class TorchvisionMobileNetV3(_MobileNetV3):
    """MobileNetV3, large or small.

    Source: torchvision models/mobilenetv3.py.
    """

    name = "MobileNetV3 of torchvision"
    epsilon = 1e-3
    classifier = ("classifier.0", "classifier.3")

    def blocks(self, state: State) -> list[Block]:
        blocks = []
        for number in child_indices(state, "features."):
            prefix = f"features.{number}."
            parts = child_indices(state, f"{prefix}block.")
            main = [keys for part in parts for keys in _part(state, f"{prefix}block.{part}.")]
            blocks.append(Block(tuple(main) or (LayerKeys(f"{prefix}0", f"{prefix}1"),)))
        return blocks


def _part(state: State, prefix: str) -> tuple[LayerKeys, ...]:
    """One convolution, or the two of a squeeze-and-excitation."""
    if f"{prefix}fc1.weight" in state:
        return LayerKeys(f"{prefix}fc1"), LayerKeys(f"{prefix}fc2")
    return (LayerKeys(f"{prefix}0", f"{prefix}1"),)


class TimmMobileNetV3(_MobileNetV3):
    """MobileNetV3, mobilenetv3_large_100 or mobilenetv3_small_100.

    timm's tf_ models have the same keys and shapes, but another epsilon, and TensorFlow's
    padding, which Darknet's convolution does not have. They cannot be distinguished by their
    checkpoint, and are read as if they were these.

    Source: timm models/mobilenetv3.py, models/_efficientnet_blocks.py.
    """

    name = "MobileNetV3 of timm"
    classifier = ("conv_head", "classifier")

    def blocks(self, state: State) -> list[Block]:
        blocks = [Block((LayerKeys("conv_stem", "bn1"),))]
        for stage in child_indices(state, "blocks."):
            for number in child_indices(state, f"blocks.{stage}."):
                blocks.append(Block(_layers(state, f"blocks.{stage}.{number}.")))
        return blocks


def _layers(state: State, prefix: str) -> tuple[LayerKeys, ...]:
    """A plain convolution, a depthwise separable one, or an inverted residual."""
    squeeze = (LayerKeys(f"{prefix}se.conv_reduce"), LayerKeys(f"{prefix}se.conv_expand"))
    middle = squeeze if f"{prefix}se.conv_reduce.weight" in state else ()
    if f"{prefix}conv.weight" in state:
        return (LayerKeys(f"{prefix}conv", f"{prefix}bn1"),)
    if f"{prefix}conv_pwl.weight" not in state:
        return (
            LayerKeys(f"{prefix}conv_dw", f"{prefix}bn1"),
            *middle,
            LayerKeys(f"{prefix}conv_pw", f"{prefix}bn2"),
        )
    return (
        LayerKeys(f"{prefix}conv_pw", f"{prefix}bn1"),
        LayerKeys(f"{prefix}conv_dw", f"{prefix}bn2"),
        *middle,
        LayerKeys(f"{prefix}conv_pwl", f"{prefix}bn3"),
    )
