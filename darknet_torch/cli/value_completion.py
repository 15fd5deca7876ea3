"""Completion of option values in shells: names of networks, files. No torch."""

from __future__ import annotations

import glob
from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem


def complete_cfg(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the shipped definitions and the .cfg files in the working folder."""
    from darknet_torch.cfg.zoo import shipped

    return _names_or_files(shipped(".cfg"), "cfg", incomplete)


def complete_weights(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the downloaded weight files and the .weights files in the working folder."""
    from darknet_torch.downloads.finding import downloaded
    from darknet_torch.downloads.published import PUBLISHED

    names = (published.names[0] for published in PUBLISHED if downloaded(published))
    return _names_or_files(names, "weights", incomplete)


def complete_published(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the weight files that can be downloaded."""
    from darknet_torch.downloads.published import PUBLISHED

    names = (published.names[0] for published in PUBLISHED)
    return _completion_items(name for name in names if name.startswith(incomplete))


def complete_cached(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the first words of the models that are prepared for engines, and their keys."""
    from darknet_torch.engines.cache import EngineCache

    entries = EngineCache().entries()
    models = {str(entry.description.get("label", "")).partition(" ")[0] for entry in entries}
    names = [*sorted(models - {""}), *(entry.key for entry in entries)]
    return _completion_items(name for name in names if name.startswith(incomplete))


def complete_device(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the kinds of device."""
    return _completion_items(
        name for name in ("auto", "cpu", "cuda", "mps") if name.startswith(incomplete)
    )


def _names_or_files(names: Iterable[str], suffix: str, incomplete: str) -> list[CompletionItem]:
    """Return matching names and files; without any the shell completes files itself."""
    known = [name for name in names if name.startswith(incomplete)]
    found = _completion_items([*known, *sorted(glob.glob(f"{glob.escape(incomplete)}*.{suffix}"))])
    return found or [CompletionItem(incomplete, type="file")]


def _completion_items(values: Iterable[str]) -> list[CompletionItem]:
    return [CompletionItem(value) for value in values]
