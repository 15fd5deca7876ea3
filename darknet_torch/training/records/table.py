"""A table of numbers in a .csv file that grows during a training. No torch."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from darknet_torch.files import append_bytes, write_bytes
from darknet_torch.reading import guarded
from darknet_torch.text import encode_text, path_exists, read_bytes

Row = dict[str, float]
ITERATION = "iteration"
EVALUATED = "valid/"  # starts the names of the columns that come from evaluations
CLASS_SCORE = f"{EVALUATED}AP "  # starts the names of the scores of single classes


def is_loss(name: str) -> bool:
    """Whether a column has losses, of a training or a validation."""
    return name.endswith("loss")


def overall_scores(columns: Iterable[str]) -> list[str]:
    """Those columns that have scores of all classes together.

    Args:
        columns: names in the order of the table.

    Returns:
        Names in this order. The first is the score that decides over the best weights.
    """
    return [
        name
        for name in columns
        if name.startswith(EVALUATED) and not is_loss(name) and not name.startswith(CLASS_SCORE)
    ]


class Table:
    """Rows of named numbers, in memory and in a file that has them at all times.

    A row is appended; the file is written anew when a row has a new column, or changes the last
    row. After a failure the next row brings everything that is missing.

    Args:
        path: the file.

    Attributes:
        rows: each has its "iteration", and only the numbers that there are.
        columns: their names, in the order of the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[Row] = []
        self.columns: list[str] = [ITERATION]
        self._written = 0  # rows that the file has
        self._is_stale = True  # the file must be written anew

    def read(self, until: int) -> None:
        """Take the rows of the file up to an iteration, included, those that are whole.

        Without a file there are none. The file itself loses the others with the next row.

        Raises:
            UsageError: the file cannot be read, or is no table.
        """
        self._is_stale = True
        if path_exists(self.path):
            with guarded(self.path, expected="a table of numbers", fix="move the file away"):
                text = read_bytes(self.path).decode("utf-8", "replace")
                whole = text[: text.rfind("\n") + 1]  # a kill may have cut off the last row
                columns, *lines = list(csv.reader(io.StringIO(whole))) or [[]]
            rows = [row for line in lines if (row := _parsed(columns, line)) is not None]
            self.rows = [row for row in rows if row[ITERATION] <= until]
            self._add_columns(columns if self.rows else ())

    def add(self, row: Mapping[str, float]) -> None:
        """Add a row, or the numbers of a second row for the last iteration to its row.

        Raises:
            UsageError: the file cannot be written.
        """
        if self.rows and self.rows[-1][ITERATION] == row[ITERATION]:
            self.rows[-1].update(row)
            self._is_stale = True
        else:
            self.rows.append(dict(row))
        if self._add_columns(row):
            self._is_stale = True
        if self._is_stale:
            write_bytes(self.path, self._encode([self.columns, *map(self._cells, self.rows)]))
        else:
            append_bytes(self.path, self._encode(map(self._cells, self.rows[self._written :])))
        self._written, self._is_stale = len(self.rows), False

    def _add_columns(self, names: Iterable[str]) -> bool:
        """Add the columns that are new, and say whether there were some."""
        new = [name for name in names if name not in self.columns]
        self.columns += new
        return bool(new)

    def _cells(self, row: Row) -> list[str]:
        return [f"{row[name]:.7g}" if name in row else "" for name in self.columns]

    @staticmethod
    def _encode(lines: Iterable[Iterable[str]]) -> bytes:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(lines)
        return encode_text(text.getvalue())


def _parsed(columns: list[str], line: list[str]) -> Row | None:
    """The numbers of a line; None for a damaged one."""
    try:
        cells = zip(columns, line, strict=True)
        row = {name: float(cell) for name, cell in cells if cell}
    except ValueError:
        return None
    return row if ITERATION in row else None
