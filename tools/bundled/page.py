"""The tables of docs/bundled-model.md, made from the figures."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tools.markdown_text import table

_END = "<!-- end -->"


def figures_table(figures: dict[str, Any]) -> list[str]:
    """Return the table of the whole model."""
    model, training = figures["model"], figures["training"]
    held_back, scenes = figures["held_back"], figures["scenes"]
    rows = {
        "size": f"{model['bytes']:,} bytes",
        "SHA-256": f"`{model['sha256']}`",
        "training": f"{training['cpu_seconds'] / 60:.0f} minutes of CPU time, one thread",
        "machine": training["machine"],
        "held-back pictures": f"{held_back['pictures']:,} with {held_back['objects']:,} objects",
        "mAP@0.5": _percent(held_back["mAP@0.50"]),
        "AP@[.5:.95]": _percent(held_back["mAP@0.50:0.95"]),
        "precision, recall": (
            f"{_percent(held_back['precision'])}, {_percent(held_back['recall'])}"
            " at a confidence of 0.25"
        ),
        "mAP@0.5 of the ten scenes": _percent(scenes["mAP@0.50"]),
        "AP@[.5:.95] of the ten scenes": _percent(scenes["mAP@0.50:0.95"]),
    }
    return table(("", "figure"), rows.items())


def class_table(figures: dict[str, Any]) -> list[str]:
    """Return the average precision of each class on the held-back pictures, best first."""
    classes = figures["held_back"]["classes"]
    ordered = sorted(classes.items(), key=lambda item: -item[1])
    return table(("class", "AP@0.5"), ((name, _percent(value)) for name, value in ordered))


def scene_table(figures: dict[str, Any]) -> list[str]:
    """Return the counts of each scene at a confidence of 0.25."""
    rows = [
        (name, *(str(counts[key]) for key in ("objects", "found", "wrong")))
        for name, counts in figures["scenes"]["scenes"].items()
    ]
    totals = (str(sum(int(row[column]) for row in rows)) for column in (1, 2, 3))
    header = ("scene", "objects", "found", "detections of nothing, or of another class")
    return table(header, [*rows, ("all", *totals)])


def recipe_block(figures: dict[str, Any]) -> list[str]:
    """Return the commands of the training."""
    commands = (f"$ {command}" for command in figures["training"]["commands"])
    return ["```console", *commands, "```"]


TABLES: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "figures": figures_table,
    "recipe": recipe_block,
    "classes": class_table,
    "scenes": scene_table,
}


def with_tables(text: str, figures: dict[str, Any]) -> str:
    """Return the text of the page with what stands between its markers made anew.

    A table stands between the lines ``<!-- NAME -->`` and ``<!-- end -->``.
    """
    for name, make_lines in TABLES.items():
        lines = "\n".join([f"<!-- {name} -->", *make_lines(figures), _END])
        pattern = rf"<!-- {name} -->\n.*?{re.escape(_END)}"
        text, count = re.subn(pattern, lambda _, new=lines: new, text, flags=re.DOTALL)
        assert count == 1, f"the page has {count} places for the table {name}"
    return text


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"
