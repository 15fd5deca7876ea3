"""An engine that PyTorch stands in for, so that no library has to be installed or started."""

import sys
from types import ModuleType
from typing import ClassVar

import torch

from darknet_torch.errors import UsageError
from darknet_torch.inference import preparing
from darknet_torch.inference.backends import exported

FILE = "graph.fake"
GRAPH = b"graph"


class FakeEngine:
    """Runs the network that the test gives; what it writes is a file with the graph."""

    name, title, package, extra = "onnxruntime", "Fake Runtime", "fake", "onnxruntime"
    network = None  # what the graph stands for
    installed: str | None = "1.0"
    error = 0.0  # added to all outputs
    loads: ClassVar[list[object]] = []

    def version(self):
        return self.installed

    def write(self, graph, folder, settings):
        (folder / FILE).write_bytes(graph)

    def load(self, folder, settings):
        self.loads.append(settings)
        if self.installed is None:
            raise UsageError("this needs the package fake", fix="pip install fake")
        if (folder / FILE).read_bytes() != GRAPH:
            raise UsageError("not a graph", where=folder / FILE)
        return self

    def run(self, images):
        with torch.inference_mode():
            outputs = self.network.eval().forward_for_decoding(torch.from_numpy(images))
        return [output.numpy() + self.error for output in outputs]


def install_fake_engine(monkeypatch, network):
    """Let a new fake engine stand for onnxruntime, and no other be installed; its class."""

    class Engine(FakeEngine):
        loads: ClassVar[list[object]] = []

    class Absent(FakeEngine):
        name, installed = "openvino", None

    Engine.network = network
    for name, cls, engine in (
        ("onnxruntime", "OnnxRuntime", Engine),
        ("openvino", "OpenVino", Absent),
    ):
        module = ModuleType(name)
        setattr(module, cls, engine)
        monkeypatch.setitem(sys.modules, f"darknet_torch.engines.{name}", module)
    for user in (preparing, exported):
        monkeypatch.setattr(user, "export_for_engines", lambda network: GRAPH)
    return Engine
