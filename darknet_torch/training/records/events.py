"""The events of a training, a JSON object a line: ``<cfg>_events.jsonl``."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from darknet_torch.errors import UsageError
from darknet_torch.files import append_bytes, write_bytes
from darknet_torch.reading import guarded, read_lines
from darknet_torch.text import encode_text
from darknet_torch.training.records.looked_at import LookedAt
from darknet_torch.training.records.results import is_recorded, measures_of

if TYPE_CHECKING:
    from darknet_torch.datasets.examples import Problem
    from darknet_torch.training.evaluation import Score
    from darknet_torch.training.loop import TrainingLoop
    from darknet_torch.training.updates import Update

_PROBLEMS = 1000  # lines about faults in the data; the last event counts all of them
_EVALUATION = "evaluation"


class EventLog(LookedAt):
    """Writes a line for each event of a training.

    Args:
        path: the file.
        continues: the run goes on from an earlier one, whose events stay as far as it goes on.
        now: the time.
    """

    what = "the log of events"

    def __init__(
        self,
        path: Path,
        *,
        continues: bool,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        self.path, self.continues, self._now = path, continues, now
        self._early: list[dict[str, Any]] | None = []  # until the run may write to its folder
        self._problems, self._first = 0, 0

    def on_start(self, loop: TrainingLoop) -> None:
        early, self._early = self._early or [], None
        self._first = loop.iteration
        kept = self._kept(lambda event: event["iteration"] <= self._first)
        with self.tolerating(loop):
            self._rewrite([*(kept if self.continues else ()), *map(_line, early)])
        phases = [{"first": each.first, "text": each.description} for each in loop.phases]
        self._write(loop, "start", max_batches=loop.network.net.max_batches, phases=phases)

    def on_iteration(self, loop: TrainingLoop, update: Update) -> None:
        if is_recorded(update.iteration, loop.network.net.max_batches):
            numbers = {"loss": update.loss, "average_loss": update.average_loss}
            self._write(
                loop,
                "iteration",
                iteration=update.iteration,
                **numbers,
                rate=update.rate,
                layers=update.parts,
            )

    def is_due(self, loop: TrainingLoop) -> bool:
        return False

    def on_evaluation(self, loop: TrainingLoop, score: Score) -> None:
        if self.continues and loop.iteration == self._first:
            # A run that was stopped before it saved that evaluation makes it again.
            with self.tolerating(loop):
                self._rewrite(self._kept(self._is_other_evaluation))
        self._write(
            loop,
            _EVALUATION,
            measure=score.measure,
            score=score.value,
            measures=dict(measures_of(score)),
        )

    def on_problem(self, loop: TrainingLoop, problem: Problem) -> None:
        self._problems += 1
        if self._problems <= _PROBLEMS:
            self._write(loop, "problem", kind=problem.kind, where=problem.where, text=str(problem))

    def on_message(self, loop: TrainingLoop, text: str) -> None:
        self._write(loop, "message", text=text)

    def on_warning(self, loop: TrainingLoop, text: str) -> None:
        self._write(loop, "warning", text=text)

    def on_interrupt(self, loop: TrainingLoop) -> None:
        self._write(loop, "interrupt")

    def on_error(self, loop: TrainingLoop, error: Exception) -> None:
        self._write(loop, "error", kind=type(error).__name__, text=str(error))

    def on_end(self, loop: TrainingLoop) -> None:
        self._write(loop, "end", problems=loop.problems.counts)

    def _write(self, loop: TrainingLoop, name: str, **more: Any) -> None:
        event = {
            "event": name,
            "time": self._now().isoformat(timespec="seconds"),
            "iteration": loop.iteration,
            **more,
        }
        if self._early is not None:
            self._early.append(event)
            return
        with self.tolerating(loop):
            append_bytes(self.path, encode_text(f"{_line(event)}\n"))

    def _is_other_evaluation(self, event: dict[str, Any]) -> bool:
        """Whether an event is none of an evaluation at the iteration at which the run starts."""
        return bool(event["event"] != _EVALUATION or event["iteration"] != self._first)

    def _kept(self, choose: Callable[[dict[str, Any]], bool]) -> list[str]:
        """The lines of the file that are whole and whose event is chosen."""
        kept = []
        with suppress(UsageError):
            for line in read_lines(self.path, _lines):
                with suppress(UsageError), guarded(self.path):
                    if choose(json.loads(line)):
                        kept.append(line)
        return kept

    def _rewrite(self, lines: Iterable[str]) -> None:
        text = "".join(f"{line}\n" for line in lines)
        if text or self.path.exists():  # no empty table is left if its first line finds no room
            write_bytes(self.path, encode_text(text))


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").split("\n")


def _line(event: dict[str, Any]) -> str:
    return json.dumps(_finite(event), ensure_ascii=False)


def _finite(value: Any) -> Any:
    """The value without NaN and infinities, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
