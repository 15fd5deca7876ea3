"""What a page says about the run of a detector: which model, on what, with which settings.

No torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from darknet_torch import __version__
from darknet_torch.extras import PROGRAM

_SOURCES = ("weights", "cfg", "results")  # the first of them names the model
_FIRST = ("data", *_SOURCES)
Settings = Mapping[str, str | int | float | None]


def model_name(settings: Settings) -> str:
    """Return the name of the file that the detections come from, "" if none is known."""
    known = (settings.get(name) for name in _SOURCES)
    return next((PurePath(str(one)).name for one in known if one), "")


def facts_of(settings: Settings) -> dict[str, str]:
    """Return the files of a run, which its page shows first."""
    return {name: str(settings[name]) for name in _FIRST if settings.get(name)}


def settings_of(settings: Settings) -> dict[str, str]:
    """Return all other settings of a run, and the version of the program."""
    others = {
        name.replace("_", " "): str(value)
        for name, value in settings.items()
        if name not in _FIRST
    }
    return {**others, PROGRAM: __version__}
