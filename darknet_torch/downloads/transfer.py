"""Download of one file from one URL: interrupted transfers resume, stalled ones end."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from http.client import HTTPResponse
from pathlib import Path

from darknet_torch.downloads.partial_download import PartialDownload
from darknet_torch.http_client import TransferError, chunks, open_url
from darknet_torch.temporary_files import open_no_follow

_PAGE = b"<"  # start of a web page; a weight file starting with it would have version 60

_OK, _PARTIAL, _UNSATISFIABLE = 200, 206, 416

OnProgress = Callable[[int], object]  # number of bytes so far


def transfer(
    url: str,
    part: PartialDownload,
    *,
    sizes: Collection[int],
    timeout: float,
    on_progress: OnProgress,
) -> None:
    """Download the file at `url` into `part`.

    The transfer resumes at the end of `part` if its bytes came from `url` and the server says
    that the file is unchanged. Otherwise it starts from the beginning.

    Args:
        url: of the file.
        part: the bytes so far; complete when this returns.
        sizes: the lengths that the file may have, in bytes.
        timeout: seconds without an answer, or almost without data, after which to give up.
        on_progress: called repeatedly with the number of bytes so far.

    Raises:
        TransferError: the file could not be transferred.
        OSError, UsageError: `part` cannot be written.
    """
    validator = part.validator(url)
    offset = part.length if validator else 0
    response = _open(url, offset, validator, timeout)
    if response.status == _PARTIAL and _content_range(response)[0] != offset:
        response.close()  # not the requested part: request the whole file
        response = _open(url, 0, "", timeout)
    with response:
        resumed = offset > 0 and response.status == _PARTIAL
        _check_response(response, resumed, sizes)
        if not resumed:
            part.start(url, _validator(response))
        _receive(response, part.path, sizes=sizes, timeout=timeout, on_progress=on_progress)


def _open(url: str, offset: int, validator: str, timeout: float) -> HTTPResponse:
    """Request the file, from byte `offset` on if the server says that it is unchanged."""
    headers = {"Range": f"bytes={offset}-", "If-Range": validator} if offset else {}
    try:
        return open_url(url, timeout=timeout, headers=headers)
    except TransferError as error:
        if error.status == _UNSATISFIABLE and offset:
            return open_url(url, timeout=timeout)
        raise


def _content_range(response: HTTPResponse) -> tuple[int | None, int | None]:
    """First byte of the part and length of the whole file; None where the header lacks them."""
    match = re.match(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    if match is None:
        return None, None
    return int(match[1]), None if match[2] == "*" else int(match[2])


def _check_response(response: HTTPResponse, resumed: bool, sizes: Collection[int]) -> None:
    """Refuse a response whose status or headers show that it is not the file."""
    kind = response.headers.get_content_type()
    if kind == "text/html":
        raise TransferError(f"a web page ({kind}), not the file")
    if response.status != (_PARTIAL if resumed else _OK):
        raise TransferError(f"{response.status} {response.reason}")
    length = _content_range(response)[1] if resumed else response.length
    if length is not None and length not in sizes:
        raise TransferError(
            f"wrong length: expected {_join_alternatives(sizes)} bytes, announced {length}"
        )


def _join_alternatives(sizes: Collection[int]) -> str:
    return " or ".join(str(size) for size in sizes)


def _validator(response: HTTPResponse) -> str:
    """The value to send as If-Range: a strong ETag, or the date. Source: RFC 9110, 13.1.5."""
    tag: str = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified", "")


def _receive(
    response: HTTPResponse,
    path: Path,
    *,
    sizes: Collection[int],
    timeout: float,
    on_progress: OnProgress,
) -> None:
    """Append the data of the response to the file at `path`, up to the expected length."""
    with open(path, "ab", opener=open_no_follow) as file:
        length = file.tell()
        on_progress(length)
        for chunk in chunks(response, timeout):
            if not length and chunk.lstrip().startswith(_PAGE):
                raise TransferError("a web page, not the file")
            file.write(chunk)
            length += len(chunk)
            on_progress(length)
            if length > max(sizes):
                raise TransferError(f"wrong length: more than {max(sizes)} bytes")
    if length not in sizes:
        raise TransferError(
            f"interrupted: expected {_join_alternatives(sizes)} bytes, got {length}",
            interrupted=True,
        )
