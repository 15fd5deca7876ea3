"""The files that a training writes: weights under Darknet's names, and its state."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from darknet_torch.errors import DivergenceError, UsageError, WeightsError
from darknet_torch.files import atomic_write, file_digest, rewrite_input
from darknet_torch.model.weights import open_for_writing, write_values, write_weights
from darknet_torch.training.callbacks import Callback, State
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.run_folder import LAST, PREVIOUS, STATE, WEIGHTS, files_of_run
from darknet_torch.training.run_record import RunRecord
from darknet_torch.training.saved_state import read_state, write_state

if TYPE_CHECKING:
    from darknet_torch.training.evaluation import Score
    from darknet_torch.training.loop import TrainingLoop, Update

_PARTS = {"weights": str, "replaces": str, "record": dict, "iteration": int}  # of a state
_SECONDS = 600.0  # the last pair is never older, even where an iteration takes minutes


class Checkpoints(Callback):
    """Writes the plan, the cfg, weights as Darknet names them, and the state to resume from.

    ``_last.weights`` and ``_last.state`` are a pair: the state has the checksum of the weights,
    and the weights themselves. Both are on the disk before the state, then the weights, get
    their names, and the pair before is kept as ``_previous``. So there is a state to go on from
    whenever the program is killed.

    Args:
        plan: says where, and how often.
        record: what the states belong to.
        resumed: what the run continues from; None for a new run.
        clock: the time in seconds.

    Source: detector.c train_detector, parser.c save_weights (AlexeyAB).
    """

    on_every_rank = True  # every process adds its part to the state

    def __init__(
        self,
        plan: TrainPlan,
        record: RunRecord,
        resumed: SavedRun | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.plan, self.record, self.resumed, self.clock = plan, record, resumed, clock
        self._best = -1.0
        # Only a complete pair may take the place of the one before.
        self._last_is_complete = resumed is not None and resumed.is_last
        self._first_iteration, self._saved_iteration = -1, -1
        self._saved_time = clock()

    def on_start(self, loop: TrainingLoop) -> None:
        """Write the plan and the cfg, and say where the run goes on.

        Raises:
            UsageError: a file cannot be written.
        """
        self._first_iteration, self._saved_time = loop.iteration, self.clock()
        if self._last_is_complete:  # the same again would only push out the pair before
            self._saved_iteration = loop.iteration
        if not loop.processes.is_first:
            return
        if self.resumed is None:
            self._remove_old_states()
            loop.events.on_message(loop, f"weights go to {self.plan.backup}")
        else:
            self._report_resumed(loop, self.resumed)
        self.plan.save()
        keep_cfg(self.plan)

    def on_iteration(self, loop: TrainingLoop, update: Update) -> None:
        interval = self.plan.save_interval(loop.network.net.max_batches)
        if loop.iteration % interval == 0:
            self._write_weights(loop, f"_{loop.iteration}{WEIGHTS}")
        if self._is_last_due(loop):
            self._write_last(loop)

    def on_evaluation(self, loop: TrainingLoop, score: Score) -> None:
        if score.value < self._best:
            return
        is_first, self._best = self._best < 0, score.value
        self._saved_iteration = -1  # the state has the best score, too
        if not loop.processes.is_first:
            return
        kept = self._keep_earlier_best() if is_first else None
        self._write_weights(loop, f"_best{WEIGHTS}")
        if kept is not None:
            self._report_earlier_best(loop, kept)

    def on_interrupt(self, loop: TrainingLoop) -> None:
        self._write_last(loop)
        self._say_where_to_resume(loop)

    def on_error(self, loop: TrainingLoop, error: Exception) -> None:
        """Keep the last complete iteration, unless its weights may be the cause."""
        alone = loop.processes.count == 1  # others would not know of the error
        trained = loop.iteration > self._first_iteration >= 0
        if not (alone and trained) or isinstance(error, DivergenceError):
            return
        with suppress(UsageError, WeightsError):
            self._write_last(loop)
            self._say_where_to_resume(loop)

    def on_end(self, loop: TrainingLoop) -> None:
        self._write_weights(loop, f"_final{WEIGHTS}")
        self._write_last(loop)

    def state_dict(self) -> State:
        return {"best": self._best}

    def load_state_dict(self, state: State) -> None:
        self._best = state.get("best", -1.0)

    def _remove_old_states(self) -> None:
        """A state of an earlier run must not be resumed in the place of this one."""
        for path in files_of_run(Path(self.plan.backup), self.plan.base):
            if path.suffix == STATE:
                path.unlink(missing_ok=True)

    def _keep_earlier_best(self) -> Path | None:
        """Give the best weights of an earlier run, whose score is unknown, another name."""
        best, number = self.plan.path(f"_best{WEIGHTS}"), 1
        kept = self.plan.path(f"_best_earlier{WEIGHTS}")
        while kept.exists():
            number += 1
            kept = self.plan.path(f"_best_earlier-{number}{WEIGHTS}")
        if not best.exists():
            return None
        _keep(best, kept)
        return kept

    def _report_earlier_best(self, loop: TrainingLoop, kept: Path) -> None:
        """Say where earlier weights are now, if this run did not write them before a kill."""
        if _digest(kept) == _digest(self.plan.path(f"_best{WEIGHTS}")):
            kept.unlink()
        else:
            text = f"the best weights of an earlier run are now {kept}"
            loop.events.on_message(loop, text)

    def _report_resumed(self, loop: TrainingLoop, resumed: SavedRun) -> None:
        for fault in resumed.faults:
            loop.events.on_warning(loop, fault)
        loop.events.on_message(
            loop,
            f"going on after iteration {loop.iteration}, from {resumed.weights} and "
            f"{resumed.state_path}",
        )
        if loop.iteration == loop.network.net.max_batches:
            loop.events.on_warning(
                loop, "the run is complete; a larger --max-batches goes on from its end"
            )
        changes = self.record.changes(resumed.record)
        if changes:
            listed = "\n  ".join(changes)
            loop.events.on_warning(
                loop,
                "the run will not end as it would have without the stop, since these have "
                f"changed:\n  {listed}",
            )

    def _is_last_due(self, loop: TrainingLoop) -> bool:
        """Whether the last pair is old; all processes agree, since all of them write it."""
        often = self.plan.save_last
        if not often:
            return False
        late = loop.processes.is_first and self.clock() - self._saved_time >= _SECONDS
        return bool(loop.processes.largest(loop.iteration % often == 0 or late))

    def _write_last(self, loop: TrainingLoop) -> None:
        """Write the weights, the state to resume from, and the moving average of the weights."""
        self._saved_time = self.clock()
        # The first process alone knows of an evaluation, and all must write together.
        if not loop.processes.largest(self._saved_iteration != loop.iteration):
            return
        state = {"record": self.record.to_dict(), **loop.state_dict()}
        if loop.processes.is_first:
            self._write_pair(loop, state)
            if loop.average.averages:
                loop.average.swap()
                self._write_weights(loop, f"_ema{WEIGHTS}")
                loop.average.swap()
        loop.processes.wait_for_all()
        self._saved_iteration = loop.iteration

    def _write_pair(self, loop: TrainingLoop, state: dict[str, Any]) -> None:
        """Replace the last pair.

        Raises:
            WeightsError: it cannot be written; the pair before is then still there.
        """
        try:
            self._replace_pair(loop, state)
        except WeightsError as error:
            raise WeightsError(
                error.what,
                where=error.where,
                fix="make room or correct the rights; --resume then continues from the last pair "
                f"of {LAST} or {PREVIOUS} that is complete",
            ) from None

    def _replace_pair(self, loop: TrainingLoop, state: dict[str, Any]) -> None:
        weights, state_path = (self.plan.path(f"{LAST}{suffix}") for suffix in (WEIGHTS, STATE))
        # The blocks end in the opposite order, each with a file that gets its name.
        with open_for_writing(weights) as weights_file, open_for_writing(state_path) as state_file:
            digested = _DigestedFile(weights_file)
            write_values(loop.network, digested)
            digests = {"weights": digested.hexdigest(), "replaces": _digest(weights)}
            write_state({**digests, **state}, state_file)
            for file in (weights_file, state_file):
                file.flush()
                os.fsync(file.fileno())
            if self._last_is_complete:
                for suffix in (WEIGHTS, STATE):
                    _keep(self.plan.path(f"{LAST}{suffix}"), self.plan.path(f"{PREVIOUS}{suffix}"))
            self._last_is_complete = False
        self._last_is_complete = True

    def _write_weights(self, loop: TrainingLoop, suffix: str) -> None:
        if loop.processes.is_first:
            write_weights(loop.network, self.plan.path(suffix))

    def _say_where_to_resume(self, loop: TrainingLoop) -> None:
        files = " and ".join(str(self.plan.path(f"{LAST}{suffix}")) for suffix in (WEIGHTS, STATE))
        text = f"stopped after iteration {loop.iteration}; --resume continues from {files}"
        loop.events.on_message(loop, text)


class _DigestedFile:
    """Writes to a file, and computes the checksum of what it writes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._digest = file, hashlib.sha256()

    def write(self, data: bytes, /) -> None:
        self._digest.update(data)
        self._file.write(data)

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def _keep(path: Path, other: Path) -> None:
    """Give a file that is about to be replaced a second name, in the place of another file."""
    if not path.exists():
        return
    other.unlink(missing_ok=True)
    try:
        os.link(path, other)
    except OSError:  # a file system without links
        path.replace(other)


