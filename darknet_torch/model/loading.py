"""Building a network from a cfg, and filling it from a weight file."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch

from darknet_torch.arguments import DEVICES
from darknet_torch.cfg.dialect import ALEXEYAB, PJREDDIE, Dialect, find_dialect
from darknet_torch.cfg.edit import with_values
from darknet_torch.cfg.grammar import read_cfg
from darknet_torch.cfg.zoo import find_cfg
from darknet_torch.downloads.model_files import resolve_weights
from darknet_torch.errors import CfgError, CfgWarning, UsageError, WeightsError, warn
from darknet_torch.model.network import Network, build_network
from darknet_torch.model.weights import LoadReport, UnreadableWeightsError, read_weights

_LONG_REASON = 80  # PyTorch answers a misspelt device with a list of all kinds


def load_with_report(
    cfg: str | os.PathLike[str],
    weights: str | os.PathLike[str] | None = None,
    *,
    width: int | None = None,
    height: int | None = None,
    batch: int | None = None,
    dialect: str | Dialect = "alexeyab",
    strict: bool = True,
    cutoff: int | None = None,
) -> tuple[Network, LoadReport | None]:
    """Load a network on the CPU from a cfg and a Darknet weight file.

    A file that is as long as the other code base writes it is read in its dialect.

    Args:
        cfg: path of a cfg, or the name of a shipped one.
        weights: path of a weight file, or the name of a downloaded one; None: all layers get
            Darknet's starting values.
        width, height: size of the input in pixels, instead of the cfg's.
        batch: replaces that of the cfg; 1 or more.
        dialect: "alexeyab", "pjreddie" or "alexeyab-cuda".
        strict: bytes left over at the end of the weight file are an error.
        cutoff: read only this many layers, counted from the first.

    Returns:
        The network, in evaluation mode, and the report of its weight file.

    Raises:
        CfgError, WeightsError, UsageError: as `darknet_torch.load`.
    """
    chosen = find_dialect(dialect)
    path = find_cfg(cfg)
    file = None if weights is None else resolve_weights(weights)
    network = build(path, width=width, height=height, batch=batch, dialect=chosen)
    if file is None:
        network.initialize()
        return network, None
    try:
        return network, fill(network, file, strict=strict, cutoff=cutoff)
    except UnreadableWeightsError:
        raise
    except WeightsError:
        for other in (PJREDDIE, ALEXEYAB):
            if other.code_base != chosen.code_base:
                found = _try_other(path, file, other, width=width, height=height, batch=batch)
                if found is not None:
                    return found
        raise


def fill(
    network: Network,
    weights: str | os.PathLike[str],
    *,
    strict: bool,
    cutoff: int | None = None,
) -> LoadReport:
    """Read a weight file into a network, and fill the rest with Darknet's starting values.

    Args:
        network: the network, changed in place.
        weights: the path of the weight file, which may be a partial one.
        strict: bytes left over at the end of the file are an error.
        cutoff: read only this many layers and ignore the rest of the file.

    Returns:
        What was read, and which layers got starting values.

    Raises:
        WeightsError: the file does not exist, or does not fit the network.
    """
    network.initialize([layer.index for layer in network.layers if layer.loads_partially])
    report = read_weights(network, Path(weights), strict=strict, cutoff=cutoff)
    network.initialize(report.missing)
    return report


def _try_other(
    cfg: Path,
    weights: Path,
    other: Dialect,
    *,
    width: int | None,
    height: int | None,
    batch: int | None,
) -> tuple[Network, LoadReport] | None:
    """Load in the dialect `other`, if the weight file is exactly as long as that one writes it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CfgWarning)
            network = build(cfg, dialect=other, width=width, height=height, batch=batch)
        report = fill(network, weights, strict=True)
    except (CfgError, WeightsError):
        return None
    if not report.complete:
        return None
    warn(
        f"this file is as long as {other.code_base}/darknet writes it; "
        f"dialect {other.name} is used",
        where=weights,
        fix=f"use --dialect {other.name}",
    )
    return network, report


def build(
    cfg: str | os.PathLike[str],
    *,
    width: int | None = None,
    height: int | None = None,
    batch: int | None = None,
    subdivisions: int | None = None,
    net_options: Mapping[str, object] | None = None,
    dialect: str | Dialect = "alexeyab",
    arithmetic: str = "fast",
    allow_large: bool = False,
) -> Network:
    """Build the network of a cfg without filling its arrays.

    Args:
        cfg: path of a cfg, or the name of a shipped one, such as "yolov3".
        width, height: size of the input in pixels, instead of the cfg's.
        batch, subdivisions: replace those of the cfg; 1 or more.
        net_options: values of other keys of [net], instead of the cfg's.
        dialect: "alexeyab", "pjreddie" or "alexeyab-cuda".
        arithmetic: "fast" or "c_order", see `darknet_torch.ops.arithmetic`.
        allow_large: as `build_network` takes it.

    Returns:
        The network on the CPU, in evaluation mode; its arrays hold arbitrary numbers.

    Raises:
        CfgError: the cfg does not exist or cannot be loaded, or the network is too large.
        UsageError: an unknown dialect or arithmetic, or a size below 1.
    """
    net, *layers = read_cfg(find_cfg(cfg))
    return build_network(
        [with_values(net, net_options or {}), *layers],
        dialect=find_dialect(dialect),
        width=width,
        height=height,
        batch=batch,
        subdivisions=subdivisions,
        arithmetic=arithmetic,
        initialize=False,
        allow_large=allow_large,
    )


def find_device(name: str | torch.device) -> torch.device:
    """Find a device by name; "auto" is the first GPU, or the CPU without one.

    Raises:
        UsageError: there is no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = str(error).splitlines()[0]
        because = f" ({reason})" if len(reason) < _LONG_REASON else ""
        raise UsageError(
            "no such device", expected=DEVICES, got=f"{str(name)!r}{because}"
        ) from None
    return device
