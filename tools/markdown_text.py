"""Text for the generated pages and tables of docs/."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_SIGNS = str.maketrans({"<": "&lt;", "*": r"\*", "_": r"\_"})


def escape(text: str) -> str:
    """Return text whose signs mean nothing to Markdown, outside of spans of code."""
    parts = text.split("`")
    parts[::2] = [part.translate(_SIGNS) for part in parts[::2]]
    return "`".join(parts)


def cell(text: str) -> str:
    """Return text for a cell of a table, which a bar would end."""
    return text.replace("|", r"\|")


def table(heads: Sequence[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """Return the lines of a table."""
    return [f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *rows)]
