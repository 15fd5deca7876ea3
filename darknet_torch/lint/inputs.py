"""Which of the files on a command line is what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from darknet_torch.cfg.zoo import find_cfg, is_partial_name
from darknet_torch.errors import UsageError
from darknet_torch.media.sources import PICTURE_SUFFIXES, VIDEO_SUFFIXES

_DATA_SUFFIXES = (".data", ".json")
_WEIGHTS_SUFFIXES = (".weights", ".backup")
_START = 4096  # bytes that tell a text from numbers


@dataclass(frozen=True)
class Inputs:
    """What there is to check, at least one of them."""

    cfg: Path | None = None
    weights: Path | None = None
    data: Path | None = None


def recognise(words: Sequence[str]) -> Inputs:
    """The files meant, in any order: a cfg or the name of a shipped one, weights, data.

    Suffixes decide, else what a file holds.

    Raises:
        UsageError: there are none, two of a kind, or one that is not there or none of these.
        CfgError: a name that is no file and no shipped definition.
    """
    found: dict[str, Path] = {}
    for word in words:
        kind, path = _recognise(word)
        if kind in found:
            raise UsageError(f"two {kind} files", expected="one", got=f"{found[kind]} and {path}")
        found[kind] = path
    if not found:
        raise UsageError("nothing to check", expected="dtorch check CFG [WEIGHTS] [DATA]")
    return Inputs(**found)


def _recognise(word: str) -> tuple[str, Path]:
    path = Path(word)
    suffix = path.suffix.lower()
    is_weights = suffix in _WEIGHTS_SUFFIXES or is_partial_name(path)
    if not path.exists():
        if is_weights or suffix in _DATA_SUFFIXES:
            raise UsageError("no such file", where=path)
        return "cfg", find_cfg(word)
    if path.is_dir() or suffix in _DATA_SUFFIXES:
        return "data", path
    if is_weights:
        return "weights", path
    if suffix == ".cfg":
        return "cfg", path
    return _by_content(path), path


def _by_content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            start = file.read(_START)
    except OSError as error:
        raise UsageError(f"cannot be read ({error.strerror})", where=path) from None
    if b"\0" in start and path.suffix.lower() not in PICTURE_SUFFIXES | VIDEO_SUFFIXES:
        return "weights"
    lines = [line.strip() for line in start.splitlines()]
    lines = [line for line in lines if line and line[:1] not in b"#;"]
    if lines and lines[0].startswith(b"["):
        return "cfg"
    if lines and b"=" in lines[0]:
        return "data"
    raise UsageError(
        "is no cfg, no weight file and no data set",
        where=path,
        expected="such as x.cfg, x.weights, x.data, or the name of a shipped definition",
    )
