"""Graphs in files, .onnx, .torchscript and .pt2, and how each runs again."""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from darknet_torch.errors import CfgError, UsageError
from darknet_torch.export.graphs import Graph, shape_of
from darknet_torch.extras import import_extra
from darknet_torch.heads.base import Head

METADATA_KEY = "darknet_torch"  # under which a file keeps what `conversion` needs to go back

Run = Callable[[Tensor], list[Tensor]]

_SIZES = ("batch", "channels", "height", "width")
_WORD = re.compile(r"\w+")
_BATCH = 2  # sizes of one are taken for fixed
_LARGEST = 2**31  # bytes of a protobuf


def onnx_bytes(graph: Graph, metadata: str) -> bytes:
    """The model as ONNX, its batch open, and its height and width if they may be.

    Raises:
        UsageError: onnx or onnxscript are not installed; the file would be too large.
        CfgError: a layer cannot be exported; it is named.
    """
    import_extra("onnxscript", extra="onnx")
    onnx = import_extra("onnx", extra="onnx")
    images = _example(graph)
    with _quiet(), _explained(graph):
        program: Any = torch.onnx.export(
            graph,
            (images,),
            dynamo=True,
            dynamic_shapes=(_open_sizes(graph),),
            input_names=["images"],
            output_names=graph.output_names,
            opset_version=graph.options.opset,
            verbose=False,
        )
    made = program.model_proto
    _check_opset(made, graph.options.opset)
    _name_sizes(made)
    made.producer_name = "darknet_torch"
    onnx.helper.set_model_props(made, {METADATA_KEY: metadata})
    if made.ByteSize() >= _LARGEST:
        raise UsageError(
            "too large for one ONNX file",
            expected="less than 2 GiB",
            got=f"{made.ByteSize()} bytes",
        )
    onnx.checker.check_model(made)
    data: bytes = made.SerializeToString()
    return data


def _check_opset(made: Any, wanted: int) -> None:
    (got,) = [one.version for one in made.opset_import if one.domain == ""]
    if got != wanted:
        raise UsageError(
            "this version of onnx cannot write that opset",
            expected=f"--opset {got}, or another that it knows",
            got=f"--opset {wanted}",
        )


def _name_sizes(made: Any) -> None:
    """Call the open sizes of the input what they are, wherever a shape says them."""
    sizes = zip(made.graph.input[0].type.tensor_type.shape.dim, _SIZES, strict=True)
    names = {size.dim_param: name for size, name in sizes if size.dim_param}
    for value in (*made.graph.input, *made.graph.output, *made.graph.value_info):
        for size in value.type.tensor_type.shape.dim:
            if size.dim_param:
                size.dim_param = _WORD.sub(
                    lambda word: names.get(word[0], word[0]), size.dim_param
                )


def torchscript_bytes(graph: Graph, metadata: str) -> bytes:
    """The model as a TorchScript module, by tracing.

    Raises:
        CfgError: there is a loop in it, or a layer cannot be traced.
    """
    if graph.options.outputs == "detections":
        raise UsageError(
            "TorchScript cannot hold the removal of boxes, which is a loop",
            expected="--decode, or .onnx or .pt2 with --nms",
            got="--nms",
        )
    with _quiet(), _explained(graph), torch.no_grad():
        traced = torch.jit.trace(graph, (_example(graph),), check_trace=False)
        buffer = io.BytesIO()
        torch.jit.save(traced, buffer, _extra_files={METADATA_KEY: metadata})
    return buffer.getvalue()


def exported_bytes(graph: Graph, metadata: str) -> bytes:
    """The model as a program of torch.export; raises as `onnx_bytes`."""
    with _quiet(), _explained(graph), torch.no_grad():
        program = torch.export.export(
            graph, (_example(graph),), dynamic_shapes=(_open_sizes(graph),), strict=False
        )
        buffer = io.BytesIO()
        torch.export.save(program, buffer, extra_files={METADATA_KEY: metadata})
    return buffer.getvalue()


