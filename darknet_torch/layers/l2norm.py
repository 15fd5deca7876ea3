"""[l2norm]: the channels of each position scaled to length 1."""

from __future__ import annotations

from torch import Tensor

from darknet_torch.layers.base import Layer


class L2norm(Layer):
    """[l2norm]. Source: l2norm_layer.c, blas.c l2normalize_cpu (pjreddie)."""

    section_names = ("l2norm",)
    example_cfg = "[l2norm]\n"

    def forward(self, x: Tensor) -> Tensor:
        out = x / x.norm(dim=1, keepdim=True)
        # Source: l2norm_layer.c backward_l2norm_layer passes the delta on unchanged.
        return x + (out - x).detach() if self.training else out
