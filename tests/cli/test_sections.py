"""Help whose options stand below titles."""

import click
from click.testing import CliRunner

from darknet_torch.cli.main import main
from darknet_torch.cli.options import all_options
from darknet_torch.cli.sections import CommandWithSections

SECTIONS = {
    "Colours": all_options(click.option("--red"), click.option("--hidden", hidden=True)),
    "Sizes": all_options(click.option("--wide"), click.option("--high")),
}


@click.command(cls=CommandWithSections, sections=SECTIONS)
@all_options(*reversed(SECTIONS.values()), click.option("--last"))
@click.argument("word", required=False)
def show(**_):
    """Show them."""


def titles_and_options(text):
    lines = text.partition("Show them.")[2].splitlines()
    return [words[0] for line in lines if (words := line.split())]


def test_options_stand_below_the_title_of_their_section():
    text = CliRunner().invoke(show, ["--help"]).output
    expected = ["Colours:", "--red", "Sizes:", "--wide", "--high", "Other", "--last", "--help"]
    assert titles_and_options(text) == expected


def test_each_option_of_train_has_a_section():
    text = CliRunner().invoke(main, ["train", "--help"]).output
    assert text.partition("Other options:\n")[2].split() == (
        "-h, --help Show this message and exit.".split()
    )
