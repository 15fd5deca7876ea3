"""ONNX Runtime, on the CPU or a CUDA device."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

from darknet_torch.engines.engine import EngineSettings, Session
from darknet_torch.errors import UsageError
from darknet_torch.extras import import_extra, installed_version

_FILE = "graph.onnx"
_CUDA = "CUDAExecutionProvider"
# Both packages own the same folder, so that the second one to be installed breaks the first.
GPU_FIX = "pip uninstall --yes onnxruntime && pip install 'onnxruntime-gpu[cuda,cudnn]'"
_FATAL = 4  # severity of what it logs; errors are raised as well


class OnnxRuntime:
    """Runs the graph as it was exported; it is optimised for the machine when it is loaded.

    A graph optimised in advance loads 0.03 CPU-seconds faster, and fits one kind of processor.
    """

    name = "onnxruntime"
    title = "ONNX Runtime"
    package = "onnxruntime"
    extra = "onnxruntime"

    def version(self) -> str | None:
        """See `Engine.version`."""
        return installed_version(self.package, "onnxruntime-gpu")

    def write(self, graph: bytes, folder: Path, settings: EngineSettings) -> None:
        """See `Engine.write`."""
        create_session(graph, settings)
        (folder / _FILE).write_bytes(graph)

    def load(self, folder: Path, settings: EngineSettings) -> Session:
        """See `Engine.load`."""
        return _Session(create_session(folder / _FILE, settings))


class _Session:
    """See `Session`."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        """See `Session.run`; the library returns new arrays from every call."""
        pixels = np.ascontiguousarray(images, np.float32)
        outputs: list[np.ndarray] = self._session.run(None, {self._input: pixels})
        return outputs


def create_session(source: Path | bytes, settings: EngineSettings) -> Any:
    """Load an ONNX model, a file or its bytes.

    Returns:
        An `onnxruntime.InferenceSession`.

    Raises:
        UsageError: onnxruntime is not installed, has no support for CUDA where that is wanted, or
            cannot run the model.
    """
    runtime = import_extra("onnxruntime", extra=OnnxRuntime.extra)
    if settings.on_gpu:
        _check_cuda(runtime)
    try:
        session = runtime.InferenceSession(
            source if isinstance(source, bytes) else str(source),
            _options(runtime, settings),
            providers=_providers(settings),
        )
    except Exception as error:  # noqa: BLE001 - its exceptions have no common base class
        raise UsageError(
            "ONNX Runtime cannot load this graph",
            where=source if isinstance(source, Path) else None,
            got=str(error),
            fix="prepare the model again, or take another --backend",
        ) from None
    if settings.on_gpu and _CUDA not in session.get_providers():
        raise UsageError(
            "ONNX Runtime cannot use CUDA",
            expected="a CUDA device, and the libraries of CUDA and cuDNN",
            got=f"it computes with {', '.join(session.get_providers())}",
            fix="pip install 'onnxruntime-gpu[cuda,cudnn]'",
        )
    return session


def _options(runtime: Any, settings: EngineSettings) -> Any:
    """Return the options of a session."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads = settings.threads
    options.log_severity_level = _FATAL
    # Its threads wait for each other's next part by spinning, which is fast; between two runs
    # they would keep cores that other steps and programs need.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return options


def _providers(settings: EngineSettings) -> list[Any]:
    """Return what computes, the most wanted first."""
    # Without TF32, which ONNX Runtime allows by default.
    gpu = [(_CUDA, {"use_tf32": 0})] if settings.on_gpu else []
    return [*gpu, "CPUExecutionProvider"]


def _check_cuda(runtime: Any) -> None:
    """Check that the installed package can use CUDA, and find CUDA's libraries.

    Raises:
        UsageError: it is the package without CUDA.
    """
    if _CUDA not in runtime.get_available_providers():
        raise UsageError(
            "this build of ONNX Runtime computes on the CPU only",
            expected="the package onnxruntime-gpu, without the package onnxruntime",
            got=f"onnxruntime {runtime.__version__}",
            fix=GPU_FIX,
        )
    if hasattr(runtime, "preload_dlls"):  # since 1.21
        with redirect_stdout(io.StringIO()):  # it prints what it does not find
            runtime.preload_dlls()
