"""All choices of a training; a new group is a base of this class. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from darknet_torch.training.choices.evaluation import EvaluationChoices
from darknet_torch.training.choices.loss import LossChoices
from darknet_torch.training.choices.pictures import PictureChoices
from darknet_torch.training.choices.records import RecordChoices
from darknet_torch.training.choices.sampling import SamplingChoices
from darknet_torch.training.choices.transfer import TransferChoices
from darknet_torch.training.choices.update import UpdateChoices


@dataclass(frozen=True, kw_only=True)
class TrainChoices(
    TransferChoices,
    LossChoices,
    UpdateChoices,
    PictureChoices,
    SamplingChoices,
    EvaluationChoices,
    RecordChoices,
):
    """All choices of a training."""
