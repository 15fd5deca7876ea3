"""The inputs with which the fuzzer reached new code, kept for the next run and for tests."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

REACHED = Path(__file__).resolve().parents[2] / "tests" / "fuzz" / "reached.tar.xz"


def read_reached(target: str) -> list[bytes]:
    """Return the inputs of a target, the shortest first."""
    return _read().get(target, [])


def write_reached(inputs: dict[str, list[bytes]]) -> None:
    """Keep inputs by target; those of other targets stay. Equal inputs give an equal file.

    Args:
        inputs: of each target that ran; they contain those that were kept before.
    """
    kept = _read() | inputs
    with tarfile.open(REACHED, "w:xz") as file:
        for target, contents in sorted(kept.items()):
            for number, content in enumerate(sorted(contents, key=lambda data: (len(data), data))):
                entry = tarfile.TarInfo(f"{target}/{number:04}")
                entry.size = len(content)
                file.addfile(entry, io.BytesIO(content))


def _read() -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    if REACHED.exists():
        with tarfile.open(REACHED) as file:
            for entry in file:
                content = file.extractfile(entry)
                if content is not None:
                    found.setdefault(entry.name.partition("/")[0], []).append(content.read())
    return found
