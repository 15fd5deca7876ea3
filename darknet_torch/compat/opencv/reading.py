"""OpenCV 4's functions that read a net from Darknet's files."""

from __future__ import annotations

import os
from typing import Any

import cv2

from darknet_torch.compat.opencv.importer import PathOrBytes, build, fill, is_given, read_sections
from darknet_torch.compat.opencv.net import Net
from darknet_torch.errors import UsageError

_DARKNET = "darknet"


def readNetFromDarknet(cfgFile: PathOrBytes, darknetModel: PathOrBytes = "") -> Net:
    """Read a net from a cfg and a weight file.

    Args:
        cfgFile: path of the cfg, or its bytes.
        darknetModel: path of the weight file, or its bytes; without it the net has layer names
            but cannot compute.

    Raises:
        CfgError: the cfg cannot be read, or Darknet would refuse it.
        UnsupportedError: OpenCV's importer would refuse the cfg.
        WeightsError: the weights do not fit the cfg.
        UsageError: no cfg was given.

    Source: darknet_importer.cpp readNetFromDarknet (OpenCV 4.12).
    Differs: options that OpenCV's importer ignores, such as dilation=, act as in Darknet, and of
    duplicate keys the first is used, as in Darknet.
    """
    if not is_given(cfgFile):
        raise _missing_cfg_error(darknetModel)
    sections = read_sections(cfgFile)
    network = build(sections)
    filled = is_given(darknetModel)
    if filled:
        fill(network, darknetModel)
    return Net(network, sections, filled=filled)


def readNet(model: Any, config: Any = "", framework: Any = "", **more: Any) -> Any:
    """Read a net from Darknet's files in either order, or other files with OpenCV's readNet.

    Args:
        model, config: the paths of the weight file and the cfg; or "darknet" and the bytes of
            the weight file, with those of the cfg in `framework`.
        framework: OpenCV's name of the file format.

    Raises:
        DarknetError: as `readNetFromDarknet`.
    """
    if isinstance(model, str) and model.lower() == _DARKNET:
        return readNetFromDarknet(framework, config)
    paths = [os.fspath(path) for path in (model, config) if isinstance(path, str | os.PathLike)]
    cfgs = [path for path in paths if path.lower().endswith(".cfg")]
    others = [path for path in paths if path and path not in cfgs]
    weights = [path for path in others if path.lower().endswith(".weights")]
    if framework == _DARKNET or (not framework and (cfgs or weights)):
        return readNetFromDarknet(*(cfgs or [""]), *others)
    return cv2.dnn.readNet(model, config, framework, **more)


def _missing_cfg_error(weights: PathOrBytes) -> UsageError:
    """The error for weights without a cfg, which alone says what the network is."""
    file = os.fspath(weights) if isinstance(weights, str | os.PathLike) else ""
    return UsageError(
        "no cfg was given, and a weight file does not say what its network is",
        where=file or None,
        expected="a weight file and its cfg",
        got="the weights alone" if is_given(weights) else "neither",
        fix="give both: readNet('x.weights', 'x.cfg') or readNetFromDarknet('x.cfg', 'x.weights')",
    )
