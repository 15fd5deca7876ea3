"""What libraries in C print on standard error, made harmless. No torch."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from darknet_torch.printable import print_line

_ERROR_STREAM = 2  # its descriptor
_MOST_PRINTED = 2**16  # bytes


@contextmanager
def escaped_library_messages() -> Iterator[None]:
    """Print what the process writes to its standard error in the block afterwards, escaped.

    Libraries in C write there without Python, and some quote bytes of a file. If there is no
    standard error, or no room for a temporary file, the block runs without this.
    """
    with ExitStack() as stack:
        try:
            stream = os.dup(_ERROR_STREAM)
            stack.callback(os.close, stream)
            printed = stack.enter_context(tempfile.TemporaryFile())
        except OSError:
            yield
            return
        os.dup2(printed.fileno(), _ERROR_STREAM)
        try:
            yield
        finally:
            os.dup2(stream, _ERROR_STREAM)
            printed.seek(0)
            text = printed.read(_MOST_PRINTED).decode("utf-8", "backslashreplace")
            if text:
                print_line(text.rstrip("\n"), sys.stderr)
