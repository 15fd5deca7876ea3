"""What a training records and draws. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from darknet_torch.training.choices.declaration import choice
from darknet_torch.training.option_values import Flag


@dataclass(frozen=True, kw_only=True)
class RecordChoices:
    """What a training records and draws, besides the files that every run has.

    Attributes:
        tensorboard: write the numbers, pictures and histograms of weights for TensorBoard, into
            the folder ``<cfg>_tensorboard``.
    """

    tensorboard: bool = choice(
        False,
        Flag(),
        "Write numbers, pictures and histograms for TensorBoard to <cfg>_tensorboard.",
    )
