"""Finds where a program waits for numbers of the device."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.utils._python_dispatch import TorchDispatchMode

# What hands numbers of a tensor to Python, or has a result whose shape depends on them: a GPU must
# be done with everything before it. `index` with a mask is among them, see below.
_READING = {
    "aten::_local_scalar_dense": "a number is read: float(), int(), bool(), .item()",
    "aten::is_nonzero": "a number is read: bool()",
    "aten::equal": "tensors are compared: torch.equal()",
    "aten::nonzero": "the shape depends on values: nonzero()",
    "aten::masked_select": "the shape depends on values: masked_select()",
    "aten::_unique2": "the shape depends on values: unique()",
    "aten::unique_dim": "the shape depends on values: unique()",
    "aten::unique_consecutive": "the shape depends on values: unique_consecutive()",
    "aten::repeat_interleave.Tensor": "the shape depends on values: repeat_interleave()",
    "aten::bincount": "the shape depends on values: bincount()",
}
_INDEXING = ("aten::index.Tensor", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_")


class ReadBackError(AssertionError):
    """A number of the device was waited for."""


class _NoReading(TorchDispatchMode):
    """Raises `ReadBackError` at an operation that waits on a GPU, on whatever device it runs."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.name().removesuffix(".default")
        if name in _READING:
            raise ReadBackError(_READING[name])
        if name in _INDEXING and any(_is_mask(index) for index in args[1]):
            raise ReadBackError("the shape depends on values: an index of booleans")
        return function(*args, **(kwargs or {}))


def _is_mask(index):
    return index is not None and index.dtype in (torch.bool, torch.uint8)


@contextmanager
def no_read_backs(device: torch.device) -> Iterator[None]:
    """Raise an error inside the block where numbers of a device are waited for.

    On a GPU CUDA's own check does it. Elsewhere the operations that would wait on a GPU are looked
    for, which finds all but copies to and from numpy, the CPU and Python's lists.

    Raises:
        ReadBackError: not on a GPU.
        RuntimeError: on a GPU.
    """
    if device.type != "cuda":
        with _NoReading():
            yield
        return
    before = torch.cuda.get_sync_debug_mode()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it is a prototype, says PyTorch
            torch.cuda.set_sync_debug_mode("error")
        yield
    finally:
        torch.cuda.set_sync_debug_mode(before)
