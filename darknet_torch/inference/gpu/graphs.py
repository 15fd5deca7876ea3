"""A computation replayed as CUDA graphs, one for each shape of its input."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor

from darknet_torch.errors import CfgNote, warn
from darknet_torch.inference.gpu.streams import Moment

GRAPHS_KEPT = 4  # each holds memory for all maps of the network
_WARM_UPS = 3  # libraries choose kernels and allocate their workspaces

# One input to some outputs, all on one device.
Compute = Callable[[Tensor], tuple[Tensor, ...]]
# Records what a computation does with such an input, and returns what repeats it.
Capture = Callable[[Compute, Tensor], Compute]

_CAPTURING = threading.Lock()  # CUDA records for one thread of a process at a time


class ReplayedComputation:
    """Repeats a computation from graphs, which spares the CPU the launch of every kernel.

    A shape that occurs for the first time is computed plainly: a graph takes as long as several
    computations, and the last batch of a folder never comes again. From the second time on it is
    replayed. The shapes that were used last keep their graphs.

    Several threads may call it, on any streams; they take turns.

    Args:
        compute: the computation. It must not wait for the device, and its results may depend on
            nothing but its input and arrays that stay where they are.
        capture: how a graph is recorded, such as `capture_cuda_graph`; None to compute plainly.
        where: what is computed, for the note that says that it could not be recorded.
        kept: number of shapes.
    """

    def __init__(
        self,
        compute: Compute,
        capture: Capture | None,
        *,
        where: object = None,
        kept: int = GRAPHS_KEPT,
    ) -> None:
        self._compute, self._capture, self._where, self._kept = compute, capture, where, kept
        # None after the first computation of a shape.
        self._of_shape: OrderedDict[tuple[int, ...], Compute | None] = OrderedDict()
        self._noted = False
        self._turn = threading.Lock()

    def __call__(self, images: Tensor) -> tuple[Tensor, ...]:
        """Compute, on the current stream.

        Args:
            images: of one type, order of memory and device at every call.

        Returns:
            The outputs; later calls do not change them.

        Warns:
            CfgNote: no graph could be recorded; once.
        """
        if self._capture is None:
            return self._compute(images)
        with self._turn:
            return self._find(images, self._capture)(images)

    def _find(self, images: Tensor, capture: Capture) -> Compute:
        """What computes images of this shape."""
        shape = tuple(images.shape)
        seen = shape in self._of_shape
        found = self._of_shape.pop(shape, None)
        if seen and found is None:
            found = self._try(capture, images)
        self._of_shape[shape] = found
        if len(self._of_shape) > self._kept:
            self._of_shape.popitem(last=False)
        return found or self._compute

    def _try(self, capture: Capture, images: Tensor) -> Compute:
        """Record a graph; without one, the computation itself."""
        try:
            with _CAPTURING:
                return capture(self._compute, images)
        except RuntimeError as error:  # all of PyTorch's are
            if not self._noted:
                self._noted = True
                warn(
                    "the network cannot be recorded as a CUDA graph, so it runs slower",
                    where=self._where,
                    got=str(error).partition("\n")[0],
                    category=CfgNote,
                )
            return self._compute


def capture_cuda_graph(compute: Compute, images: Tensor) -> Compute:
    """Record a computation as a CUDA graph.

    Args:
        compute: see `ReplayedComputation`. It is called several times.
        images: an input on a CUDA device.

    Returns:
        What repeats the computation for inputs of the same shape, type and order of memory. It
        may be called on any streams, by one thread at a time.

    Raises:
        RuntimeError: the computation does what a graph cannot hold, or memory is short.
    """
    device = images.device
    # A stream of its own: the default one cannot be recorded. Libraries keep a workspace for each
    # stream, so the one that warms up is the one that is recorded.
    side = torch.cuda.Stream(device)
    given = torch.empty_like(images)
    with torch.cuda.device(device):
        given.copy_(images)
        side.wait_stream(torch.cuda.current_stream(device))
        # It is current during the recording, too: torch.cuda.graph, which makes it so, does not
        # put the caller's stream back where a recording fails.
        with torch.cuda.stream(side):
            for _ in range(_WARM_UPS):
                compute(given)
            graph = torch.cuda.CUDAGraph()
            # "thread_local": other threads upload pictures and wait for results meanwhile.
            with torch.cuda.graph(graph, stream=side, capture_error_mode="thread_local"):
                outputs = compute(given)
        torch.cuda.current_stream(device).wait_stream(side)
    free = Moment()

    def replay(images: Tensor) -> tuple[Tensor, ...]:
        nonlocal free
        free.before_reading(given)  # another stream may still be at the last call
        given.copy_(images)
        graph.replay()
        copies = tuple(output.clone() for output in outputs)
        free = Moment.now(device)
        return copies

    return replay
