"""Write docs/cfg-reference.md from the layers' typed options and example cfgs.

python tools/cfg_reference.py [--out docs/cfg-reference.md]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from darknet_torch.cfg.dialect import ALEXEYAB, PJREDDIE
from darknet_torch.cfg.net import SECTION_NAMES, NetOptions
from darknet_torch.cfg.options import FLT_MAX, REQUIRED, Option, Options, declared_options
from darknet_torch.layers.base import LayerOptions
from darknet_torch.model.registry import LAYER_TYPES
from tools.written_page import page_command

OUT = Path(__file__).resolve().parents[1] / "docs" / "cfg-reference.md"

_HEAD = """# The cfg language

Every section and option, generated from the code by `tools/cfg_reference.py`.

A line is a comment if it starts with `#` or `;`. All white space is dropped, even inside
values. If a section repeats a key, the first one counts. Numbers are read as in C: up to the
first character that does not belong to a number, so `8 # comment` is 8. An option that only one
code base reads is ignored, with a warning, in the other's dialect. An option that darknet_torch
alone reads is its own; the C code ignores it.

Below each table is the smallest cfg, without [net], that contains the section.
"""


def page() -> str:
    """The text of the whole reference page."""
    parts = [_HEAD, _section("[net]", SECTION_NAMES[1:], NetOptions, {})]
    parts.append(_section("Every layer", (), LayerOptions, {}))
    common = declared_options(LayerOptions)
    for layer in LAYER_TYPES:
        first, *aliases = layer.section_names
        parts.append(_section(f"[{first}]", tuple(aliases), layer.Options, common))
        parts.append(f"```ini\n{layer.example_cfg}```\n")
    return "\n".join(parts)


def _section(
    title: str, aliases: tuple[str, ...], options: type[Options], without: dict[str, Any]
) -> str:
    """A heading, the aliases, and a table of the options whose keys are not in `without`."""
    lines = [f"## {title}", ""]
    if aliases:
        lines += [f"Also {', '.join(f'[{alias}]' for alias in aliases)}.", ""]
    rows = [
        f"| `{key}` | {_kind(option)} | {_default(option)} | {_reader(option)} | {option.doc} |"
        for key, (_, option) in declared_options(options).items()
        if key not in without
    ]
    if not rows:
        return "\n".join([*lines, "No options of its own.", ""])
    table = ["| option | value | default | read by | meaning |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *table, *rows, ""])


def _reader(option: Option) -> str:
    return "darknet_torch" if option.extension else option.only or ""


def _kind(option: Option) -> str:
    if option.inert:
        return "no effect here"
    if option.choices:
        return ", ".join(option.choices)
    bounds = []
    if option.minimum is not None:
        bounds.append(f">= {option.minimum:g}")
    if option.maximum is not None:
        bounds.append(f"<= {option.maximum:g}")
    return " ".join([option.kind, *bounds])


def _default(option: Option) -> str:
    if option.inert:
        return ""
    ours, theirs = (_value(option.default_for(dialect)) for dialect in (ALEXEYAB, PJREDDIE))
    return ours if ours == theirs or option.only else f"{ours}; pjreddie {theirs}"


def _value(value: Any) -> str:
    if value is REQUIRED:
        return "must be given"
    if value is True or value is False:
        return str(int(value))
    if value == FLT_MAX:
        return "none"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value) if value not in ((), "") else ""


main = page_command(page, OUT, __doc__)


if __name__ == "__main__":
    main()
