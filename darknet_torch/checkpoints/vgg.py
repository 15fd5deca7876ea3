"""VGG with the key names of torchvision and of timm, which differ in the classifier."""

from __future__ import annotations

from darknet_torch.checkpoints.backbone import Backbone, Block, LayerKeys, State, child_indices

_VGG16 = (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)


class Vgg(Backbone):
    """VGG, with or without BatchNorm.

    Source: torchvision models/vgg.py; timm models/vgg.py, whose classifier is convolutional.
    Differs: the classifier reads features of 7x7. torchvision and timm pool features of another
    size to 7x7 first; Darknet does not.
    """

    name = "VGG of torchvision or timm"
    # torchvision's three layers, then timm's.
    classifier = (
        *("classifier.0", "classifier.3", "classifier.6"),
        *("pre_logits.fc1", "pre_logits.fc2", "head.fc"),
    )

    def recognises(self, state: State) -> bool:
        stem = state.get("features.0.weight")
        sequential = all(key.count(".") == 2 for key in state if key.startswith("features."))
        return stem is not None and stem.shape == (64, 3, 3, 3) and sequential

    def default_cfg(self, state: State) -> str | None:
        layers = [block.main[0] for block in self.blocks(state)]
        filters = tuple(state[f"{keys.weight}.weight"].shape[0] for keys in layers)
        plain = not any(keys.norm for keys in layers)
        return "vgg16-torch" if plain and filters == _VGG16 else None

    def blocks(self, state: State) -> list[Block]:
        blocks = []
        for number in child_indices(state, "features."):
            weight = state.get(f"features.{number}.weight")
            if weight is not None and weight.dim() == 4:
                norm = f"features.{number + 1}"
                normalizes = f"{norm}.running_mean" in state
                keys = LayerKeys(f"features.{number}", norm if normalizes else "")
                blocks.append(Block((keys,)))
        return blocks
