"""The options of [net] for samples mixed from several pictures. No torch."""

from __future__ import annotations

from darknet_torch.cfg.net import NetOptions
from darknet_torch.errors import CfgError

MIXUP, CUTMIX, MOSAIC, CUTMIX_OR_MOSAIC = 1, 2, 3, 4


def mixing_mode(net: NetOptions) -> int:
    """Return how samples are mixed: 0 for not at all, MIXUP, CUTMIX, MOSAIC or CUTMIX_OR_MOSAIC.

    CUTMIX_OR_MOSAIC chooses one of the two at random for each sample.

    Source: parser.c parse_net_options (AlexeyAB).

    Raises:
        CfgError: mixup= is not one of these numbers.
    """
    if net.mosaic and net.cutmix:
        return CUTMIX_OR_MOSAIC
    mode = CUTMIX if net.cutmix else MOSAIC if net.mosaic else net.mixup
    if mode not in (0, MIXUP, CUTMIX, MOSAIC, CUTMIX_OR_MOSAIC):
        raise CfgError(
            "mixup is out of its bounds",
            where=net.where,
            expected="0 for none, 1 for mixup, 2 for cutmix, 3 for mosaic, 4 for cutmix or mosaic",
            got=mode,
        )
    return mode


def check_contrastive_batch(net: NetOptions) -> None:
    """Refuse contrastive=1 if a mini-batch has no room for a pair.

    Source: parser.c parse_net_options (AlexeyAB).

    Raises:
        CfgError: contrastive=1 with mini-batches of one.
    """
    if net.contrastive and net.batch // net.subdivisions < 2:
        raise CfgError(
            "mini_batch size (batch/subdivisions) should be higher than 1 for Contrastive loss!",
            where=net.where,
            got=f"batch={net.batch}, subdivisions={net.subdivisions}",
            fix="raise batch=, or lower subdivisions=",
        )
