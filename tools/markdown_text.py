"""Text for the generated pages of docs/."""

from __future__ import annotations

_SIGNS = str.maketrans({"<": "&lt;", "*": r"\*", "_": r"\_"})


def escape(text: str) -> str:
    """Return text whose signs mean nothing to Markdown, outside of spans of code."""
    parts = text.split("`")
    parts[::2] = [part.translate(_SIGNS) for part in parts[::2]]
    return "`".join(parts)


def cell(text: str) -> str:
    """Return text for a cell of a table, which a bar would end."""
    return text.replace("|", r"\|")
