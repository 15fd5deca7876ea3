"""The lists of schedules and warm-ups; a new one is a row. No torch."""

from __future__ import annotations

from darknet_torch.training.schedules.base import Schedule, WarmUp
from darknet_torch.training.schedules.given import Given
from darknet_torch.training.schedules.members import Members
from darknet_torch.training.schedules.plateau import Plateau
from darknet_torch.training.schedules.shapes import (
    Cosine,
    CosineRestarts,
    Exponential,
    FromCfg,
    Inverse,
    StepEpochs,
)
from darknet_torch.training.schedules.warm_ups import ExponentialRise, Linear, NoWarmUp, Power

SCHEDULES: Members[Schedule] = Members(
    "--schedule",
    FromCfg,
    Cosine,
    CosineRestarts,
    StepEpochs,
    Exponential,
    Inverse,
    Plateau,
    Given,
)
WARM_UPS: Members[WarmUp] = Members("--warmup", NoWarmUp, Linear, Power, ExponentialRise)
