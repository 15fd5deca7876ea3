"""Compare this runtime with results recorded from the C Darknet.

    python tools/parity.py forward|layers FOLDER [--cfg-folder DIR] [--device cuda]
    python tools/parity.py detect FOLDER [--models DIR] [--images DIR] [--device cuda]
                                  [--backend openvino]
    python tools/parity.py train FOLDER [--cfg-folder DIR]
    python tools/parity.py distance FOLDER [--cfg-folder DIR]
    python tools/parity.py rates FILE
    python tools/parity.py map FILE --data ROOT [--models DIR]

FOLDER holds records, whose format tools/records.py describes. Each record gets one line with its
worst error and where it occurs. Exit status: 0 all passed, 1 at least one is outside its
tolerance, 3 all that ran passed, but some are not supported yet (they are listed).
"""

from __future__ import annotations

import filecmp
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
from darknet_torch.engines.names import ENGINES, TORCH
from darknet_torch.errors import CfgWarning, UnsupportedError
from darknet_torch.model.network import Network, build_network
from darknet_torch.model.weights import read_weights, write_weights
from darknet_torch.ops.precision import FULL_PRECISION
from tools import records
from tools.deviation import Deviation, worst
from tools.parity_detect import check_detect
from tools.parity_map import check_map
from tools.parity_train import check_rates, check_train, distance

# Relative to the largest value of a layer: C sums float32 values in another order, through up to
# 160 layers.
SAMPLE_TOLERANCE = 1e-4
MEAN_TOLERANCE = 1e-4  # relative to the layer's root mean square
L2_TOLERANCE = 1e-4  # relative


def build(record: records.Record, cfg_folder: Path, arithmetic: str = "fast") -> Network:
    """Build the record's network and read the record's parameters into it.

    Raises:
        ValueError: the weight file changes when it is read and written again.
    """
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
        records.weight_file(record).tofile(path)
        read_weights(network, path)
        write_weights(network, again)
        if not filecmp.cmp(path, again, shallow=False):
            raise ValueError(f"{name}: the weight file does not survive a round trip")
    return network


def check_forward(path: Path, cfg_folder: Path, device: str | torch.device = "cpu") -> Deviation:
    """Run the network of a forward or layer record, and compare the output of every layer."""
    record = records.read_record(path)
    network = build(record, cfg_folder).to(device)
    images = torch.from_numpy(records.forward_input(record)).to(device)
    deviations = [Deviation(0.0, "-")]
    row = 0
    for step, image in enumerate(images.split(1)):
        with torch.inference_mode(), FULL_PRECISION.computing(image.device):
            outputs = network.layer_outputs(image)
        for index, output in enumerate(outputs):
            values = output.detach().cpu().numpy().astype(np.float64).ravel()
            name = f"layer {index} [{network.layers[index].section}]"
            name += f", step {step}" if len(images) > 1 else ""
            found = compare(values, record["stats"][row], record["samples"][row], name)
            may_flip = getattr(network.layers[index].options, "xnor", False)
            deviations += _tolerate_one_flip(found) if may_flip else found
            row += 1
    return worst(deviations)


def compare(
    values: np.ndarray, stats: np.ndarray, samples: np.ndarray, name: str
) -> list[Deviation]:
    """Compare one layer's values with the recorded statistics and samples.

    Args:
        values: all output values of the layer, flat.
        stats: recorded count, mean, L2 norm, minimum and maximum.
        samples: recorded values at `records.positions`.
        name: the layer's name in messages.
    """
    count, mean, l2, low, high = stats
    if values.size != count:
        return [Deviation(np.inf, f"{name}, {values.size} values, recorded {count:.0f}")]
    places = records.positions(values.size)
    errors = np.abs(values[places] - samples) / max(1.0, abs(low), abs(high))
    rms = l2 / np.sqrt(count)
    sampled = [
        Deviation(error / SAMPLE_TOLERANCE, f"{name}, position {place}")
        for error, place in zip(errors, places, strict=True)
    ]
    return [
        *sampled,
        Deviation(_ratio(abs(values.mean() - mean), MEAN_TOLERANCE * rms), f"{name}, mean"),
        Deviation(_ratio(abs(np.linalg.norm(values) - l2), L2_TOLERANCE * l2), f"{name}, l2"),
    ]


