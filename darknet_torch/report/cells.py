"""How the cells of a page's tables are shown, and by what they are sorted. No torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from darknet_torch.report.content import Cell, Table

DASH = "\N{EN DASH}"


@dataclass(frozen=True)
class ShownCell:
    """A cell as the page shows it.

    Attributes:
        text: what is seen.
        value: by what it is sorted: a number as text, "" for a dash, which comes last; None for
            a text, which is sorted by what is seen.
    """

    text: str
    value: str | None


def shown_cell(cell: Cell, digits: int) -> ShownCell:
    """Return a cell as the page shows it: None and NaN as a dash, numbers in groups of three.

    Args:
        cell: from a `Table`.
        digits: decimals of a float.
    """
    if isinstance(cell, str):
        return ShownCell(cell, None)
    if cell is None or math.isnan(cell):
        return ShownCell(DASH, "")
    text = f"{cell:,}" if isinstance(cell, int) else f"{float(cell):,.{digits}f}"
    return ShownCell(text, str(float(cell)))


def percent(value: float | None) -> float | None:
    """Convert 0-1 to per cent; None and NaN, which C has without objects, become None."""
    return None if value is None or math.isnan(value) else 100 * value


def shown_rows(table: Table) -> list[list[ShownCell]]:
    """Return the rows of a table as the page shows them."""
    return [[shown_cell(cell, table.digits) for cell in row] for row in table.rows]


def number_columns(rows: Sequence[Sequence[ShownCell]]) -> list[bool]:
    """Return which columns have no text, and are aligned to the right."""
    return [all(cell.value is not None for cell in column) for column in zip(*rows, strict=True)]
