"""Make the bundled model: draw its pictures, train it by `dtorch train`, and evaluate it.

    python tools/bundled_model.py [--folder runs/bundled-model]

A second call goes on where the first one stopped. The model goes to `darknet_torch/sample`, its
figures and the chart of its training to `docs`. What it finds in the bundled picture is stored
anew.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from darknet_torch.cfg.zoo import sample_folder
from darknet_torch.errors import DarknetError
from tools.bundled import recipe, results
from tools.bundled_picture import write_bundled_picture

_DOCS = Path(__file__).resolve().parents[1] / "docs"


@click.command(help=__doc__)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path("runs/bundled-model"),
    show_default=True,
    help="Where pictures and weights are kept.",
)
def main(folder: Path) -> None:
    """Make the model, or do what is left to do."""
    try:
        recipe.draw(folder)
        recipe.train(folder)
        results.publish(folder, sample_folder(), _DOCS)
        write_bundled_picture(sample_folder(), _DOCS)
    except DarknetError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()
