"""The names of other programs lead to options and commands that exist."""

import click

from darknet_torch.cli.main import main
from darknet_torch.cli.train import train
from darknet_torch.cli.words import letters, option_spellings
from darknet_torch.other_names import COMMANDS, OPTIONS, own_names
from darknet_torch.training.options import TRAIN_OPTIONS


def test_names_are_letters_and_digits_alone():
    assert all(letters(name) == name for name in (*OPTIONS, *COMMANDS))


def test_every_name_is_of_an_option_or_an_argument_that_some_command_has():
    context = click.Context(main)
    commands = [main.get_command(context, name) for name in ("detect", "convert", "eval")]
    parameters = [one for command in (train, *commands) for one in command.params]
    there = {spelling.lstrip("-").replace("-", "_") for spelling in option_spellings(parameters)}
    there |= {one.name for one in parameters}
    assert {own.split()[0] for names in OPTIONS.values() for own in names} <= there


def test_every_command_exists():
    context = click.Context(main)
    for name in COMMANDS.values():
        command = main
        for word in name.split():
            command = command.get_command(context, word)
        assert command is not None


def test_options_that_are_not_there_are_not_suggested():
    assert own_names("--img-size", ["width"]) == ["width"]
    assert own_names("lr0", TRAIN_OPTIONS) == ["learning_rate"]
    assert own_names("conf", TRAIN_OPTIONS) == []
