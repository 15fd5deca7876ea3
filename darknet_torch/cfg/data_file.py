"""Darknet's .data files: the paths of a data set's lists, names and results. No torch."""

from __future__ import annotations

from pathlib import Path

from darknet_torch.errors import UsageError

_WHITE_SPACE = str.maketrans("", "", " \t\r\n")


def read_data_file(path: str | Path) -> dict[str, str]:
    """Read the key=value lines of a .data file.

    All white space is dropped, inside a line too. If a key occurs twice, the first one counts.

    Args:
        path: the file; a byte-order mark at its start is skipped, its bytes are taken as latin-1.

    Returns:
        The value of each key. Comments and lines without a value are left out.

    Raises:
        UsageError: the file does not exist or cannot be read.

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
    """Return the path that `name`, written in `data_file`, stands for.

    It is looked for in the working folder, then in the folder of `data_file`; a path that
    exists in neither is returned as written.
    """
    same_folder = Path(data_file).parent / name
    return same_folder if not Path(name).exists() and same_folder.exists() else Path(name)
