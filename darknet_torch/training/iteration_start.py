"""What an iteration that is not finished has changed, and how it is taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from darknet_torch.model.network import Network
from darknet_torch.training.forward import ForwardPass


class IterationStart:
    """A network in training as it was when an iteration began.

    Mini-batches change the rolling statistics, what outlives a mini-batch in the forward pass
    and the state of the random numbers. Weights change in the update alone, which is never
    interrupted, and gradients are not saved.

    Args:
        network: the network in training.
        forward: its forward pass.
    """

    def __init__(self, network: Network, forward: ForwardPass) -> None:
        self._network, self._forward = network, forward
        self._buffers = _packed(network)
        self._outliving = forward.state_dict()
        self._random = random_state()

    @torch.no_grad()
    def restore(self) -> None:
        """Take back what the mini-batches since then have changed."""
        for name, buffers in _by_kind(self._network).items():
            sizes = [buffer.numel() for buffer in buffers]
            for buffer, before in zip(buffers, self._buffers[name].split(sizes), strict=True):
                buffer.copy_(before.view_as(buffer))
        self._forward.load_state_dict(self._outliving)
        restore_random_state(self._random)


def _by_kind(network: Network) -> dict[torch.dtype, list[Tensor]]:
    """The buffers of a network by the type of their numbers."""
    kinds: dict[torch.dtype, list[Tensor]] = {}
    for buffer in network.buffers():
        kinds.setdefault(buffer.dtype, []).append(buffer)
    return kinds


def _packed(network: Network) -> dict[torch.dtype, Tensor]:
    """A copy of all buffers by a few operations, not one for each of hundreds."""
    kinds = _by_kind(network)
    return {kind: torch.cat([each.flatten() for each in kinds[kind]]) for kind in kinds}


def random_state() -> dict[str, Any]:
    """The state of PyTorch's random numbers on the CPU and on every GPU."""
    on_gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"random": torch.get_rng_state(), "random_cuda": on_gpus}


def restore_random_state(state: Mapping[str, Any]) -> None:
    """Go on with the random numbers of what `random_state` gave.

    Those of the GPUs are left alone where there is another number of GPUs now.
    """
    torch.set_rng_state(state["random"])
    if len(state["random_cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["random_cuda"])
