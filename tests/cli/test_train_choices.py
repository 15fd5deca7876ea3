"""Options of the command that are declared as fields of a dataclass."""

from dataclasses import dataclass

import click
import pytest
from click.testing import CliRunner

from darknet_torch.cli.train_choices import options_of
from darknet_torch.training.choices.declaration import choice, declared_choices
from darknet_torch.training.option_values import Choice, Flag, Number, Repeated, WholeNumber, Word


class Doubled:
    """Text that is a word twice."""

    def parse(self, value):
        half = len(value) // 2
        if value[:half] != value[half:]:
            raise ValueError
        return value

    def __str__(self):
        return "a word twice"


@dataclass(frozen=True, kw_only=True)
class Choices:
    colour: str | None = choice(None, Choice(("red", "blue")), "A colour.")
    depth: int = choice(3, WholeNumber(1), "How deep.", metavar="N")
    part: float | None = choice(None, Number((0, 1)), "Which part.")
    bright: bool = choice(False, Flag(), "Bright.")
    loud: bool = choice(True, Flag(), "Loud.")
    mark: tuple[str, ...] = choice((), Repeated(Word()), "A mark, several times.")
    twin: str | None = choice(None, Doubled(), "A twin.")


@click.command()
@options_of(Choices)
def show(**values):
    click.echo(repr(Choices(**values)))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], Choices()),
        (
            ["--colour", "red", "--depth", "2", "--part", ".5"],
            Choices(colour="red", depth=2, part=0.5),
        ),
        (["--bright", "--no-loud"], Choices(bright=True, loud=False)),
        (["--mark", "a", "--mark", "b"], Choices(mark=("a", "b"))),
        (["--twin", "gogo"], Choices(twin="gogo")),
    ],
)
def test_the_command_takes_them(words, expected):
    result = CliRunner().invoke(show, words)
    assert result.output == f"{expected!r}\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--colour", "green"], "'green' is not one of 'red', 'blue'"),
        (["--depth", "0"], "0 is not in the range x>=1"),
        (["--twin", "stop"], "'stop' is not a word twice"),
    ],
)
def test_other_values_are_refused(words, message):
    result = CliRunner().invoke(show, words)
    assert result.exit_code == 2
    assert message in result.output


def test_the_help_has_the_declared_lines():
    text = CliRunner().invoke(show, ["--help"]).output
    assert "--depth N" in text
    assert "How deep.  [default: 3" in text
    assert list(declared_choices(Choices)) == [
        "colour",
        "depth",
        "part",
        "bright",
        "loud",
        "mark",
        "twin",
    ]
