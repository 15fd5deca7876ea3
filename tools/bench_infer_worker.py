"""One engine of `tools/bench.py infer`, in a process of its own, which times calls on demand.

    python tools/bench_infer_worker.py ENGINE FOLDER BATCH

Any Python that has the engine and NumPy can run this file: it imports other packages in the
functions of the engines that need them. FOLDER holds what `tools/bench_infer.py` prepared. The
lines of the standard input, see `darknet_torch.cpu.turns`:

- `outputs PATH` saves the engine's outputs as arrays of an .npz file;
- `run SECONDS` calls the engine for so long, at least three times.

The greeting, written when the engine is loaded and warm, holds the versions of its packages.
"""

from __future__ import annotations

import functools
import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from darknet_torch.cpu.turns import open_answers, serve, timed


@dataclass(frozen=True)
class Given:
    """What every engine reads.

    Attributes:
        folder: with net.cfg, net.weights, net.onnx, images.npy, picture.npy, ...
        batch: pictures at once.
        threads: that the engine may use.
        warm_up: seconds of calls before the first turn.
        threshold: of the scores, for the engine that finds boxes.
        darknet: path of Darknet's program, if there is one.
    """

    folder: Path
    batch: int
    threads: int
    warm_up: float
    threshold: float
    darknet: str | None

    @classmethod
    def read(cls, folder: Path, batch: int) -> Given:
        return cls(folder, batch, **json.loads((folder / "settings.json").read_text()))

    def path(self, name: str) -> str:
        return str(self.folder / name)

    @functools.cached_property
    def images(self) -> np.ndarray:
        """[batch, C, H, W] float32 in 0-1."""
        return np.load(self.folder / "images.npy")[: self.batch].copy()

    @functools.cached_property
    def picture(self) -> np.ndarray:
        """BGR uint8 [480, 640, 3]."""
        return np.load(self.folder / "picture.npy")


@dataclass(frozen=True)
class Program:
    """A loaded engine.

    Attributes:
        call: computes once.
        versions: of the packages, by name.
        outputs: computes once and returns arrays to compare; None if it has none.
        own_clock: `call` returns the seconds that the engine measured itself.
    """

    call: Callable[[], Any]
    versions: dict[str, str]
    outputs: Callable[[], Sequence[Any]] | None = None
    own_clock: bool = False


def torch_network(given: Given) -> Program:
    """Our network alone, as `Detector` runs it."""
    torch, network = _torch_and_network(given)
    fast = network.optimize()
    images = torch.from_numpy(given.images)
    return _torch_program(torch, lambda: fast(images), lambda: fast(images))


def auto(given: Given) -> Program:
    """What our --backend auto takes: an engine's session, or our network."""
    from darknet_torch.inference.engine_speeds import Job
    from darknet_torch.inference.speed_worker import LoadedJob

    loaded = LoadedJob(Job.from_json((given.folder / "auto.json").read_text()))
    # In the order of memory that the detector gives.
    images = given.images.transpose(0, 2, 3, 1).copy().transpose(0, 3, 1, 2)
    return Program(
        lambda: loaded.run(images),
        {loaded.job.engine: loaded.version},
        lambda: [np.asarray(output) for output in loaded.run(images)],
    )


def torch_aot(given: Given) -> Program:
    """Our network as PyTorch's ahead-of-time compiler packages it; all sizes are fixed."""
    torch, network = _torch_and_network(given)
    from torch import _inductor as inductor

    from darknet_torch.export.graphs import Graph, GraphOptions

    graph, images = Graph(network, GraphOptions(fold=True)), torch.from_numpy(given.images)
    with torch.no_grad(), inductor.config.patch(freezing=True):
        exported = torch.export.export(graph, (images,), strict=False)
        path = inductor.aoti_compile_and_package(
            exported, package_path=given.path(f"aot-{given.batch}.pt2")
        )
    compiled = inductor.aoti_load_package(path)
    return _torch_program(torch, lambda: compiled(images), lambda: compiled(images))


def plain(given: Given) -> Program:
    """The same network of PyTorch's own modules; our heads make its outputs comparable."""
    torch, network = _torch_and_network(given)
    from tools.bench_train import Plain

    module, images = Plain(network).eval(), torch.from_numpy(given.images)
    return _torch_program(
        torch,
        lambda: module(images),
        lambda: [head(made) for head, made in zip(network.heads, module(images), strict=True)],
    )


def detector(given: Given) -> Program:
    """Our `Detector`, from an array to detections."""
    torch, network = _torch_and_network(given)
    from darknet_torch.inference.detector import Detector

    find = Detector(network, threshold=given.threshold)
    return Program(lambda: find(given.picture), {"torch": torch.__version__})


