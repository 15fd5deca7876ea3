"""How the weights are updated: optimizer, learning rate, bounds on gradients. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from darknet_torch.training.choices.declaration import choice
from darknet_torch.training.optimizer_names import OPTIMIZERS
from darknet_torch.training.option_values import Choice, PositiveNumber
from darknet_torch.training.schedules.registry import SCHEDULES, WARM_UPS


@dataclass(frozen=True, kw_only=True)
class UpdateChoices:
    """How the weights are updated: optimizer, learning rate, bounds on gradients.

    Attributes:
        optimizer: "sgd", "adam" or "adamw"; None for the cfg's, adam=1 or SGD.
        schedule: how the learning rate changes: NAME[:KEY=VALUE,...] of a member of
            `darknet_torch.training.schedules`; "callable" stands for a Python function.
        warmup: how it rises at the start, in the same form; None for the cfg's burn_in and power.
        clip_norm: the largest norm of the gradients of all arrays together, of the mean per
            input; None for no bound.
    """

    optimizer: str | None = choice(
        None,
        Choice(OPTIMIZERS),
        "What updates the weights [default: the cfg's, SGD or with adam=1 Adam].",
    )
    schedule: str = choice(
        "cfg",
        SCHEDULES,
        "How the learning rate changes: cfg, cosine, cosine-restarts, step-epochs, exponential, "
        "inverse or plateau, with parameters such as step-epochs:epochs=30+60,factor=0.1.",
        metavar="NAME[:KEY=VALUE,...]",
    )
    warmup: str | None = choice(
        None,
        WARM_UPS,
        "How the rate rises at the start: none, linear, power or exponential, such as "
        "linear:epochs=3 [default: the cfg's burn_in and power].",
        metavar="NAME[:KEY=VALUE,...]",
    )
    clip_norm: float | None = choice(
        None,
        PositiveNumber(),
        "The largest norm of the mean gradient of an input, over all arrays together.",
        metavar="NORM",
    )
