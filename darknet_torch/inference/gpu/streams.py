"""Work that a GPU does side by side: streams and events, which do nothing on a CPU."""

from __future__ import annotations

from collections.abc import Iterator
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

    def before_reading(self, *tensors: Tensor) -> None:
        """Let the current stream wait for this moment, after which it may read `tensors`.

        Their memory, which belongs to the stream that computed them, is not used again before
        the current stream has done the work that it is given until they are freed.
        """
        if self.event is None:
            return
        for tensor in tensors:
            stream = torch.cuda.current_stream(tensor.device)
            stream.wait_event(self.event)
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


def host_array(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Allocate memory of the host to `upload` to a device from: for a GPU, pinned memory."""
    return torch.empty(shape, dtype=dtype, pin_memory=device.type == "cuda")


def upload(host: Tensor, device: torch.device) -> Tensor:
    """Copy `host_array` to a device on the current stream, without waiting for it.

    The array may be freed at once: PyTorch gives its memory to nobody before it is copied. It
    must not be written to.
    """
    return host.to(device, non_blocking=True)


def upload_numbers(values: np.ndarray, device: torch.device) -> Tensor:
    """Copy a small array to a device on the current stream, without waiting for it."""
    found = torch.from_numpy(values)
    host = host_array(tuple(values.shape), found.dtype, device)
    host.copy_(found)
    return upload(host, device)
