"""The numbers of an update: added up on the device, and read from there in one transfer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
class MiniBatchNumbers:
    """The numbers of a mini-batch, still on the device, without the tensors that they are of.

    Attributes:
        cost: of the mini-batch; a scalar.
        layers: layer index -> the named scalars of its loss, its cost among them.
        paths: the pictures.
    """

    cost: Tensor
    layers: Mapping[int, Mapping[str, Tensor]]
    paths: Sequence[str]

    @staticmethod
    def of(result: MiniBatchResult, paths: Sequence[str]) -> MiniBatchNumbers:
        """The numbers of a forward pass."""
        layers = {
            index: {"cost": loss.cost.detach(), **_detached(loss.parts)}
            for index, loss in result.losses.items()
        }
        return MiniBatchNumbers(result.cost.detach(), layers, paths)


def _detached(parts: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach() for name, value in parts.items()}


@dataclass(frozen=True)
class UnreadUpdate:
    """An update whose numbers are still on the device.

    Attributes:
        iteration: its number, 1 for the first.
        rate: the learning rate.
        inputs: how many this process took.
        cost: the sum of the costs of the mini-batches, a mean over all processes; a scalar.
        mini_batches: their numbers.
        start: the network before the iteration.
    """

    iteration: int
    rate: float
    inputs: int
    cost: Tensor
    mini_batches: Sequence[MiniBatchNumbers]
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
        for each in self.mini_batches:
            cost, parts = next(numbers), {}
            for index, scalars in each.layers.items():
                parts[index] = {name: next(numbers) for name in scalars}
            read.append((cost, parts))
        self._check(network, total, read)
        loss = total / max(1, self.inputs)
        before = loss if average_loss is None else average_loss
        average = before * 0.9 + loss * 0.1
        return Update(
            self.iteration, loss, average, self.rate, _means([parts for _, parts in read])
        )

    def _scalars(self) -> Iterator[Tensor]:
        """The scalars in the order in which `read` takes them."""
        yield self.cost.float()
        for each in self.mini_batches:
            yield each.cost.float()
            for scalars in each.layers.values():
                for value in scalars.values():
                    yield value.float().reshape(()).to(self.cost.device)

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
        for (own, parts), mini_batch in zip(read, self.mini_batches, strict=True):
            broken = [
                f"[{network.layers[index].section}], layer {index}"
                for index, values in parts.items()
                if not float("-inf") < values["cost"] < float("inf")
            ]
            if broken:
                of, on, cost = ", ".join(broken), ", ".join(mini_batch.paths) or "a batch", own
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