def run_onnx(source: Path | bytes, *, on_gpu: bool = False) -> Run:
    """What runs a file of `onnx_bytes`, or the bytes themselves, in onnxruntime."""
    runtime = import_extra("onnxruntime", extra="onnx")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    providers = ["CUDAExecutionProvider"] if on_gpu else []
    session = runtime.InferenceSession(
        source if isinstance(source, bytes) else str(source),
        options,
        providers=[*providers, "CPUExecutionProvider"],
    )
    name = session.get_inputs()[0].name

    def run(images: Tensor) -> list[Tensor]:
        return [
            torch.from_numpy(np.asarray(out)) for out in session.run(None, {name: images.numpy()})
        ]

    return run


def run_torchscript(path: Path) -> Run:
    """What runs a file of `torchscript_bytes`."""
    with _quiet():
        module = torch.jit.load(str(path))
    return lambda images: list(module(images))


def run_exported(path: Path) -> Run:
    """What runs a file of `exported_bytes`."""
    with _quiet(), path.open("rb") as file:
        module = torch.export.load(file).module()
    return lambda images: list(module(images))


def _example(graph: Graph) -> Tensor:
    return torch.rand(_BATCH, *shape_of(graph.network))


def _open_sizes(graph: Graph) -> dict[int, Any]:
    """Which dimensions of the input stay open: the batch, and the size if it may."""
    dynamic = torch.export.Dim.DYNAMIC
    return {0: dynamic, 2: dynamic, 3: dynamic} if graph.other_size else {0: dynamic}


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's own remarks, which are no business of the user's."""
    before, unread = logging.root.manager.disable, io.StringIO()
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stdout(unread), redirect_stderr(unread):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


@contextmanager
def _explained(graph: Graph) -> Iterator[None]:
    """Name the layer that PyTorch could not export."""
    try:
        yield
    except (RuntimeError, ValueError, TypeError, NotImplementedError) as error:
        raise _culprit(graph, error) from error
    except Exception as error:
        if not type(error).__module__.startswith("torch."):
            raise
        raise _culprit(graph, error) from error


def _culprit(graph: Graph, error: Exception) -> CfgError:
    """The first layer that PyTorch cannot export by itself, as an error."""
    for layer in graph.network.layers:
        shapes = [_source_shape(graph, source) for source in layer.sources]
        example = tuple(torch.rand(_BATCH, *shape) for shape in shapes)
        reason = _failure(layer, example, open_sizes=graph.other_size is not None)
        if reason is not None:
            return layer.config_error(f"layer {layer.index} cannot be exported", got=reason)
    for head in graph.network.heads if graph.options.outputs != "raw" else ():
        shape = head.output_shape
        output = torch.rand(_BATCH, shape.channels, shape.height, shape.width)
        reason = _failure(_Decoding(head), (output,), open_sizes=False)
        if reason is not None:
            return head.config_error(
                f"the boxes of layer {head.index} cannot be exported",
                got=reason,
                fix="leave out --decode and --nms",
            )
    return CfgError(
        "PyTorch cannot export this network",
        where=graph.network.net.where,
        got=first_line(error),
        fix="give another --opset, or leave out --nms and --decode",
    )


class _Decoding(nn.Module):
    """The boxes of a head's output."""

    def __init__(self, head: Head) -> None:
        super().__init__()
        self.head = head

    def forward(self, output: Tensor) -> tuple[Tensor, Tensor]:
        found = self.head.decode(output, *output.shape[-2:])
        return found.boxes, found.class_scores


def _failure(module: nn.Module, example: tuple[Tensor, ...], *, open_sizes: bool) -> str | None:
    """Why PyTorch cannot export `module`; None if it can."""
    # AUTO: a layer alone may well fix a size that the network leaves open.
    auto = torch.export.Dim.AUTO
    sizes = {0: auto, 2: auto, 3: auto} if open_sizes and len(example) == 1 else None
    shapes = None if sizes is None else (sizes,)
    try:
        torch.export.export(module, example, dynamic_shapes=shapes, strict=False)
    except Exception as reason:  # noqa: BLE001 - whatever it is, it is what is asked for
        return first_line(reason)
    return None


def _source_shape(graph: Graph, source: int) -> tuple[int, int, int]:
    if source < 0:
        return shape_of(graph.network)
    shape = graph.network.layers[source].output_shape
    return shape.channels, shape.height, shape.width


def first_line(error: BaseException) -> str:
    """The first line of what caused `error` in the end."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
