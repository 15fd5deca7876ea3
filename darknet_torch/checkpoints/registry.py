"""Which kinds of checkpoint are known. To add one, list its layout here."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from darknet_torch.checkpoints.backbones import BACKBONES
from darknet_torch.checkpoints.by_layer_index import BY_LAYER_INDEX
from darknet_torch.checkpoints.layout import Layout
from darknet_torch.checkpoints.reading import some
from darknet_torch.checkpoints.tianxiaomo import Yolov4Layout
from darknet_torch.errors import WeightsError

LAYOUTS: tuple[Layout, ...] = (*BY_LAYER_INDEX, Yolov4Layout(), *BACKBONES)


def find_layout(state: Mapping[str, Tensor], where: object) -> Layout:
    """The layout of `state`.

    Args:
        state: from `find_state`.
        where: the checkpoint, for messages.

    Raises:
        WeightsError: none of the known ones.
    """
    for layout in LAYOUTS:
        if layout.recognises(state):
            return layout
    raise WeightsError(
        "is of no known kind",
        where=where,
        expected=f"the keys of {'; '.join(layout.name for layout in LAYOUTS)}",
        got=some(list(state)),
    )
