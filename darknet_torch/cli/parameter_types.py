"""Types of parameters that several commands share. No torch."""

from __future__ import annotations

import click

# The code that opens a file reports that it cannot be read, so click does not check that.
PATH = click.Path(readable=False)
POSITIVE = click.IntRange(min=1)
NOT_NEGATIVE = click.IntRange(min=0)
FRACTION = click.FloatRange(0, 1)
