"""Entry points of torch.hub."""

from __future__ import annotations

import inspect
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # torch.hub takes every other callable for an entry point
    from typing import Any

    from darknet_torch import Detector, Network

dependencies = ["cv2", "filelock", "numpy", "torch"]


def darknet(
    cfg: str | os.PathLike[str],
    weights: str | os.PathLike[str] | None = None,
    *,
    pretrained: bool = False,
    **options: Any,
) -> Network:
    """Load a network from Darknet's cfg and weight file.

    Args:
        cfg: path of a cfg, or the name of a shipped one, such as "yolov3"; or a file of weights
            alone, as `darknet_torch.load` takes it.
        weights: path of a weight file, or the name of a downloaded one. With None the weights
            are random, unless `cfg` is a file of weights.
        pretrained: download the published weights with the name `weights`, or `cfg` if that is
            None, unless they have been downloaded already.
        options: keyword arguments of `darknet_torch.load`.

    Returns:
        The network, in evaluation mode.
    """
    import darknet_torch

    if pretrained:
        weights = darknet_torch.download(os.fspath(weights or cfg))
    return darknet_torch.load(cfg, weights, **options)


def detector(
    cfg: str | os.PathLike[str],
    weights: str | os.PathLike[str] | None = None,
    *,
    pretrained: bool = False,
    **options: Any,
) -> Detector:
    """Load a detector, which takes pictures and returns detections.

    Args:
        cfg, weights, pretrained: as in `darknet`.
        options: keyword arguments of `darknet_torch.load` and `darknet_torch.Detector`, such as
            width, names and threshold.

    Returns:
        The detector.
    """
    import darknet_torch

    known = inspect.signature(darknet_torch.load).parameters
    loading = {name: options.pop(name) for name in known if name in options}
    network = darknet(cfg, weights, pretrained=pretrained, **loading)
    return darknet_torch.Detector(network, **options)
