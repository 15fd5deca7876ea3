"""The base of callbacks whose files are only looked at. No torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from darknet_torch.errors import DarknetError, format_message
from darknet_torch.training.callbacks import Callback

if TYPE_CHECKING:
    from darknet_torch.training.loop import TrainingLoop


class LookedAt(Callback):
    """Writes something to look at, whose failure ends no training.

    Attributes:
        what: is written, for the warning.
    """

    what: ClassVar[str] = "a record of the training"

    def __init__(self) -> None:
        self._has_failed = False

    @contextmanager
    def tolerating(self, loop: TrainingLoop) -> Iterator[None]:
        """Warn of the first error that the block raises, and go on in every case."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 (a full disk, matplotlib, OpenCV, memory)
            if self._has_failed:
                return
            self._has_failed = True  # before the warning, which may be written to a file, too
            known = isinstance(error, DarknetError)
            reason = str(error) if known else f"{type(error).__name__}: {error}"
            loop.events.on_warning(
                loop,
                format_message(
                    f"{self.what} could not be written; training goes on, and its weights are "
                    "saved as before",
                    where=f"iteration {loop.iteration}",
                    got=" ".join(reason.split()),
                    fix="make room or correct the rights; it is tried again, without a warning",
                ),
            )
