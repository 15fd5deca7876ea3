"""The PyTorch runtime for Darknet's own files.

The names below are loaded when first used: importing the package imports no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from darknet_torch.conversion.convert import convert
    from darknet_torch.conversion.report import ConversionReport
    from darknet_torch.conversion.weight_files import average, partial, statistics
    from darknet_torch.downloads.download import download
    from darknet_torch.errors import (
        CfgError,
        CfgNote,
        CfgWarning,
        DarknetError,
        DownloadError,
        ImageError,
        NamesError,
        UnsupportedError,
        UsageError,
        WeightsError,
    )
    from darknet_torch.export.graphs import GraphOptions
    from darknet_torch.inference.character_model import CharacterModel
    from darknet_torch.inference.classifier import Classification, Classifier
    from darknet_torch.inference.detector import Detector
    from darknet_torch.model.loading import load
    from darknet_torch.model.network import Network, WeightsHeader, build_network
    from darknet_torch.model.summary import summarize
    from darknet_torch.model.weights import LoadReport, read_weights, write_weights
    from darknet_torch.results.detections import Detections

__version__ = "0.1.0"

_HOME = {
    "CharacterModel": "inference.character_model",
    "Classification": "inference.classifier",
    "Classifier": "inference.classifier",
    "summarize": "model.summary",
    "Detector": "inference.detector",
    "Detections": "results.detections",
    "download": "downloads.download",
    "load": "model.loading",
    "convert": "conversion.convert",
    "ConversionReport": "conversion.report",
    "GraphOptions": "export.graphs",
    "average": "conversion.weight_files",
    "partial": "conversion.weight_files",
    "statistics": "conversion.weight_files",
    "Network": "model.network",
    "WeightsHeader": "model.network",
    "build_network": "model.network",
    "LoadReport": "model.weights",
    "read_weights": "model.weights",
    "write_weights": "model.weights",
    **dict.fromkeys(
        (
            "DarknetError",
            "CfgError",
            "UnsupportedError",
            "WeightsError",
            "NamesError",
            "ImageError",
            "DownloadError",
            "UsageError",
            "CfgWarning",
            "CfgNote",
        ),
        "errors",
    ),
}

__all__ = [
    "CfgError",
    "CfgNote",
    "CfgWarning",
    "CharacterModel",
    "Classification",
    "Classifier",
    "ConversionReport",
    "DarknetError",
    "Detections",
    "Detector",
    "DownloadError",
    "GraphOptions",
    "ImageError",
    "LoadReport",
    "NamesError",
    "Network",
    "UnsupportedError",
    "UsageError",
    "WeightsError",
    "WeightsHeader",
    "__version__",
    "average",
    "build_network",
    "convert",
    "download",
    "load",
    "partial",
    "read_weights",
    "statistics",
    "summarize",
    "write_weights",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
