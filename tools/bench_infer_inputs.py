"""What the engines of `tools/bench.py infer` read: a network in all forms, and pictures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

import darknet_torch
from darknet_torch.cfg.edit import CfgEdit
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.cfg.zoo import find_cfg
from darknet_torch.compat.opencv.reading import readNetFromDarknet
from darknet_torch.engines.cache import EngineCache
from darknet_torch.engines.choice import choose
from darknet_torch.engines.engine import EngineSettings
from darknet_torch.engines.model_key import find_model_key
from darknet_torch.engines.prepared import installed_versions
from darknet_torch.errors import UsageError
from darknet_torch.export.graphs import Graph, GraphOptions
from darknet_torch.export.onnx import export_onnx
from darknet_torch.inference.detector import Detector
from darknet_torch.inference.engine_bench import prepare_and_measure
from darknet_torch.inference.engine_speeds import QUICK, Job
from darknet_torch.inference.preparing import Preparation
from darknet_torch.model.network import Network
from darknet_torch.model.noise_statistics import noise
from darknet_torch.model.weights import write_weights
from darknet_torch.ops.precision_names import FLOAT32
from tools.bench_train import Subject, network

NETWORKS = (
    "yolov3:416",
    "yolov3-tiny:416",
    "yolov4:416",
    "yolov4-tiny:416",
    "yolo-fastest-1.1:320",
)
_PICTURE = (480, 640, 3)  # that the detector takes
# Scores above Detector's threshold, as in a picture with some objects; what an untrained network
# finds above a fixed threshold is nothing, or thousands of boxes.
_CANDIDATES = 50


@dataclass(frozen=True)
class Settings:
    """How to measure.

    Attributes:
        threads: of each engine.
        rounds: turns of each engine.
        seconds: of a turn, and of the calls before the first; three calls at least.
        weights: a folder with NAME.weights; networks without a file there, and all if it is
            None, have random weights and the rolling statistics of a noise picture.
        opencv_python: a Python with OpenCV 4; None leaves it out.
        darknet: Darknet's program; None leaves it out.
    """

    threads: int = 2
    rounds: int = 7
    seconds: float = 0.5
    weights: Path | None = None
    opencv_python: str | None = None
    darknet: str | None = None


def parse_net(net: str) -> Subject:
    """A network and its size, from words such as "yolov3:416" or "own.cfg:320".

    Raises:
        UsageError: there is no size.
    """
    cfg, _, side = net.rpartition(":")
    if not cfg or not side.isdecimal():
        raise UsageError("a network without its size", expected="NAME:SIZE", got=net)
    return Subject(cfg, int(side), 2)  # two pictures, whose statistics it gets


@dataclass(frozen=True)
class Prepared:
    """A folder with the files that all engines read.

    Attributes:
        folder: see `prepare`.
        name: of the network and its size.
        weights: where they come from.
        threshold: of `Detector`.
        outputs: the plain network's: of its "heads", the "maps" from which boxes are decoded, or
            in the layout of "opencv".
    """

    folder: Path
    name: str
    weights: str
    threshold: float
    outputs: dict[str, list[np.ndarray]]


def prepare(
    subject: Subject,
    folder: Path,
    settings: Settings,
    *,
    batch: int,
    outputs: Iterable[str],
    onnx: bool,
    auto: bool = False,
) -> Prepared:
    """Write the network as net.cfg and net.weights, pictures, and settings.json.

    Args:
        subject: the network.
        folder: where to write.
        settings: how to measure.
        batch: the most pictures at once.
        outputs: the kinds to compute, see `Prepared`.
        onnx: write net.onnx, too.
        auto: write auto.json, too: what our --backend auto takes for a stream, as a `Job`.

    Raises:
        DarknetError: the network cannot be loaded, or its weights do not fit.
    """
    _write_cfg(subject, folder / "net.cfg")
    _write_opencv_cfg(folder)
    trained = _find_weights(subject, settings.weights)
    built = _write_weights(subject, folder, trained)
    if onnx:
        graph = Graph(built, GraphOptions(fold=True))
        graph.fix_size()
        (folder / "net.onnx").write_bytes(export_onnx(graph, {}))
    if auto:
        (folder / "auto.json").write_text(_choose_engine(built, folder, settings).to_json())
    images = noise(built, batch, seed=1)
    np.save(folder / "images.npy", images.numpy())
    picture = np.random.default_rng(0).integers(0, 256, _PICTURE, np.uint8)
    np.save(folder / "picture.npy", picture)
    cv2.imwrite(str(folder / "picture.png"), picture)
    threshold = _find_threshold(built, picture)
    shared = {
        "threads": settings.threads,
        "warm_up": settings.seconds,
        "threshold": threshold,
        "darknet": settings.darknet,
    }
    (folder / "settings.json").write_text(json.dumps(shared))
    references = {kind: _REFERENCES[kind](built, folder, images) for kind in outputs}
    name = Path(subject.cfg).name.removesuffix(".cfg")
    return Prepared(
        folder,
        f"{name}-{subject.side}",
        trained.name if trained else "statistics of noise",
        threshold,
        references,
    )


def _write_cfg(subject: Subject, path: Path) -> None:
    """Write the cfg with the size in it; what runs Darknet's files has no option for that."""
    text = find_cfg(subject.cfg).read_text("latin-1")
    edit, net = CfgEdit(text), parse_cfg(text)[0]
    values = {"width": subject.side, "height": subject.side, "batch": 1, "subdivisions": 1}
    for key, value in values.items():
        edit.set(net, key, str(value))
    path.write_text(edit.text, "latin-1")


