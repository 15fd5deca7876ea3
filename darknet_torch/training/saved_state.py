"""The state of a run as a file: what torch.save writes, with a checksum of its bytes.

The checksum is the comment at the end of the zip archive that such a file is, so that other
programs can read it, too.
"""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from typing import Any, BinaryIO

import torch

from darknet_torch.checkpoints.torch_files import read_torch_file
from darknet_torch.errors import WeightsError
from darknet_torch.reading import guarded
from darknet_torch.text import open_to_read

_KIND = "darknet_torch training state"
_VERSION = 2  # version 1 had no checksum
_MARK = b"sha256:"
_COMMENT = len(_MARK) + hashlib.sha256().digest_size * 2
_LENGTH = 2  # bytes of the comment's length, before the comment
_PART = 2**20  # bytes that are read at once


def write_state(state: dict[str, Any], file: BinaryIO) -> None:
    """Write a state to an open file.

    Args:
        state: made of tensors and plain values.
        file: gets the bytes.
    """
    buffer = io.BytesIO()
    torch.save({"kind": _KIND, "version": _VERSION, **state}, buffer)
    for part in _sealed(buffer.getbuffer()):
        file.write(part)


def seal_state(archive: bytes) -> bytes:
    """Return a zip archive without a comment as one that `read_state` finds undamaged."""
    return b"".join(_sealed(memoryview(archive)))


def _sealed(archive: memoryview) -> tuple[memoryview, bytes]:
    """The archive without the length of its comment, which is 0, and its checksum instead."""
    content = archive[:-_LENGTH]
    return content, _ending(hashlib.sha256(content).hexdigest().encode())


def read_state(path: Path) -> dict[str, Any]:
    """Read what `write_state` wrote, without running any code that the file may contain.

    Raises:
        WeightsError: there is no file, it is damaged, or it is not the state of a run.
    """
    with guarded(path, error=WeightsError):
        try:
            with open_to_read(path) as file:
                _check_sum(file, path)
        except FileNotFoundError:
            raise WeightsError("there is no such file", where=path) from None
    state = read_torch_file(path)
    # Compared as texts, since a tensor, which may be there instead, compares by elements.
    if not isinstance(state, dict) or str(state.get("kind")) != _KIND:
        raise WeightsError("is not the state of a run", where=path)
    if str(state.get("version")) != str(_VERSION):
        raise WeightsError(
            "was written by another version of this program",
            where=path,
            expected=f"version {_VERSION} of the file",
            got=state.get("version"),
        )
    return state


def _check_sum(file: BinaryIO, path: Path) -> None:
    """Refuse a file that does not end with its checksum.

    The end is read first, and the rest part by part: a sparse file may be longer than the memory.
    """
    left = length = max(0, file.seek(0, os.SEEK_END) - _LENGTH - _COMMENT)
    file.seek(length)
    ending = file.read(_LENGTH + _COMMENT)
    if not ending.startswith(_ending(b"")[:_LENGTH] + _MARK):
        raise WeightsError(
            "is not the state of a run, or its end is missing",
            where=path,
            expected="a file that ends with a checksum",
            got=f"{length + len(ending)} bytes without one",
        )
    file.seek(0)
    digest = hashlib.sha256()
    while part := file.read(min(left, _PART)):
        digest.update(part)
        left -= len(part)
    if ending != _ending(digest.hexdigest().encode()):
        raise WeightsError("is damaged: its checksum does not fit its content", where=path)


def _ending(digest: bytes) -> bytes:
    """The comment of the archive, its length before it."""
    return _COMMENT.to_bytes(_LENGTH, "little") + _MARK + digest
