"""[batchnorm], and the batch normalisation inside other layers."""

from __future__ import annotations

import torch
from torch import Tensor

from darknet_torch.cfg.darknet_bugs import NORMALIZED_BIASES_WITHOUT_DELTA
from darknet_torch.layers.base import (
    BuildContext,
    Layer,
    LayerOptions,
    Slot,
    empty_array,
    empty_parameter,
    zero_parameter,
)
from darknet_torch.ops.arithmetic import ArithmeticModule
from darknet_torch.ops.normalization import affine, batch_norm, fused_batch_norm
from darknet_torch.ops.recomputation import is_recomputing


class Normalization(ArithmeticModule):
    """Batch normalisation without biases, which belong to the layer around it.

    Arrays, in file order: `scales`, `rolling_mean`, `rolling_variance` [channels].
    """

    rolling_mean: Tensor
    rolling_variance: Tensor

    def __init__(
        self,
        channels: int,
        context: BuildContext,
        rolling_step: float,
        *,
        trains_biases: bool | None = None,
    ) -> None:
        super().__init__(context.arithmetic)
        dialect = context.dialect
        self.epsilon_inside_root = dialect.numerics.epsilon_inside_root
        self.cudnn = dialect.numerics.cudnn_normalization
        self.rolling_step = rolling_step
        if trains_biases is None:
            trains_biases = not dialect.reproduces(NORMALIZED_BIASES_WITHOUT_DELTA)
        self.trains_biases = trains_biases
        self.scales = empty_parameter(channels)
        self.register_buffer("rolling_mean", empty_array(channels))
        self.register_buffer("rolling_variance", empty_array(channels))

    def weight_slots(self) -> list[Slot]:
        """scales, rolling mean, rolling variance: the same order in every layer."""
        return [
            Slot(name, getattr(self, name), normalization=True)
            for name in ("scales", "rolling_mean", "rolling_variance")
        ]

    @torch.no_grad()
    def initialize(self) -> None:
        """Source: convolutional_layer.c make_convolutional_layer: the variance starts at 0."""
        self.scales.fill_(1)
        self.rolling_mean.zero_()
        self.rolling_variance.zero_()

    def affine(self, biases: Tensor) -> tuple[Tensor, Tensor]:
        """Factor and shift, [channels] float64 each, that equal the normalisation at inference."""
        return affine(
            self.scales,
            biases,
            self.rolling_mean,
            self.rolling_variance,
            epsilon_inside_root=self.epsilon_inside_root,
        )

    def folded(self, weights: Tensor, biases: Tensor) -> tuple[Tensor, Tensor]:
        """Fold the normalisation into the weights and biases of the product before it.

        Args:
            weights: [channels, ...].
            biases: [channels].

        Returns:
            Weights and biases of the same shapes and types, for inference.

        Source: network.c fuse_conv_batchnorm (AlexeyAB), in float64 as there.
        """
        factors, shift = self.affine(biases)
        scaled = weights.double() * factors.view(-1, *[1] * (weights.dim() - 1))
        return scaled.to(weights.dtype), shift.to(biases.dtype)

    def forward(self, x: Tensor, biases: Tensor) -> Tensor:
        """[N, C, ...] to the same shape."""
        if self.training:
            return self._by_batch(x, biases if self.trains_biases else biases.detach())
        return batch_norm(
            x,
            self.scales,
            biases,
            self.rolling_mean,
            self.rolling_variance,
            epsilon_inside_root=self.epsilon_inside_root,
        )

    def _by_batch(self, x: Tensor, biases: Tensor) -> Tensor:
        """Normalise by the batch's own mean and variance, which enter the rolling ones.

        The variance divides by N - 1, in the CUDA build by N.
        """
        arrays = self.scales, biases, *self._rolling(), self.rolling_step
        if self.cudnn and x.numel() > x.shape[1]:
            return fused_batch_norm(x, *arrays, over_one_less=False)
        inside = self.epsilon_inside_root
        return self.arithmetic.batch_norm(x, *arrays, epsilon_inside_root=inside)

    def _rolling(self) -> tuple[Tensor, Tensor]:
        """The rolling mean and variance; copies where a mini-batch has entered them already."""
        if is_recomputing():
            return self.rolling_mean.clone(), self.rolling_variance.clone()
        return self.rolling_mean, self.rolling_variance


class Batchnorm(Layer):
    """[batchnorm]. Arrays: `biases`, then the arrays of `Normalization`.

    Source: batchnorm_layer.c forward_batchnorm_layer; parser.c load_batchnorm_weights:
    only AlexeyAB keeps the biases in the file, pjreddie's stay zero.
    """

    section_names = ("batchnorm",)
    example_cfg = "[batchnorm]\n"

    def __init__(self, options: LayerOptions, context: BuildContext) -> None:
        super().__init__(options, context)
        dialect, channels = context.dialect, context.input_shape.channels
        self.has_biases_in_file = dialect.weight_file.batchnorm_has_biases
        self.biases = zero_parameter(channels)
        self.normalization = Normalization(channels, context, dialect.numerics.rolling_step)

    def weight_slots(self) -> list[Slot]:
        biases = [Slot("biases", self.biases)] if self.has_biases_in_file else []
        # dontloadscales does not apply to the arrays of this layer.
        arrays = [Slot(slot.name, slot.tensor) for slot in self.normalization.weight_slots()]
        return biases + arrays

    def initialize(self) -> None:
        torch.nn.init.zeros_(self.biases)
        self.normalization.initialize()

    def forward(self, x: Tensor) -> Tensor:
        return self.normalization(x, self.biases)
