"""What a CUDA graph cannot hold, seen without a GPU: copies between the host and a device."""

from contextlib import contextmanager

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

_COPIES = ("aten::_to_copy", "aten::copy_", "aten::to")


class _NoCopies(TorchDispatchMode):
    """Refuses arrays of the CPU where tensors of another device are computed.

    PyTorch itself refuses what would read a number of device "meta".
    """

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        tensors = [one for one in tree_leaves((args, kwargs, found)) if isinstance(one, Tensor)]
        on_host = [one for one in tensors if one.device.type == "cpu"]
        name = function._schema.name
        mixed = 0 < len(on_host) < len(tensors)
        # A number of the CPU may be an operand: it is an argument of the kernel.
        assert not mixed or (name not in _COPIES and not any(one.dim() for one in on_host)), name
        return found


class _NoTensorsOfNumbers(TorchFunctionMode):
    """Refuses `torch.tensor` on another device than the CPU, which makes no call to dispatch."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        assert function is not torch.tensor or found.device.type == "cpu", "torch.tensor"
        return found


@contextmanager
def no_host_copies():
    """Fail where tensors of device "meta" are copied from the host, or to it."""
    with _NoTensorsOfNumbers(), _NoCopies():
        yield
