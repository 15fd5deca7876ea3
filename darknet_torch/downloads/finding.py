"""The folder of downloaded weight files."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from darknet_torch.downloads.published import Published
from darknet_torch.errors import UsageError

CACHE = "DTORCH_CACHE"
_FOLDER = "darknet_torch"


def cache_folder() -> Path:
    """Return the folder of downloaded files: DTORCH_CACHE, else one in the user's cache folder.

    Raises:
        UsageError: the user has no home folder.
    """
    given = os.environ.get(CACHE)
    return Path(given) if given else _user_cache() / _FOLDER


def _user_cache() -> Path:
    try:
        if sys.platform == "win32":
            local = os.environ.get("LOCALAPPDATA")
            return Path(local) if local else Path.home() / "AppData" / "Local"
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Caches"
        given = Path(os.environ.get("XDG_CACHE_HOME", ""))
        # The XDG specification says to ignore relative paths.
        return given if given.is_absolute() else Path.home() / ".cache"
    except RuntimeError:
        raise UsageError("there is no home folder", fix=f"set {CACHE} to a folder") from None


def downloaded(published: Published) -> Path | None:
    """Return the path of a downloaded file; None if it was not downloaded."""
    path = cache_folder() / published.name
    return path if path.is_file() else None
