"""The training loop: one iteration from the first mini-batch to the saved weights."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import asdict, replace
from functools import partial
from itertools import islice
from types import NoneType
from typing import Any

import torch
from torch import Tensor

from darknet_torch.datasets.examples import Problem
from darknet_torch.errors import DivergenceError
from darknet_torch.interruption import Interrupted, StopRequests
from darknet_torch.losses.base import LossContext
from darknet_torch.losses.registry import DARKNET_LOSSES, LossFamily
from darknet_torch.model.network import Network
from darknet_torch.ops.arithmetic import FAST
from darknet_torch.ops.precision import FULL_PRECISION, Precision
from darknet_torch.training.averaging import WeightAverage
from darknet_torch.training.batch_sizes import batch_size
from darknet_torch.training.batches import TrainBatch
from darknet_torch.training.callbacks import Callback, CallbackList
from darknet_torch.training.device_batches import copier_for, device_batches
from darknet_torch.training.distributed import Processes
from darknet_torch.training.forward import ForwardPass
from darknet_torch.training.freezing import learning_buffers
from darknet_torch.training.iteration_start import (
    IterationStart,
    random_state,
    restore_random_state,
)
from darknet_torch.training.optimizer import Optimizer
from darknet_torch.training.phases import Phases
from darknet_torch.training.problem_log import ProblemLog
from darknet_torch.training.saved_values import saved_value
from darknet_torch.training.schedule import rate_of_run
from darknet_torch.training.score_history import ScoreHistory
from darknet_torch.training.updates import MiniBatchNumbers, UnreadUpdate, Update

_MOST_UNREAD = 10  # updates, each with the rolling statistics before it


class TrainingLoop:
    """Trains a network, iteration after iteration, and calls its callbacks.

    Args:
        network: its header says how many inputs it has seen.
        callbacks: called at each event, in this order; see `Callback`.
        precision: that of the layers, in float32 by default.
        checkpoint_activations: keep less for the backward pass, which computes it again.
        losses: what the layers are trained by.
        rate: gives the learning rate of an update by its number, from 1; None for the cfg's.
        optimizer, clip_norm: the kind and the bound of `Optimizer`; None for the cfg's and none.
        phases: the parts of the training; None for one.
        processes: those that train the network together.
        seed: seeds the random rates of the cfg's policy=random.
        pictures: how many the training set has; 0 for a text.

    Attributes:
        iteration: updates made so far.
        seen: inputs seen so far.
        batch_size: inputs per update.
        forward: the forward pass, with the deltas that outlive a mini-batch.
        phases: the parts of the training, each with its first iteration and its description.
        events: calls the callbacks; outside of the first process only those for every rank.
        reads_late: leave the numbers of updates on the device until a callback is due, so that
            the device never waits for this process. An update whose loss is not finite, and
            those after it, then leave the weights alone on the device itself.
        stop_requests: the signals that asked to stop.
        problems: the faults met in the data.
        scores: of the evaluations, those before a stop included.
        end_reason: why the training ends before max_batches; None as long as it does not.

    Source: network.c train_network_datum, train_network_waitkey (AlexeyAB).
    """

    def __init__(
        self,
        network: Network,
        *,
        callbacks: Iterable[Callback] = (),
        precision: Precision = FULL_PRECISION,
        checkpoint_activations: bool = False,
        losses: LossFamily = DARKNET_LOSSES,
        rate: Callable[[int], float] | None = None,
        optimizer: str | None = None,
        clip_norm: float | None = None,
        phases: Phases | None = None,
        processes: Processes | None = None,
        seed: int = 0,
        pictures: int = 0,
    ) -> None:
        self.network = network.train()
        self.processes = processes or Processes()
        self.events = CallbackList(
            callback for callback in callbacks if self.processes.is_first or callback.on_every_rank
        )
        self.batch_size = batch_size(network.net)
        self.seen = network.header.seen
        self.iteration = self.seen // self.batch_size
        self.forward = ForwardPass(
            network, precision, checkpoint_activations=checkpoint_activations, losses=losses
        )
        alone = precision.half is None and self.processes.count == 1
        self.optimizer = Optimizer(
            network,
            network.arithmetic if alone else FAST,
            kind=optimizer,
            clip_norm=clip_norm,
        )
        self.scaler = _scaler(precision, self.device)
        self.average = WeightAverage.of_network(network)
        self.problems = ProblemLog()
        self.scores = ScoreHistory()
        self.rate = rate or partial(rate_of_run, network.net, seed=seed)
        self.phases = phases or Phases()
        self._pictures = pictures
        self.average_loss: float | None = None  # None before the first loss
        self.stop_requests = StopRequests()
        self.end_reason: str | None = None
        self.reads_late = self._can_read_late()
        self._unread: list[UnreadUpdate] = []
        self._broken = next(network.parameters()).new_zeros((), dtype=torch.bool)
        self._unfinished: IterationStart | None = None
        self._updating = False
        self.processes.share(network)

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return self.network.device

    def _can_read_late(self) -> bool:
        """Whether reading late saves time, and everything can be taken back by then.

        Several processes agree on much between two iterations, the moving average has no way
        back, and what outlives a mini-batch may be large.
        """
        return (
            self.device.type != "cpu"
            and self.processes.count == 1
            and self.optimizer.can_skip
            and not self.average.alpha
            and not self.forward.outlives
        )

    @property
    def images_per_iteration(self) -> int:
        """Inputs of an update, of all processes."""
        return self.batch_size * self.processes.count

    @property
    def epochs(self) -> float | None:
        """How many times each picture was seen so far, on average; None for a text."""
        seen = self.iteration * self.images_per_iteration
        return seen / self._pictures if self._pictures else None

    def run(self, batches: Iterable[TrainBatch]) -> None:
        """Train on `batches` until max_batches, or `stop_after_iteration`.

        Raises:
            DivergenceError: the loss is not finite.
            KeyboardInterrupt: a signal or a callback stopped the training, or the reader of its
                output is gone; callbacks have saved its last complete iteration.
        """
        self._count_in_header()
        with (
            closing(self._received(batches)) as received,
            self.stop_requests.listening(),
            self._reporting_early_end(),
        ):
            self.events.on_start(self)
            while not self._is_over():
                self.train_iteration(islice(received, self.network.net.subdivisions))
            self.settle()
            self.events.on_end(self)

    def stop_after_iteration(self, reason: str) -> None:
        """End the training as after its last iteration, once the running one is complete.

        Several processes end together, in whichever of them this is called.

        Args:
            reason: for the user, such as "the time limit of 2 h is reached".
        """
        self.end_reason = self.end_reason or reason

    def _is_over(self) -> bool:
        """Whether no iteration follows; all processes agree."""
        if self.iteration >= self.network.net.max_batches:
            return True
        if not self.processes.largest(self.end_reason is not None):
            return False
        self.end_reason = next(filter(None, self.processes.gather(self.end_reason)))
        return True

    def train_iteration(self, mini_batches: Iterable[TrainBatch]) -> Update | None:
        """Update the weights once, by the mini-batches of one batch.

        Returns:
            The update; None while its numbers are still on the device, see `reads_late`.

        Raises:
            DivergenceError: the loss is not finite; the weights are as they were before the
                iteration that gave it.
            Interrupted: a signal asked to stop; the weights are as they were before.
        """
        with self.forward.precision.computing(self.device):
            unread = self._compute_iteration(mini_batches)
            update = None if self.reads_late else unread.read(self.network, self.average_loss)
            self._update(unread)
        if update is not None:
            self.average_loss = update.average_loss
            self.events.on_iteration(self, update)  # log, save, evaluate
            return update
        self._unread.append(unread)
        due = len(self._unread) >= _MOST_UNREAD or self.events.is_due(self)
        return self.settle() if due else None

    def _compute_iteration(self, mini_batches: Iterable[TrainBatch]) -> UnreadUpdate:
        """Add up the gradients of the mini-batches."""
        self.events.on_iteration_start(self)
        start = self._unfinished = IterationStart(self.network, self.forward)
        for layer in self.network.layers:
            layer.on_iteration_start(self.iteration)
        numbers, inputs = [], 0
        for batch in mini_batches:
            self._stop_if_asked()
            inputs += len(batch.images)
            numbers.append(self._compute_mini_batch(batch))
        self._stop_if_asked()
        cost = self.processes.mean(torch.stack([each.cost for each in numbers]).sum())
        return UnreadUpdate(
            self.iteration + 1, self.rate(self.iteration + 1), inputs, cost, numbers, start
        )

    def _compute_mini_batch(self, batch: TrainBatch) -> MiniBatchNumbers:
        """Add the gradients of a mini-batch to those before it."""
        self.seen += len(batch.images)  # some losses depend on it
        result = self.forward(batch.images, batch.truths, self._loss_context(batch))
        self._backward(result.root)
        self.events.on_mini_batch(self, result)
        return MiniBatchNumbers.of(result, batch.paths)

    def settle(self) -> Update | None:
        """Read what is still on the device, and call the callbacks for it.

        Returns:
            The last update; None if there was nothing to read.

        Raises:
            DivergenceError: a loss is not finite; network and loop are as before its iteration.
        """
        unread, self._unread = self._unread, []
        updates: list[Update] = []
        broken: DivergenceError | None = None
        for each in unread:
            try:
                update = each.read(self.network, self.average_loss)
            except DivergenceError as error:
                broken = error
                self._take_back_from(each)
                break
            self.average_loss = update.average_loss
            updates.append(update)
        for update in updates:
            self.events.on_iteration(self, update)  # log, save, evaluate
        if broken is not None:
            raise broken
        return updates[-1] if updates else None

    def _take_back_from(self, broken: UnreadUpdate) -> None:
        """Go back to before an update that changed no weights, since its loss is not finite."""
        self.iteration, self._unfinished = broken.iteration - 1, broken.start
        self._broken = torch.zeros_like(self._broken)
        self._take_back_unfinished()
        self._count_in_header()

    def _update(self, unread: UnreadUpdate) -> None:
        """Change the weights by the gradients that were added up, and end the iteration."""
        self._updating = True
        self.iteration = unread.iteration
        self.seen = self.iteration * self.batch_size
        self._count_in_header()
        self.processes.sum_gradients(self.optimizer.parameters())
        if self.reads_late:
            self._broken = self._broken | unread.is_broken
            self.optimizer.skip_if(self._broken)
        copies = self.processes.count
        rate, inputs = unread.rate * copies, unread.inputs * copies
        self.optimizer.step(rate, self.iteration, inputs, self.scaler)
        self.average.update(self.iteration)
        self.processes.average_statistics(learning_buffers(self.network))
        self._unfinished, self._updating = None, False

    @contextmanager
    def _reporting_early_end(self) -> Iterator[None]:
        """Call the callbacks when the training ends before its time."""
        try:
            with self._settling_early_end():
                yield
        except KeyboardInterrupt as stop:
            # What a callback raises in one of several processes stops this one alone.
            if self.processes.count == 1 or isinstance(stop, Interrupted):
                self.events.on_interrupt(self)
            raise
        except Exception as error:
            if not self._updating:  # else the weights are neither those before nor after it
                self.events.on_error(self, error)
            raise

    @contextmanager
    def _settling_early_end(self) -> Iterator[None]:
        """Let the training end with complete iterations alone, whose numbers were all reported.

        Raises:
            DivergenceError: instead of what ends it; the loss of one of them is not finite.
        """
        try:
            yield
        except (Exception, KeyboardInterrupt):
            if not self._updating:
                self._take_back_unfinished()
                self.settle()
            raise

    def _take_back_unfinished(self) -> None:
        """Take back what an iteration that is not finished has changed."""
        if self._unfinished is not None:
            self._unfinished.restore()
            self._unfinished = None
            self.seen = self.iteration * self.batch_size

    def _stop_if_asked(self) -> None:
        """Stop all processes here if one of them got a signal.

        Raises:
            Interrupted: one got a signal.
        """
        number = self.processes.largest(self.stop_requests.number)
        if number:
            raise Interrupted(number)

    def interruptible(self) -> AbstractContextManager[None]:
        """Let a signal stop the training inside the block, which changes nothing in it.

        Several processes stop together, between two mini-batches alone.
        """
        alone = self.processes.count == 1
        return self.stop_requests.interruptible() if alone else nullcontext()

    def state_dict(self) -> dict[str, Any]:
        """Everything that a resumed training needs. All processes must call this."""
        own = {**random_state(), **self.forward.state_dict()}
        return {
            "iteration": self.iteration,
            "average_loss": self.average_loss,
            "scores": self.scores.state_dict(),
            "header": asdict(self.network.header),
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "averages": self.average.averages,
            "scaler": self.scaler.state_dict() if self.scaler else {},
            "callbacks": self.events.state_dict(),
            "processes": self.processes.gather(own),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from what `state_dict` gave.

        With another number of processes, each starts with random numbers of its own, and what
        outlives a mini-batch is forgotten.

        Raises:
            ValueError, KeyError, RuntimeError: the state belongs to another network.
        """
        self.network.load_state_dict(state["network"])
        header = state["header"]
        for name in ("major", "minor", "revision"):
            saved_value(header, name, int)
        self.network.header = type(self.network.header)(**header)
        self.iteration = saved_value(state, "iteration", int)
        self.average_loss = saved_value(state, "average_loss", float, NoneType)
        self.scores.load_state_dict(state.get("scores", {}))
        self.seen = self.iteration * self.batch_size
        self._count_in_header()
        self.optimizer.load_state_dict(state["optimizer"])
        self.average.load(state["averages"])
        if self.scaler is not None and state["scaler"]:
            self.scaler.load_state_dict(state["scaler"])
        self.events.load_state_dict(state["callbacks"])
        if len(state["processes"]) == self.processes.count:
            own = state["processes"][self.processes.rank]
            self.forward.load_state_dict(own)
            restore_random_state(own)

    def report_problems(self, problems: Iterable[Problem]) -> None:
        """Report those faults in the data that were not met before."""
        for problem in self.problems.add(problems):
            self.events.on_problem(self, problem)

    def _received(self, batches: Iterable[TrainBatch]) -> Generator[TrainBatch]:
        """The mini-batches on the network's device; faults in their data are reported."""
        received = device_batches(
            batches,
            copier_for(self.device),
            memory_format=self.forward.memory_format,
            waiting=self.interruptible,
        )
        for batch in received:
            # Only now: some were fetched in advance.
            self.report_problems(batch.problems)
            for stream in batch.restarts:
                for layer in self.network.layers:
                    layer.reset_stream_state(stream)
            self.events.on_batch(self, batch)
            yield batch

    def _count_in_header(self) -> None:
        """Let weight files count whole iterations. Source: parser.c save_weights (AlexeyAB)."""
        seen = self.iteration * self.batch_size
        self.network.header = replace(self.network.header, seen=seen)

    def _loss_context(self, batch: TrainBatch) -> LossContext:
        images = batch.images
        return LossContext(
            net=self.network.net,
            dialect=self.network.dialect,
            height=images.shape[2] if images.dim() == 4 else 1,
            width=images.shape[3] if images.dim() == 4 else 1,
            seen=self.seen,
            iteration=self.iteration,
            assignments=batch.assignments,
        )

    def _backward(self, root: Tensor) -> None:
        if root.requires_grad:
            (root if self.scaler is None else self.scaler.scale(root)).backward()


def _scaler(precision: Precision, device: torch.device) -> torch.amp.GradScaler | None:
    """What scales the gradients of float16; bfloat16 has the range of float32 and needs none."""
    return torch.amp.GradScaler(device.type) if precision.half is torch.float16 else None
