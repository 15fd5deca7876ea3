"""Standard input, output and error of a program that may have been started without them."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))  # by their numbers: 0, 1, 2


def open_missing_streams() -> None:
    """Let the streams that the program was started without lead to nowhere.

    Otherwise the next file that is opened gets the number of a closed stream, and what a library
    in C prints is written into that file. A shell closes streams by ``>&-`` and ``<&-``.
    """
    for number, (name, mode) in enumerate(_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free, which is this
        if getattr(sys, name) is None:
            stream = open(number, mode, errors="backslashreplace", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)


def drop_unread_output() -> None:
    """Let what is still to be written go nowhere if the output has no reader, or no room.

    Python would report that with a traceback when it ends.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError):  # no descriptor: the program put another stream there
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        except ValueError:  # closed
            pass
