"""Download of published weight files: the servers are tried in turn until one has the file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from darknet_torch.downloads import TIMEOUT
from darknet_torch.downloads.finding import cache_folder
from darknet_torch.downloads.partial_download import PartialDownload
from darknet_torch.downloads.published import MIRROR, Published, find_published
from darknet_torch.downloads.transfer import OnProgress, transfer
from darknet_torch.errors import DownloadError, UsageError
from darknet_torch.files import atomic_write, file_digest
from darknet_torch.http_client import TransferError

_ATTEMPTS = 10  # transfers from one server, each resuming the one before
_VERSION, _HEADER = 12, 20  # bytes of the version in a weight file, and of version and `seen`

OnMessage = Callable[[str], object]


def download(
    name: str,
    folder: str | os.PathLike[str] | None = None,
    *,
    force: bool = False,
    timeout: float = TIMEOUT,
    on_message: OnMessage = lambda text: None,
    on_progress: OnProgress = lambda count: None,
) -> Path:
    """Download a published weight file, unless it is there already.

    Interrupted downloads are resumed. The length and, if one is known, the digest of the file
    are checked before it appears under its name.

    Args:
        name: such as "yolov3", "yolov3.weights" or "darknet53.conv.74".
        folder: where to put it. Default: the cache, from which it is loaded by its name.
        force: download it even if it is there already.
        timeout: seconds without data after which the next server is tried.
        on_message: called with a line of text about each step.
        on_progress: called repeatedly with the number of bytes so far.

    Returns:
        The path of the file.

    Raises:
        UsageError: no published file has that name, or the folder cannot be written.
        DownloadError: the file could not be downloaded from any server.
    """
    published = find_published(name)
    target = (cache_folder() if folder is None else Path(folder)) / published.name
    try:
        if not force and _is_downloaded(target, published, on_message):  # needs no write access
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target, on_message) as waited:
            if waited and _is_downloaded(target, published, on_message):
                return target
            if published.part_of:
                whole = download(
                    published.part_of,
                    target.parent,
                    timeout=timeout,
                    on_message=on_message,
                    on_progress=on_progress,
                )
                _cut(whole, target, published)
            else:
                _fetch(published, target, timeout, on_message, on_progress)
    except OSError as error:
        raise UsageError(
            f"cannot be written ({error.strerror or error})", where=error.filename or target
        ) from None
    return target


def _is_downloaded(target: Path, published: Published, on_message: OnMessage) -> bool:
    """Whether the published file is at `target`; reports another file that is there."""
    if not target.is_file():
        return False
    wrong = find_mismatch(target, published)
    if wrong is not None:
        on_message(f"{target}: {wrong}; fetching it again")
    return wrong is None


def find_mismatch(path: Path, published: Published) -> str | None:
    """Describe how a file differs from the published one in length or digest; None if equal."""
    length = path.stat().st_size
    if length not in published.sizes:
        return f"wrong length: expected {published.size} bytes, got {length}"
    kinds = {digest.partition(":")[0] for digest in published.digests}
    found = {f"{kind}:{file_digest(path, kind)}" for kind in sorted(kinds)}
    if kinds and found.isdisjoint(published.digests):
        return f"wrong digest: expected {published.digests[0]}, got {', '.join(sorted(found))}"
    return None


@contextmanager
def _locked(target: Path, on_message: OnMessage) -> Iterator[bool]:
    """Keep other processes from downloading the same file; gives whether one just did."""
    lock = FileLock(target.with_name(f".{target.name}.lock"))
    waited = False
    try:
        lock.acquire(timeout=0)
    except Timeout:
        on_message(f"{target}: another process is fetching it; waiting")
        waited = True
        lock.acquire()
    try:
        yield waited
    finally:
        lock.release()


def _cut(whole: Path, target: Path, published: Published) -> None:
    """Write the first layers of a weight file to another one, with `seen` at 0.

    Source: darknet.c partial (AlexeyAB).
    """
    shorter = find_published(whole.name).size - whole.stat().st_size
    header = _HEADER - shorter
    with whole.open("rb") as source, atomic_write(target, durable=True) as file:
        file.write(source.read(_VERSION).ljust(header, b"\0"))
        source.seek(header)
        file.write(source.read(published.size - _HEADER))


def _fetch(
    published: Published,
    target: Path,
    timeout: float,
    on_message: OnMessage,
    on_progress: OnProgress,
) -> None:
    """Download the file to `target` from the first server that has it.

    Raises:
        DownloadError: no server has it.
        OSError, UsageError: it cannot be written.
    """
    part, reasons = PartialDownload.for_target(target), []
    # A run may have ended after the last byte and before the file was renamed.
    if part.length and find_mismatch(part.path, published) is None:
        part.finish(target)
        return
    for url in published.urls():
        on_message(f"fetching {url}")
        try:
            _fetch_from(url, part, published, timeout, on_progress)
            part.finish(target)
            return
        except TransferError as error:
            reasons.append(f"{url}: {error}")
            on_message(reasons[-1])
    raise DownloadError(
        "could not be downloaded from any server"
        + "".join(f"\n  {reason}" for reason in reasons)
        + f"\n  download it elsewhere and put the file at {target}, or name a mirror in {MIRROR}",
        where=published.name,
    )


def _fetch_from(
    url: str,
    part: PartialDownload,
    published: Published,
    timeout: float,
    on_progress: OnProgress,
) -> None:
    """Download the whole file from one server into `part`, resuming after interruptions.

    Raises:
        TransferError: it could not be downloaded, or it is not the published file.
        OSError, UsageError: it cannot be written.
    """
    for attempts_left in reversed(range(_ATTEMPTS)):
        before = part.length
        try:
            transfer(url, part, sizes=published.sizes, timeout=timeout, on_progress=on_progress)
            break
        except TransferError as error:
            advanced = error.interrupted and part.length > before
            if not (attempts_left and advanced):
                raise
    wrong = find_mismatch(part.path, published)
    if wrong is not None:
        part.discard()
        raise TransferError(wrong)
