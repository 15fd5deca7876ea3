"""What the heads of a network returned for a batch, decoded as far as somebody asks.

A backend returns PyTorch's tensors or numpy's arrays; importing this module imports no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from darknet_torch.decoding.arrays import NUMPY
from darknet_torch.decoding.candidates import (
    Candidates,
    candidates_above,
    decode_all,
    find_candidates,
)
from darknet_torch.decoding.decoder import Boxes, Decoder
from darknet_torch.engines.description import ModelDescription

if TYPE_CHECKING:
    from torch import Tensor

    from darknet_torch.heads.base import Head, Predictions


class HeadOutput(Protocol):
    """What a head predicts for a batch of N pictures."""

    def predictions(self) -> Predictions:
        """Decode all boxes."""

    def candidates(self, threshold: float) -> Candidates:
        """Return the boxes whose objectness is above a threshold, 0-1, on the CPU."""

    def of_picture(self, index: int) -> HeadOutput:
        """Return what the head predicts for one picture."""


@dataclass(frozen=True)
class MapOutput:
    """The map of a head that has a decoder.

    Attributes:
        decoder: the decoder.
        maps: [N, C, H, W] float32, the head's output or its input: an array, or a tensor on any
            device.
        raw: whether it is the input.
        size: height and width of the network's input, pixels.
        head: the head, where PyTorch runs the network.
    """

    decoder: Decoder
    maps: Any
    raw: bool
    size: tuple[int, int]
    head: Head | None = None

    def predictions(self) -> Predictions:
        """See `HeadOutput`."""
        import torch

        from darknet_torch.heads.base import Predictions

        head, maps = self.head, self.maps
        if head is None or isinstance(maps, np.ndarray):
            decoded = decode_all(self.decoder, maps, raw=self.raw, size=self.size)
            return Predictions(*map(torch.from_numpy, decoded))
        with torch.inference_mode():
            return head.decode(head(maps) if self.raw else maps, *self.size)

    def candidates(self, threshold: float) -> Candidates:
        """See `HeadOutput`."""
        maps, functions = self.maps, NUMPY
        if not isinstance(maps, np.ndarray):
            from darknet_torch.ops.arrays import TORCH

            on_cpu = maps.device.type == "cpu"
            maps, functions = (TORCH.to_numpy(maps), NUMPY) if on_cpu else (maps, TORCH)
        return find_candidates(
            self.decoder, maps, threshold, raw=self.raw, size=self.size, functions=functions
        )

    def of_picture(self, index: int) -> MapOutput:
        """See `HeadOutput`."""
        return replace(self, maps=self.maps[index : index + 1])


@dataclass(frozen=True)
class DecodedOutput:
    """The boxes of a head with a `decode` of its own.

    Attributes:
        decoded: all boxes, on any device.
    """

    decoded: Predictions

    def predictions(self) -> Predictions:
        """See `HeadOutput`."""
        return self.decoded

    def candidates(self, threshold: float) -> Candidates:
        """See `HeadOutput`."""
        import torch

        pictures, boxes = torch.nonzero(self.decoded.objectness > threshold, as_tuple=True)
        parts = (self.decoded.boxes, self.decoded.objectness, self.decoded.class_scores)
        gathered = Boxes(*(to_numpy(part[pictures, boxes]) for part in parts))
        return candidates_above(gathered, to_numpy(pictures), threshold)

    def of_picture(self, index: int) -> DecodedOutput:
        """See `HeadOutput`."""
        one, whole = slice(index, index + 1), self.decoded
        return DecodedOutput(
            type(whole)(whole.boxes[one], whole.objectness[one], whole.class_scores[one])
        )


def read_outputs(
    model: ModelDescription,
    outputs: Sequence[Tensor | np.ndarray],
    heads: Sequence[Head] = (),
    *,
    raw: bool = False,
) -> list[HeadOutput]:
    """Make a `HeadOutput` of what a backend returned for each head.

    Args:
        model: the network's description.
        outputs: what `Network.forward` returns, or `Network.forward_for_decoding` if `raw`:
            arrays, or tensors on any device.
        heads: the network's heads, where PyTorch runs it; a head with a `decode` of its own has
            to be among them.
        raw: which of the two.
    """
    size, found = (model.height, model.width), list[HeadOutput]()
    for index, (head, output) in enumerate(zip(model.heads, outputs, strict=True)):
        if head.decoder is None:
            found.append(_decode_with(heads[index], output, size))
        else:
            maps = output if isinstance(output, np.ndarray) else output.detach().float()
            own = heads[index] if heads else None
            found.append(MapOutput(head.decoder, maps, raw and head.raw, size, own))
    return found


def _decode_with(head: Head, output: Tensor | np.ndarray, size: tuple[int, int]) -> DecodedOutput:
    import torch

    with torch.inference_mode():
        return DecodedOutput(head.decode(torch.as_tensor(output).float(), *size))


def to_numpy(output: Tensor | np.ndarray) -> np.ndarray:
    """Return an array of a backend as numpy's, floats as float32; waits for a GPU."""
    if isinstance(output, np.ndarray):
        return output
    from darknet_torch.ops.arrays import TORCH

    return TORCH.to_numpy(output.float() if output.is_floating_point() else output)
