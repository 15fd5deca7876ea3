"""Work that a GPU does side by side: streams and events, which do nothing on a CPU."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Moment:
    """A point in the work of a stream.

    Attributes:
        event: what CUDA recorded there; None on devices that compute at once.
    """

    event: torch.cuda.Event | None = None

    @staticmethod
    def now(device: torch.device) -> Moment:
        """The end of the work that the current stream of a device was given until now."""
        if device.type != "cuda":
            return Moment()
        return Moment(torch.cuda.current_stream(device).record_event())

    @torch.inference_mode()
    def before_reading(self, *tensors: Tensor) -> None:
        """Let the current stream wait for this moment, after which it may read `tensors`.

        Their memory, which belongs to the stream that computed them, is not used again before
        the current stream has done the work that it is given until they are freed.

        Args:
            tensors: at least one, all on the device of the moment.
        """
        if self.event is None:
            return
        stream = torch.cuda.current_stream(tensors[0].device)
        stream.wait_event(self.event)
        for tensor in tensors:
            tensor.record_stream(stream)


class WorkStream:
    """A stream of its own on a device, on which several threads may put work.

    Args:
        device: where it is. Only CUDA has streams; elsewhere work is done at once.
    """

    def __init__(self, device: torch.device) -> None:
        self._stream = torch.cuda.Stream(device) if device.type == "cuda" else None

    @contextmanager
    def current(self) -> Iterator[None]:
        """Put what this thread computes inside the block on the stream."""
        if self._stream is None:
            yield
            return
        with torch.cuda.stream(self._stream):
            yield


def upload(arrays: Sequence[np.ndarray], device: torch.device) -> Tensor:
    """Copy arrays of one shape and type to a device on the current stream.

    Returns:
        [N, ...] on the device, without waiting for it. While one array is copied, those before
        it are on their way.
    """
    dtype = torch.from_numpy(np.empty(0, arrays[0].dtype)).dtype
    shape = len(arrays), *arrays[0].shape
    # Only from pinned memory of the host a GPU copies while the CPU goes on. PyTorch gives it to
    # nobody else before that is done, although it is freed here.
    host = torch.empty(shape, dtype=dtype, pin_memory=device.type == "cuda")
    there = torch.empty(shape, dtype=dtype, device=device)
    for array, staged, place in zip(arrays, host, there, strict=True):
        np.copyto(staged.numpy(), array)
        place.copy_(staged, non_blocking=True)
    return there
