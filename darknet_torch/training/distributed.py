"""Data-parallel training: several processes train one network on different pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed
from torch import Tensor, nn


@dataclass(frozen=True)
class Processes:
    """The processes that train a network together; by default this one alone.

    Attributes:
        rank: which of them this process is, from 0.
        count: how many there are.

    Source: network_kernels.cu train_networks, sync_nets (AlexeyAB): there each GPU takes
    several steps of its own, then the weights are averaged.
    Differs: here the gradients of all are summed before every step, as if one process trained
    on `count` times the batch with `count` times the rate, which Darknet approximates.
    """

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes files and prints."""
        return self.rank == 0

    def share(self, network: nn.Module) -> None:
        """Copy the arrays of the first process to all."""
        if self.count > 1:
            for tensor in network.state_dict().values():
                torch.distributed.broadcast(tensor, 0)

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace each gradient by its sum over all processes."""
        if self.count == 1:
            return
        parameters = list(parameters)
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        torch.distributed.all_reduce(flat)
        parts = flat.split([gradient.numel() for gradient in gradients])
        for parameter, part in zip(parameters, parts, strict=True):
            # In the parameter's order in memory, which fused updates ask for.
            parameter.grad = torch.empty_like(parameter).copy_(part.view_as(parameter))

    def average_statistics(self, buffers: Iterable[Tensor]) -> None:
        """Replace the rolling statistics by their mean over all processes."""
        if self.count > 1:
            for buffer in buffers:
                if buffer.is_floating_point():
                    torch.distributed.all_reduce(buffer)
                    buffer /= self.count

    def mean(self, value: Tensor) -> Tensor:
        """The mean of `value` over all processes."""
        if self.count == 1:
            return value
        value = value.clone()
        torch.distributed.all_reduce(value)
        return value / self.count

    def largest(self, value: int) -> int:
        """The largest of the values that all processes give."""
        if self.count == 1:
            return value
        on_gpu = torch.distributed.get_backend() == "nccl"
        found = torch.tensor(value, device="cuda" if on_gpu else "cpu")
        torch.distributed.all_reduce(found, torch.distributed.ReduceOp.MAX)
        return int(found)

    def gather(self, value: Any) -> list[Any]:
        """What all processes give, in the order of their ranks; all of them must call this."""
        if self.count == 1:
            return [value]
        found: list[Any] = [None] * self.count
        torch.distributed.all_gather_object(found, value)
        return found

    def from_first(self, value: Any) -> Any:
        """What the first process gives, in all of them; all of them must call this."""
        if self.count == 1:
            return value
        shared = [value]
        torch.distributed.broadcast_object_list(shared, 0)
        return shared[0]

    def wait_for_all(self) -> None:
        """Return when all processes have called this."""
        if self.count > 1:
            torch.distributed.barrier()


class PlannedProcesses(Processes):
    """Processes of which this one alone exists: it prepares what they would do."""

    def share(self, network: nn.Module) -> None:
        """There is nobody to share with."""