def check_training(path: Path, cfg_folder: Path) -> Deviation:
    """Train as in a training record, and compare costs, deltas and parameters."""
    record = records.read_record(path)
    return check_train(record, build(record, cfg_folder, "c_order"))


def _tolerate_one_flip(deviations: list[Deviation]) -> list[Deviation]:
    """Let the worst sample pass if it is the only one outside, and say so in its place.

    An xnor layer uses the sign of its input, which rounding can change for a value near zero.
    """
    outside = [deviation for deviation in deviations if not deviation.passed]
    if len(outside) != 1 or "position" not in outside[0].place:
        return deviations
    flipped = replace(outside[0], error=1.0, place=f"{outside[0].place} (a sign changed)")
    return [flipped if deviation is outside[0] else deviation for deviation in deviations]


def _ratio(error: float, allowed: float) -> float:
    """Divide an error by its tolerance, which may be 0."""
    return 0.0 if error == 0 else float(error / allowed) if allowed else np.inf


def run(folder: Path, check: Callable[[Path], Deviation]) -> int:
    """Check every record of `folder`, print one line for each, and return the exit status."""
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise click.UsageError(f"{folder}: no records (*.json) here")
    failed, unsupported = 0, []
    for path in paths:
        try:
            deviation = check(path)
        except UnsupportedError as error:
            unsupported.append(f"{path.stem}: {error}")
            continue
        except Exception as error:  # noqa: BLE001  a broken record must not keep the others from running
            failed += 1
            click.echo(f"FAIL {path.stem}: {type(error).__name__}: {error}")
            continue
        failed += not deviation.passed
        click.echo(f"{'ok  ' if deviation.passed else 'FAIL'} {path.stem}: {deviation}")
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


_records = click.argument("folder", type=_FOLDER)
_cfgs = click.option("--cfg-folder", type=_FOLDER, default=_CFGS)
_device = click.option("--device", default="cpu", show_default=True)


@main.command("distance")
@_records
@_cfgs
def _distance(folder: Path, cfg_folder: Path) -> None:
    """Train as in records, fast and in C's order, and compare what that changed."""
    torch.set_num_threads(1)
    for path in sorted(folder.glob("*.json")):
        record = records.read_record(path)
        networks = (build(record, cfg_folder, arithmetic) for arithmetic in ("fast", "c_order"))
        click.echo(f"{path.stem}: {distance(record, *networks):.2%} of the change of parameters")


def _forward(folder: Path, cfg_folder: Path, device: str) -> None:
    sys.exit(run(folder, lambda path: check_forward(path, cfg_folder, device)))


for _name in ("forward", "layers"):
    main.command(_name)(_records(_cfgs(_device(_forward))))


@main.command()
@_records
@_cfgs
def train(folder: Path, cfg_folder: Path) -> None:
    """Train as in records, and compare costs, deltas and parameters."""
    torch.set_num_threads(1)  # exact-order sums are many small operations, which threads slow down
    sys.exit(run(folder, lambda path: check_training(path, cfg_folder)))


@main.command()
@_records
@click.option("--models", type=_PATH, default=_SHARED / "models")
@click.option("--images", type=_PATH, default=_SHARED / "images")
@_device
@click.option("--backend", type=click.Choice((TORCH, *ENGINES)), default=TORCH, show_default=True)
def detect(folder: Path, models: Path, images: Path, device: str, backend: str) -> None:
    """Compare the detections of pretrained models on real photos."""
    sys.exit(run(folder, lambda path: check_detect(path, models, images, device, backend)))


def _report(deviations: Iterable[tuple[str, Deviation]]) -> None:
    """Print one line for each, and exit with the status."""
    failed = 0
    for name, deviation in deviations:
        failed += not deviation.passed
        click.echo(f"{'ok  ' if deviation.passed else 'FAIL'} {name}: {deviation}")
    sys.exit(1 if failed else 0)


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def rates(file: Path) -> None:
    """Compare the learning rates of every policy."""
    _report(check_rates(file))


@main.command("map")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--data", type=_FOLDER, required=True, help="The data set, as Pascal VOC has it.")
@click.option("--models", type=_PATH, default=_SHARED / "models")
def map_(file: Path, data: Path, models: Path) -> None:
    """Compare average precision, from recorded detections and from ours if the model exists."""
    _report(check_map(file, data, models))


if __name__ == "__main__":
    main()