@dataclass(frozen=True)
class SavedRun:
    """A state with the weights that it belongs to.

    Attributes:
        weights, state_path: the files.
        state: the content of the state.
        is_last: whether they are the pair that was written last.
        faults: why newer files were not taken.
    """

    weights: Path
    state_path: Path
    state: dict[str, Any]
    is_last: bool
    faults: tuple[str, ...] = ()

    @property
    def record(self) -> RunRecord:
        """What the state belongs to."""
        return RunRecord.from_dict(self.state["record"])


def find_saved_run(plan: TrainPlan) -> SavedRun:
    """The newest complete pair in the folder of a run.

    Raises:
        UsageError: there is none; the message says what is wrong with the files that are there.
    """
    faults: list[str] = []
    for kind in (LAST, PREVIOUS):
        state_path = plan.path(f"{kind}{STATE}")
        try:
            state = _complete_state(state_path)
        except WeightsError as error:
            faults.append(str(error))
            continue
        for name in (LAST, PREVIOUS):
            weights = plan.path(f"{name}{WEIGHTS}")
            if name == PREVIOUS and not weights.exists():
                continue
            digest = _digest(weights)
            # A kill between the two renames leaves the weights that the new ones replace.
            if digest in (state["weights"], state["replaces"]):
                is_last = name == kind == LAST and digest == state["weights"]
                return SavedRun(weights, state_path, state, is_last, tuple(faults))
        faults.append(f"{state_path}: does not belong to {plan.path(f'{kind}{WEIGHTS}')}")
    raise UsageError(
        "nothing to resume",
        where=plan.backup,
        expected=f"a state and the weights that it belongs to, such as {plan.base}{LAST}{STATE} "
        f"and {plan.base}{LAST}{WEIGHTS}",
        got="; ".join(faults),
        fix="--weights starts a new run from weights alone",
    )


