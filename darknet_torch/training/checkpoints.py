"""The files that a training writes: weights under Darknet's names, and its state."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from darknet_torch.errors import DivergenceError, UsageError, WeightsError
from darknet_torch.model.weights import write_weights
from darknet_torch.reading import guarded
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.checkpoint_pair import CheckpointPair, SavedRun, digest_of, keep_as
from darknet_torch.training.kept_files import keep_cfg, keep_names
from darknet_torch.training.phases import lengthened
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.resumption import resume_command
from darknet_torch.training.run_folder import LAST, STATE, WEIGHTS, files_of_run, lies_in
from darknet_torch.training.run_record import RunRecord

if TYPE_CHECKING:
    from darknet_torch.training.evaluation import Score
    from darknet_torch.training.loop import TrainingLoop
    from darknet_torch.training.updates import Update

_SECONDS = 600.0  # the last pair is never older, even where an iteration takes minutes


class Checkpoints(Callback):
    """Writes the plan, the cfg, the names, weights as Darknet names them, and the state.

    Args:
        plan: says where, and how often.
        record: what the states belong to.
        resumed: what the run continues from; None for a new run.
        names: of the classes; may be empty.
        clock: the time in seconds.

    Source: detector.c train_detector, parser.c save_weights (AlexeyAB).
    """

    on_every_rank = True  # every process adds its part to the state

    def __init__(
        self,
        plan: TrainPlan,
        record: RunRecord,
        resumed: SavedRun | None = None,
        names: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.plan, self.record, self.resumed, self.clock = plan, record, resumed, clock
        self.names = tuple(names)
        self._pair = CheckpointPair(plan, last_is_complete=bool(resumed and resumed.is_last))
        self._first_iteration, self._saved_iteration = -1, -1
        self._saved_time = clock()

    def on_start(self, loop: TrainingLoop) -> None:
        """Write the plan, the cfg and the names, and say where the run goes on.

        Raises:
            UsageError: a file cannot be written.
        """
        self._first_iteration, self._saved_time = loop.iteration, self.clock()
        if self._pair.last_is_complete:  # the same again would only push out the pair before
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
        keep_names(self.plan, self.names)

    def on_iteration(self, loop: TrainingLoop, update: Update) -> None:
        if update.iteration != loop.iteration:  # the network is not that of this update any more
            return
        if self._is_numbered_due(loop):
            self._write_weights(loop, f"_{loop.iteration}{WEIGHTS}")
        if self._is_last_due(loop):
            self._write_last(loop)

    def is_due(self, loop: TrainingLoop) -> bool:
        return self._is_numbered_due(loop) or self._is_last_due(loop)

    def _is_numbered_due(self, loop: TrainingLoop) -> bool:
        interval = self.plan.save_interval(loop.network.net.max_batches)
        return loop.iteration % interval == 0

    def on_evaluation(self, loop: TrainingLoop, score: Score) -> None:
        self._saved_iteration = -1  # the state has the scores, too
        if not loop.processes.is_first:
            return
        if loop.scores.best is None:
            text = f"{score.measure} is 0, by which nothing can be compared yet: no _best weights"
            loop.events.on_message(loop, text)
        if not loop.scores.last_is_best:
            return
        kept = None if loop.scores.had_best else self._keep_earlier_best()
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
        if loop.end_reason is not None:
            loop.events.on_message(loop, f"ended early: {loop.end_reason}")
            self._say_where_to_resume(loop)

    def _remove_old_states(self) -> None:
        """A state of an earlier run must not be resumed in the place of this one.

        A run that starts from weights of its folder goes on with that run, as in Darknet. The
        state stays until this run has one of its own.
        """
        if lies_in(self.plan.weights, self.plan.backup):
            return
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
        keep_as(best, kept)
        return kept

    def _report_earlier_best(self, loop: TrainingLoop, kept: Path) -> None:
        """Say where earlier weights are now, if this run did not write them before a kill."""
        if digest_of(kept) == digest_of(self.plan.path(f"_best{WEIGHTS}")):
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
                loop, f"the run is complete; {lengthened(self.plan)} goes on from its end"
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
        if self._saved_iteration == loop.iteration:
            return
        state = {"record": self.record.to_dict(), **loop.state_dict()}
        if loop.processes.is_first:
            self._pair.write(loop.network, state)
            if loop.average.averages:
                loop.average.swap()
                self._write_weights(loop, f"_ema{WEIGHTS}")
                loop.average.swap()
        loop.processes.wait_for_all()
        self._saved_iteration = loop.iteration

    def _write_weights(self, loop: TrainingLoop, suffix: str) -> None:
        if loop.processes.is_first:
            write_weights(loop.network, self.plan.path(suffix))

    def _say_where_to_resume(self, loop: TrainingLoop) -> None:
        devices = loop.processes.gather(self.plan.device)
        files = " and ".join(str(self.plan.path(f"{LAST}{suffix}")) for suffix in (WEIGHTS, STATE))
        command = resume_command(self.plan, devices)
        loop.events.on_message(
            loop, f"stopped after iteration {loop.iteration}, which is kept in {files}"
        )
        loop.events.on_message(loop, f"to go on: {command}")


def resume(saved: SavedRun, loop: TrainingLoop, record: RunRecord) -> None:
    """Let a loop go on where a run was stopped.

    Args:
        saved: what it goes on from.
        loop: changed in place.
        record: what the loop trains.

    Raises:
        UsageError: the state belongs to another network.
    """
    fix = "--weights instead of --resume starts a new run from its weights"
    with guarded(saved.state_path, what="cannot be resumed", fix=fix):
        record.check_network(saved.record, saved.state_path)
        loop.load_state_dict(saved.state)
