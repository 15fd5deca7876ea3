"""How many bytes the cache of engines may take."""

from __future__ import annotations

import os
import re
import sys
from fractions import Fraction

from darknet_torch.errors import UsageError

LIMIT = "DTORCH_CACHE_LIMIT"
DEFAULT_LIMIT = 2 << 30  # bytes
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}
_SIZE = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*([KMGT]?)(I?B)?", re.IGNORECASE | re.ASCII)


def cache_limit() -> int:
    """Return the limit in bytes: DTORCH_CACHE_LIMIT, else 2 GiB.

    The variable is a number of bytes, or one with a unit: K, M, G, T, KiB, ... are powers of
    1024, KB, MB, ... of 1000.

    Raises:
        UsageError: the variable is something else.
    """
    given = os.environ.get(LIMIT, "").strip()
    if not given:
        return DEFAULT_LIMIT
    found = _SIZE.fullmatch(given)
    if found is None:
        raise UsageError(
            "not a size",
            where=LIMIT,
            expected="bytes, or a number with K, M, G or T, such as 500M or 4G",
            got=repr(given),
            fix="set it to a size, or unset it: the default is 2G",
        )
    number, unit, ending = found.groups()
    base = 1000 if unit and (ending or "").upper() == "B" else 1024
    size = Fraction(number) * base ** _POWERS[unit.upper()]
    return min(int(size), sys.maxsize)  # no disk has more, and no float holds every number
