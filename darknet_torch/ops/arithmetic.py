"""The sums and rounding of a network in training: fast, or exactly as in C's loops.

PyTorch adds in blocks and loses less. The difference is some 1e-7 of a sum, but a value after
it that is as near to zero may change its sign, and with it a gradient. So a training that has
to reproduce one of the C code to the last digit needs C's order and C's rounding, which are slow.

One `Arithmetic` is chosen when a network is built and handed to its layers through the
`BuildContext`. It applies in training; at inference every layer computes the fast way.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from darknet_torch.cfg.dialect import Dialect
from darknet_torch.errors import UsageError
from darknet_torch.ops import c_order_rounding, c_order_sums
from darknet_torch.ops.activations import IN_PLACE
from darknet_torch.ops.convolution import Geometry, convolve
from darknet_torch.ops.normalization import batch_statistics, fused_batch_norm, normalize


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
        """Convolve, with Darknet's output sizes.

        Args:
            x: [N, C, H, W].
            weights: [filters, C / groups, size, size].
            biases: [filters], or None.
            geometry: the window.

        Returns:
            [N, filters, H', W'], see `darknet_torch.ops.convolution.convolve`.
        """
        return convolve(x, weights, biases, geometry)

    def batch_norm(
        self,
        x: Tensor,
        scales: Tensor,
        biases: Tensor,
        rolling_mean: Tensor,
        rolling_variance: Tensor,
        rolling_step: float,
        *,
        epsilon_inside_root: bool,
    ) -> Tensor:
        """Normalise a mini-batch by its own statistics, which enter the rolling ones.

        Args:
            x: [N, C, ...].
            scales, biases: [C], applied after the normalisation.
            rolling_mean, rolling_variance: [C], changed in place.
            rolling_step: weight of the mini-batch in the rolling statistics, 0-1.
            epsilon_inside_root: add the epsilon to the variance, else to its root.

        Returns:
            The shape of `x`. The variance is the sum of squares divided by their number less one.

        Source: batchnorm_layer.c forward_batchnorm_layer, backward_batchnorm_layer.
        Differs: with the epsilon inside the root the gradient is the derivative, see
        `darknet_torch.ops.normalization.fused_batch_norm`.
        """
        rolling = rolling_mean, rolling_variance, rolling_step
        if epsilon_inside_root and x.numel() > x.shape[1]:
            return fused_batch_norm(x, scales, biases, *rolling, over_one_less=True)
        statistics = batch_statistics(x, *rolling)
        return normalize(x, scales, biases, *statistics, epsilon_inside_root=epsilon_inside_root)

    def leaky(self, x: Tensor) -> Tensor:
        """Apply the leaky activation of a convolution or [shortcut].

        Args:
            x: any shape, of which the caller is the only reader: it may be changed in place.

        Returns:
            The same shape: values below 0 times 0.1.
        """
        return IN_PLACE["leaky"](x)

    def logistic(self, x: Tensor) -> Tensor:
        """Apply the logistic function.

        Args:
            x: any shape.

        Returns:
            The same shape, 0-1.
        """
        return x.sigmoid()

    def softmax(self, x: Tensor, dim: int) -> Tensor:
        """Apply the softmax.

        Args:
            x: any shape.
            dim: the dimension along which the results add up to 1.

        Returns:
            The same shape, 0-1.
        """
        return x.softmax(dim)

    def channel_means(self, x: Tensor) -> Tensor:
        """Average each channel of each picture over its positions.

        Args:
            x: [N, C, H, W].

        Returns:
            [N, C, 1, 1].
        """
        return x.mean((2, 3), keepdim=True)

    def to_compute(self, x: Tensor) -> Tensor:
        """Convert to the precision in which losses compute exp, log, atan and what follows.

        Args:
            x: any shape.

        Returns:
            The same shape: float32.
        """
        return x.float()

    def sum_of_squares(self, x: Tensor) -> Tensor:
        """Sum the squares of all values.

        Args:
            x: any shape.

        Returns:
            A float32 scalar.

        Source: utils.c mag_array.
        """
        return x.float().square().sum()


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

    def batch_norm(
        self,
        x: Tensor,
        scales: Tensor,
        biases: Tensor,
        rolling_mean: Tensor,
        rolling_variance: Tensor,
        rolling_step: float,
        *,
        epsilon_inside_root: bool,
    ) -> Tensor:
        mean, variance = c_order_sums.statistics(x)
        rolling_mean.lerp_(mean, rolling_step)
        rolling_variance.lerp_(variance, rolling_step)
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

    def to_compute(self, x: Tensor) -> Tensor:
        """C's functions take and return doubles."""
        return x.double()

    def sum_of_squares(self, x: Tensor) -> Tensor:
        return x.float().square().sum(dtype=torch.float64).float()


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
