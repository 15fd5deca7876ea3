"""The numbers of an update: added up on the device, and read from there in one transfer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from darknet_torch.errors import DivergenceError
from darknet_torch.model.network import Network
from darknet_torch.training.forward import MiniBatchResult
from darknet_torch.training.iteration_start import IterationStart


@dataclass
class Update:
    """One update of the weights.

    Attributes:
        iteration: its number, 1 for the first.
        loss: the mean cost per input, as Darknet prints it.
        average_loss: the moving average of the losses. Source: detector.c train_detector
            (AlexeyAB), its avg_loss.
        rate: the learning rate.
        parts: layer index -> the named numbers of its loss, means over the mini-batches.
    """

    iteration: int
    loss: float
    average_loss: float
    rate: float
    parts: dict[int, dict[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class UnreadUpdate:
    """An update whose numbers are still on the device.

    Attributes:
        iteration: its number, 1 for the first.
        rate: the learning rate.
        inputs: how many this process took.
        cost: the sum of the costs of the mini-batches, a mean over all processes; a scalar.
        results: of the mini-batches.
        paths: the pictures of each mini-batch.
        start: the network before the iteration.
    """

    iteration: int
    rate: float
    inputs: int
    cost: Tensor
    results: Sequence[MiniBatchResult]
    paths: Sequence[Sequence[str]]
    start: IterationStart

    @property
    def is_broken(self) -> Tensor:
        """A bool scalar on the device: the loss is not finite, in this process or another."""
        return ~torch.isfinite(self.cost)

    def read(self, network: Network, average_loss: float | None) -> Update:
        """Wait for the device, and return the numbers.

        Args:
            network: names the layers in the error.
            average_loss: that of the update before, None for the first.

        Raises:
            DivergenceError: the loss is not finite.
        """
        numbers = iter(torch.stack(list(self._scalars())).tolist())
        total, read = next(numbers), []
        for result in self.results:
            cost, parts = next(numbers), {}
            for index, loss in result.losses.items():
                parts[index] = {name: next(numbers) for name in ("cost", *loss.parts)}
            read.append((cost, parts))
        self._check(network, total, read)
        loss = total / max(1, self.inputs)
        before = loss if average_loss is None else average_loss
        average = before * 0.9 + loss * 0.1
        return Update(self.iteration, loss, average, self.rate, _means([each for _, each in read]))

    def _scalars(self) -> Iterator[Tensor]:
        """The scalars in the order in which `read` takes them."""
        yield self.cost.detach().float()
        for result in self.results:
            yield result.cost.detach().float()
            for loss in result.losses.values():
                for value in (loss.cost, *loss.parts.values()):
                    yield value.detach().float().reshape(()).to(self.cost.device)

    def _check(
        self,
        network: Network,
        total: float,
        read: list[tuple[float, dict[int, dict[str, float]]]],
    ) -> None:
        finite = float("-inf") < total < float("inf")
        if finite:
            return
        of, on, cost = "another process", "its pictures", total
        for (own, parts), paths in zip(read, self.paths, strict=True):
            broken = [
                f"[{network.layers[index].section}], layer {index}"
                for index, values in parts.items()
                if not float("-inf") < values["cost"] < float("inf")
            ]
            if broken:
                of, on, cost = ", ".join(broken), ", ".join(paths) or "a batch", own
                break
        raise DivergenceError(
            "the loss is not a finite number any more",
            where=f"iteration {self.iteration}",
            expected="a finite loss",
            got=f"{cost} of {of} on {on}",
            fix="the usual causes: learning_rate= too high or burn_in= too short, labels with "
            "boxes of no size, anchors far from the boxes, weights that were broken before; "
            "continue from the last saved weights with a lower rate",
        )


def _means(parts: list[dict[int, dict[str, float]]]) -> dict[int, dict[str, float]]:
    """The means over mini-batches of the named numbers of each layer."""
    return {
        index: {
            name: sum(each[index][name] for each in parts) / len(parts)
            for name in names
            if name != "cost"
        }
        for index, names in parts[0].items()
    }
