"""Graphs as ONNX models: export them, and run them in onnxruntime."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from darknet_torch.engines.engine import EngineSettings
from darknet_torch.engines.onnxruntime import create_session
from darknet_torch.errors import UsageError
from darknet_torch.export.failures import naming_the_layer
from darknet_torch.export.graphs import Graph
from darknet_torch.export.tracing import Runner, dynamic_sizes, example_input, silenced
from darknet_torch.extras import import_extra

_INPUT_DIMENSIONS = ("batch", "channels", "height", "width")
_WORD = re.compile(r"\w+")
_PROTOBUF_LIMIT = 2**31  # bytes


def export_onnx(graph: Graph, metadata: Mapping[str, str]) -> bytes:
    """The graph as an ONNX model with a dynamic batch, and dynamic height and width if possible.

    Args:
        graph: what to export.
        metadata: key -> text, kept in the model's `metadata_props`.

    Returns:
        The bytes of the file.

    Raises:
        UsageError: onnx or onnxscript is not installed, onnx does not know the opset, the
            model would be too large for one file, or this PyTorch cannot write its loop.
        CfgError: a layer cannot be exported; it is named.
    """
    import_extra("onnxscript", extra="onnx")
    onnx = import_extra("onnx", extra="onnx")
    if graph.options.outputs == "detections":
        _check_loops()
    images = example_input(graph)
    with silenced(), naming_the_layer(graph):
        program: Any = torch.onnx.export(
            graph,
            (images,),
            dynamo=True,
            dynamic_shapes=(dynamic_sizes(graph),),
            input_names=["images"],
            output_names=graph.output_names,
            opset_version=graph.options.opset,
            verbose=False,
        )
    model = program.model_proto
    _check_opset(model, graph.options.opset)
    _name_dynamic_sizes(model, graph.output_dimensions)
    model.producer_name = "darknet_torch"
    onnx.helper.set_model_props(model, dict(metadata))
    _check_size(model)
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString()
    return data


def writes_loops() -> bool:
    """Whether this PyTorch can write a loop into an ONNX model; 2.9 cannot."""
    return torch.__version__ >= "2.10"  # TorchVersion compares numbers, not text


def load_onnx(source: Path | bytes, *, on_gpu: bool = False) -> Runner:
    """Load an ONNX model, a file or its bytes, into onnxruntime, with PyTorch's number of threads.

    Raises:
        UsageError: see `darknet_torch.engines.onnxruntime.create_session`.
    """
    session = create_session(source, EngineSettings(torch.get_num_threads(), on_gpu=on_gpu))
    name = session.get_inputs()[0].name

    def run(images: Tensor) -> list[Tensor]:
        outputs = session.run(None, {name: images.numpy()})
        return [torch.from_numpy(np.asarray(output)) for output in outputs]

    return run


def _check_loops() -> None:
    if not writes_loops():
        raise UsageError(
            "this PyTorch cannot write non-maximum suppression, which is a loop, into ONNX",
            expected="PyTorch newer than 2.9; or --decode, or .pt2 with --nms",
            got=f"--nms, PyTorch {torch.__version__}",
        )


def _check_opset(model: Any, wanted: int) -> None:
    (got,) = [opset.version for opset in model.opset_import if opset.domain == ""]
    if got != wanted:
        raise UsageError(
            "this version of onnx cannot write that opset",
            expected=f"--opset {got}, or another that it knows",
            got=f"--opset {wanted}",
        )


def _check_size(model: Any) -> None:
    if model.ByteSize() >= _PROTOBUF_LIMIT:
        raise UsageError(
            "too large for one ONNX file",
            expected="less than 2 GiB",
            got=f"{model.ByteSize()} bytes",
        )


def _name_dynamic_sizes(model: Any, output_dimensions: Sequence[Sequence[str]]) -> None:
    """Name the sizes that may vary: PyTorch's symbols (s77, u1, ...), and terms of them.

    Every shape speaks of the input's batch, height and width; sizes of outputs that are none of
    these get the names in `output_dimensions`.
    """
    names = _name_sizes(model.graph.input[0], _INPUT_DIMENSIONS)
    for output, dimensions in zip(model.graph.output, output_dimensions, strict=True):
        found = _name_sizes(output, dimensions)
        names = {symbol: name for symbol, name in found.items() if _WORD.fullmatch(symbol)} | names
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        for size in value.type.tensor_type.shape.dim:
            if size.dim_param:
                size.dim_param = _WORD.sub(
                    lambda word: names.get(word[0], word[0]), size.dim_param
                )
    for output, dimensions in zip(model.graph.output, output_dimensions, strict=True):
        for size, name in zip(output.type.tensor_type.shape.dim, dimensions, strict=True):
            if size.dim_param and not _WORD.fullmatch(size.dim_param):
                size.dim_param = name


def _name_sizes(value: Any, dimensions: Sequence[str]) -> dict[str, str]:
    """The names of an input's or output's sizes that may vary, by PyTorch's terms for them."""
    sizes = zip(value.type.tensor_type.shape.dim, dimensions, strict=True)
    return {size.dim_param: name for size, name in sizes if size.dim_param}
