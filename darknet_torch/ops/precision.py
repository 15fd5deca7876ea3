"""The precision in which the layers of a network are computed."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch

from darknet_torch.arguments import described
from darknet_torch.errors import ArgumentError, nearest
from darknet_torch.ops.precision_names import FLOAT32, HALVES, INT8, PRECISIONS, TF32
from darknet_torch.ops.tf32 import TF32_OF_CUDA


@dataclass(frozen=True)
class Precision:
    """The precision in which layers are computed; parameters are float32 in all of them.

    Attributes:
        name: one of `PRECISIONS`.

            - "float32": every product in float32, so that a GPU gives the CPU's numbers.
            - "tf32": on a CUDA device, convolutions and matrix products round their factors to
              10 bits. On other devices the same as float32.
            - "bfloat16", "float16": layers compute in 16 bits where PyTorch's autocast
              does. What it leaves in float32 is float32 without TF32.
    """

    name: str = FLOAT32

    @staticmethod
    def named(name: object) -> Precision:
        """Return the precision of a name.

        Raises:
            ArgumentError: there is none of that name.
        """
        if isinstance(name, str) and name in PRECISIONS:
            return Precision(name)
        if name == INT8:
            raise ArgumentError(
                "PyTorch does not compute in int8 here, only engines do",
                expected=" or ".join(PRECISIONS),
                got=INT8,
                fix="prepare it: dtorch bench CFG WEIGHTS --precision int8 --data DATA; then "
                "take --backend auto",
            )
        close = nearest(name, PRECISIONS) if isinstance(name, str) else None
        raise ArgumentError(
            "unknown precision",
            expected=" or ".join(PRECISIONS),
            got=described(name),
            fix=f"did you mean {close!r}?" if close else None,
        )

    @property
    def half(self) -> torch.dtype | None:
        """The type of 16 bits in which layers compute; None if they compute in float32."""
        return getattr(torch, self.name) if self.name in HALVES else None

    def computing(self, device: torch.device) -> AbstractContextManager[None]:
        """Return a context for all computations on a device, the backward pass included.

        On a CUDA device PyTorch's switches for TF32 have the position of this precision inside
        the block, and the caller's before and after it. They are global: other threads that
        compute with PyTorch alone meet them, too, and a thread that enters with another
        precision waits until this block ends. On other devices the context changes nothing.
        """
        if device.type != "cuda":
            return nullcontext()
        return TF32_OF_CUDA.turned(self.name == TF32)

    def autocast(self, device: torch.device) -> torch.autocast:
        """Return a context for the forward pass of layers on a device.

        In it they compute in `half`; where that is None, in the type of their parameters, also
        inside an autocast of the caller's.
        """
        return torch.autocast(device.type, self.half, enabled=self.half is not None)


FULL_PRECISION = Precision()  # the default everywhere
