"""`dtorch bench --precision int8`: what int8 gains and loses in each engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from darknet_torch.cli.dataset_loading import find_data
from darknet_torch.cli.detector_evaluation import open_valid_part, with_names
from darknet_torch.cli.options import DataSetOptions, all_options
from darknet_torch.cli.parameter_types import POSITIVE
from darknet_torch.errors import DarknetError, UsageError

if TYPE_CHECKING:
    from darknet_torch.datasets.examples import DataSet
    from darknet_torch.engines.model import EngineModel
    from darknet_torch.inference.detector import Detector
    from darknet_torch.inference.int8_preparation import Int8Result
    from darknet_torch.inference.preparing import Preparation
    from darknet_torch.model.network import Network

_TRAINING = "train"  # the split to calibrate with, where the data set has it
_WORKERS = 2  # threads that read pictures
_HEADING = "engine mAP int8 drop ms int8 gain MB int8".split()


@dataclass(frozen=True, kw_only=True)
class Int8Options(DataSetOptions):
    """What int8 is prepared with; see `int8_options`.

    Attributes:
        max_drop: points of mAP that int8 may lose.
        calibration: pictures from which scales follow.
    """

    max_drop: float
    calibration: int


int8_options = all_options(
    click.option(
        "--max-drop",
        type=click.FloatRange(min=0),
        metavar="POINTS",
        default=1.0,
        show_default=True,
        help="Points of mAP that int8 may lose.",
    ),
    click.option(
        "--calibration",
        type=POSITIVE,
        metavar="N",
        default=64,
        show_default=True,
        help="Pictures of --data that int8 is calibrated with.",
    ),
)


@dataclass(frozen=True)
class Int8Report:
    """Engines that were tried in int8.

    Attributes:
        results: engine -> what was measured.
        failures: engine -> why it is not prepared, be it after it was measured.
    """

    results: Mapping[str, Int8Result]
    failures: Mapping[str, str]

    @property
    def is_any_prepared(self) -> bool:
        """Whether some engine is prepared now."""
        return any(name not in self.failures for name in self.results)

    def lines(self) -> Iterator[str]:
        """A table of the results, then the failures."""
        rows = [_HEADING, *map(_cells, self.results.values())] if self.results else []
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
            yield "  ".join([row[0].ljust(widths[0]), *cells])
        if self.results:
            yield (
                "mAP at IoU 0.5, per cent: of PyTorch in float32, of the engine in int8; drop: "
                "points; ms: the median of one picture in float32 and int8; gain: times as fast"
            )
        for name, reason in self.failures.items():
            yield f"{name} is left out: {reason}"

    def to_dict(self) -> dict[str, Any]:
        """Return the same as values that JSON knows."""
        results = {name: result.to_dict() for name, result in self.results.items()}
        return {"int8": results, "failures": dict(self.failures)}


def prepare_int8(
    preparation: Preparation, engines: Sequence[str], options: Int8Options, cfg: str | None
) -> Int8Report:
    """Prepare a detector for engines in int8, with a data set.

    Args:
        preparation: in float32, of the detector's network.
        engines: their names.
        options: the data set, whose training part calibrates and whose valid part evaluates.
        cfg: whose .data file is used without --data.

    Raises:
        UsageError: there is no data set, or none of its pictures can be read; the network has no
            heads; or the first failure, if no engine was even measured.
    """
    from darknet_torch.evaluation.detector_map import detector_map
    from darknet_torch.inference.detector import Detector
    from darknet_torch.inference.int8_preparation import Int8Preparation
    from darknet_torch.inference.quantization import calibration_pictures

    valid = open_valid_part(options, cfg)
    names = valid.names or None
    own = Detector(preparation.network, names=names)
    valid = with_names(valid, own.names)
    training = _open_training(options, cfg, valid)
    pictures = calibration_pictures(own, training, options.calibration, workers=_WORKERS)

    def evaluate(network: Network | EngineModel) -> float:
        detector: Detector = Detector(network, names=names)
        return detector_map(detector, valid, detector.names, workers=_WORKERS).mean

    int8 = Int8Preparation(preparation, pictures, evaluate)
    results, failures = dict[str, "Int8Result"](), dict[str, str]()
    for name in engines:
        try:
            results[name] = int8.prepare(name, max_drop=options.max_drop)
            results[name].check_drop(options.max_drop)
        except DarknetError as error:
            failures[name] = str(error)
    return Int8Report(results, failures)


def _open_training(options: Int8Options, cfg: str | None, valid: DataSet) -> DataSet:
    """Open what calibrates: the training part, else what evaluates."""
    from darknet_torch.datasets.opening import list_splits, open_dataset

    data = Path(find_data(options.data, cfg))
    if _TRAINING not in list_splits(data):
        return valid
    return open_dataset(
        data, images=options.images, split=_TRAINING, names=options.names, exif=options.exif
    )


def exit_if_none(report: Int8Report) -> None:
    """Fail if no engine is prepared; the lines of the report say why."""
    if not report.is_any_prepared:
        raise UsageError(
            "int8 is prepared for no engine",
            got="; ".join(f"{name}: {reason}" for name, reason in report.failures.items()),
        )


def _cells(result: Int8Result) -> list[str]:
    return [
        result.engine,
        f"{100 * result.float_map:.2f}",
        f"{100 * result.int8_map:.2f}",
        f"{result.drop:+.2f}",
        f"{1000 * result.float_seconds:.2f}",
        f"{1000 * result.int8_seconds:.2f}",
        f"{result.gain:.2f}",
        f"{result.float_bytes / 1e6:.2f}",
        f"{result.int8_bytes / 1e6:.2f}",
    ]
