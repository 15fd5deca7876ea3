"""Compare this runtime with results recorded from the C Darknet.

    python tools/parity.py forward|layers FOLDER [--cfg-folder DIR]
    python tools/parity.py detect FOLDER [--models DIR] [--images DIR]
    python tools/parity.py train FOLDER [--cfg-folder DIR]
    python tools/parity.py rates FILE
    python tools/parity.py map FILE --data ROOT [--models DIR]

FOLDER holds records (see tools/records.py for their form). A line a record, with its
worst error and where it is. Exit status: 0 all ran and passed, 1 one fell outside, 3 all
that ran passed but some are not supported yet (listed).
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.cfg.zoo import definitions_folder
from darknet_torch.errors import CfgWarning, UnsupportedError
from darknet_torch.model.network import Network, build_network
from darknet_torch.model.weights import read_weights, write_weights
from tools import records
from tools.finding import Finding, worst
from tools.parity_detect import check_detect
from tools.parity_map import check_map
from tools.parity_train import check_rates, check_train

# Relative to the largest value of a layer: C adds in another order, in float32, over up to
# 160 layers.
SAMPLE_TOLERANCE = 1e-4
MEAN_TOLERANCE = 1e-4  # of the layer's root mean square
L2_TOLERANCE = 1e-4  # relative


def build(record: records.Record, cfg_folder: Path, arithmetic: str = "fast") -> Network:
    """The record's network with the record's parameters, whose file must survive a round trip."""
    text = records.cfg_text(record, cfg_folder)
    name = record.get("cfg_file", record["name"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)
        network = build_network(
            parse_cfg(text, name),
            dialect=find_dialect(record["dialect"]),
            arithmetic=arithmetic,
            initialize=False,
        )
    with tempfile.TemporaryDirectory() as folder:
        path, again = Path(folder) / "recorded.weights", Path(folder) / "again.weights"
        records.write_weights(path, record)
        read_weights(network, path)
        write_weights(network, again)
        if path.read_bytes() != again.read_bytes():
            raise ValueError(f"{name}: the weight file does not survive a round trip")
    return network


def check_forward(path: Path, cfg_folder: Path) -> Finding:
    """Run the network of a forward or layer record and compare every layer."""
    record = records.read_record(path)
    network = build(record, cfg_folder)
    images = torch.from_numpy(records.forward_input(record))
    findings = [Finding(0.0, "-")]
    row = 0
    for step, image in enumerate(images.split(1)):
        with torch.inference_mode():
            outputs = network.layer_outputs(image)
        for index, output in enumerate(outputs):
            values = output.detach().numpy().astype(np.float64).ravel()
            name = f"layer {index} [{network.layers[index].section}]"
            name += f", step {step}" if len(images) > 1 else ""
            found = compare(values, record["stats"][row], record["samples"][row], name)
            may_flip = getattr(network.layers[index].options, "xnor", False)
            findings += _without_flip(found) if may_flip else found
            row += 1
    return worst(findings)


def compare(
    values: np.ndarray, stats: np.ndarray, samples: np.ndarray, name: str
) -> list[Finding]:
    """The errors of one layer's values against its recorded statistics and samples."""
    count, mean, l2, low, high = stats
    if values.size != count:
        return [Finding(np.inf, f"{name}, {values.size} values, recorded {count:.0f}")]
    places = records.positions(values.size)
    errors = np.abs(values[places] - samples) / max(1.0, abs(low), abs(high))
    rms = l2 / np.sqrt(count)
    sampled = [
        Finding(error / SAMPLE_TOLERANCE, f"{name}, position {place}")
        for error, place in zip(errors, places, strict=True)
    ]
    return [
        *sampled,
        Finding(_part(abs(values.mean() - mean), MEAN_TOLERANCE * rms), f"{name}, mean"),
        Finding(_part(abs(np.linalg.norm(values) - l2), L2_TOLERANCE * l2), f"{name}, l2"),
    ]


