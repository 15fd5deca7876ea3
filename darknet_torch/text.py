"""Text files: their bytes, encodings and lines, and the paths and URLs written in them."""

from __future__ import annotations

import codecs
import errno
import io
import itertools
import os
import re
import selectors
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from darknet_torch.errors import nearest

MOST_LISTED = 2000  # names in a folder that are compared with one that does not exist
MOST_AT_ONCE = 2**28  # bytes of a pipe, which may have no end, or of a file that is read at once
_PART = 2**16  # bytes
_UTF8_MARK = codecs.BOM_UTF8
# The marks of UTF-32 come first: that of UTF-32 LE starts with that of UTF-16 LE.
_WIDE_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR)
_FOREIGN_SURROGATES = re.compile("[\ud800-\udc7f\udd00-\udfff]")
_WEB_SCHEMES = ("http", "https")
_MOST_DIGITS = 18  # of a whole number
_LONGEST_SILENCE = 60.0  # seconds, of a pipe that something has open to write
_SIMILAR = 0.9  # one or two wrong letters in a name and its suffix
_Path = str | os.PathLike[str]


def read_bytes(path: _Path) -> bytes:
    """Return the content of a file, of 256 MiB at most; `darknet_torch.reading` has other limits.

    Raises:
        OSError: as `open_to_read`; or it has more bytes, or more than fit into memory.
    """
    try:
        with open_to_read(path) as file:
            data = file.read(_PART)
            if len(data) == _PART:
                data += file.read(MOST_AT_ONCE + 1 - _PART)
    except MemoryError:
        raise OSError(errno.ENOMEM, "there is not enough memory to read it") from None
    if len(data) > MOST_AT_ONCE:
        raise OSError(errno.EINVAL, f"it has more than {MOST_AT_ONCE:,} bytes")
    return data


def open_to_read(path: _Path) -> BinaryIO:
    """Open a file to read its bytes, without waiting for ever.

    A pipe is read where something writes to it, such as the shell's ``<(command)``; an empty
    device, such as ``/dev/null``, is an empty file.

    Raises:
        OSError: the file cannot be read; or the system allows no such name; or it is a pipe that
            nothing writes to, or not for a minute, or more than 256 MiB, or a device with
            content, whose end may never come. ``strerror`` is then always set.
    """
    try:
        file = open(path, "rb", opener=_open_at_once)  # noqa: SIM115 (it is returned)
    except ValueError as error:  # a NUL, or a character that file names cannot have
        raise OSError(errno.EINVAL, refusal_text(error)) from None
    try:
        whole = _with_an_end(file)
    except BaseException:
        file.close()
        raise
    if whole is not file:
        file.close()
    return whole


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _with_an_end(file: BinaryIO) -> BinaryIO:
    mode = os.fstat(file.fileno()).st_mode
    if stat.S_ISFIFO(mode):
        return io.BytesIO(_read_pipe(file))
    if not stat.S_ISREG(mode) and file.read(1) != b"":
        raise OSError(errno.EINVAL, "a device, not a file")
    return file


def _read_pipe(pipe: BinaryIO) -> bytearray:
    content = bytearray()
    while part := _read_part(pipe.fileno()):
        content += part
        if len(content) > MOST_AT_ONCE:
            raise OSError(errno.EINVAL, f"a pipe with more than {MOST_AT_ONCE:,} bytes")
    if not content:
        raise OSError(errno.EINVAL, "a pipe that nothing writes to")
    return content


def _read_part(pipe: int) -> bytes:
    """Return what is in a pipe, or comes within `_LONGEST_SILENCE`; nothing at its end."""
    with suppress(BlockingIOError):  # something has it open to write, and has not written yet
        return os.read(pipe, _PART)
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        if not selector.select(_LONGEST_SILENCE):
            what = f"a pipe to which nothing was written for {_LONGEST_SILENCE:g} s"
            raise OSError(errno.ETIMEDOUT, what)
    return os.read(pipe, _PART)


def ascii_compatible(data: bytes) -> bytes:
    """Return a text file's bytes; UTF-16 and UTF-32 become UTF-8, all else stays as it is.

    UTF-16 and UTF-32 are recognised by their byte-order marks. UTF-16 without a mark is
    recognised where at least half of the bytes at odd places are NULs and none at even places
    is, or the other way round, as in text that is mostly ASCII.
    """
    encoding = next((name for mark, name in _WIDE_MARKS.items() if data.startswith(mark)), None)
    if encoding is None:
        encoding = _unmarked_utf16(data)
    return data if encoding is None else data.decode(encoding, "replace").encode()


def stream_encoding(start: bytes) -> tuple[str, str]:
    """Return the encoding of lines of paths, and what becomes of bytes that are not valid in it.

    Bytes that are not valid in UTF-8 become surrogates, as in `decode_path`.

    Args:
        start: the first bytes, of the first line at least; UTF-16 and UTF-32 are recognised as in
            `ascii_compatible`.
    """
    for mark, name in _WIDE_MARKS.items():
        if start.startswith(mark):
            return name, "replace"
    unmarked = _unmarked_utf16(start)
    return ("utf-8-sig", "surrogateescape") if unmarked is None else (unmarked, "replace")


def _unmarked_utf16(data: bytes) -> str | None:
    if b"\0" not in data:
        return None
    even, odd = (data[start::2].count(0) for start in (0, 1))
    if not even and 2 * odd >= len(data) // 2:
        return "utf-16-le"
    return "utf-16-be" if not odd and 2 * even >= len(data) // 2 else None


def byte_lines(data: bytes) -> list[bytes]:
    """Return the lines of a text file as `ascii_compatible` bytes, without a byte-order mark."""
    return ascii_compatible(data).removeprefix(_UTF8_MARK).splitlines()


