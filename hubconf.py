"""Entry points for torch.hub."""

from __future__ import annotations

import inspect
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # torch.hub takes everything else that can be called for an entry point
    from typing import Any

    from darknet_torch import Detector, Network

dependencies = ["cv2", "filelock", "libstb", "numpy", "torch"]


def darknet(
    cfg: str | os.PathLike[str],
    weights: str | os.PathLike[str] | None = None,
    *,
    pretrained: bool = False,
    **options: Any,
) -> Network:
    """A network from a cfg and a weight file, both Darknet's own.

    Args:
        cfg: path of a cfg, or the name of a shipped one, such as "yolov3".
        weights: path of a weight file, or the name of a downloaded one. None: random.
        pretrained: fetch the published weights called as `weights`, or else as `cfg`,
            unless they were fetched already.
        options: as `darknet_torch.load` has them.

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
    """A detector: pictures in, boxes out.

    Args:
        cfg, weights, pretrained: as `darknet` has them.
        options: as `darknet_torch.load` and `darknet_torch.Detector` have them, such as
            names, threshold, width.
    """
    import darknet_torch

    known = inspect.signature(darknet_torch.load).parameters
    loading = {name: options.pop(name) for name in known if name in options}
    network = darknet(cfg, weights, pretrained=pretrained, **loading)
    return darknet_torch.Detector(network, **options)
