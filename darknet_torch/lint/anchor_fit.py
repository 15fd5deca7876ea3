"""How well a cfg's anchors fit a data set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from darknet_torch.anchors.dataset import measure_box_sizes
from darknet_torch.anchors.kmeans import cluster
from darknet_torch.anchors.quality import measure_fit
from darknet_torch.cfg.zoo import definitions_folder
from darknet_torch.datasets.examples import DataSet
from darknet_torch.errors import ImageError, UsageError
from darknet_torch.heads.base import Head
from darknet_torch.heads.region import Region
from darknet_torch.lint.cfg import CheckedCfg
from darknet_torch.lint.finding import Finding, Severity, make
from darknet_torch.model.network import Network

# Anchors are a start, which training moves on from: AlexeyAB's README advises against new ones
# but for experts. A tenth of IoU is what COCO's anchors miss on sets of one kind of object.
_WORTH_IT = 0.1


def anchors_fit(path: Path, data: DataSet, network: Network, cfg: CheckedCfg) -> Iterator[Finding]:
    """The average IoU of the boxes and the anchors, and of anchors made for the boxes."""
    own = _anchors(network)
    if own is None:
        return
    net = network.net
    letterbox = net.letter_box or network.dialect.defaults.letterbox
    try:
        boxes = measure_box_sizes(data, net.height, net.width, letterbox=letterbox).boxes
        better = cluster(boxes, len(own))
    except (UsageError, ImageError):
        return  # too few boxes, or pictures that are told of elsewhere
    now, then = measure_fit(boxes, own).average_iou, measure_fit(boxes, better).average_iou
    worth_it = then - now > _WORTH_IT
    yield make(
        Severity.WARNING if worth_it else Severity.NOTE,
        cfg.path,
        f"its anchors fit the boxes of {data.origin} with an average IoU of {now:.1%}, "
        f"{len(own)} made for them with {then:.1%}",
        fix=_command(path, cfg.path) if worth_it else None,
    )


def _command(data: Path, cfg: Path) -> str:
    """What makes better anchors; a shipped definition is not to be written into."""
    if cfg.parent == definitions_folder():
        return f"run dtorch new {cfg.stem} --data {data} --anchors auto"
    return f"run dtorch kmeans --cfg {cfg} --data {data} --write {cfg}"


def _anchors(network: Network) -> np.ndarray | None:
    """[k, 2] of all heads in pixels of the network's input, each once; None without any."""
    found = [_pixels(network, head) for head in network.heads if hasattr(head, "anchors")]
    return np.unique(np.concatenate(found), axis=0) if found else None


def _pixels(network: Network, head: Head) -> np.ndarray:
    """The anchors of a head, of [region] in cells, in pixels of the network's input."""
    anchors = np.asarray(head.anchors, np.float64)
    if isinstance(head, Region):
        shape, net = head.input_shape, network.net
        anchors = anchors * (net.width / shape.width, net.height / shape.height)
    return anchors
