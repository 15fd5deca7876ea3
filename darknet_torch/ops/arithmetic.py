"""The sums and rounding of a network in training: fast, or exactly as in C's loops.

PyTorch adds in blocks and loses less. The difference is some 1e-7 of a sum, but a value after
it that is as near to zero may change its sign, and with it a gradient. So a training that has
to reproduce one of the C code to the last digit needs C's order and C's rounding, which are slow.

One `Arithmetic` is chosen when a network is built and handed to its layers through the
`BuildContext`. It applies in training; at inference every layer computes the fast way.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from darknet_torch.cfg.dialect import Dialect
from darknet_torch.errors import UsageError
from darknet_torch.ops import c_order_rounding, c_order_sums
from darknet_torch.ops.activations import ACTIVATIONS
from darknet_torch.ops.convolution import Geometry, convolve
from darknet_torch.ops.normalization import batch_statistics, normalize


class Arithmetic:
    """PyTorch's own arithmetic, the fast one.

    Attributes:
        name: what `build_network` calls it.
        exact_order: whether sums and roundings are those of C's loops.
    """

    name = "fast"
    exact_order = False

    def convolution(
        self, x: Tensor, weights: Tensor, biases: Tensor | None, geometry: Geometry
    ) -> Tensor:
        """[N, C, H, W] to [N, filters, H', W']; see `darknet_torch.ops.convolution.convolve`."""
        return convolve(x, weights, biases, geometry)

    def batch_statistics(
        self, x: Tensor, rolling_mean: Tensor, rolling_variance: Tensor, rolling_step: float
    ) -> tuple[Tensor, Tensor]:
        """Mean and variance (over N - 1) of [N, C, ...], both [C]; updates the rolling ones."""
        return batch_statistics(x, rolling_mean, rolling_variance, rolling_step)

    def normalize(
        self,
        x: Tensor,
        scales: Tensor,
        biases: Tensor,
        mean: Tensor,
        variance: Tensor,
        *,
        epsilon_inside_root: bool,
    ) -> Tensor:
        """Batch normalisation of [N, C, ...] by its own statistics, with Darknet's gradient."""
        return normalize(
            x, scales, biases, mean, variance, epsilon_inside_root=epsilon_inside_root
        )

    def leaky(self, x: Tensor) -> Tensor:
        """The leaky activation of a convolution or [shortcut], of any shape."""
        return ACTIVATIONS["leaky"](x)

    def logistic(self, x: Tensor) -> Tensor:
        """The logistic function of any shape."""
        return x.sigmoid()

    def softmax(self, x: Tensor, dim: int) -> Tensor:
        """Softmax along `dim`, of any shape."""
        return x.softmax(dim)

    def channel_means(self, x: Tensor) -> Tensor:
        """[N, C, H, W] to [N, C, 1, 1]."""
        return x.mean((2, 3), keepdim=True)


class CArithmetic(Arithmetic):
    """The order of sums and the rounding of C's loops.

    Args:
        dialect: says where that code base computes in double.
    """

    name = "c_order"
    exact_order = True

    def __init__(self, dialect: Dialect) -> None:
        self.double_slopes = dialect.numerics.double_slopes
        self.logistic_in_double = dialect.numerics.logistic_in_double

    def convolution(
        self, x: Tensor, weights: Tensor, biases: Tensor | None, geometry: Geometry
    ) -> Tensor:
        if geometry.dilation > 1:
            return super().convolution(x, weights, biases, geometry)
        window = c_order_sums.ConvolutionWindow(
            geometry.size,
            (geometry.stride_y, geometry.stride_x),
            geometry.padding,
            geometry.groups,
        )
        return c_order_sums.convolution(x, weights, biases, window)

    def batch_statistics(
        self, x: Tensor, rolling_mean: Tensor, rolling_variance: Tensor, rolling_step: float
    ) -> tuple[Tensor, Tensor]:
        mean, variance = c_order_sums.statistics(x)
        rolling_mean.lerp_(mean, rolling_step)
        rolling_variance.lerp_(variance, rolling_step)
        return mean, variance

    def normalize(
        self,
        x: Tensor,
        scales: Tensor,
        biases: Tensor,
        mean: Tensor,
        variance: Tensor,
        *,
        epsilon_inside_root: bool,
    ) -> Tensor:
        return c_order_sums.normalization(
            x, scales, biases, mean, variance, epsilon_inside_root=epsilon_inside_root
        )

    def leaky(self, x: Tensor) -> Tensor:
        return c_order_rounding.leaky(x, self.double_slopes)

    def logistic(self, x: Tensor) -> Tensor:
        return c_order_rounding.logistic(x, in_double=self.logistic_in_double)

    def softmax(self, x: Tensor, dim: int) -> Tensor:
        return c_order_rounding.softmax(x, dim)

    def channel_means(self, x: Tensor) -> Tensor:
        return c_order_rounding.mean(x)


FAST = Arithmetic()
_ARITHMETICS: dict[str, Callable[[Dialect], Arithmetic]] = {
    Arithmetic.name: lambda dialect: FAST,
    CArithmetic.name: CArithmetic,
}


def find_arithmetic(name: str, dialect: Dialect) -> Arithmetic:
    """The arithmetic called `name`: "fast" or "c_order".

    Raises:
        UsageError: there is no such arithmetic.
    """
    if name not in _ARITHMETICS:
        raise UsageError("unknown arithmetic", expected=" or ".join(_ARITHMETICS), got=repr(name))
    return _ARITHMETICS[name](dialect)


class ArithmeticModule(nn.Module):
    """A module that computes by a chosen arithmetic in training, and fast at inference."""

    def __init__(self, arithmetic: Arithmetic) -> None:
        super().__init__()
        self._training_arithmetic = arithmetic

    @property
    def arithmetic(self) -> Arithmetic:
        """The arithmetic of the mode that the module is in."""
        return self._training_arithmetic if self.training else FAST
