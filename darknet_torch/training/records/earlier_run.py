"""Makes room for the records of a new run where an earlier one has left its own. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from darknet_torch.files import move_to_backup
from darknet_torch.training.callbacks import Callback

if TYPE_CHECKING:
    from darknet_torch.training.loop import TrainingLoop

_BOARD = "events.out.tfevents.*"  # the names of TensorBoard's files


class EarlierRun(Callback):
    """Lets nobody take the records of an earlier run for those of the new one.

    The new run may write fewer of them, or none: predictions, for instance, without evaluations.

    Args:
        files: the records of the new run.
        board: its folder for TensorBoard.
        replaces: remove the earlier records, as the user asked to replace that run; else they
            are kept as ``<name>.bak``.
    """

    def __init__(self, files: Sequence[Path], board: Path, *, replaces: bool) -> None:
        self._files, self._board, self._replaces = files, board, replaces

    def on_start(self, loop: TrainingLoop) -> None:
        with suppress(OSError):  # the records that follow say what is wrong with the folder
            events = list(self._board.glob(_BOARD))
            if self._replaces:
                for path in (*self._files, *events):
                    path.unlink(missing_ok=True)
                return
            found = [path for path in self._files if path.is_file()]
            for path in (*found, *([self._board] if events else ())):
                kept = move_to_backup(path)
                loop.events.on_message(loop, f"{path}: of an earlier run, is kept as {kept.name}")