def _complete_state(path: Path) -> dict[str, Any]:
    """Read a state that has what is needed to find its weights and to say what it belongs to.

    Raises:
        WeightsError: as `read_state`, or something is missing.
    """
    state = read_state(path)
    wrong = [name for name, kind in _PARTS.items() if not isinstance(state.get(name), kind)]
    if wrong:
        raise WeightsError(
            "is not a whole state of a run",
            where=path,
            expected=", ".join(_PARTS),
            got=f"nothing usable for {', '.join(wrong)}",
        )
    return state


def _digest(path: Path) -> str:
    """The checksum of a file; "" if there is none."""
    return file_digest(path) if path.is_file() else ""


def resume(saved: SavedRun, loop: TrainingLoop, record: RunRecord) -> None:
    """Let a loop go on where a run was stopped.

    Args:
        saved: what it goes on from.
        loop: changed in place.
        record: what the loop trains.

    Raises:
        UsageError: the state belongs to another network.
    """
    try:
        record.check_network(saved.record, saved.state_path)
        loop.load_state_dict(saved.state)
    except (ValueError, LookupError, RuntimeError, TypeError, AttributeError) as error:
        raise UsageError(
            "cannot be resumed",
            where=saved.state_path,
            got=str(error).partition("\n")[0] or type(error).__name__,
            fix="--weights instead of --resume starts a new run from its weights",
        ) from None


def keep_cfg(plan: TrainPlan) -> None:
    """Copy the cfg next to the weights, so that the folder is complete.

    Args:
        plan: says which cfg and which folder. Nothing is copied if the cfg is already there
            under that name. Another file of that name, which may be an edited cfg, is kept as
            ``<name>.bak``.

    Raises:
        UsageError, WeightsError: the copy cannot be written; an older file is then untouched.
    """
    target = plan.path(".cfg")
    if target.exists():
        if _digest(target) != _digest(Path(plan.cfg)):
            rewrite_input(target, Path(plan.cfg).read_bytes())
        return
    try:
        with atomic_write(target) as file, Path(plan.cfg).open("rb") as source:
            shutil.copyfileobj(source, file)
    except OSError as error:
        raise WeightsError(f"cannot be written ({error.strerror})", where=target) from None
