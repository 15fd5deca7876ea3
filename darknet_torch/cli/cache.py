"""`dtorch cache`: what is prepared for engines."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import click

from darknet_torch.cli.lazy import LazyGroup
from darknet_torch.cli.options import parsed_into
from darknet_torch.cli.terminal import echo
from darknet_torch.cli.value_completion import complete_cached
from darknet_torch.cli.words import are_options, find_spelling, option_spellings
from darknet_torch.engines.cache import CacheError, EngineCache, Entry
from darknet_torch.engines.cache_limit import cache_limit
from darknet_torch.engines.names import SPEEDS
from darknet_torch.errors import UsageError, counted, nearest
from darknet_torch.training.byte_sizes import describe_bytes

_SOME_FAILED = 1
_UNKNOWN = "-"
_KEY_LENGTH = 12  # characters of a key that are shown; more than enough to tell entries apart
_HEADINGS = ("key", "model", "engine", "size", "last used")


class CacheGroup(LazyGroup):
    """The commands of the cache; without one, options are those of ``list``."""

    def put_command_first(self, ctx: click.Context, words: list[str]) -> list[str]:
        own = option_spellings(self.get_params(ctx))
        asks_for_help = bool(words) and find_spelling(own, words[0]) is not None
        if not (ctx.resilient_parsing or asks_for_help) and are_options(list_command, ctx, words):
            return ["list", *words]
        return super().put_command_first(ctx, words)


@click.group(cls=CacheGroup)
def cache() -> None:
    """Show and remove models that are prepared for engines.

    A model is exported for another engine than PyTorch once and kept in the cache, so that later
    commands start quickly. What is removed is prepared again when it is needed. Without a
    command, the prepared models are listed.

    DTORCH_CACHE_LIMIT sets how much they may take together, such as 500M or 4G [default: 2G];
    those that were not used for longest make room. DTORCH_CACHE names another folder. Downloaded
    weights stay: `dtorch download --list` shows them, and nothing here removes them.
    """


@dataclass(frozen=True, kw_only=True)
class ListOptions:
    """The options of `dtorch cache list`."""

    output_format: str


@cache.command(name="list", short_help="List the prepared models, the last used first.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="The format of the list.",
)
@parsed_into(ListOptions)
def list_command(options: ListOptions) -> None:
    """List what is prepared, the last used first: key, model, engine, size, last use.

    The line after it has the total, the limit and the folder.
    """
    engines, limit = EngineCache(), cache_limit()
    entries = engines.entries()
    if options.output_format == "json":
        content = {
            "folder": str(engines.folder),
            "limit": limit,
            "bytes": sum(entry.bytes for entry in entries),
            "entries": [_to_json(entry) for entry in entries],
        }
        echo(json.dumps(content, indent=1))
        return
    for line in _table(entries):
        echo(line)
    total = describe_bytes(sum(entry.bytes for entry in entries))
    found = _counted_models(entries) if entries else "no prepared models"
    echo(f"{found}, {total} of at most {describe_bytes(limit)}, in {engines.folder}")


def _counted_models(entries: Sequence[Entry]) -> str:
    models = [entry for entry in entries if entry.description.get("engine") != SPEEDS]
    return counted(len(models), "prepared model")


@cache.command(name="path", short_help="Print the folder of the prepared models.")
def path_command() -> None:
    """Print the folder of what is prepared; it need not exist."""
    echo(os.fsencode(EngineCache().folder))


@dataclass(frozen=True, kw_only=True)
class ClearOptions:
    """The options of `dtorch cache clear`.

    Attributes:
        words: keys and names of models; () for all.
    """

    words: tuple[str, ...]


@cache.command(name="clear", short_help="Remove prepared models: some, or all.")
@click.argument("words", nargs=-1, metavar="[KEY|MODEL]...", shell_complete=complete_cached)
@parsed_into(ClearOptions)
def clear_command(options: ClearOptions) -> None:
    """Remove the prepared models of these keys or names; without any, all.

    KEY is the start of a key in the list, MODEL what the list shows, or its first words:
    yolov3-tiny stands for that model of every size and for every engine. Nothing else is
    removed: downloaded weights and all other files stay.

    Exit status: 0 all removed, 1 some could not be, each named on standard error, 2 there is none
    of that name; then nothing is removed.
    """
    engines = EngineCache()
    entries = engines.entries()
    chosen = _choose(entries, options.words, engines) if options.words else entries
    removed = [entry for entry in chosen if _remove(engines, entry)]
    if not options.words:
        engines.remove_leftovers()
    if chosen:
        total = describe_bytes(sum(entry.bytes for entry in removed))
        echo(f"removed {_counted_models(removed)}, {total}")
    else:
        echo(f"nothing to remove in {engines.folder}")
    if len(removed) < len(chosen):
        sys.exit(_SOME_FAILED)


def _remove(engines: EngineCache, entry: Entry) -> bool:
    """Remove an entry; return whether it is gone."""
    try:
        engines.remove(entry.key)
    except CacheError as error:
        echo(f"dtorch: {error}", err=True)
        return False
    return True


def _choose(entries: Sequence[Entry], words: Sequence[str], engines: EngineCache) -> list[Entry]:
    """Return the entries that the words name, each once.

    Raises:
        UsageError: a word names none, or starts several keys.
    """
    chosen: dict[str, Entry] = {}
    for word in words:
        found = _named(entries, word)
        if not found:
            close = nearest(word, [name for entry in entries for name in _names(entry)])
            raise UsageError(
                "not prepared",
                where=engines.folder,
                expected="a key or a model of `dtorch cache list`",
                got=repr(word),
                fix=f"did you mean {close!r}?" if close else None,
            )
        chosen |= {entry.key: entry for entry in found}
    return list(chosen.values())


def _named(entries: Sequence[Entry], word: str) -> list[Entry]:
    """Return the entries that have a word as their key, else as their model, else start so.

    Raises:
        UsageError: several keys start with it.
    """
    by_name = [entry for entry in entries if word == entry.key or word in _names(entry)]
    if by_name:
        return by_name
    by_start = [entry for entry in entries if word and entry.key.startswith(word)]
    if len(by_start) > 1:
        raise UsageError(
            "several keys start so",
            where=by_start[0].folder.parent,
            expected="more of the key",
            got=repr(word),
            fix=f"one of {', '.join(entry.key for entry in by_start)}",
        )
    return by_start


def _names(entry: Entry) -> list[str]:
    """Return the names of a model: its label, and the starts of the label that end at a blank."""
    words = _label(entry).split()
    return [" ".join(words[:count]) for count in range(len(words), 0, -1)]


def _label(entry: Entry) -> str:
    return str(entry.description.get("label", _UNKNOWN))


def _engine(entry: Entry) -> str:
    return str(entry.description.get("engine", _UNKNOWN))


def _to_json(entry: Entry) -> dict[str, object]:
    return {
        "key": entry.key,
        "label": _label(entry),
        "engine": _engine(entry),
        "bytes": entry.bytes,
        "last_used": datetime.fromtimestamp(entry.last_used, UTC).isoformat(timespec="seconds"),
    }


def _table(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield the lines of a table, with headings, columns as wide as needed; none if empty."""
    if not entries:
        return
    rows = [
        (
            entry.key[:_KEY_LENGTH],
            _label(entry),
            _engine(entry),
            describe_bytes(entry.bytes),
            f"{datetime.fromtimestamp(entry.last_used):%Y-%m-%d %H:%M}",
        )
        for entry in entries
    ]
    widths = [max(map(len, column)) for column in zip(_HEADINGS, *rows, strict=True)]
    for row in (_HEADINGS, *rows):
        cells = zip(row, widths, strict=True)
        yield "  ".join(f"{cell:{width}}" for cell, width in cells).rstrip()
