"""Computing a layer anew in the backward pass, instead of keeping what the forward pass made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import cast

from torch import Tensor
from torch.utils.checkpoint import checkpoint

_recomputing: ContextVar[bool] = ContextVar("recomputing", default=False)


def is_recomputing() -> bool:
    """Whether this thread computes a layer again, for its gradients alone.

    What a layer changes when it sees a mini-batch, such as rolling statistics, has changed then.
    """
    return _recomputing.get()


def recomputed(function: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
    """Return ``function(*inputs)``; the backward pass calls it again for what gradients need.

    Random numbers are the same in both calls, and so is the precision that autocast chooses.

    Args:
        function: a pure function of its inputs, but for parameters and what `is_recomputing`
            guards.
        inputs: are kept for the backward pass.
    """
    output = checkpoint(function, *inputs, use_reentrant=False, context_fn=_contexts)
    return cast("Tensor", output)


def _contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    """The contexts of the two calls."""
    return nullcontext(), _recomputation()


@contextmanager
def _recomputation() -> Iterator[None]:
    token = _recomputing.set(True)
    try:
        yield
    finally:
        _recomputing.reset(token)
