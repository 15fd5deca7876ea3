"""The losses that a plan chooses."""

from __future__ import annotations

from darknet_torch.losses.classic.family import classic_losses
from darknet_torch.losses.registry import DARKNET_LOSSES, LossFamily
from darknet_torch.model.network import Network
from darknet_torch.training.choices.loss import LossChoices, classic_settings


def losses_of(choices: LossChoices, network: Network) -> LossFamily:
    """The family of losses that a network is trained by.

    Raises:
        UsageError: options that contradict each other, or a network without such losses.
        CfgError: the file of a map= does not exist, or does not hold such numbers.
    """
    settings = classic_settings(choices)
    return DARKNET_LOSSES if settings is None else classic_losses(network, settings)
