"""A page as one HTML file: it opens from disk, and no request leaves it. No torch.

The page's policy lets the browser run its own script, known by its hash, and no other, and load
nothing. Texts are escaped by jinja2, and in the script's data by `page_data`; so are control
characters, which HTML does not have, and which turn the direction of the text after them.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from darknet_torch.errors import UsageError
from darknet_torch.evaluation.threshold_curves import threshold_index
from darknet_torch.extras import import_extra
from darknet_torch.files import make_folder, write_text
from darknet_torch.input_files import protected_inputs
from darknet_torch.printable import escape_controls
from darknet_torch.report.cells import number_columns, shown_rows
from darknet_torch.report.content import PageContent
from darknet_torch.report.count_table import count_table
from darknet_torch.report.page_data import page_data
from darknet_torch.text import read_bytes, refusal_text

FILE_NAME = "index.html"
ASSETS = Path(__file__).parent / "assets"
_STYLES = ("base.css", "tables.css", "pictures.css", "media.css")
_SCRIPTS = (
    "rules.js",
    "tables.js",
    "counts.js",
    "drawing.js",
    "dialog.js",
    "pictures.js",
    "main.js",
)
GENERATOR = '<meta name="generator" content="darknet_torch">'
_START = 4096  # bytes of a page that have its generator


def write_page(content: PageContent, folder: Path) -> Path:
    """Write a page to the file index.html of a folder, completely or not at all.

    Args:
        content: of the page.
        folder: created if it does not exist. A page of an earlier run is overwritten.

    Returns:
        The path of the file.

    Raises:
        UsageError: jinja2 is not installed, the file cannot be written, or the folder has an
            index.html that this program has not written.
    """
    page = render_page(content)
    make_folder(folder)
    check_page_folder(folder)
    path = folder / FILE_NAME
    write_text(path, page)
    return path


def check_page_folder(folder: Path) -> None:
    """Check, before a run that may be long, that `write_page` will replace nothing but a page.

    Raises:
        UsageError: the folder has an index.html that is an input of the command, or that this
            program has not written.
    """
    protected_inputs.refuse(folder / FILE_NAME)
    _refuse_foreign(folder / FILE_NAME)


def _refuse_foreign(path: Path) -> None:
    """Raise an error if there is a file that is no page of this program."""
    try:
        start = read_bytes(path)[:_START]
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"cannot be written ({refusal_text(error)})", where=path) from None
    if start and GENERATOR.encode() not in start:
        raise UsageError(
            "cannot be written over a file of another program",
            where=path,
            expected="a page that darknet_torch wrote, or no file",
            got="something else of that name",
            fix="give another folder",
        )


def render_page(content: PageContent) -> str:
    """Return a page as HTML with everything that it needs.

    Equal contents give equal pages.

    Raises:
        UsageError: jinja2 is not installed.
    """
    environment = _environment(import_extra("jinja2", extra="report"))
    return environment.get_template("page.html").render(_variables(content))


@functools.cache
def _environment(jinja2: Any) -> Any:
    """Return the environment of the templates, which compiles each once."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ASSETS),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"jpeg_url": _jpeg_url, "thousands": "{:,}".format}
    environment.globals |= {"shown_rows": shown_rows, "number_columns": number_columns}
    return environment


def _visible(value: Any) -> Any:
    """Return what a template shows, with control characters visible."""
    kind = type(value)  # HTML, which jinja2 does not escape again, stays HTML
    return kind(escape_controls(value)) if isinstance(value, str) else value


def _variables(content: PageContent) -> dict[str, Any]:
    """Return what the templates read."""
    style, script = _joined(_STYLES), _script()
    return {
        "content": content,
        "policy": _policy(style, script),
        "generator": GENERATOR,
        "style": style,
        "script": script,
        "data": page_data(content),
        "threshold": threshold_index(content.threshold),
        "count_table": count_table(content),
        "used_classes": _used_classes(content),
        "has_errors": any(kind.is_error for kind in content.kinds),
    }


def _used_classes(content: PageContent) -> list[tuple[int, str]]:
    """Return the ids and names of the classes that boxes on the page have."""
    used = {box.class_id for picture in content.pictures for box in picture.boxes}
    return [(index, name) for index, name in enumerate(content.class_names) if index in used]


def _script() -> str:
    """Return the script: its files share one scope, which nothing else can reach."""
    return f'(() => {{\n"use strict";\n{_joined(_SCRIPTS)}}})();\n'


def _joined(names: Sequence[str]) -> str:
    return "\n".join((ASSETS / name).read_text("utf-8") for name in names)


def _policy(style: str, script: str) -> str:
    """Return the content-security policy: this style, this script, pictures of the page, no more.

    Args:
        style, script: the text of the page's elements of these names.
    """
    parts = {
        "default-src": "'none'",
        "img-src": "data:",
        "script-src": f"'{_digest(script)}'",
        "style-src": f"'{_digest(style)}'",
        "style-src-attr": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in parts.items())


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _jpeg_url(data: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
