"""Commands that read words as Darknet and its successors do: flags and files in any order."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from darknet_torch.cli.words import (
    find_spelling,
    option_spellings,
    split_words,
    takes_value,
)
from darknet_torch.media.sources import PICTURE_SUFFIXES, VIDEO_SUFFIXES
from darknet_torch.text import path_exists

FILES = ("data", "cfg", "weights")
_WEIGHTS = re.compile(r"\.(weights|backup|pt|pth|safetensors|conv\.\d+)$", re.IGNORECASE)
_BARE_FLAG = re.compile(r"[A-Za-z]\w+")
_SOURCES = PICTURE_SUFFIXES | VIDEO_SUFFIXES
_LEFT_OUT = ""  # stands for DATA or WEIGHTS


class DarknetCommand(click.Command):
    """A command whose flags may lack their dash, and whose files may come in any order.

    Source: darknet_cfg_and_state.cpp process_arguments (hank-ai). Differs: a word without a dash
    is a flag only if there is no file of that name.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not ctx.resilient_parsing:
            args = self._in_declared_order(ctx, args)
        return super().parse_args(ctx, args)

    def _in_declared_order(self, ctx: click.Context, words: list[str]) -> list[str]:
        """Return the words with the files first, in the order DATA, CFG, WEIGHTS, others."""
        parameters = self.get_params(ctx)
        found = split_words(parameters, words)
        flags, files = _split_bare_flags(parameters, found.others)
        names = [parameter.name for parameter in parameters]
        arguments = [one.name for one in parameters if isinstance(one, click.Argument)]
        if "names" in names and "cfg" in arguments:
            more, files = _split_names(files)
            flags += more
        roles = [role for role in FILES if role in arguments]
        if "cfg" in roles:
            files = order_files(files, roles, has_sources="source" in arguments)
        return [*files, *found.options, *flags, *found.rest]


def help_text(function: Callable[..., None]) -> str:
    """Return the docstring of a command's function without what it says about the C code."""
    return (function.__doc__ or "").partition("Source:")[0]


def order_files(files: list[str], roles: Sequence[str], *, has_sources: bool) -> list[str]:
    """Return files in the order DATA, CFG, WEIGHTS, others, by their suffixes.

    Args:
        files: words that name files. Without exactly one .data and one .cfg among them, or
            with two weight files, they stay as they are.
        roles: those of `FILES` that the command takes; "cfg" and "weights" are among them.
        has_sources: pictures and videos may follow; before these, WEIGHTS may be left out, and
            DATA where the first word is another file, as in `CFG WEIGHTS PICTURE`.
    """
    rest = list(files)
    chosen = []
    if has_sources and _lacks_data(files):
        chosen, roles = [_LEFT_OUT], [role for role in roles if role != "data"]
    for role in roles[:-1]:
        fitting = [word for word in rest if Path(word).suffix.lower() == f".{role}"]
        if len(fitting) != 1:
            return files
        chosen += fitting
        rest.remove(fitting[0])
    weights = [word for word in rest if _WEIGHTS.search(word)]
    if len(weights) > 1:
        return files
    if weights:
        rest.remove(weights[0])
        return [*chosen, *weights, *rest]
    if has_sources and rest and Path(rest[0]).suffix.lower() in _SOURCES:
        return [*chosen, _LEFT_OUT, *rest]
    return [*chosen, *rest]


def _lacks_data(files: list[str]) -> bool:
    """Whether no word can be DATA, which is the first one if it has another suffix.

    Source: darknet_cfg_and_state.cpp process_arguments (hank-ai), which needs no DATA to detect.
    """
    suffixes = [Path(word).suffix.lower() for word in files]
    if not files or ".data" in suffixes:
        return False
    return suffixes[0] in {".cfg", *_SOURCES} or _WEIGHTS.search(files[0]) is not None


def _split_bare_flags(
    parameters: list[click.Parameter], words: list[str]
) -> tuple[list[str], list[str]]:
    """Tell flags without a dash, such as `verbose`, and their values from files."""
    spellings = option_spellings(parameters)
    flags, files, left = list[str](), list[str](), list(words)
    while left:
        word = left.pop(0)
        spelling = find_spelling(spellings, f"-{word}") if _BARE_FLAG.fullmatch(word) else None
        if spelling is None or path_exists(word):
            files.append(word)
            continue
        flags.append(spelling)
        if takes_value(spellings[spelling]):
            flags += left[:1]
            del left[:1]
    return flags, files


def _split_names(words: list[str]) -> tuple[list[str], list[str]]:
    """Tell a file of names, as an option, from the other files."""
    names = [word for word in words if Path(word).suffix.lower() == ".names"]
    if len(names) != 1:
        return [], words
    return ["--names", *names], [word for word in words if word not in names]
