"""The training loop: one iteration from the first mini-batch to the saved weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from darknet_torch.datasets.examples import Problem
from darknet_torch.errors import TrainingError
from darknet_torch.losses.base import LossContext
from darknet_torch.model.network import Network
from darknet_torch.ops.arithmetic import FAST
from darknet_torch.training.averaging import WeightAverage
from darknet_torch.training.batches import TrainBatch
from darknet_torch.training.callbacks import Callback, CallbackList
from darknet_torch.training.distributed import Processes
from darknet_torch.training.forward import ForwardPass, MiniBatchResult
from darknet_torch.training.optimizer import Optimizer, batch_size
from darknet_torch.training.problem_log import ProblemLog
from darknet_torch.training.schedule import rate_of_run


@dataclass
class Update:
    """One update of the weights.

    Attributes:
        iteration: its number, 1 for the first.
        loss: the mean cost per input, as Darknet prints it.
        rate: the learning rate.
        parts: layer index -> the named numbers of its loss, means over the mini-batches.
    """

    iteration: int
    loss: float
    rate: float
    parts: dict[int, dict[str, float]] = field(default_factory=dict)


class TrainingLoop:
    """Trains a network, iteration after iteration, and calls its callbacks.

    Args:
        network: its header says how many inputs it has seen.
        callbacks: called at each event, in this order; see `Callback`.
        autocast: compute the layers in this reduced precision.
        processes: those that train the network together.
        seed: seeds the random rates of policy=random.

    Attributes:
        iteration: updates made so far.
        seen: inputs seen so far.
        batch_size: inputs per update.
        forward: the forward pass, with the deltas that outlive a mini-batch.
        events: calls the callbacks; outside of the first process only those for every rank.
        problems: the faults met in the data.

    Source: network.c train_network_datum, train_network_waitkey (AlexeyAB).
    """

    def __init__(
        self,
        network: Network,
        *,
        callbacks: Iterable[Callback] = (),
        autocast: torch.dtype | None = None,
        processes: Processes | None = None,
        seed: int = 0,
    ) -> None:
        self.network = network.train()
        self.processes = processes or Processes()
        self.events = CallbackList(
            callback for callback in callbacks if self.processes.is_first or callback.on_every_rank
        )
        self.batch_size = batch_size(network.net)
        self.seen = network.header.seen
        self.iteration = self.seen // self.batch_size
        self.forward = ForwardPass(network, autocast)
        alone = autocast is None and self.processes.count == 1
        self.optimizer = Optimizer(network, network.arithmetic if alone else FAST)
        # bfloat16 has the range of float32 and needs no scaling.
        self.scaler = torch.amp.GradScaler() if autocast is torch.float16 else None
        self.average = WeightAverage.of_network(network)
        self.problems = ProblemLog()
        self.seed = seed
        self.processes.share(network)

    def run(self, batches: Iterable[TrainBatch]) -> None:
        """Train on `batches` until max_batches.

        Raises:
            TrainingError: the loss is not finite.
            KeyboardInterrupt: the user stopped the training; callbacks have saved its state.
        """
        self._count_in_header()
        self.events.on_start(self)
        received = self._received(batches)
        try:
            while self.iteration < self.network.net.max_batches:
                self.train_iteration(islice(received, self.network.net.subdivisions))
        except KeyboardInterrupt:
            self.events.on_interrupt(self)
            raise
        self.events.on_end(self)

    def train_iteration(self, mini_batches: Iterable[TrainBatch]) -> Update:
        """Update the weights once, by the mini-batches of one batch.

        Raises:
            TrainingError: the loss is not finite; the weights are as they were before.
        """
        for layer in self.network.layers:
            layer.on_iteration_start(self.iteration)
        results, inputs = [], 0
        for batch in mini_batches:
            inputs += len(batch.images)
            self.seen += len(batch.images)  # some losses depend on it
            result = self.forward(batch.images, batch.truths, self._loss_context(batch.images))
            self._check_finite(result, batch.paths)
            self._backward(result.root)  # gradients add up from mini-batch to mini-batch
            self.events.on_mini_batch(self, result)
            results.append(result)
        self.iteration += 1
        self.seen = self.iteration * self.batch_size
        self._count_in_header()
        self.processes.sum_gradients(self.optimizer.parameters())
        rate = self._rate()
        copies = self.processes.count
        self.optimizer.step(rate * copies, self.iteration, inputs * copies, self.scaler)
        self.average.update(self.iteration)
        self.processes.average_statistics(self.network)
        update = self._summary(results, rate, inputs)
        self.events.on_iteration(self, update)  # log, save, evaluate
        return update

    def state_dict(self) -> dict[str, Any]:
        """What a resumed training needs besides the weights, random numbers included."""
        return {
            "iteration": self.iteration,
            "seen": self.seen,
            "optimizer": self.optimizer.state_dict(),
            "averages": self.average.averages,
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
            **self.forward.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from what `state_dict` gave; the weights have been read already.

        Raises:
            ValueError, KeyError, RuntimeError: the state belongs to other weights.
        """
        if state["iteration"] != self.iteration:
            raise ValueError(f"it is of iteration {state['iteration']}")
        self.optimizer.load_state_dict(state["optimizer"])
        self.average.load(state["averages"])
        self.forward.load_state_dict(state)
        self.seen = state["seen"]
        torch.set_rng_state(state["random"])
        if len(state["random_cuda"]) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all(state["random_cuda"])

    def report_problems(self, problems: Iterable[Problem]) -> None:
        """Report those faults in the data that were not met before."""
        for problem in self.problems.add(problems):
            self.events.on_problem(self, problem)

    def _received(self, batches: Iterable[TrainBatch]) -> Iterator[TrainBatch]:
        """The mini-batches on the network's device; faults in their data are reported."""
        device = next(self.network.parameters()).device
        for batch in batches:
            self.report_problems(batch.problems)
            for stream in batch.restarts:
                for layer in self.network.layers:
                    layer.reset_stream_state(stream)
            yield batch.to(device)

    def _count_in_header(self) -> None:
        """Let weight files count whole iterations. Source: parser.c save_weights (AlexeyAB)."""
        seen = self.iteration * self.batch_size
        self.network.header = replace(self.network.header, seen=seen)

    def _loss_context(self, images: Tensor) -> LossContext:
        return LossContext(
            net=self.network.net,
            dialect=self.network.dialect,
            height=images.shape[2] if images.dim() == 4 else 1,
            width=images.shape[3] if images.dim() == 4 else 1,
            seen=self.seen,
            iteration=self.iteration,
        )

    def _backward(self, root: Tensor) -> None:
        if root.requires_grad:
            (root if self.scaler is None else self.scaler.scale(root)).backward()

    def _rate(self) -> float:
        return rate_of_run(self.network.net, self.iteration, self.seed)

    def _check_finite(self, result: MiniBatchResult, paths: Sequence[str]) -> None:
        if bool(torch.isfinite(result.cost)):
            return
        broken = [
            f"[{self.network.layers[index].section}], layer {index}"
            for index, loss in result.losses.items()
            if not bool(torch.isfinite(loss.cost))
        ]
        raise TrainingError(
            "the loss is not a finite number any more",
            where=f"iteration {self.iteration + 1}",
            expected="a finite loss",
            got=f"{float(result.cost)} of {', '.join(broken)} on {', '.join(paths) or 'a batch'}",
            fix="the usual causes: learning_rate= too high or burn_in= too short, labels with "
            "boxes of no size, anchors far from the boxes, weights that were broken before; "
            "continue from the last saved weights with a lower rate",
        )

    def _summary(self, results: list[MiniBatchResult], rate: float, inputs: int) -> Update:
        costs = torch.stack([result.cost for result in results]).sum()
        loss = float(self.processes.mean(costs)) / max(1, inputs)
        parts = {
            index: {
                name: sum(float(result.losses[index].parts[name]) for result in results)
                / len(results)
                for name in results[0].losses[index].parts
            }
            for index in results[0].losses
        }
        return Update(self.iteration, loss, rate, parts)
