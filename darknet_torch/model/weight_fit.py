"""Whether the length of a weight file fits a cfg, found out without memory for the arrays."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import torch

from darknet_torch.cfg.dialect import ALEXEYAB, PJREDDIE, Dialect
from darknet_torch.cfg.zoo import is_partial_name
from darknet_torch.errors import CfgError, CfgWarning
from darknet_torch.model.loading import build
from darknet_torch.model.weights import check_length
from darknet_torch.model.weights_diagnosis import SizeMismatchError


def find_mismatch(
    *, width: int | None = None, height: int | None = None, strict: bool = True
) -> Callable[[Path, Path], str | None]:
    """A function that says why a weight file does not fit a cfg, in either code base.

    Args:
        width, height: size of the input, instead of the cfg's.
        strict: bytes left over at the end of the file do not fit.

    Returns:
        A function of a cfg and a weight file. It returns None if they fit. A file that ends
        before the last layer fits only if its name says that it is partial. It raises
        WeightsError if the file is no weight file.
    """

    def mismatch(cfg: Path, weights: Path) -> str | None:
        reasons = [
            _mismatch(cfg, weights, dialect, width=width, height=height, strict=strict)
            for dialect in (ALEXEYAB, PJREDDIE)
        ]
        return None if None in reasons else reasons[0]

    return mismatch


def _mismatch(
    cfg: Path,
    weights: Path,
    dialect: Dialect,
    *,
    width: int | None,
    height: int | None,
    strict: bool,
) -> str | None:
    try:
        with warnings.catch_warnings(), torch.device("meta"):
            warnings.simplefilter("ignore", CfgWarning)
            network = build(cfg, width=width, height=height, dialect=dialect)
            layers = check_length(network, weights, strict=strict)
    except SizeMismatchError as error:
        return error.cause
    except CfgError as error:
        return str(error)
    if layers < len(network.layers) and not is_partial_name(weights):
        return f"the file ends after {layers} of {len(network.layers)} layers"
    return None
