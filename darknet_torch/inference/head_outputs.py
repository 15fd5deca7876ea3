"""What the heads of a network returned for a batch, decoded as far as somebody asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from darknet_torch.decoding.arrays import NUMPY
from darknet_torch.decoding.candidates import Candidates, candidates_above, find_candidates
from darknet_torch.decoding.decoder import Boxes, Decoder
from darknet_torch.heads.base import Head, Predictions
from darknet_torch.model.network import Network
from darknet_torch.ops.arrays import TORCH


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
        head: the head.
        decoder: its decoder.
        maps: [N, C, H, W] float32, the head's output or its input, on any device.
        raw: whether it is the input.
        size: height and width of the network's input, pixels.
    """

    head: Head
    decoder: Decoder
    maps: Tensor
    raw: bool
    size: tuple[int, int]

    @torch.inference_mode()
    def predictions(self) -> Predictions:
        """See `HeadOutput`."""
        return self.head.decode(self.head(self.maps) if self.raw else self.maps, *self.size)

    def candidates(self, threshold: float) -> Candidates:
        """See `HeadOutput`."""
        on_cpu = self.maps.device.type == "cpu"
        return find_candidates(
            self.decoder,
            TORCH.to_numpy(self.maps) if on_cpu else self.maps,
            threshold,
            raw=self.raw,
            size=self.size,
            functions=NUMPY if on_cpu else TORCH,
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
        pictures, boxes = torch.nonzero(self.decoded.objectness > threshold, as_tuple=True)
        parts = (self.decoded.boxes, self.decoded.objectness, self.decoded.class_scores)
        gathered = Boxes(*(TORCH.to_numpy(part[pictures, boxes]) for part in parts))
        return candidates_above(gathered, TORCH.to_numpy(pictures), threshold)

    def of_picture(self, index: int) -> DecodedOutput:
        """See `HeadOutput`."""
        one, whole = slice(index, index + 1), self.decoded
        return DecodedOutput(
            Predictions(whole.boxes[one], whole.objectness[one], whole.class_scores[one])
        )


@torch.inference_mode()
def read_outputs(
    network: Network, outputs: Sequence[Tensor], *, raw: bool = False
) -> list[HeadOutput]:
    """Make a `HeadOutput` of what a backend returned for each head.

    Args:
        network: the network.
        outputs: what `Network.forward` returns, or `Network.forward_for_decoding` if `raw`; on
            any device.
        raw: which of the two.
    """
    heads, size = network.heads, (network.net.height, network.net.width)
    are_raw = network.raw_heads if raw else [False] * len(heads)
    return [
        _read_output(head, output.float(), is_raw, size)
        for head, output, is_raw in zip(heads, outputs, are_raw, strict=True)
    ]


def _read_output(head: Head, maps: Tensor, raw: bool, size: tuple[int, int]) -> HeadOutput:
    decoder = head.decoder
    if decoder is None or type(head).decode is not Head.decode:
        return DecodedOutput(head.decode(maps, *size))
    return MapOutput(head, decoder, maps, raw, size)
