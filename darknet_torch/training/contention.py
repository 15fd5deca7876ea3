"""A training that warns once when its threads wait for cores."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

import torch

from darknet_torch.cpu.contention import ContentionMonitor
from darknet_torch.training.callbacks import Callback

if TYPE_CHECKING:
    from darknet_torch.training.forward import MiniBatchResult
    from darknet_torch.training.loop import TrainingLoop


class ContentionWarning(Callback):
    """Warns once when the threads that compute wait for cores that other programs use."""

    def __init__(self) -> None:
        self._monitor: ContentionMonitor | None = None

    def on_start(self, loop: TrainingLoop) -> None:
        threads, processes = torch.get_num_threads(), loop.processes.count
        if threads == 1 or next(loop.network.parameters()).is_cuda:
            return  # fewer threads are not possible, or would not help
        # Processes that train together are children of one, and no strangers to each other.
        program = os.getppid() if processes > 1 else None
        report = partial(loop.events.on_warning, loop)
        self._monitor = ContentionMonitor(threads * processes, report, program=program)
        self._monitor.check()

    def on_mini_batch(self, loop: TrainingLoop, result: MiniBatchResult) -> None:
        if self._monitor is not None:
            self._monitor.check()
