"""The words of a command line: options in any spelling, separated from the other words. No torch.

Darknet's users write options as its successors read them: with one dash or two, with hyphens,
underscores or neither, in capitals or not (`-dont_show`, `--dont-show`, `-DontShow`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import click

from darknet_torch.other_names import own_names

_END_OF_OPTIONS = "--"

# Options of the Darknets that have another name here, by their letters.
SYNONYMS = {
    "avg": "avgframes",
    "camera": "c",
    "color": "colour",
    "heatmap": "heatmaps",
    "mapepochs": "mapevery",
    "nms": "nmsthreshold",
    "nmsthresh": "nmsthreshold",
    "nocolor": "nocolour",
    "nofuse": "dontfuse",
    "noshow": "dontshow",
    "saveweights": "saveevery",
    "showdetails": "verbose",
    "threshold": "thresh",
}


class Words(NamedTuple):
    """The words after a command.

    Attributes:
        options: options and their values, options spelled as they are declared.
        others: all other words before `--`, in their order.
        rest: `--` and the words after it.
        spelled: all words in their order, options spelled as they are declared.
        unknown: the words among `options` that are options, but not of this command.
    """

    options: list[str]
    others: list[str]
    rest: list[str]
    spelled: list[str]
    unknown: list[str]


def letters(word: str) -> str:
    """Return the letters and digits of a word, in lower case: all that tells it from others.

    Source: darknet_utils.cpp convert_to_lowercase_alphanum (hank-ai).
    """
    return "".join(filter(str.isalnum, word.lower()))


def split_words(parameters: Iterable[click.Parameter], words: Sequence[str]) -> Words:
    """Tell the options and their values from the other words.

    Args:
        parameters: of the command.
        words: that follow it.

    Raises:
        click.BadOptionUsage: where the value of an option should be, another option follows.
    """
    spellings = option_spellings(parameters)
    found = Words([], [], [], [], [])
    left = list(words)
    while left:
        word = left.pop(0)
        if word == _END_OF_OPTIONS:
            found.rest.extend([word, *left])
            break
        if not _is_option(word):
            found.others.append(word)
            found.spelled.append(word)
            continue
        name, equals, value = word.partition("=")
        spelling = find_spelling(spellings, name)
        if spelling is None:
            taken = [word]
            if not _has_value_attached(spellings, word):
                found.unknown.append(name)
        elif equals:
            taken = _with_value(spelling, value)
        else:
            taken = [spelling]
            if takes_value(spellings[spelling]):
                _refuse_option_as_value(spelling, left[:1], spellings)
                taken += left[:1]
                del left[:1]
        found.options.extend(taken)
        found.spelled.extend(taken)
    found.spelled.extend(found.rest)
    return found


def spell_options(command: click.Command, context: click.Context, words: list[str]) -> list[str]:
    """Return the words with the command's options spelled as they are declared.

    Args:
        command: that the words follow.
        context: of that command, for the message.

    Raises:
        click.NoSuchOption: an option with one dash that the command does not have; click would
            read each of its letters as an option.
        click.UsageError: an option that other programs have.
    """
    parameters = command.get_params(context)
    found = split_words(parameters, words)
    for name in found.unknown:
        meant = _spelled_here(name, parameters)
        if meant:
            names = " or ".join(map(repr, meant))  # NoSuchOption drops those of other letters
            raise click.UsageError(f"No such option {name!r}. Did you mean {names}?", context)
        if len(name) > 2 and name[1] != "-":
            close = difflib.get_close_matches(name, option_spellings(command.params), cutoff=0.6)
            raise click.NoSuchOption(name, possibilities=close, ctx=context)
    return found.spelled


def _spelled_here(name: str, parameters: Iterable[click.Parameter]) -> list[str]:
    """Return what an option of another program is called here; an argument is a bare word."""
    spelled: dict[str, str] = {}
    for one in parameters:
        if isinstance(one, click.Argument) and one.name:
            spelled[one.name] = one.name.upper()
        spelled |= {
            spelling[2:].replace("-", "_"): spelling
            for spelling in one.opts
            if spelling.startswith("--")
        }
    found = (own.partition(" ") for own in own_names(name, spelled))
    return [f"{spelled[own]}{space}{value}" for own, space, value in found]


def are_options(command: click.Command, context: click.Context, words: Sequence[str]) -> bool:
    """Whether the words are options of the command, with their values, and nothing else.

    Those of a group are options of any of its commands.
    """
    if isinstance(command, click.Group):
        inner = click.Context(command, info_name=command.name, parent=context)
        commands = (command.get_command(inner, name) for name in command.list_commands(inner))
        return any(one is not None and are_options(one, inner, words) for one in commands)
    found = split_words(command.get_params(context), words)
    return not (found.others or found.rest or found.unknown)


def _is_option(word: str) -> bool:
    """Whether a word is an option: with a dash, but neither a negative number nor `-`."""
    return word[0:1] == "-" and any(map(str.isalpha, word))


def option_spellings(parameters: Iterable[click.Parameter]) -> dict[str, click.Option]:
    """Return the declared spellings of options."""
    return {
        spelling: one
        for one in parameters
        if isinstance(one, click.Option)
        for spelling in (*one.opts, *one.secondary_opts)
    }


def find_spelling(spellings: Iterable[str], name: str) -> str | None:
    """Return the declared spelling of an option.

    Args:
        spellings: that are declared.
        name: the option as somebody writes it.

    Returns:
        `name`, else the spelling that has its letters, preferably as many dashes, else that of
        its synonym; None if there is none.
    """
    spellings = list(spellings)
    if name in spellings:
        return name
    wanted = letters(name)
    for one in (wanted, SYNONYMS.get(wanted)):
        same = [spelling for spelling in spellings if letters(spelling) == one]
        alike = [spelling for spelling in same if _dashes(spelling) == _dashes(name)]
        if same:
            return (alike or same)[0]
    return None


def _with_value(spelling: str, value: str) -> list[str]:
    """Return an option and its value; click reads `-i=0` as the value "=0"."""
    return [spelling, value] if len(spelling) == len("-i") else [f"{spelling}={value}"]


def _refuse_option_as_value(
    spelling: str, following: Sequence[str], spellings: Iterable[str]
) -> None:
    """Refuse `-out -thresh .2`, which would write a file of the name -thresh.

    Raises:
        click.BadOptionUsage: the word that follows is an option as it is declared.
    """
    if following and following[0] in spellings:
        raise click.BadOptionUsage(
            spelling, f"Option {spelling!r} requires an argument, got the option {following[0]!r}."
        )


def _dashes(spelling: str) -> int:
    return 2 if spelling.startswith("--") else 1


def _has_value_attached(spellings: dict[str, click.Option], word: str) -> bool:
    """Whether a word is a short option and its value, such as `-k9`."""
    option = spellings.get(word[:2])
    return option is not None and takes_value(option) and word[2:].isdecimal()


def takes_value(option: click.Option) -> bool:
    """Whether a value follows the option."""
    return not option.is_flag and not option.count
