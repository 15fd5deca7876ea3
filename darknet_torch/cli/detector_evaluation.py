"""What commands that judge a detector share: its pass over a data set."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from darknet_torch.cli.dataset_loading import open_data
from darknet_torch.cli.model_loading import (
    find_names,
    from_command,
    load_to_device,
    reported,
    reporting,
)
from darknet_torch.cli.source_run import progress
from darknet_torch.errors import UsageError
from darknet_torch.files import write_text

if TYPE_CHECKING:
    from darknet_torch.datasets.model import DataSet
    from darknet_torch.evaluation.detecting import Passed
    from darknet_torch.evaluation.ground_truth import GroundTruth
    from darknet_torch.inference.detector import Detector
    from darknet_torch.model.network import Network

SPLIT = "valid"  # what is judged unless --split says otherwise
SOME_FAILED = 1


@dataclass(frozen=True)
class Searched:
    """A pass over a data set, and what there was to find in the pictures that it saw."""

    detector: Detector
    passed: Passed
    ground_truth: GroundTruth


def open_evaluated(arguments: dict[str, Any]) -> DataSet:
    """The data set of a command's keyword arguments, its split ``valid`` by default."""
    with reported(reporting(arguments)):
        return open_data({**arguments, "split": arguments["split"] or SPLIT})


def with_names(data_set: DataSet, names: Sequence[str]) -> DataSet:
    """The data set with these names, if they cover its labels.

    Raises:
        UsageError: a label is of a class beyond them.
    """
    for example in data_set.examples:
        largest = -1 if example.labels is None else example.labels.class_ids.max(initial=-1)
        if largest >= len(names):
            raise UsageError(
                "a label is of a class that there is not",
                where=example.label_file or example.path,
                expected=f"0 to {len(names) - 1}",
                got=int(largest),
            )
    return replace(data_set, names=tuple(names))


def load(arguments: dict[str, Any]) -> Network:
    """The network of a command's keyword arguments."""
    return load_to_device(from_command(arguments), arguments)


def search(
    network: Network,
    data_set: DataSet,
    arguments: dict[str, Any],
    thresholds: Sequence[float],
    nms_threshold: float,
) -> Searched:
    """Run a network over a data set, and name the pictures that failed.

    Raises:
        UsageError: not one picture can be read; and as `Detector`.
    """
    from darknet_torch.evaluation.detecting import detect_all
    from darknet_torch.evaluation.ground_truth import GroundTruth

    detector = build_detector(network, data_set, arguments, nms_threshold)
    data_set = with_names(data_set, detector.names)
    paths = [example.path for example in data_set.examples]
    with progress(len(paths), quiet=arguments["quiet"]) as advance:
        passed = detect_all(
            detector,
            paths,
            thresholds=thresholds,
            batch=arguments["batch"],
            workers=arguments["workers"],
            exif=arguments["exif"],
            advance=advance,
        )
    for error in passed.errors:
        click.echo(f"dtorch: {error}", err=True)
    if not passed.seen:
        raise UsageError("no picture can be read", where=data_set.origin)
    seen = tuple(data_set.examples[place] for place in passed.seen)
    return Searched(detector, passed, GroundTruth.of(replace(data_set, examples=seen)))


def build_detector(
    network: Network, data_set: DataSet, arguments: dict[str, Any], nms_threshold: float
) -> Detector:
    """The detector of a command's keyword arguments, with the data set's names."""
    from darknet_torch.inference.detector import Detector

    return Detector(
        network,
        names=_names(data_set, network, arguments),
        nms_threshold=nms_threshold,
        letterbox=arguments["letterbox"],
        backend=arguments["backend"],
        resize=arguments["resize"],
    )


def _names(data_set: DataSet, network: Network, arguments: dict[str, Any]) -> Sequence[str] | str:
    """The data set's names, else those that belong to the network, else numbers."""
    if data_set.names or not network.heads:
        return data_set.names
    classes = network.heads[-1].classes
    options = replace(from_command(arguments), data=None)
    return find_names(options, classes) or numbered(classes)


def numbered(classes: int) -> list[str]:
    """Names for classes that have none."""
    return [f"class {number}" for number in range(classes)]


def exit_if_failed(passed: Passed) -> None:
    """Exit 1 if pictures failed, which were named already."""
    if passed.errors:
        total = len(passed.errors) + len(passed.seen)
        click.echo(f"dtorch: {len(passed.errors)} of {total} pictures failed", err=True)
        sys.exit(SOME_FAILED)


def print_result(lines: Sequence[str], content: dict[str, Any], arguments: dict[str, Any]) -> None:
    """Lines, or JSON if --format says so, to --out or standard output."""
    as_json = arguments["form"] == "json"
    text = json.dumps(content, indent=1, ensure_ascii=False) if as_json else "\n".join(lines)
    if arguments["out"] and arguments["out"] != "-":
        write_text(Path(arguments["out"]), text + "\n")
    else:
        click.echo(text)
