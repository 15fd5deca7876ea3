"""Write the tables and charts of docs/experiments.md from the results in docs/experiments.

    python tools/experiment_page.py [--check]

Only charts of other results than those that are there are drawn; delete one to draw it again.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from darknet_torch.errors import DarknetError
from tools.experiments.every import EXPERIMENTS
from tools.experiments.page import Page
from tools.experiments.results import FOLDER


@click.command(help=__doc__)
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if something is outdated.")
@click.option(
    "--page",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=FOLDER.with_suffix(".md"),
    help="With a folder of its name, without .md, next to it.",
)
def main(check: bool, page: Path) -> None:
    """Write the page, or compare it with the results."""
    report = Page(page, page.with_suffix(""), EXPERIMENTS)
    try:
        if not check:
            report.write()
            return
        outdated = report.outdated()
    except DarknetError as error:
        click.echo(f"error: {error}", err=True)
        raise SystemExit(2) from None
    if outdated:
        lines = "".join(f"\n  {one}" for one in outdated)
        click.echo(f"outdated; to write them: python tools/experiment_page.py{lines}", err=True)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
