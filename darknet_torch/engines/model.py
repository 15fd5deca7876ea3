"""A model that an engine has loaded."""

from __future__ import annotations

import numpy as np

from darknet_torch.decoding.arrays import NUMPY
from darknet_torch.engines.description import HeadDescription, ModelDescription
from darknet_torch.engines.engine import Session
from darknet_torch.reading import guarded

_FIX = "remove it with dtorch cache clear, so that it is prepared again"


class EngineModel:
    """A model that an engine has loaded: a backend, which also describes its network.

    Args:
        description: of the network.
        session: the loaded graph; it returns what `Network.forward_for_decoding` does.
        title: the engine and its version, such as "OpenVINO 2026.4.1".
    """

    def __init__(self, description: ModelDescription, session: Session, title: str) -> None:
        self.description: ModelDescription = description
        self.session: Session = session
        self.title: str = title

    def predict_for_decoding(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return what `Network.forward_for_decoding` returns, as numpy arrays.

        Args:
            images: [N, C, H, W] float32 in 0-1, RGB or grey, in any order of memory.

        Raises:
            UsageError: the engine cannot run its graph on these, as one that was changed.
        """
        with guarded(self.title, what="cannot run what is prepared for it", fix=_FIX):
            return tuple(self.session.run(images))

    def predict(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return what `Network.forward` returns, as numpy arrays.

        Args:
            images: as in `predict_for_decoding`.
        """
        outputs = self.predict_for_decoding(images)
        heads = self.description.heads
        if not heads:
            return outputs
        return tuple(
            _activated(head, maps) if head.raw else maps
            for head, maps in zip(heads, outputs, strict=True)
        )


def _activated(head: HeadDescription, maps: np.ndarray) -> np.ndarray:
    """Turn a head's input [N, C, H, W] into its output of the same shape."""
    assert head.decoder is not None, "only heads with a decoder are raw"
    count, channels, height, width = maps.shape
    boxes = head.decoder.boxes
    per_box = maps.reshape(count, boxes, channels // boxes, height, width)
    with np.errstate(over="ignore"):  # untrained networks overflow
        return head.decoder.activate(NUMPY, per_box, -3).reshape(maps.shape)
