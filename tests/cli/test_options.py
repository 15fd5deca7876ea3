"""The parameters of each command are the fields of its dataclass."""

import dataclasses
from typing import get_type_hints

import click
import pytest
from click.testing import CliRunner

from darknet_torch.cli.main import main
from darknet_torch.cli.options import (
    ReportingOptions,
    max_pixels_option,
    parsed_into,
    quiet_option,
)
from darknet_torch.cli.parameter_types import SignedSeed, WholeRange
from darknet_torch.media.picture_limits import VARIABLE, max_pixels


def leaf_commands(group):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from leaf_commands(command)
        else:
            yield command


def options_type(command):
    """The dataclass that a command's function takes; None for a function of plain values."""
    function = command.callback.__wrapped__ if hasattr(command.callback, "__wrapped__") else None
    return get_type_hints(function)["options"] if function else None


def test_every_command_has_a_dataclass_with_its_parameters():
    plain = []
    for command in leaf_commands(main):
        kind = options_type(command)
        if kind is None:
            plain.append(command.name)
            continue
        fields = dataclasses.fields(kind)
        exposed = {param.name for param in command.params if param.expose_value}
        assert exposed <= {field.name for field in fields}, command.name
        # Darknet's own spelling has fewer options than ours.
        needed = {field.name for field in fields if field.default is dataclasses.MISSING}
        assert needed <= exposed, command.name
    assert plain == ["path", "completion", "help", "version"]


READ_PICTURES = (
    "bench check classify detect eval kmeans new report train "
    "augment init merge show split stats demo map recall valid predict"
).split()


def test_every_command_that_reads_pictures_has_their_limit():
    found = {
        command.name
        for command in leaf_commands(main)
        if any("--max-pixels" in param.opts for param in command.params)
    }
    assert found >= set(READ_PICTURES)


def test_the_limit_of_pictures_holds_while_the_command_runs(monkeypatch):
    monkeypatch.setenv(VARIABLE, "7")

    @click.command()
    @max_pixels_option
    def command():
        click.echo(max_pixels())

    assert CliRunner().invoke(command, ["--max-pixels", "900"]).output == "900\n"
    assert CliRunner().invoke(command).output == "7\n"
    monkeypatch.setenv(VARIABLE, "many")
    result = CliRunner().invoke(main, ["doctor", "--help"])
    assert result.exit_code == 2
    assert f"{VARIABLE}: not a number of pixels" in result.stderr


def test_no_command_takes_a_whole_number_of_hundreds_of_digits():
    """Functions of C, NumPy and PyTorch raise OverflowError or ValueError for these."""
    for command in leaf_commands(main):
        for param in command.params:
            if isinstance(param.type, click.IntRange | SignedSeed):
                with pytest.raises(
                    click.BadParameter, match=r"larger than|not in the range|not between"
                ):
                    param.type.convert("1" + "0" * 400, param, None)
                if not isinstance(param.type, WholeRange | SignedSeed):
                    assert param.type.max is not None, (command.name, param.name)


def test_every_dataclass_is_frozen():
    for command in leaf_commands(main):
        kind = options_type(command)
        assert kind is None or kind.__dataclass_params__.frozen, command.name


def test_every_option_says_what_it_does():
    silent = [
        f"{command.name} {option.opts[0]}"
        for command in leaf_commands(main)
        for option in command.params
        if isinstance(option, click.Option) and not option.hidden and not option.help
    ]
    assert silent == []


@dataclasses.dataclass(frozen=True, kw_only=True)
class Greeting(ReportingOptions):
    name: str


@pytest.mark.parametrize(
    ("words", "printed"), [([], "hello Ann"), (["--name", "Bob", "--quiet"], "")]
)
def test_a_function_gets_the_parsed_values(words, printed):
    @click.command()
    @click.option("--name", default="Ann")
    @quiet_option("Print nothing.")
    @parsed_into(Greeting)
    def greet(options):
        """Say hello."""
        options.print_remark(f"hello {options.name}")

    assert greet.help == "Say hello."
    assert CliRunner().invoke(greet, words).stderr.strip() == printed
