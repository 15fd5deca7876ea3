"""Batch after batch: the state of a training, and one step of it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from darknet_torch.errors import TrainingError
from darknet_torch.losses.base import LossContext
from darknet_torch.losses.rejection import Rejection
from darknet_torch.model.network import Network
from darknet_torch.ops.in_order import sum_in_order
from darknet_torch.training.averaging import WeightAverage
from darknet_torch.training.distributed import Processes
from darknet_torch.training.optimizer import Optimizer, batch_size
from darknet_torch.training.passes import MiniBatch, TrainingPass
from darknet_torch.training.schedule import rate_at


@dataclass
class Update:
    """One update of the weights.

    Attributes:
        iteration: its number, 1 for the first.
        loss: the mean cost per input, as Darknet prints it.
        rate: the learning rate.
        parts: by layer index, the named numbers of its loss, means over the mini-batches.
    """

    iteration: int
    loss: float
    rate: float
    parts: dict[int, dict[str, float]] = field(default_factory=dict)


class Trainer:
    """A network while it learns.

    Args:
        network: its header says how many inputs it has seen.
        autocast: compute the layers in this reduced precision.
        in_order: sum up as C's loops do, slowly, see `darknet_torch.ops.in_order`.
        processes: those that train the network together.
        seed: of what the policy "random" draws.

    Attributes:
        iteration: updates made.
        seen: inputs seen.

    Source: network.c train_network_datum, train_network_waitkey (AlexeyAB).
    """

    def __init__(
        self,
        network: Network,
        *,
        autocast: torch.dtype | None = None,
        in_order: bool = False,
        processes: Processes | None = None,
        seed: int = 0,
    ) -> None:
        self.network = network.train()
        self.processes = processes or Processes()
        self.batch = batch_size(network.net)
        self.seen = network.header.seen
        self.iteration = self.seen // self.batch
        sum_in_order(network, in_order)
        self.run = TrainingPass(network, autocast)
        self.optimizer = Optimizer(network, self.processes.count, in_order and autocast is None)
        # bfloat16 has the range of float32 and needs no scaling.
        self.scaler = torch.amp.GradScaler() if autocast is torch.float16 else None
        self.average = WeightAverage.of(network)
        self.rejection = Rejection()
        self.seed = seed
        self.processes.share(network)

    def train_batch(self, mini_batches: Iterable[tuple[Tensor, Tensor, Sequence[str]]]) -> Update:
        """Learn from one batch.

        Args:
            mini_batches: inputs, truths and the names of the pictures of each subdivision.

        Raises:
            TrainingError: the loss is not finite; the weights are as they were before.
        """
        results = []
        for layer in self.network.layers:
            layer.on_iteration_start(self.iteration)
        inputs = 0
        for images, truths, names in mini_batches:
            results.append(self.mini_batch(images, truths, names))
            inputs += len(images)
        # With dynamic_minibatch there are more or fewer than [net] says.
        self.optimizer.batch = inputs * self.processes.count
        self.seen = (self.iteration + 1) * self.batch
        self.processes.sum_gradients(self.optimizer.parameters())
        rate = self.update()
        return self._summary(results, rate, inputs)

    def mini_batch(self, images: Tensor, truths: Tensor, names: Sequence[str] = ()) -> MiniBatch:
        """Forward and backward of one mini-batch; gradients add up.

        Raises:
            TrainingError: the loss is not finite.
        """
        self.seen += len(images)
        context = LossContext(
            net=self.network.net,
            dialect=self.network.dialect,
            height=images.shape[2] if images.dim() == 4 else 1,
            width=images.shape[3] if images.dim() == 4 else 1,
            seen=self.seen,
            iteration=self.iteration,
            rejection=self.rejection,
        )
        result = self.run(images, truths, context)
        self._check(result, names)
        if result.root.requires_grad:
            root = result.root if self.scaler is None else self.scaler.scale(result.root)
            root.backward()
        return result

    def update(self) -> float:
        """Update the weights by the gradients so far; returns the rate."""
        self.iteration += 1
        chance = random.Random(f"{self.seed} {self.iteration}")
        rate = rate_at(self.network.net, self.seen // self.batch, chance)
        self.optimizer.step(rate * self.processes.count, self.iteration, self.scaler)
        self.average.update(self.iteration)
        return rate

    def _check(self, result: MiniBatch, names: Sequence[str]) -> None:
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
            got=f"{float(result.cost)} of {', '.join(broken)} on {', '.join(names) or 'a batch'}",
            fix="the usual causes: learning_rate= too high or burn_in= too short, labels with "
            "boxes of no size, anchors far from the boxes, weights that were broken before; "
            "continue from the last saved weights with a lower rate",
        )

    def _summary(self, results: list[MiniBatch], rate: float, inputs: int) -> Update:
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
