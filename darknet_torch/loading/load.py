"""`load`: from the names of files to a network."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from darknet_torch.arguments import check_path
from darknet_torch.cfg.dialect import Dialect
from darknet_torch.cfg.grammar import read_cfg_text
from darknet_torch.cfg.size_limits import allowing_large_networks
from darknet_torch.downloads.model_files import resolve_model
from darknet_torch.downloads.model_search import find_class_names
from darknet_torch.loading.model import Model
from darknet_torch.loading.readers import ModelSource, read_model
from darknet_torch.model.loading import build, find_device
from darknet_torch.model.network import Network
from darknet_torch.model.weight_fit import find_mismatch


def load(
    cfg: str | os.PathLike[str],
    weights: str | os.PathLike[str] | None = None,
    *,
    width: int | None = None,
    height: int | None = None,
    dialect: str | Dialect = "alexeyab",
    device: str | torch.device | None = None,
    strict: bool = True,
    allow_large: bool = False,
) -> Network:
    """Build the network of a cfg and read its weights.

    What Darknet tolerates but is probably a mistake is reported as `CfgWarning`; turn these
    warnings into errors with ``warnings.simplefilter("error", CfgWarning)``.

    Args:
        cfg: path of a cfg, or the name of a shipped one, such as "yolov3". Or a file of weights
            alone: its cfg is then the one inside it, or the one that its name leads to, as in
            `darknet_torch.downloads.model_files.resolve_model`.
        weights: path of a weight file, or the name of a downloaded one, such as "yolov3";
            a partial one leaves the other layers at Darknet's starting values. Or a .pt or
            .safetensors file that `convert` wrote, or a checkpoint that it reads. None: all
            layers start there.
        width, height: size of the input, instead of the cfg's.
        dialect: "alexeyab", "pjreddie" or "alexeyab-cuda".
        device: the device to move the network to; the CPU by default.
        strict: bytes left over at the end of the weight file are an error.
        allow_large: load a network even if its arrays and the activations of one picture take
            more than 80 % of the free memory, or one picture takes more than 1e13 operations.

    Returns:
        The network, in evaluation mode. Its `names` are those inside the file of weights; else
        those of the .names file next to the weights or the cfg; else, of a detector with 80 or
        20 classes, those of COCO or VOC; else ().

    Warns:
        CfgWarning: a .names file found next to the weights or the cfg does not fit, or several
            do, so that none is taken.

    Raises:
        CfgError: the cfg does not exist or cannot be loaded, or the network is too large.
        WeightsError: the weight file does not exist or does not fit the network.
        UsageError: an unknown dialect or device, a size below 1, or an argument of another
            type; or no cfg is found for the weights, or several are.
    """
    check_path("cfg", cfg, expected="the path of a cfg or weights, or the name of a shipped cfg")
    if weights is not None:
        check_path("weights", weights, expected="the path of a weight file, or a name")
    model = load_model(
        cfg,
        weights,
        width=width,
        height=height,
        dialect=dialect,
        strict=strict,
        allow_large=allow_large,
    )
    model.network.names = model.network.names or _find_names(model)
    return model.network.to(find_device(device or "cpu"))


def _find_names(model: Model) -> tuple[str, ...]:
    """Return the names of the classes in a file that the name of the model leads to."""
    network = model.network
    if not network.net.is_picture:
        return ()
    heads = network.heads
    classes = heads[-1].classes if heads else network.output_layer.output_shape.count
    files = [Path(model.cfg_file), Path(model.report.path) if model.report else None]
    return find_class_names(files, classes, is_detector=bool(heads))


def load_model(
    cfg: str | os.PathLike[str] | None,
    weights: str | os.PathLike[str] | None = None,
    *,
    width: int | None = None,
    height: int | None = None,
    dialect: str | Dialect = "alexeyab",
    strict: bool = True,
    cutoff: int | None = None,
    allow_large: bool = False,
) -> Model:
    """Load a network on the CPU, with its cfg, the names in its file, and what was read.

    Args:
        cfg, weights, width, height, dialect, strict, allow_large: as in `load`. `cfg` may be
            None.
        cutoff: read only this many layers, counted from the first, and ignore the others.

    Raises:
        CfgError, WeightsError, UsageError: as `load`.
    """
    mismatch = find_mismatch(width=width, height=height, strict=strict)
    files = resolve_model(cfg, weights, mismatch=mismatch)
    if files.weights is not None:
        source = ModelSource(
            files.weights, files.cfg, (), dialect, width, height, strict, cutoff=cutoff
        )
        with allowing_large_networks(allow_large):
            model = read_model(source)
        model.network.names = model.names
        return model
    assert files.cfg is not None, "there is a cfg or there are weights"
    network = build(
        files.cfg, width=width, height=height, dialect=dialect, allow_large=allow_large
    )
    network.initialize()
    return Model(network, read_cfg_text(files.cfg), cfg_file=str(files.cfg))
