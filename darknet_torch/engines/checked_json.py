"""JSON with a checksum, so that a file with a changed byte is not taken for a sound one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from darknet_torch.reading import guarded
from darknet_torch.text import read_bytes

_DIGEST = "sha256"  # key of the checksum, next to the values


def to_checked_json(values: Mapping[str, Any]) -> bytes:
    """Return values as JSON with their checksum.

    Args:
        values: what JSON knows, except for the key ``sha256``.

    Raises:
        TypeError, ValueError: JSON does not know a value.
    """
    plain = json.loads(json.dumps(values))
    return json.dumps({**plain, _DIGEST: _digest(plain)}, indent=1).encode()


def read_checked_json(path: Path) -> dict[str, Any]:
    """Read a file that `to_checked_json` made.

    Raises:
        UsageError: it cannot be read, is something else, or was changed.
    """
    with guarded(path, expected="JSON with a checksum"):
        values = json.loads(read_bytes(path))
        if not isinstance(values, dict) or values.pop(_DIGEST, None) != _digest(values):
            raise ValueError("not the values that were written")
        return values


def _digest(values: Mapping[str, Any]) -> str:
    """Return the checksum of values that were read from JSON."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
