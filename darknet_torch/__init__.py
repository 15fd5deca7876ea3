"""The PyTorch runtime for Darknet's own files.

``import darknet_torch`` imports neither torch nor numpy: each public name is imported from its
module when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

# Type checkers and editors read import statements, so the names stand here and in `_EXPORTS`;
# tests/test_public_surface.py asserts that the two agree. Reading these statements at run time
# instead would need the source file, which a frozen program does not ship.
if TYPE_CHECKING:
    from darknet_torch.conversion.convert import convert as convert
    from darknet_torch.conversion.report import ConversionReport as ConversionReport
    from darknet_torch.conversion.weight_files import average as average
    from darknet_torch.conversion.weight_files import partial as partial
    from darknet_torch.conversion.weight_files import statistics as statistics
    from darknet_torch.downloads.download import download as download
    from darknet_torch.engines.model import EngineModel as EngineModel
    from darknet_torch.errors import ArgumentError as ArgumentError
    from darknet_torch.errors import CfgError as CfgError
    from darknet_torch.errors import CfgNote as CfgNote
    from darknet_torch.errors import CfgWarning as CfgWarning
    from darknet_torch.errors import DarknetError as DarknetError
    from darknet_torch.errors import DownloadError as DownloadError
    from darknet_torch.errors import ImageError as ImageError
    from darknet_torch.errors import NamesError as NamesError
    from darknet_torch.errors import TrainingError as TrainingError
    from darknet_torch.errors import UnsupportedError as UnsupportedError
    from darknet_torch.errors import UsageError as UsageError
    from darknet_torch.errors import WeightsError as WeightsError
    from darknet_torch.export.graphs import GraphOptions as GraphOptions
    from darknet_torch.inference.character_model import CharacterModel as CharacterModel
    from darknet_torch.inference.classifier import Classifier as Classifier
    from darknet_torch.inference.detector import Detector as Detector
    from darknet_torch.inference.engine_models import load_engine as load_engine
    from darknet_torch.loading.load import load as load
    from darknet_torch.model.network import Network as Network
    from darknet_torch.model.network import WeightsHeader as WeightsHeader
    from darknet_torch.model.network import build_network as build_network
    from darknet_torch.model.registry import register_layer as register_layer
    from darknet_torch.model.summary import summarize as summarize
    from darknet_torch.model.weights import LoadReport as LoadReport
    from darknet_torch.model.weights import read_weights as read_weights
    from darknet_torch.model.weights import write_weights as write_weights
    from darknet_torch.results.classification import Classification as Classification
    from darknet_torch.results.classification import ClassScore as ClassScore
    from darknet_torch.results.detections import Detection as Detection
    from darknet_torch.results.detections import Detections as Detections
    from darknet_torch.training.callbacks import Callback as Callback
    from darknet_torch.training.custom_loop import NetworkLoss as NetworkLoss
    from darknet_torch.training.custom_loop import load_to_train as load_to_train
    from darknet_torch.training.custom_loop import training_batches as training_batches
    from darknet_torch.training.train import TrainResult as TrainResult
    from darknet_torch.training.train import train as train

__version__ = "0.1.0"

# Module below the package -> the public names that it defines.
_EXPORTS = {
    "conversion.convert": ("convert",),
    "conversion.report": ("ConversionReport",),
    "conversion.weight_files": ("average", "partial", "statistics"),
    "downloads.download": ("download",),
    "errors": (
        "ArgumentError",
        "CfgError",
        "CfgNote",
        "CfgWarning",
        "DarknetError",
        "DownloadError",
        "ImageError",
        "NamesError",
        "TrainingError",
        "UnsupportedError",
        "UsageError",
        "WeightsError",
    ),
    "engines.model": ("EngineModel",),
    "export.graphs": ("GraphOptions",),
    "inference.character_model": ("CharacterModel",),
    "inference.classifier": ("Classifier",),
    "inference.detector": ("Detector",),
    "inference.engine_models": ("load_engine",),
    "loading.load": ("load",),
    "model.network": ("Network", "WeightsHeader", "build_network"),
    "model.registry": ("register_layer",),
    "model.summary": ("summarize",),
    "model.weights": ("LoadReport", "read_weights", "write_weights"),
    "results.classification": ("ClassScore", "Classification"),
    "results.detections": ("Detection", "Detections"),
    "training.callbacks": ("Callback",),
    "training.custom_loop": ("NetworkLoss", "load_to_train", "training_batches"),
    "training.train": ("TrainResult", "train"),
}
_MODULE_OF = {name: module for module, names in _EXPORTS.items() for name in names}

if not TYPE_CHECKING:  # type checkers go by the imports above, and report any other name
    __all__ = sorted((*_MODULE_OF, "__version__"))

    def __getattr__(name: str) -> Any:
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)

    def __dir__() -> list[str]:
        return list(__all__)
