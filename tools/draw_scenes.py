"""Draw ten scenes that are no random arrangement, with Darknet's labels, to evaluate a model.

python tools/draw_scenes.py FOLDER
dtorch map FOLDER/drawn.data MODEL.cfg MODEL.weights
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from darknet_torch.errors import DarknetError
from tools.scenes.data_set import draw_scenes


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(path_type=Path))
def main(folder: Path) -> None:
    """Draw the scenes and print the path of the .data file."""
    try:
        data = draw_scenes(folder)
    except DarknetError as error:
        raise click.ClickException(str(error)) from None
    click.echo(data)


if __name__ == "__main__":
    main()
