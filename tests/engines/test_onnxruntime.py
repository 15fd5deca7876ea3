"""The options of ONNX Runtime, and its way to a CUDA device."""

import sys
from types import SimpleNamespace

import pytest

from darknet_torch.engines.engine import EngineSettings
from darknet_torch.engines.onnxruntime import GPU_FIX, OnnxRuntime, create_session
from darknet_torch.errors import UsageError

CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


@pytest.fixture
def runtime(monkeypatch):
    """An onnxruntime for CUDA that keeps what a session is created with."""

    class Options(SimpleNamespace):
        def add_session_config_entry(self, key, value):
            self.entries = {key: value}

    class Session:
        def __init__(self, source, options, providers):
            found.options, found.wanted = options, providers

        def get_providers(self):
            return found.used

    found = SimpleNamespace(
        SessionOptions=Options,
        InferenceSession=Session,
        get_available_providers=lambda: [CUDA, CPU],
        used=[CUDA, CPU],
        __version__="1.31.1",
    )
    monkeypatch.setattr("darknet_torch.engines.onnxruntime.import_extra", lambda *_, **__: found)
    return found


def test_a_gpu_computes_without_tf32(runtime):
    """ONNX Runtime allows it by default; float32 means float32."""
    create_session(b"", EngineSettings(1, on_gpu=True))
    assert runtime.wanted == [(CUDA, {"use_tf32": 0}), CPU]


def test_a_cpu_is_all_that_is_asked_for_otherwise(runtime):
    create_session(b"", EngineSettings(1))
    assert runtime.wanted == [CPU]


def test_its_threads_free_the_cores_after_a_run(runtime):
    create_session(b"", EngineSettings(3))
    assert runtime.options.intra_op_num_threads == 3
    assert runtime.options.entries == {"session.force_spinning_stop": "1"}


def test_the_libraries_of_cuda_are_looked_for_in_silence(runtime, capsys):
    runtime.preload_dlls = lambda: sys.stdout.write("Failed to load libcublas.so")
    create_session(b"", EngineSettings(1, on_gpu=True))
    assert capsys.readouterr().out == ""


def test_a_package_without_cuda_is_named_with_the_way_to_the_other(runtime):
    runtime.get_available_providers = lambda: [CPU]
    with pytest.raises(UsageError, match=r"^this build of ONNX Runtime computes") as got:
        create_session(b"", EngineSettings(1, on_gpu=True))
    assert (got.value.got, got.value.fix) == ("onnxruntime 1.31.1", GPU_FIX)


def test_a_device_that_it_cannot_use_is_an_error_not_a_slow_run(runtime):
    runtime.used = [CPU]
    with pytest.raises(UsageError, match=r"^ONNX Runtime cannot use CUDA") as got:
        create_session(b"", EngineSettings(1, on_gpu=True))
    assert got.value.got == f"it computes with {CPU}"


def test_the_version_is_that_of_either_package(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "darknet_torch.engines.onnxruntime.installed_version", lambda *names: asked.append(names)
    )
    assert OnnxRuntime().version() is None
    assert asked == [("onnxruntime", "onnxruntime-gpu")]
