"""MobileNetV3: torchvision's names and timm's, which share the architecture."""

from __future__ import annotations

from darknet_torch.checkpoints.backbone import Backbone, Block, Names, State, numbered

# Shipped definition -> channels that the stem, each block and the last convolution make.
_CHANNELS = {
    "yolov3-mobilenetv3-large": (16, 16, 24, 24, *[40] * 3, *[80] * 4, 112, 112, *[160] * 3, 960),
    "yolov3-mobilenetv3-small": (16, 16, 24, 24, *[40] * 3, 48, 48, *[96] * 3, 576),
}


class _MobileNetV3(Backbone):
    def recognises(self, state: State) -> bool:
        return self.default_cfg(state) is not None

    def default_cfg(self, state: State) -> str | None:
        weights = [state.get(f"{b.units[-1].weight}.weight") for b in self.blocks(state)]
        made = tuple(w.shape[0] if w is not None and w.dim() == 4 else 0 for w in weights)
        found = [name for name, channels in _CHANNELS.items() if channels[: len(made)] == made]
        return found[0] if len(found) == 1 else None


class TorchvisionMobileNetV3(_MobileNetV3):
    """MobileNetV3, large or small. Source: torchvision models/mobilenetv3.py."""

    name = "MobileNetV3 of torchvision"
    epsilon = 1e-3
    classifier = ("classifier.0", "classifier.3")

    def blocks(self, state: State) -> list[Block]:
        blocks = []
        for number in numbered(state, "features."):
            at = f"features.{number}."
            parts = numbered(state, f"{at}block.")
            units = [one for part in parts for one in _part(state, f"{at}block.{part}.")]
            blocks.append(Block(tuple(units) or (Names(f"{at}0", f"{at}1"),)))
        return blocks


def _part(state: State, at: str) -> tuple[Names, ...]:
    """A convolution, or the two of a squeeze-and-excitation."""
    if f"{at}fc1.weight" in state:
        return Names(f"{at}fc1"), Names(f"{at}fc2")
    return (Names(f"{at}0", f"{at}1"),)


class TimmMobileNetV3(_MobileNetV3):
    """MobileNetV3, mobilenetv3_large_100 or mobilenetv3_small_100.

    The tf_ models have the same keys and shapes, another epsilon, and TensorFlow's padding,
    which Darknet's convolution has not: a checkpoint does not tell them apart.

    Source: timm models/mobilenetv3.py, models/_efficientnet_blocks.py.
    """

    name = "MobileNetV3 of timm"
    classifier = ("conv_head", "classifier")

    def blocks(self, state: State) -> list[Block]:
        blocks = [Block((Names("conv_stem", "bn1"),))]
        for stage in numbered(state, "blocks."):
            for number in numbered(state, f"blocks.{stage}."):
                blocks.append(Block(_units(state, f"blocks.{stage}.{number}.")))
        return blocks


def _units(state: State, at: str) -> tuple[Names, ...]:
    """A plain convolution, a depthwise separable one, or an inverted residual."""
    squeeze = (Names(f"{at}se.conv_reduce"), Names(f"{at}se.conv_expand"))
    middle = squeeze if f"{at}se.conv_reduce.weight" in state else ()
    if f"{at}conv.weight" in state:
        return (Names(f"{at}conv", f"{at}bn1"),)
    if f"{at}conv_pwl.weight" not in state:
        return Names(f"{at}conv_dw", f"{at}bn1"), *middle, Names(f"{at}conv_pw", f"{at}bn2")
    return (
        Names(f"{at}conv_pw", f"{at}bn1"),
        Names(f"{at}conv_dw", f"{at}bn2"),
        *middle,
        Names(f"{at}conv_pwl", f"{at}bn3"),
    )