def check_training(path: Path, cfg_folder: Path) -> Finding:
    """Train as a training record did."""
    record = records.read_record(path)
    return check_train(record, build(record, cfg_folder, "c_order"))


def _without_flip(findings: list[Finding]) -> list[Finding]:
    """All but the worst sample, if that one alone lies outside, and say so.

    An xnor layer takes the sign of its input: a value within rounding of zero may change it.
    """
    outside = [finding for finding in findings if not finding.passed]
    if len(outside) != 1 or "position" not in outside[0].place:
        return findings
    flipped = replace(outside[0], error=1.0, place=f"{outside[0].place} (a sign changed)")
    return [flipped if finding is outside[0] else finding for finding in findings]


def _part(error: float, allowed: float) -> float:
    return 0.0 if error == 0 else float(error / allowed) if allowed else np.inf


def run(folder: Path, check: Callable[[Path], Finding]) -> int:
    """Check every record of `folder`, print a line each, return the exit status."""
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise click.UsageError(f"{folder}: no records (*.json) here")
    failed, unsupported = 0, []
    for path in paths:
        try:
            finding = check(path)
        except UnsupportedError as error:
            unsupported.append(f"{path.stem}: {error}")
            continue
        except Exception as error:  # noqa: BLE001  a broken record must not hide the others
            failed += 1
            click.echo(f"FAIL {path.stem}: {type(error).__name__}: {error}")
            continue
        failed += not finding.passed
        click.echo(f"{'ok  ' if finding.passed else 'FAIL'} {path.stem}: {finding}")
    for line in unsupported:
        click.echo(f"not supported yet: {line}")
    ran = len(paths) - len(unsupported)
    click.echo(f"{ran - failed} passed, {failed} failed, {len(unsupported)} not supported yet")
    return 1 if failed else 3 if unsupported else 0


_SHARED = Path(__file__).resolve().parents[2] / "shared"
_CFGS = _SHARED / "cfg" if (_SHARED / "cfg").is_dir() else definitions_folder()
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_PATH = click.Path(file_okay=False, path_type=Path)


@click.group(help=__doc__)
def main() -> None:
    """Compare this runtime with recorded results."""


def _forward(folder: Path, cfg_folder: Path) -> None:
    sys.exit(run(folder, lambda path: check_forward(path, cfg_folder)))


def _train(folder: Path, cfg_folder: Path) -> None:
    torch.set_num_threads(1)  # sums in C's order are many small steps, which threads slow down
    sys.exit(run(folder, lambda path: check_training(path, cfg_folder)))


for _name, _function in (("forward", _forward), ("layers", _forward), ("train", _train)):
    main.command(_name)(
        click.argument("folder", type=_FOLDER)(
            click.option("--cfg-folder", type=_FOLDER, default=_CFGS)(_function)
        )
    )


@main.command()
@click.argument("folder", type=_FOLDER)
@click.option("--models", type=_PATH, default=_SHARED / "models")
@click.option("--images", type=_PATH, default=_SHARED / "images")
def detect(folder: Path, models: Path, images: Path) -> None:
    """Detections of pretrained models on real photos."""
    sys.exit(run(folder, lambda path: check_detect(path, models, images)))


def _report(findings: Iterable[tuple[str, Finding]]) -> None:
    """A line each, and the exit status."""
    failed = 0
    for name, finding in findings:
        failed += not finding.passed
        click.echo(f"{'ok  ' if finding.passed else 'FAIL'} {name}: {finding}")
    sys.exit(1 if failed else 0)


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def rates(file: Path) -> None:
    """The learning rates of every policy."""
    _report(check_rates(file))


@main.command("map")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--data", type=_FOLDER, required=True, help="The data set, as Pascal VOC has it.")
@click.option("--models", type=_PATH, default=_SHARED / "models")
def map_(file: Path, data: Path, models: Path) -> None:
    """Average precision from recorded detections, and from our own if the model is there."""
    _report(check_map(file, data, models))


if __name__ == "__main__":
    main()
