"""Graphs whose convolutions compute in 8 bits: post-training quantisation by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, islice
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import numpy as np

from darknet_torch.datasets.examples import DataSet
from darknet_torch.errors import UsageError
from darknet_torch.export.tracing import silenced
from darknet_torch.extras import import_extra
from darknet_torch.media.frame_batches import FrameBatch, picture_batches

_EXTRA = "onnx"


@dataclass(frozen=True)
class Scheme:
    """What of a graph is computed in 8 bits; weights always are, one scale for each filter.

    Attributes:
        operators: the ONNX operators that are.
        signed: values lie in -127 to 127 around zero; otherwise in 0 to 255 with an offset.
        outputs: what an operator computes is rounded to 8 bits, too, not only what it reads.
    """

    operators: tuple[str, ...]
    signed: bool
    outputs: bool


# Engine -> what it computes fast, as measured with bccd and yolov4-tiny.
SCHEMES = {
    # An operator has a kernel for 8 bits only if what it reads and returns has 8 bits. Values
    # with a sign have no fast kernels on x86.
    "onnxruntime": Scheme(
        ("Conv", "LeakyRelu", "Add", "MaxPool", "Concat", "Resize"),
        signed=False,
        outputs=True,
    ),
    # Activations and shortcuts are computed within the convolution before them, in float32, which
    # is as fast and more exact. An offset costs a third of the time.
    "openvino": Scheme(("Conv", "MaxPool", "Concat", "Resize"), signed=True, outputs=False),
}


class InputPreparer(Protocol):
    """The part of `darknet_torch.inference.detector.Detector` that calibration needs.

    Its network is on the CPU, so that the first of what `prepare_inputs` returns is an array.
    """

    def prepare_inputs(self, images: Sequence[np.ndarray]) -> tuple[Any, Any]: ...


class Pictures(Protocol):
    """What a graph is calibrated with: [N, C, H, W] float32 in 0-1, 1 or more arrays."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[np.ndarray]: ...


class CalibrationPictures:
    """Pictures of a data set, spread evenly over it and prepared as a detector does.

    Each array is [1, C, H, W], and is read again whenever the pictures are gone through, so that
    memory does not grow with their number.

    Args:
        detector: prepares them.
        data_set: its labels do not count.
        count: how many pictures, 1 or more; all if the data set has fewer. Those that cannot be
            read are left out.
        workers: threads that read pictures.

    Raises:
        UsageError: not one picture can be read.
    """

    def __init__(
        self, detector: InputPreparer, data_set: DataSet, count: int, *, workers: int
    ) -> None:
        total = len(data_set.examples)
        number = min(count, total)
        self._detector, self._exif, self._workers = detector, data_set.exif, workers
        self._paths: list[str | PathLike[str]] = [
            data_set.examples[index * total // number].path for index in range(number)
        ]
        readable = [bool(batch.images) for batch in self._batches()]
        self._paths = list(compress(self._paths, readable))
        if not self._paths:
            raise UsageError("no picture can be read", where=data_set.origin)

    def __len__(self) -> int:
        return len(self._paths)

    def __iter__(self) -> Iterator[np.ndarray]:
        for batch in self._batches():
            if batch.images:
                yield np.ascontiguousarray(self._detector.prepare_inputs(batch.images)[0])

    def _batches(self) -> Iterator[FrameBatch]:
        return picture_batches(self._paths, size=1, workers=self._workers, exif=self._exif)


def quantize(graph: bytes, pictures: Pictures, scheme: Scheme) -> bytes:
    """Quantise a graph; the same arguments give the same bytes.

    Args:
        graph: a model of `darknet_torch.export.onnx.export_onnx`.
        pictures: the scales follow from the ranges of the values that they cause.
        scheme: what is computed in 8 bits.

    Returns:
        An ONNX model with the same inputs and outputs, and pairs of QuantizeLinear and
        DequantizeLinear around what is computed in 8 bits.

    Raises:
        UsageError: onnx or onnxruntime is not installed, or cannot quantise this graph.
    """
    onnx = import_extra("onnx", extra=_EXTRA)
    library = import_extra("onnxruntime.quantization", extra=_EXTRA)
    model = onnx.load_from_string(graph)
    reader = _Reader(model.graph.input[0].name, pictures)
    with TemporaryDirectory(prefix="dtorch-") as folder, silenced():
        target = Path(folder) / "int8.onnx"
        try:
            library.quantize_static(model, target, reader, **_arguments(library, scheme))
        except Exception as error:  # noqa: BLE001 - its exceptions have no common base class
            raise UsageError(
                "ONNX Runtime cannot quantise this graph",
                got=" ".join(str(error).split()),
                fix="leave out --precision int8",
            ) from None
        return target.read_bytes()


def _arguments(library: Any, scheme: Scheme) -> dict[str, Any]:
    """Return what `onnxruntime.quantization.quantize_static` takes besides graph and data."""
    types, methods = library.QuantType, library.CalibrationMethod
    operators = list(scheme.operators)
    return {
        "op_types_to_quantize": operators,
        "per_channel": True,
        "activation_type": types.QInt8 if scheme.signed else types.QUInt8,
        "weight_type": types.QInt8,
        # Ranges leave out 0.001 % of the values: the extreme ones cost bccd 1 to 2 points of mAP.
        "calibrate_method": methods.Percentile,
        "extra_options": {
            "ActivationSymmetric": scheme.signed,
            "OpTypesToExcludeOutputQuantization": [] if scheme.outputs else operators,
            # One picture at once: all values of a network for all pictures take too much memory.
            "CalibStridedMinMax": 1,
        },
    }


class _Reader:
    """The pictures as `onnxruntime.quantization.CalibrationDataReader` gives them."""

    def __init__(self, name: str, pictures: Pictures) -> None:
        self._name, self._pictures = name, pictures
        self._pass: Iterator[np.ndarray] = iter(pictures)
        self._remaining: Iterator[np.ndarray] = self._pass

    def __len__(self) -> int:
        return len(self._pictures)

    def set_range(self, start_index: int, end_index: int) -> None:
        """Give these pictures next: the first ones, or those after the last ones given."""
        if start_index == 0:
            self._pass = iter(self._pictures)
        self._remaining = islice(self._pass, end_index - start_index)

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Return the next picture as the inputs of the graph."""
        picture = next(self._remaining, None)
        return None if picture is None else {self._name: picture}
