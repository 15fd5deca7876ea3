"""The table of the counts at a threshold. No torch."""

from __future__ import annotations

from collections.abc import Sequence

from darknet_torch.evaluation.threshold_curves import threshold_index
from darknet_torch.report.content import Cell, PageContent, Table


def count_columns(content: PageContent) -> list[str]:
    """Return the names of what is counted, in the order in which they first come."""
    return list(dict.fromkeys(name for counts in content.counts for name in counts.columns))


def count_table(content: PageContent) -> Table:
    """Return the counts at the page's threshold, the last row those of all classes together.

    Every cell but those of the first column is replaced when the slider moves.
    """
    index, columns = threshold_index(content.threshold), count_columns(content)
    rows: list[list[Cell]] = [
        [counts.name, *(_at(counts.columns.get(name), index) for name in columns)]
        for counts in content.counts
    ]
    return Table("Counts by class", ("class", *columns), rows, note="Of all pictures.")


def _at(column: Sequence[int] | None, index: int) -> int | None:
    return None if column is None else int(column[index])
