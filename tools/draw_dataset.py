"""Draw a data set of shapes, symbols and digits with Darknet's labels.

    python tools/draw_dataset.py FOLDER --train 1000 --valid 200 --seed 1

A second call with the same options goes on where the first one stopped.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from darknet_torch.errors import DarknetError
from tools.drawn.data_set import Settings, draw_data_set


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--train", type=click.IntRange(0), default=1000, show_default=True)
@click.option("--valid", type=click.IntRange(0), default=200, show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True)
@click.option("--side", type=click.IntRange(64), default=256, show_default=True, help="pixels")
def main(folder: Path, train: int, valid: int, seed: int, side: int) -> None:
    """Draw the pictures and print the path of the .data file."""
    try:
        data = draw_data_set(
            folder, Settings(train, valid, seed, side), lambda line: click.echo(line, err=True)
        )
    except DarknetError as error:
        raise click.ClickException(str(error)) from None
    click.echo(data)


if __name__ == "__main__":
    main()
