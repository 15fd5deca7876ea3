"""Darknet's .data files: where a data set's lists, names and results lie. No torch."""

from __future__ import annotations

from pathlib import Path

from darknet_torch.errors import UsageError

_WHITE_SPACE = str.maketrans("", "", " \t\r\n")


def read_data_file(path: str | Path) -> dict[str, str]:
    """The key=value lines of a .data file; of equal keys the first wins.

    Raises:
        UsageError: it is not there or cannot be read.

    Source: option_list.c read_data_cfg.
    """
    try:
        text = Path(path).read_bytes().removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    except OSError as error:
        raise UsageError(f"cannot be read ({error.strerror})", where=path) from None
    found: dict[str, str] = {}
    for line in text.split("\n"):
        stripped = line.translate(_WHITE_SPACE)
        key, equals, value = stripped.partition("=")
        if equals and value and stripped[0] not in "#;":
            found.setdefault(key, value)
    return found


def resolve(data_file: str | Path, name: str) -> Path:
    """A path written in `data_file`: against the working folder, then against the file's own."""
    beside = Path(data_file).parent / name
    return beside if not Path(name).exists() and beside.exists() else Path(name)
