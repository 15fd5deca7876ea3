"""The update of the weights with the rounding of C's loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


class SGD(torch.optim.SGD):
    """SGD with momentum, rounded as C's: the next sum of gradients starts from what the
    momentum leaves of this one, so `zero_grad` is to be called before each. No closures.

    Source: blas.c axpy_cpu, scal_cpu.
    """

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Update by gradients that were summed up since `zero_grad`."""
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
        """Let gradients start from the momentum."""
        for group in self.param_groups:
            for parameter in group["params"]:
                left = self.state[parameter].get("momentum_buffer")
                parameter.grad = None if left is None else left * group["momentum"]