def onnxruntime(given: Given) -> Program:
    """ONNX Runtime without anything around it; all sizes are fixed."""
    import onnxruntime as runtime

    options = runtime.SessionOptions()
    options.intra_op_num_threads = given.threads
    options.add_free_dimension_override_by_name("batch", given.batch)
    session = runtime.InferenceSession(
        given.path("net.onnx"), options, providers=["CPUExecutionProvider"]
    )
    fed = {session.get_inputs()[0].name: given.images}
    return Program(
        lambda: session.run(None, fed),
        {"onnxruntime": runtime.__version__},
        lambda: session.run(None, fed),
    )


def openvino(given: Given) -> Program:
    """OpenVINO without anything around it, in float32; one request is used again and again."""
    import openvino as runtime

    core = runtime.Core()
    model = core.read_model(given.path("net.onnx"))
    model.reshape(list(given.images.shape))
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": given.threads,
        "PERFORMANCE_HINT": "LATENCY",
    }
    request = core.compile_model(model, "CPU", settings).create_infer_request()

    def run() -> Any:
        return request.infer([given.images], share_inputs=True, share_outputs=True)

    return Program(
        lambda: run(),
        {"openvino": runtime.__version__.partition("-")[0]},
        lambda: list(run().values()),
    )


def opencv(given: Given) -> Program:
    """The dnn module of OpenCV 4, which reads Darknet's files."""
    import cv2

    if not hasattr(cv2.dnn, "readNetFromDarknet"):
        raise RuntimeError(f"OpenCV {cv2.__version__} does not read Darknet's files; 4 does")
    cv2.setNumThreads(given.threads)
    net = cv2.dnn.readNetFromDarknet(given.path("opencv.cfg"), given.path("net.weights"))
    net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
    names = net.getUnconnectedOutLayersNames()

    def run() -> Any:
        net.setInput(given.images)
        return net.forward(names)

    return Program(run, {"opencv-python": cv2.__version__}, run)


_PREDICTED = re.compile(r"Predicted in ([\d.]+) (milli-)?seconds")
_PROMPT = "Enter Image Path: "


def darknet(given: Given) -> Program:
    """Darknet's program, which prints the seconds of its network.

    Nothing is above the threshold of 1, so that it draws no boxes.
    """
    words = ["detector", "test", "net.data", "net.cfg", "net.weights"]
    process = subprocess.Popen(
        [str(given.darknet), *words, "-thresh", "1", "-dont_show"],
        cwd=given.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    _read_to_prompt(process.stdout)

    def run() -> float:
        print("picture.png", file=process.stdin, flush=True)
        found = _PREDICTED.search(_read_to_prompt(process.stdout))
        if found is None:
            raise RuntimeError("darknet printed no line with 'Predicted in ... seconds'")
        return float(found[1]) / (1000 if found[2] else 1)

    return Program(run, {}, own_clock=True)


def _read_to_prompt(stream: Any) -> str:
    """What Darknet prints until it asks for a picture; that line has no end."""
    text = ""
    while not text.endswith(_PROMPT):
        letter = stream.read(1)
        if not letter:
            raise RuntimeError(f"darknet ended: {text.strip()[-200:]!r}")
        text += letter
    return text


ENGINES: dict[str, Callable[[Given], Program]] = {
    "torch": torch_network,
    "auto": auto,
    "detector": detector,
    "plain": plain,
    "torch-aot": torch_aot,
    "onnxruntime": onnxruntime,
    "openvino": openvino,
    "opencv": opencv,
    "darknet": darknet,
}


def _torch_and_network(given: Given) -> tuple[Any, Any]:
    """PyTorch with the given number of threads, and the network without its warnings."""
    import warnings

    import torch

    import darknet_torch

    warnings.simplefilter("ignore", darknet_torch.CfgWarning)
    torch.set_num_threads(given.threads)
    return torch, darknet_torch.load(given.path("net.cfg"), given.path("net.weights"))


def _torch_program(
    torch: Any, call: Callable[[], object], outputs: Callable[[], Sequence[Any]]
) -> Program:
    """A program that computes without autograd."""
    inference = torch.inference_mode()
    return Program(
        inference(call),
        {"torch": torch.__version__},
        lambda: [output.numpy() for output in inference(outputs)()],
    )


def answer(program: Program, line: str) -> dict[str, Any]:
    """Do what a line of the standard input says."""
    command, _, word = line.partition(" ")
    if command == "run":
        return timed(program.call, float(word), own_clock=program.own_clock)
    if command == "outputs":
        if program.outputs is None:
            return {"saved": False}
        np.savez(word, *program.outputs())
        return {"saved": True}
    raise ValueError(f"unknown command {line!r}")


def main() -> None:
    """Load the engine that the command line names, warm it up, and serve."""
    engine, folder, batch = sys.argv[1:]
    answers = open_answers()
    given = Given.read(Path(folder), int(batch))
    program = ENGINES[engine](given)
    timed(program.call, given.warm_up, own_clock=program.own_clock)
    serve(lambda line: answer(program, line), program.versions, answers)


if __name__ == "__main__":
    main()
