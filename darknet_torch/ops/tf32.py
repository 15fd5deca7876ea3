"""PyTorch's switches for TF32 in CUDA's kernels, set for a while and restored.

TF32 rounds the factors of convolutions and matrix products to 10 bits. The switches belong to the
whole process: PyTorch has neither one for a thread nor one for a network.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

_INHERITED = "none"  # the value of a switch that follows the one above it


class SharedSwitch:
    """A switch of the whole process, which threads use at the same time.

    Threads that need the same position share it. One that needs the other position waits until
    nobody needs the first. A thread that changes position inside a block gives up the outer
    block's claim for as long, so that two threads never wait for each other.

    Args:
        turn: turns the switch on or off, and returns what restores it.
    """

    def __init__(self, turn: Callable[[bool], Callable[[], None]]) -> None:
        self._turn = turn
        self._changed = threading.Condition()
        self._users = 0
        self._on = False
        self._restore: Callable[[], None] = lambda: None
        self._of_thread = threading.local()

    @contextmanager
    def turned(self, on: bool) -> Iterator[None]:
        """Keep the switch on or off inside the block; afterwards it is as it was before."""
        outer: bool | None = getattr(self._of_thread, "on", None)
        if outer == on:
            yield
            return
        if outer is not None:
            self._leave()
        try:
            self._enter(on)
            try:
                yield
            finally:
                self._leave()
        finally:
            if outer is not None:
                self._enter(outer)

    def _enter(self, on: bool) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._users or self._on == on)
            if not self._users:
                self._on, self._restore = on, self._turn(on)
            self._users += 1
        self._of_thread.on = on

    def _leave(self) -> None:
        with self._changed:
            self._users -= 1
            if not self._users:
                self._restore()
                self._changed.notify_all()
        self._of_thread.on = None


def _turn_tf32(on: bool) -> Callable[[], None]:
    """Turn TF32 on or off in convolutions, recurrent kernels and matrix products of CUDA.

    Returns:
        What restores PyTorch's state, whichever of its two interfaces set it.

    The newer interface (``fp32_precision``, since PyTorch 2.9) is read and set: reading the older
    one (``allow_tf32``) raises an error where the two disagree. A switch without a value of its
    own follows the one above it, and one that was never set cannot be made so again by setting
    it. So the switch above cuDNN's and cuBLAS's comes first, and then only those that do not
    follow it, whose value then is their own.
    """
    wanted = "tf32" if on else "ieee"
    backends: Any = torch.backends  # some of its attributes have no types
    was_highest = _matmul_is_highest()
    with ExitStack() as undo:
        _set(undo, backends.cudnn, wanted, _own_value_above_cuda())
        for switch in (backends.cudnn.conv, backends.cudnn.rnn):
            if switch.fp32_precision != wanted:
                _set(undo, switch, wanted, switch.fp32_precision)
        matmul = backends.cuda.matmul
        follows = matmul.fp32_precision == wanted
        own = _INHERITED if follows else matmul.fp32_precision
        if on and was_highest:
            # Sets both interfaces: torch.compile reads the older one of products.
            undo.callback(setattr, matmul, "fp32_precision", own)
            undo.callback(setattr, matmul, "allow_tf32", False)
            matmul.allow_tf32 = True
        elif not follows:
            _set(undo, matmul, wanted, own)
        return undo.pop_all().close


def _set(undo: ExitStack, switch: Any, value: str, own: str) -> None:
    undo.callback(setattr, switch, "fp32_precision", own)
    switch.fp32_precision = value


def _own_value_above_cuda() -> str:
    """The value that was set for all of CUDA; "none" if it follows the one for everything."""
    backends: Any = torch.backends
    for_everything: str = backends.fp32_precision
    if for_everything == _INHERITED:
        return str(backends.cudnn.fp32_precision)
    backends.fp32_precision = _INHERITED
    try:
        return str(backends.cudnn.fp32_precision)
    finally:
        backends.fp32_precision = for_everything


def _matmul_is_highest() -> bool:
    """Whether the older interface excludes TF32 from products; False where it cannot tell."""
    try:
        return torch.get_float32_matmul_precision() == "highest"
    except RuntimeError:  # the user has set the newer interface to something else
        return False


TF32_OF_CUDA = SharedSwitch(_turn_tf32)
