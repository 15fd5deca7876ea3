"""Removes the pictures that an earlier run has left where a new one writes its own. No torch."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from darknet_torch.training.callbacks import Callback

if TYPE_CHECKING:
    from darknet_torch.training.loop import TrainingLoop

_BOARD = "events.out.tfevents.*"  # the names of TensorBoard's files


class EarlierRun(Callback):
    """Lets nobody take the pictures of a run that is replaced for those of the new one.

    The new run may write fewer of them, or none: predictions, for instance, without evaluations.

    Args:
        pictures: files of the new run.
        board: its folder for TensorBoard.
    """

    def __init__(self, pictures: Iterable[Path], board: Path) -> None:
        self._pictures, self._board = pictures, board

    def on_start(self, loop: TrainingLoop) -> None:
        with suppress(OSError):  # the records that follow say what is wrong with the folder
            for path in (*self._pictures, *self._board.glob(_BOARD)):
                path.unlink(missing_ok=True)