def _write_opencv_cfg(folder: Path) -> None:
    """Write opencv.cfg, with which OpenCV's net returns all boxes, as the other engines do.

    Otherwise it drops scores at its threshold of 0.2 and boxes that overlap; with random weights
    thousands of both lie so near their limits that rounding decides.
    """
    text = (folder / "net.cfg").read_text("latin-1")
    edit = CfgEdit(text)
    for section in parse_cfg(text):
        if section.name == "yolo":
            for key in ("thresh", "nms_threshold"):
                edit.set(section, key, "0")
    (folder / "opencv.cfg").write_text(edit.text, "latin-1")


def _find_weights(subject: Subject, folder: Path | None) -> Path | None:
    """The network's weight file in a folder, if there is one."""
    name = Path(subject.cfg).name.removesuffix(".cfg")
    path = folder / f"{name}.weights" if folder else None
    return path if path and path.exists() else None


def _write_weights(subject: Subject, folder: Path, trained: Path | None) -> Network:
    """Write net.weights, and the names that Darknet asks for; return the network with them."""
    cfg = str(folder / "net.cfg")
    if trained:
        built = darknet_torch.load(cfg, trained)
    else:
        built = network(Subject(cfg, subject.side, subject.batch), torch.device("cpu"))
    write_weights(built, folder / "net.weights")
    classes = built.heads[-1].classes if built.heads else 0
    (folder / "net.names").write_text("".join(f"class {one}\n" for one in range(classes)))
    (folder / "net.data").write_text(f"classes={classes}\nnames=net.names\n")
    return darknet_torch.load(cfg, folder / "net.weights")


def _choose_engine(built: Network, folder: Path, settings: Settings) -> Job:
    """Prepare and measure all installed engines; what runs the fastest one.

    Raises:
        DarknetError: nothing can be prepared.
    """
    files = {"width": None, "height": None, "dialect": "alexeyab", "strict": True}
    cfg, weights = folder / "net.cfg", folder / "net.weights"
    key = find_model_key(cfg, weights, **files, precision=FLOAT32)
    assert key is not None, "the files were just written"
    cache, versions = EngineCache(folder / "engines"), installed_versions()
    preparation = Preparation(built, key, cache, EngineSettings(settings.threads))
    network = {"cfg": str(cfg), "weights": str(weights), **files}
    bench = prepare_and_measure(preparation, versions, network, QUICK)
    return bench.jobs[choose(bench.comparison.speeds, None, versions).name]


def _find_threshold(built: Network, picture: np.ndarray) -> float:
    """The threshold above which a picture has about `_CANDIDATES` scores."""
    every = Detector(built, threshold=0.0, nms_threshold=0.0, max_detections=_CANDIDATES)
    scores = every(picture).scores
    return float(scores[-1]) if len(scores) else 0.0


@torch.inference_mode()
def _plain_outputs(built: Network, folder: Path, images: torch.Tensor) -> list[np.ndarray]:
    return [output.numpy() for output in built(images)]


@torch.inference_mode()
def _maps(built: Network, folder: Path, images: torch.Tensor) -> list[np.ndarray]:
    return [output.numpy() for output in built.forward_for_decoding(images)]


def _opencv_outputs(built: Network, folder: Path, images: torch.Tensor) -> list[np.ndarray]:
    """Our outputs in the layout of OpenCV's; of one picture."""
    net = readNetFromDarknet(str(folder / "opencv.cfg"), str(folder / "net.weights"))
    net.setInput(images[:1].numpy())
    return list(net.forward(net.getUnconnectedOutLayersNames()))


_REFERENCES: dict[str, Callable[[Network, Path, torch.Tensor], list[np.ndarray]]] = {
    "heads": _plain_outputs,
    "maps": _maps,
    "opencv": _opencv_outputs,
}
