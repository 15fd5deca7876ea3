"""Write docs/api-reference.md from the signatures and docstrings of the public names.

python tools/api_reference.py [--out docs/api-reference.md]
"""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import darknet_torch
from tools.markdown_text import escape
from tools.public_surface import describe, methods_of
from tools.written_page import page_command

OUT = Path(__file__).resolve().parents[1] / "docs" / "api-reference.md"

# Heading -> the names below it, in the order in which they are read.
TOPICS = {
    "Loading and running": (
        "load", "Detector", "Classifier", "CharacterModel", "load_engine", "EngineModel",
    ),
    "Results": ("Detections", "Detection", "Classification", "ClassScore"),
    "Networks and weight files": (
        "Network", "WeightsHeader", "build_network", "read_weights", "write_weights",
        "LoadReport", "summarize", "register_layer",
    ),
    "Training": (
        "train", "TrainResult", "Callback", "load_to_train", "NetworkLoss", "training_batches",
    ),
    "Conversion and downloads": (
        "convert", "GraphOptions", "ConversionReport", "partial", "average", "statistics",
        "download",
    ),
    "Errors and warnings": (
        "DarknetError", "UsageError", "ArgumentError", "CfgError", "UnsupportedError",
        "WeightsError", "NamesError", "ImageError", "DownloadError", "TrainingError",
        "CfgWarning", "CfgNote",
    ),
}  # fmt: skip

_HEAD = """# The Python package

Every public name of `import darknet_torch as dt`, generated from its signature and docstring by
`tools/api_reference.py`. The names are listed in a test, so that none changes by accident. What a
module has beyond them may change with any release.
"""
_SECTION = re.compile(r"(Args|Attributes|Returns|Yields|Raises|Warns):$")
_PARAGRAPHS = ("Returns", "Yields")  # the other sections are lists
_ITEM = re.compile(r"([*\w][\w, *.]*): ")


def page() -> str:
    """The text of the whole reference page."""
    parts = [_HEAD]
    for topic, names in TOPICS.items():
        links = ", ".join(f"[`{name}`](#{name.lower()})" for name in names)
        parts += [f"## {topic}\n", f"{links}\n", *(_entry(name) for name in names)]
    return "\n".join(parts)


def _entry(name: str) -> str:
    """A heading, the declaration, the docstring, and the docstrings of the methods."""
    value = getattr(darknet_torch, name)
    lines = [f"### {name}", "", f"```py\n{describe(name)}\n```", "", *to_markdown(_doc(value))]
    methods = methods_of(value) if inspect.isclass(value) else {}
    for key, method in sorted(methods.items()):
        doc = _doc(getattr(method, "__func__", method))
        if doc:
            lines += [f"#### {name}.{_heading(key)}", "", *to_markdown(doc)]
    return "\n".join(lines)


def _heading(name: str) -> str:
    """A name as part of a heading, where underscores around it would make it bold."""
    return name.replace("__", r"\_\_")


def _doc(value: Any) -> str:
    return inspect.cleandoc(value.__doc__ or "").replace("``", "`")


def to_markdown(doc: str) -> Iterator[str]:
    """Yield the lines of a Google docstring as Markdown.

    Args:
        doc: the docstring, without indentation.
    """
    for block in re.split(r"\n\n(?=\S)", doc):
        first, *others = block.split("\n")
        title = _SECTION.match(first)
        if title:
            yield f"**{title[1]}**\n"
            lines = textwrap.dedent("\n".join(others)).split("\n")
            yield from map(_text if title[1] in _PARAGRAPHS else _item, lines)
        else:
            yield from map(_text, (first, *others))
        yield ""


def _text(line: str) -> str:
    """A line of text, or of an indented block of code."""
    return line if line.startswith("    ") else escape(line)


def _item(line: str) -> str:
    """A line of a section that is a list: a name with its meaning, or more of the meaning."""
    item = _ITEM.match(line)
    if item:
        return f"- `{item[1]}`: {escape(line[item.end() :])}"
    return f"    {escape(line.strip())}" if line else ""


main = page_command(page, OUT, __doc__)


if __name__ == "__main__":
    main()