def text_lines(data: bytes) -> list[str]:
    """Return the lines of a text file as text; see `decode_text`."""
    return [decode_text(line) for line in byte_lines(data)]


def path_lines(data: bytes) -> list[str]:
    """Return the lines of a text file as paths; see `decode_path`."""
    return [decode_path(line) for line in byte_lines(data)]


def resolve_listed(list_file: _Path, name: str) -> str:
    """Return the path that a name in a file stands for.

    It is looked for in the working folder, as in Darknet, then in the folder of the file; a path
    that exists in neither, such as a URL, is returned as written.
    """
    same_folder = os.path.join(os.path.dirname(list_file), name)  # noqa: PTH118, PTH120 (URLs)
    return name if path_exists(name) or not path_exists(same_folder) else same_folder


def decode_text(data: bytes) -> str:
    """Return the text, such as a class name, that bytes of a file stand for.

    The encoding is UTF-8, or latin-1 if they are not valid UTF-8.
    """
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def whole_number(text: str) -> int | None:
    """Return the number that decimal digits stand for; None for other text, or above 10**18.

    Nothing here counts so far, and Python refuses to read thousands of digits.
    """
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else None


def encode_text(text: str) -> bytes:
    """Return text as UTF-8; the bytes of paths that are not UTF-8 come back as they were.

    Surrogates that stand for no byte, as a JSON file may have them, are written as ``\\ud800``.
    """
    known = _FOREIGN_SURROGATES.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return known.encode("utf-8", "surrogateescape")


def decode_path(data: bytes) -> str:
    """Return the path that bytes of a file stand for.

    The encoding is that of the file system, and a byte that is not valid in it becomes a
    surrogate (``surrogateescape``), so that every file that exists can be opened.
    """
    return os.fsdecode(data)


def path_exists(path: _Path) -> bool:
    """Return whether a path exists; False for one that the system refuses to look up.

    That is a path with a NUL or an impossible character, one that is too long, and one in a
    folder without permission, for which `Path.exists` may raise an error.
    """
    return os.path.exists(path)  # noqa: PTH110 (see above)


def real_path(path: _Path) -> Path:
    """Return an absolute path without symbolic links, as far as the system looks it up.

    Unlike `Path.resolve` it takes every name: a path with a NUL is made absolute alone, and a
    link that leads to itself stays.
    """
    try:
        return Path(os.path.realpath(path))
    except ValueError:  # a NUL, or a character that file names cannot have
        return Path(os.path.abspath(path))  # noqa: PTH100 (it touches no file)


def refusal(path: _Path) -> str | None:
    """Return why the system refuses to look up a path; None if it exists or merely does not.

    See `path_exists` for the reasons.
    """
    try:
        os.stat(path)  # noqa: PTH116 (takes any path)
    except (OSError, ValueError) as error:
        is_missing = isinstance(error, OSError) and error.errno in _NOT_THERE
        return None if is_missing else refusal_text(error)
    return None


def refusal_text(error: OSError | ValueError) -> str:
    """Return why the system refuses a path, from the error that looking it up raised."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    hint = ", as in UTF-16; write the text as UTF-8" if "null" in str(error) else ""
    return f"the system allows no such name: {error}{hint}"


def is_file(path: _Path) -> bool:
    """Return whether a path is a file, or a link to one; False as in `path_exists`."""
    return os.path.isfile(path)  # noqa: PTH113 (Path.is_file may raise an error)


def is_folder(path: _Path) -> bool:
    """Return whether a path is a folder, or a link to one; False as in `path_exists`."""
    return os.path.isdir(path)  # noqa: PTH112 (Path.is_dir may raise an error)


def is_web_url(name: str) -> bool:
    """Whether a name is an http or https URL."""
    scheme, separator, _ = name.partition("://")
    return bool(separator) and scheme.lower() in _WEB_SCHEMES


def similar_file(path: _Path, accepts: Callable[[Path], bool] = lambda path: True) -> Path | None:
    """Return the file that a misspelt path stands for, in the same folder; None if none is near.

    Names with other digits are of other files. At most `MOST_LISTED` files are looked at.

    Args:
        path: it does not exist.
        accepts: whether a file may be meant.
    """
    given = Path(path)
    try:
        with os.scandir(given.parent) as entries:
            names = [entry.name for entry in itertools.islice(entries, MOST_LISTED)]
    except (OSError, ValueError):
        return None
    digits = set(filter(str.isdigit, given.name))
    same = {
        name.lower(): name
        for name in names
        if set(filter(str.isdigit, name)) == digits and accepts(given.with_name(name))
    }
    close = nearest(given.name.lower(), same, cutoff=_SIMILAR)
    found = given.with_name(same[close]) if close else None
    return found if found is not None and is_file(found) else None


def suggest_file(path: _Path, accepts: Callable[[Path], bool] = lambda path: True) -> str | None:
    """Return what to do about a missing file: `backslash_fix`, else what `similar_file` finds."""
    near = similar_file(path, accepts)
    return backslash_fix(path) or (f"did you mean {str(near)!r}?" if near else None)


def backslash_fix(path: _Path) -> str | None:
    """Return what to write for a missing path of Windows, or None if backslashes are not why.

    Where backslashes separate folders, the system's own error says all.
    """
    name = os.fspath(path)
    if os.sep == "\\" or "\\" not in name or path_exists(name):
        return None
    slashes = name.replace("\\", "/")
    there = ", which exists" if path_exists(slashes) else ""
    return f"write / instead of \\, which separates no folders here: {slashes}{there}"
