"""What TensorBoard shows of a training; its package is an extra."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from darknet_torch.extras import import_extra
from darknet_torch.media.picture_grid import fitted
from darknet_torch.training.records.looked_at import LookedAt
from darknet_torch.training.records.parts import combine_parts
from darknet_torch.training.records.results import is_recorded, measures_of

if TYPE_CHECKING:
    from darknet_torch.training.evaluation import Score
    from darknet_torch.training.forward import MiniBatchResult
    from darknet_torch.training.loop import TrainingLoop
    from darknet_torch.training.updates import Update

_HISTOGRAMS = 100  # of a training, at most
_LEAST = 100  # iterations between two
_PICTURES = 50  # of predictions in a training, at most
_PICTURE_SIDE = 1000  # pixels
_ROUNDING = 1e-9  # epochs; a quotient may fall short of a whole number

# Gets the folder and the first iteration that replaces what an earlier run wrote.
WriterMaker = Callable[[Path, int], Any]


def check_tensorboard() -> None:
    """Find out before the first iteration whether TensorBoard's package is there.

    Raises:
        UsageError: it is not; the message has the command that installs it.
    """
    import_extra("tensorboard", extra="tensorboard")


def open_writer(folder: Path, first: int) -> Any:
    """PyTorch's writer of TensorBoard's files.

    Args:
        folder: of the files, created if it does not exist.
        first: TensorBoard ignores what was written before for this iteration and later ones.
    """
    module = import_extra("torch.utils.tensorboard", extra="tensorboard")
    return module.SummaryWriter(str(folder), purge_step=first)


class TensorBoard(LookedAt):
    """Writes for TensorBoard.

    Scalars of the iterations that have a row in the table of results, by iteration: the losses,
    the rate, the parts of the loss; of epochs: the mean loss, by epoch; of evaluations: all
    numbers. Histograms of all weights and their gradients at the first iteration and then every
    100 iterations, or 100 times in a long training: gradients as they are added up over a
    batch, before the update.

    Args:
        folder: of the files.
        make_writer: opens it.
    """

    what = "the files for TensorBoard"

    def __init__(self, folder: Path, make_writer: WriterMaker = open_writer) -> None:
        super().__init__()
        self._folder, self._make_writer = folder, make_writer
        self._writer: Any = None
        self._mini_batches = 0
        self._next_picture: dict[str, int] = {}  # name -> the iteration from which it is due
        self._between_pictures = 0
        self._epoch, self._losses = 0, list[float]()

    def add_picture(self, name: str, image: np.ndarray, iteration: int) -> None:
        """A `Sink` for pictures, BGR uint8 [H, W, 3]."""
        if self._writer is None or iteration < self._next_picture.get(name, 0):
            return
        self._next_picture[name] = iteration + self._between_pictures
        rgb = np.ascontiguousarray(fitted(image, _PICTURE_SIDE)[..., ::-1])
        self._writer.add_image(name, rgb, iteration, dataformats="HWC")

    def on_start(self, loop: TrainingLoop) -> None:
        self._between_pictures = loop.network.net.max_batches // _PICTURES
        self._epoch = math.floor((loop.epochs or 0) + _ROUNDING)
        with self.tolerating(loop):
            self._writer = self._make_writer(self._folder, loop.iteration + 1)

    def on_batch(self, loop: TrainingLoop, batch: object) -> None:
        self._mini_batches += 1

    def on_mini_batch(self, loop: TrainingLoop, result: MiniBatchResult) -> None:
        subdivisions = loop.network.net.subdivisions
        if self._mini_batches % subdivisions == 0 and _has_histograms(loop):
            with self.tolerating(loop):
                self._add_histograms(loop)

    def on_iteration(self, loop: TrainingLoop, update: Update) -> None:
        with self.tolerating(loop):
            self._add_epoch(loop, update)
            if is_recorded(update.iteration, loop.network.net.max_batches):
                numbers = {"loss": update.loss, "average_loss": update.average_loss}
                numbers |= {"rate": update.rate} | combine_parts(update.parts)
                self._add_scalars("train", numbers, update.iteration)

    def is_due(self, loop: TrainingLoop) -> bool:
        return False

    def on_evaluation(self, loop: TrainingLoop, score: Score) -> None:
        with self.tolerating(loop):
            self._add_scalars("valid", dict(measures_of(score)), loop.iteration)

    def on_interrupt(self, loop: TrainingLoop) -> None:
        self._close(loop)

    def on_error(self, loop: TrainingLoop, error: Exception) -> None:
        self._close(loop)

    def on_end(self, loop: TrainingLoop) -> None:
        self._close(loop)

    def _close(self, loop: TrainingLoop) -> None:
        if self._writer is not None:
            with self.tolerating(loop):
                self._writer.close()

    def _add_scalars(self, group: str, numbers: dict[str, float], step: int) -> None:
        for name, value in numbers.items():
            self._writer.add_scalar(f"{group}/{name}", value, step)

    def _add_epoch(self, loop: TrainingLoop, update: Update) -> None:
        """Add the mean loss of an epoch with the iteration that completes it."""
        if loop.epochs is None:
            return
        self._losses.append(update.loss)
        epoch = math.floor(loop.epochs * update.iteration / loop.iteration + _ROUNDING)
        if epoch > self._epoch:
            self._writer.add_scalar("epoch/loss", float(np.mean(self._losses)), epoch)
            self._losses.clear()
        self._epoch = epoch

    def _add_histograms(self, loop: TrainingLoop) -> None:
        iteration = loop.iteration + 1
        scale = loop.scaler.get_scale() if loop.scaler else 1.0
        for name, parameter in loop.network.named_parameters():
            self._add_histogram(f"weights/{name}", parameter, iteration)
            if parameter.grad is not None:
                self._add_histogram(f"gradients/{name}", parameter.grad / scale, iteration)

    def _add_histogram(self, name: str, values: Tensor, iteration: int) -> None:
        finite = values.detach().float().flatten()
        finite = finite[finite.isfinite()]
        if len(finite):
            self._writer.add_histogram(name, finite.cpu(), iteration)


def _has_histograms(loop: TrainingLoop) -> bool:
    """Whether the iteration that is under way has histograms."""
    iteration = loop.iteration + 1
    interval = max(_LEAST, loop.network.net.max_batches // _HISTOGRAMS)
    return iteration == 1 or iteration % interval == 0
