"""Recognise which file on the command line is the cfg, the weights and the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from darknet_torch.cfg.model_names import ModelFileKind, kind_of
from darknet_torch.cfg.zoo import find_cfg
from darknet_torch.errors import CfgError, UsageError
from darknet_torch.media.sources import PICTURE_SUFFIXES, VIDEO_SUFFIXES
from darknet_torch.text import backslash_fix, is_folder, open_to_read, path_exists, refusal

_DATA_SUFFIXES = (".data", ".json", ".yaml", ".yml", ".csv")
_FIRST_BYTES = 4096  # enough to tell text from numbers


@dataclass(frozen=True)
class Inputs:
    """The files to check, at least one of them."""

    cfg: Path | None = None
    weights: Path | None = None
    data: Path | None = None


def recognise(words: Sequence[str]) -> Inputs:
    """Recognise each file by its suffix, or else by its content.

    Args:
        words: paths in any order; the cfg may be the name of a shipped definition.

    Raises:
        UsageError: there is no file, there are two of a kind, or a file does not exist or is
            none of the three, or a folder is no data set.
        CfgError: a word is neither a file nor the name of a shipped definition.
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
    is_weights = kind_of(path) is ModelFileKind.WEIGHTS
    if not path_exists(path):
        if is_weights or suffix in _DATA_SUFFIXES:
            raise UsageError(refusal(path) or "no such file", where=path, fix=backslash_fix(path))
        return "cfg", _shipped(word)
    if is_folder(path):
        from darknet_torch.datasets.classification import is_classification  # imports numpy

        is_classification(path)  # raises what is wrong if it is no data set
        return "data", path
    if suffix in _DATA_SUFFIXES:
        return "data", path
    if is_weights:
        return "weights", path
    if suffix == ".cfg":
        return "cfg", path
    return _by_content(path), path


def _shipped(word: str) -> Path:
    """The shipped definition of a name; the error speaks of what else could have been meant."""
    try:
        return find_cfg(word)
    except CfgError as error:
        if word.endswith(".cfg"):
            raise
        from darknet_torch.datasets.unrecognised import nearest_name  # it needs numpy

        path = Path(word)
        what = "no such file or folder"
        if path.name != word:  # with a folder, so no name of a definition
            raise UsageError(refusal(path) or what, where=word, fix=nearest_name(path)) from None
        what += ", nor a shipped definition of that name"
        raise CfgError(what, where=word, fix=nearest_name(path) or error.fix) from None


def _by_content(path: Path) -> str:
    try:
        with open_to_read(path) as file:
            start = file.read(_FIRST_BYTES)
    except OSError as error:
        raise UsageError(f"cannot be read ({error.strerror})", where=path) from None
    if b"\0" in start and path.suffix.lower() not in PICTURE_SUFFIXES | VIDEO_SUFFIXES:
        return "weights"
    lines = [line.strip() for line in start.splitlines()]
    lines = [line for line in lines if line and line[:1] not in b"#;"]
    if lines and lines[0].startswith(b"["):
        return "cfg"
    from darknet_torch.datasets.forms import find_form  # it needs numpy, which starts slowly

    if find_form(path) is not None:
        return "data"
    raise UsageError(
        "is neither a cfg nor a weight file nor a data set",
        where=path,
        expected="such as x.cfg, x.weights, x.data, a folder of pictures with labels, or the name "
        "of a shipped definition",
    )
