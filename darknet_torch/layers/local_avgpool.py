"""[local_avgpool]: the mean of each window."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from darknet_torch.cfg.options import integer
from darknet_torch.layers.base import BuildContext, Layer, LayerOptions, ReceptiveWindow
from darknet_torch.layers.window import PoolWindow


@dataclass(frozen=True)
class LocalAvgpoolOptions(LayerOptions):
    """Source: parser.c parse_local_avgpool (AlexeyAB)."""

    stride: int = integer(1, minimum=1, doc="step of the window")
    stride_x: int = integer(0, minimum=0, doc="step along x, stride if 0")
    stride_y: int = integer(0, minimum=0, doc="step along y, stride if 0")
    size: int = integer(0, minimum=0, doc="height and width of the window, stride if 0")
    padding: int = integer(-1, doc="total padding of an axis, size - 1 if negative")


class LocalAvgpool(Layer):
    """[local_avgpool]. The mean leaves the border out.

    Source: maxpool_layer.c forward_local_avgpool_layer (AlexeyAB).
    """

    section_names = ("local_avgpool", "local_avg")
    example_cfg = "[local_avgpool]\nsize=2\nstride=2\n"
    needs_picture = True
    Options = LocalAvgpoolOptions

    def __init__(self, options: LocalAvgpoolOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        self.window = PoolWindow.from_options(options)
        self.output_shape = self.window.output(self, context.input_shape)

    @property
    def detail(self) -> str:
        return self.window.text

    @property
    def bflops(self) -> float:
        return self.window.bflops(self.input_shape, self.output_shape)

    @property
    def working_values(self) -> int:
        return self.window.working_values(self.input_shape)

    @property
    def receptive_window(self) -> ReceptiveWindow:
        return ReceptiveWindow(self.window.size, self.window.stride_x)

    def forward(self, x: Tensor) -> Tensor:
        sums = self._window_sums(x)
        mean = sums / self._window_sums(x.new_ones(1, 1, *x.shape[-2:]))
        if not self.training:
            return mean
        # Source: maxpool_layer.c backward_local_avgpool_layer divides by the whole window.
        whole = sums / self.window.size**2
        return whole + (mean - whole).detach()

    def _window_sums(self, x: Tensor) -> Tensor:
        window = self.window
        strides = (window.stride_y, window.stride_x)
        return functional.avg_pool2d(
            window.pad_input(x, 0.0), window.size, strides, divisor_override=1
        )
