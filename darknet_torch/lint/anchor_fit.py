"""Report how well a cfg's anchors fit a data set."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from darknet_torch.anchors.anchor_sections import read_anchor_cfg
from darknet_torch.anchors.dataset import measure_box_sizes
from darknet_torch.anchors.kmeans import cluster
from darknet_torch.anchors.quality import measure_fit
from darknet_torch.cfg.zoo import definitions_folder
from darknet_torch.datasets.examples import DataSet
from darknet_torch.errors import CfgError, ImageError, UsageError
from darknet_torch.heads.base import Head
from darknet_torch.heads.region import Region
from darknet_torch.lint.cfg import CheckedCfg
from darknet_torch.lint.finding import Finding, Severity, make_finding
from darknet_torch.model.network import Network

# Anchors are only where training starts, and AlexeyAB's README advises new ones for experts only.
# COCO's anchors lose about a tenth of IoU on data sets with one kind of object.
_WORTHWHILE_GAIN = 0.1


def check_anchor_fit(
    path: Path, data: DataSet, network: Network, cfg: CheckedCfg
) -> Iterator[Finding]:
    """Compare the cfg's anchors with anchors computed for the boxes of the data set.

    Args:
        path: the data set's path as the user gave it, for the command in the message.
        data: the labelled pictures.
        network: built from the cfg.
        cfg: the cfg whose anchors are compared.

    Yields:
        One finding with both average IoUs: a warning if new anchors would gain more than 0.1,
        else a note. None if the network has no anchors, or the boxes cannot be clustered.
    """
    own = _anchors(network)
    if own is None:
        return
    net = network.net
    letterbox = net.letter_box or network.dialect.defaults.letterbox
    try:
        boxes = measure_box_sizes(data, net.height, net.width, letterbox=letterbox).boxes
        count = _count_to_search(cfg.path, network)
        better = cluster(boxes, count)
    except (CfgError, UsageError, ImageError):
        return  # heads of another kind, too few boxes, or pictures that another check reports
    current, possible = measure_fit(boxes, own).average_iou, measure_fit(boxes, better).average_iou
    worthwhile = possible - current > _WORTHWHILE_GAIN
    yield make_finding(
        Severity.WARNING if worthwhile else Severity.NOTE,
        cfg.path,
        f"its anchors fit the boxes of {data.origin} with an average IoU of {current:.1%}; "
        f"{count} anchors computed for these boxes reach {possible:.1%}",
        fix=f"run {shlex.join(anchors_command(path, cfg.path))}" if worthwhile else None,
    )


def anchors_command(data: Path, cfg: Path) -> list[str]:
    """Return the command that makes better anchors, without changing a shipped definition."""
    if cfg.parent == definitions_folder():
        return ["dtorch", "new", cfg.stem, "--data", str(data), "--anchors", "auto"]
    return ["dtorch", "kmeans", "--cfg", str(cfg), "--data", str(data), "--write", str(cfg)]


def _count_to_search(cfg: Path, network: Network) -> int:
    """How many anchors the command finds: all of the cfg's, also those that no mask selects."""
    return read_anchor_cfg(cfg, network.dialect).count


def _anchors(network: Network) -> np.ndarray | None:
    """Return the anchors of all heads, [k, 2] in pixels of the input, each once, or None."""
    found = [_pixels(network, head) for head in network.heads if hasattr(head, "anchors")]
    return np.unique(np.concatenate(found), axis=0) if found else None


def _pixels(network: Network, head: Head) -> np.ndarray:
    """Return the anchors of a head in pixels of the input; [region] has them in cells."""
    anchors = np.asarray(head.anchors, np.float64)
    if isinstance(head, Region):
        shape, net = head.input_shape, network.net
        anchors = anchors * (net.width / shape.width, net.height / shape.height)
    return anchors
