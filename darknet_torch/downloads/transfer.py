"""Download of one file from one URL: interrupted transfers resume, stalled ones end."""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Iterator
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from darknet_torch.downloads.partial_download import PartialDownload
from darknet_torch.temporary_files import open_no_follow

_CHUNK = 1 << 18
_SLOWEST = 1024  # bytes a second; a slower transfer counts as stalled
_PAGE = b"<"  # start of a web page; a weight file starting with it would have version 60

_OK, _PARTIAL, _UNSATISFIABLE = 200, 206, 416

OnProgress = Callable[[int], object]  # number of bytes so far


class TransferError(Exception):
    """A URL did not give the file; the message says why.

    Attributes:
        interrupted: the transfer had started, so that it can be resumed.
    """

    def __init__(self, reason: str, *, interrupted: bool = False) -> None:
        super().__init__(reason)
        self.interrupted = interrupted


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
    headers = {"User-Agent": "darknet_torch"}  # some servers refuse urllib's own
    if offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": validator}
    try:
        request = urllib.request.Request(url, headers=headers)
        response = urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == _UNSATISFIABLE and offset:
                return _open(url, 0, "", timeout)
            # urllib's message about a circular redirect has several lines.
            raise TransferError(" ".join(f"{error.code} {error.reason}".split())) from None
    except (OSError, HTTPException, ValueError) as error:
        raise TransferError(_failure_reason(error, timeout)) from None
    if not isinstance(response, HTTPResponse):
        response.close()
        raise TransferError("not an http or https URL")
    return response


def _failure_reason(error: Exception, timeout: float) -> str:
    cause = getattr(error, "reason", error)
    if isinstance(cause, TimeoutError):
        return f"no answer within {timeout:g} s"
    return f"cannot be reached ({cause})"


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
        for chunk in _chunks(response, timeout):
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


def _chunks(response: HTTPResponse, timeout: float) -> Iterator[bytes]:
    """The data of a response as it arrives, until it ends or stalls."""
    since, received = time.monotonic(), 0
    while True:
        try:
            chunk = response.read1(_CHUNK)
        except (OSError, HTTPException) as error:
            stalled = isinstance(error, TimeoutError)
            what = f"no data for {timeout:g} s" if stalled else f"interrupted ({error})"
            raise TransferError(what, interrupted=True) from None
        if not chunk:
            return
        yield chunk
        received += len(chunk)
        now = time.monotonic()
        if now - since > timeout:
            if received < _SLOWEST * timeout:
                raise TransferError(
                    f"stalled: {received} bytes in {now - since:.0f} s", interrupted=True
                )
            since, received = now, 0
