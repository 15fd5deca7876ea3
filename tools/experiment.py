"""Run an experiment of docs/experiments.md, and keep its results as JSON.

    python tools/experiment.py losses

Runs that have a result in docs/experiments/NAME.json are skipped; a training that was stopped goes
on. Delete the file to run everything again.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from darknet_torch.errors import DarknetError
from tools.experiments.declaration import Sources
from tools.experiments.every import EXPERIMENTS
from tools.experiments.results import FOLDER
from tools.experiments.running import run_experiment

_ROOT = Path(__file__).resolve().parents[1]
_SHARED = _ROOT.parent / "shared"
_BY_NAME = {one.name: one for one in EXPERIMENTS}


@click.command(help=__doc__)
@click.argument("name", type=click.Choice(tuple(_BY_NAME)))
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=_ROOT / "runs" / "experiments",
    help="For inputs, weights and logs.",
)
@click.option(
    "--photos",
    type=click.Path(path_type=Path),
    default=_SHARED / "datasets" / "bccd",
    help="The photos of blood cells, in Pascal VOC's form.",
)
@click.option(
    "--models",
    type=click.Path(path_type=Path),
    default=_SHARED / "models",
    help="The folder with bccd.cfg and yolo-fastest-1.1.",
)
@click.option("--results", type=click.Path(path_type=Path), default=FOLDER)
def main(name: str, folder: Path, photos: Path, models: Path, results: Path) -> None:
    """Run an experiment."""
    path = results / f"{name}.json"
    try:
        run_experiment(_BY_NAME[name], folder, Sources(photos, models), path, click.echo)
    except DarknetError as error:
        click.echo(f"error: {error}", err=True)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        click.echo(f"stopped; to go on: python tools/experiment.py {name}", err=True)
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
