"""The kinds of checkpoint that are read. To add one: write its layout, and list it here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor

from darknet_torch.checkpoints.by_layer_index import INDEXED_LAYOUTS
from darknet_torch.checkpoints.densenet import DenseNet
from darknet_torch.checkpoints.mobilenetv3 import TimmMobileNetV3, TorchvisionMobileNetV3
from darknet_torch.checkpoints.resnet import ResNet
from darknet_torch.checkpoints.state_reader import format_keys
from darknet_torch.checkpoints.tianxiaomo import Yolov4Layout
from darknet_torch.checkpoints.vgg import Vgg
from darknet_torch.errors import WeightsError
from darknet_torch.model.network import Network


class Layout(Protocol):
    """One way in which a program names and shapes the arrays of a network."""

    @property
    def name(self) -> str:
        """The programs that write it, for messages."""
        ...

    def recognises(self, state: Mapping[str, Tensor]) -> bool:
        """Whether the keys and shapes of `state` have this layout."""
        ...

    def default_cfg(self, state: Mapping[str, Tensor]) -> str | None:
        """Name of the shipped definition that `state` belongs to; None if the user must say."""
        ...

    def fill(self, network: Network, state: Mapping[str, Tensor], where: object) -> int:
        """Copy the arrays of `state` into `network`.

        Args:
            network: changed in place, but not on an error.
            state: from `find_state`. Every key is used.
            where: the checkpoint, for messages.

        Returns:
            How many layers, counted from the first, now have their arrays from `state`.

        Raises:
            WeightsError: the keys or the shapes are not those of the network's layers.
        """
        ...


LAYOUTS: tuple[Layout, ...] = (
    *INDEXED_LAYOUTS,
    Yolov4Layout(),
    ResNet(),
    DenseNet(),
    Vgg(),
    TorchvisionMobileNetV3(),
    TimmMobileNetV3(),
)


def find_layout(state: Mapping[str, Tensor], where: object) -> Layout:
    """The layout of `state`.

    Args:
        state: from `find_state`.
        where: the checkpoint, for messages.

    Raises:
        WeightsError: it has none of the known layouts.
    """
    for layout in LAYOUTS:
        if layout.recognises(state):
            return layout
    raise WeightsError(
        "is not a checkpoint of a known program",
        where=where,
        expected=f"the keys of {'; '.join(layout.name for layout in LAYOUTS)}",
        got=format_keys(list(state)),
    )
