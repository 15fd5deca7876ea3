"""Measure against a named peer in the same run; every figure is a ratio to it.

python tools/bench.py load [--cfg yolov3]
python tools/bench.py start
python tools/bench.py eval [--detections 200000]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from darknet_torch.errors import CfgWarning


def seconds(action: Callable[[], object], repeats: int) -> float:
    """The median time of `action` over `repeats` runs, after one to warm up."""
    action()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def report(name: str, ours: float, peer: str, theirs: float) -> None:
    """A line: both times and their ratio."""
    click.echo(
        f"{name}: {ours * 1000:.1f} ms, {peer}: {theirs * 1000:.1f} ms, ratio {ours / theirs:.2f}"
    )


@click.group(help=__doc__)
def main() -> None:
    """Measure against a named peer."""


@main.command()
@click.option("--cfg", default="yolov3", show_default=True)
@click.option("--repeats", default=7, show_default=True)
def load(cfg: str, repeats: int) -> None:
    """Build a network and read its weight file, beside np.fromfile of that file."""
    from darknet_torch.loading import load as load_network
    from darknet_torch.weights import write_weights

    warnings.simplefilter("ignore", CfgWarning)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.weights"
        write_weights(load_network(cfg), path)
        click.echo(f"{cfg}: {path.stat().st_size / 1e6:.0f} MB")
        theirs = seconds(lambda: np.fromfile(path, "<f4"), repeats)
        ours = seconds(lambda: load_network(cfg, path), repeats)
        report("build and read", ours, "np.fromfile", theirs)
        report("build, Darknet's starting values", seconds(lambda: load_network(cfg), 1),
               "np.fromfile", theirs)  # fmt: skip


@main.command()
@click.option("--repeats", default=3, show_default=True)
def start(repeats: int) -> None:
    """`dtorch --help` beside the import of torch alone."""

    def run(code: str) -> Callable[[], object]:
        return lambda: subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True
        )

    help_page = "from darknet_torch.cli.main import main; main(['--help'])"
    ours, theirs = seconds(run(help_page), repeats), seconds(run("import torch"), repeats)
    report("dtorch --help", ours, "import torch", theirs)


@main.command("eval")
@click.option("--pictures", default=5000, show_default=True)
@click.option("--detections", default=200_000, show_default=True)
@click.option("--classes", default=80, show_default=True)
@click.option("--repeats", default=3, show_default=True)
def eval_(pictures: int, detections: int, classes: int, repeats: int) -> None:
    """Match detections with objects, beside a loop over detections; both find the same."""
    from tools.bench_eval import made_up, one_by_one, vectorised

    found, truths = made_up(pictures, detections, classes)
    if vectorised(found, truths, classes) != one_by_one(found, truths):
        raise click.ClickException("the two disagree")
    ours = seconds(lambda: vectorised(found, truths, classes), repeats)
    theirs = seconds(lambda: one_by_one(found, truths), 1)
    report(f"match {detections} detections", ours, "loop over detections", theirs)


if __name__ == "__main__":
    main()
