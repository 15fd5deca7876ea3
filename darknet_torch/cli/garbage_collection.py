"""Python's garbage collection while a command loads its modules and its network."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def objects_stay() -> Iterator[None]:
    """Leave the objects that exist at the end of the block out of garbage collection.

    PyTorch's modules and a network live as long as the command. The collector would visit them
    several times while they are made, and again when Python ends: a quarter of the CPU time of
    a detection in one picture. What the command makes later is collected as always, and
    everything once the command has ended. Also a decorator.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        context = click.get_current_context(silent=True)
        if context is not None:
            gc.freeze()
            context.call_on_close(gc.unfreeze)
            atexit.register(gc.freeze)
        if enabled:
            gc.enable()
