"""The optimizers: what each makes of Darknet's summed gradients and of the cfg's options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from darknet_torch.cfg.net import NetOptions
from darknet_torch.training.optimizer_names import ADAM, ADAMW, SGD

Groups = list[dict[str, list[nn.Parameter]]]
_MOMENTS = frozenset({"step", "exp_avg", "exp_avg_sq"})


class OptimizerKind:
    """One of PyTorch's optimizers, on gradients that are sums over a batch.

    Attributes:
        name: as --optimizer names it.
        values: the names of what its state has for each array that was updated.
    """

    name: ClassVar[str]
    values: ClassVar[frozenset[str]]

    def make(self, groups: Groups, net: NetOptions, *, exact_order: bool) -> torch.optim.Optimizer:
        """Make PyTorch's optimizer.

        Args:
            groups: arrays that are updated alike.
            net: the options of [net].
            exact_order: round as C's loops do, where C has this update on the CPU.
        """
        raise NotImplementedError

    def settings(
        self, net: NetOptions, rate: float, inputs: int, *, decays: bool
    ) -> dict[str, float]:
        """The options of a group for one update.

        Args:
            net: the options of [net].
            rate: the learning rate of the group.
            inputs: over how many the gradients are summed.
            decays: whether the layers let these arrays decay.
        """
        raise NotImplementedError


class SgdKind(OptimizerKind):
    """SGD with momentum: rate / batch and decay * batch make PyTorch's rule C's.

    Source: convolutional_layer.c update_convolutional_layer.
    """

    name, values = SGD, frozenset({"momentum_buffer"})

    def make(self, groups: Groups, net: NetOptions, *, exact_order: bool) -> torch.optim.Optimizer:
        if exact_order:
            return CSGD(groups, lr=0.0, momentum=net.momentum)
        # One operation updates all arrays of a group.
        return torch.optim.SGD(groups, lr=0.0, momentum=net.momentum, fused=True)

    def settings(
        self, net: NetOptions, rate: float, inputs: int, *, decays: bool
    ) -> dict[str, float]:
        return {"lr": rate / inputs, "weight_decay": net.decay * inputs if decays else 0.0}


class AdamKind(OptimizerKind):
    """Darknet's adam=1: decay is a part of the gradient, of biases and scales as well.

    Source: blas_kernels.cu adam_update_gpu.
    """

    name, values = ADAM, _MOMENTS

    def make(self, groups: Groups, net: NetOptions, *, exact_order: bool) -> torch.optim.Optimizer:
        return torch.optim.Adam(groups, lr=0.0, betas=(net.B1, net.B2), eps=net.eps, fused=True)

    def settings(
        self, net: NetOptions, rate: float, inputs: int, *, decays: bool
    ) -> dict[str, float]:
        return {"lr": rate, "weight_decay": net.decay * inputs}


class AdamWKind(OptimizerKind):
    """AdamW on the mean gradient: weights shrink by rate * decay, apart from the gradient.

    The step does not depend on the scale of the gradients but for eps, which grows with them
    here. Biases and scales do not decay. Source: Loshchilov and Hutter, "Decoupled weight decay
    regularization", 2019; Darknet has none.
    """

    name, values = ADAMW, _MOMENTS

    def make(self, groups: Groups, net: NetOptions, *, exact_order: bool) -> torch.optim.Optimizer:
        return torch.optim.AdamW(groups, lr=0.0, betas=(net.B1, net.B2), eps=net.eps, fused=True)

    def settings(
        self, net: NetOptions, rate: float, inputs: int, *, decays: bool
    ) -> dict[str, float]:
        decay = net.decay if decays else 0.0
        return {"lr": rate, "weight_decay": decay, "eps": net.eps * inputs}


_KINDS: Mapping[str, OptimizerKind] = {
    kind.name: kind for kind in (SgdKind(), AdamKind(), AdamWKind())
}


def optimizer_kind(name: str | None, net: NetOptions) -> OptimizerKind:
    """The optimizer of a name; None stands for the cfg's, with adam=1 Adam."""
    return _KINDS[name or (ADAM if net.adam else SGD)]


class CSGD(torch.optim.SGD):
    """SGD with momentum, rounded as C's loops round.

    The next sum of gradients starts from what the momentum leaves of this one, so `zero_grad`
    must be called before each sum. It takes no closures.

    Source: blas.c axpy_cpu, scal_cpu.
    """

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Update by the gradients that were added up since `zero_grad`."""
        for group in self.param_groups:
            # C's scalars are floats.
            rate, decay = (float(np.float32(group[name])) for name in ("lr", "weight_decay"))
            for parameter in group["params"]:
                if parameter.grad is not None:
                    update = parameter.grad + parameter * decay
                    parameter -= update * rate
                    self.state[parameter]["momentum_buffer"] = update

    @torch.no_grad()
    def zero_grad(self, set_to_none: bool = True) -> None:
        """Let the gradients start from the momentum."""
        for group in self.param_groups:
            for parameter in group["params"]:
                left = self.state[parameter].get("momentum_buffer")
                parameter.grad = None if left is None else left * group["momentum"]
