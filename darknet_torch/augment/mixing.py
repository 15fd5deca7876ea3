"""What [net] says of samples that are made of several pictures. No torch."""

from __future__ import annotations

from darknet_torch.cfg.net import NetOptions
from darknet_torch.errors import CfgError

MIXUP, CUTMIX, MOSAIC, CUTMIX_OR_MOSAIC = 1, 2, 3, 4


def mixing_mode(net: NetOptions) -> int:
    """0 for none, else MIXUP, CUTMIX, MOSAIC, or CUTMIX_OR_MOSAIC for the last two in turn.

    Source: parser.c parse_net_options (AlexeyAB).

    Raises:
        CfgError: mixup= is none of them.
    """
    if net.mosaic and net.cutmix:
        return CUTMIX_OR_MOSAIC
    mode = CUTMIX if net.cutmix else MOSAIC if net.mosaic else net.mixup
    if mode not in (0, MIXUP, CUTMIX, MOSAIC, CUTMIX_OR_MOSAIC):
        raise CfgError(
            "mixup is out of its bounds",
            where=net.where,
            expected="0, 1 for mixup, 2 for cutmix, 3 for mosaic, 4 for the last two in turn",
            got=mode,
        )
    return mode


def check_contrastive_batch(net: NetOptions) -> None:
    """Refuse contrastive pairs that do not fit a mini-batch.

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
