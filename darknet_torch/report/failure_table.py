"""The table of the pictures that could not be read. No torch."""

from __future__ import annotations

from collections.abc import Sequence

from darknet_torch.report.content import Table


def failure_table(failed: Sequence[str], failures: int) -> Table:
    """Return the pictures that could not be read, with the reasons.

    Args:
        failed: a message for each, or for the first of them.
        failures: their number.
    """
    more = failures - len(failed)
    note = f"{more:,} more are not listed." if more else ""
    return Table("Pictures that could not be read", ("error",), [(one,) for one in failed], note)
