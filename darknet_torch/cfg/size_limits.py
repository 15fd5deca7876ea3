"""How large a network may be, and the way to allow a larger one. No torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

MEMORY_SHARE = 0.8  # part of the free memory that the arrays and the activations may take
MOST_OPERATIONS = 1e13  # floating-point operations for one picture
MOST_LAYERS = 10_000  # published networks have some hundreds
MOST_ANCHORS = 1000  # of all heads; published networks have 20 at most
MOST_TRUTHS = 100_000  # of a picture in training; published cfgs take some hundreds
HOW_TO_ALLOW = "or allow it: --allow-large, in Python allow_large=True"  # ends messages

_allowed: ContextVar[bool] = ContextVar("large networks are allowed", default=False)


def large_networks_are_allowed() -> bool:
    """Whether this code runs inside of `allowing_large_networks`."""
    return _allowed.get()


@contextmanager
def allowing_large_networks(allowed: bool = True) -> Iterator[None]:
    """Lift the limits on networks that are built in this block, in this thread.

    Args:
        allowed: False changes nothing, so that a block around this one keeps its effect.
    """
    token = _allowed.set(allowed or _allowed.get())
    try:
        yield
    finally:
        _allowed.reset(token)
