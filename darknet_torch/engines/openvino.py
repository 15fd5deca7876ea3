"""OpenVINO, on the CPU."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from darknet_torch.engines.engine import EngineSettings, Session
from darknet_torch.errors import UsageError
from darknet_torch.extras import import_extra, installed_version

_FILE = "compiled.blob"
_DEVICE = "CPU"
_CONVERTERS = "openvino.tools.ovc"
_starting = threading.RLock()  # held while the library or its Core is started


class OpenVino:
    """Compiles the graph for one picture, and runs a batch picture by picture.

    A fixed shape is a fifth faster than a dynamic batch, and larger batches are no faster per
    picture. For throughput several pictures are computed at once, each by a thread or a few.
    """

    name = "openvino"
    title = "OpenVINO"
    package = "openvino"
    extra = "openvino"

    def version(self) -> str | None:
        """See `Engine.version`."""
        return installed_version(self.package)

    def write(self, graph: bytes, folder: Path, settings: EngineSettings) -> None:
        """See `Engine.write`; a compiled model loads three times faster than its graph."""
        _check_device(settings)
        runtime = _import_openvino()
        with _explained("OpenVINO cannot run this graph", where=None):
            core = _core()
            model = _of_one_picture(runtime, core.read_model(graph))
            compiled = core.compile_model(model, _DEVICE, _configuration(settings))
            blob = io.BytesIO()
            compiled.export_model(blob)
        (folder / _FILE).write_bytes(blob.getvalue())

    def load(self, folder: Path, settings: EngineSettings) -> Session:
        """See `Engine.load`."""
        _check_device(settings)
        runtime, path = _import_openvino(), folder / _FILE
        with _explained("not a model that OpenVINO has compiled", where=path):
            blob = path.read_bytes()
            compiled = _core().import_model(blob, _DEVICE, _configuration(settings))
            return _Session(runtime, compiled)


class _Session:
    """See `Session`."""

    def __init__(self, runtime: Any, compiled: Any) -> None:
        self._tensor = runtime.Tensor
        self._shapes = [tuple(output.shape[1:]) for output in compiled.outputs]
        at_once = compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        self._requests = [compiled.create_infer_request() for _ in range(at_once)]
        self._lock = threading.Lock()  # a request computes for one caller at a time

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        """See `Session.run`; the library reads and writes numpy's memory.

        Threads that call it at once wait for each other: one call uses all of the session's
        threads already.
        """
        pixels = np.ascontiguousarray(images.transpose(0, 2, 3, 1), np.float32)
        outputs = [np.empty((len(pixels), *shape), np.float32) for shape in self._shapes]
        with self._lock:
            self._compute(pixels, outputs)
        return outputs

    def _compute(self, pixels: np.ndarray, outputs: list[np.ndarray]) -> None:
        for index in range(len(pixels)):
            request = self._requests[index % len(self._requests)]
            request.wait()
            request.set_input_tensor(0, self._of_picture(pixels, index))
            for place, output in enumerate(outputs):
                request.set_output_tensor(place, self._of_picture(output, index))
            request.start_async()
        for request in self._requests:
            request.wait()

    def _of_picture(self, batch: np.ndarray, index: int) -> Any:
        return self._tensor(batch[index : index + 1], shared_memory=True)


def _check_device(settings: EngineSettings) -> None:
    if settings.on_gpu:
        raise UsageError(
            "OpenVINO does not compute on CUDA devices",
            expected="--device cpu, or --backend torch or onnxruntime",
            got="a CUDA device",
        )


def _import_openvino() -> Any:
    """Import OpenVINO without its model converters.

    They report every import to OpenVINO's makers, and take a third of the time. Afterwards
    `openvino.tools.ovc` can be imported by whoever wants them.

    Raises:
        UsageError: OpenVINO is not installed.
    """
    hidden: Any = None  # makes an import fail, which openvino expects of its converters
    with _starting:  # another thread would take the hidden module for one that is missing
        added = sys.modules.setdefault(_CONVERTERS, hidden) is None
        try:
            return import_extra("openvino", extra=OpenVino.extra)
        finally:
            if added:
                del sys.modules[_CONVERTERS]


def _core() -> Any:
    """Return the one `openvino.Core` of this process, which lives as long as the process does.

    Each Core gives the thread another stack for signals on processors with matrix units, and takes
    it back when it ends. Where one ends before another that began later, the next signal ends the
    process, if Python's faulthandler is enabled.
    """
    with _starting:  # `cache` would start two for two threads that ask at once
        return _start_core()


@cache
def _start_core() -> Any:
    return _import_openvino().Core()


def _of_one_picture(runtime: Any, model: Any) -> Any:
    """Fix the batch at 1, and take pictures in the order of memory in which they are prepared."""
    prepared = import_extra("openvino.preprocess", extra=OpenVino.extra).PrePostProcessor(model)
    prepared.input().tensor().set_layout(runtime.Layout("NHWC"))
    prepared.input().model().set_layout(runtime.Layout("NCHW"))
    model = prepared.build()
    shape = model.input(0).partial_shape
    shape[0] = 1
    model.reshape(shape)
    return model


def _configuration(settings: EngineSettings) -> dict[str, Any]:
    """Return the properties with which a model is compiled and loaded."""
    return {
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "THROUGHPUT" if settings.for_throughput else "LATENCY",
        "INFERENCE_NUM_THREADS": settings.threads,
        # Threads bound to cores cannot move away when another program takes their core.
        "ENABLE_CPU_PINNING": False,
    }


@contextmanager
def _explained(what: str, *, where: Path | None) -> Iterator[None]:
    """Turn OpenVINO's errors, and those of reading a file, into a message.

    Raises:
        UsageError: with `what` and `where`.
    """
    try:
        yield
    except (RuntimeError, OSError) as error:
        raise UsageError(
            what,
            where=where,
            got=_without_places(str(error)),
            fix="prepare the model again, or take another --backend",
        ) from None


def _without_places(message: str) -> str:
    """Return OpenVINO's message in one line, without the lines that name its own source files."""
    lines = [line.strip() for line in message.splitlines()]
    kept = [line for line in lines if line and ".cpp:" not in line]
    return " ".join(kept) or message
