"""1x1 convolutions as products of matrices."""

import pytest
import torch

from darknet_torch.ops.activations import ACTIVATIONS
from darknet_torch.ops.convolution import Geometry, convolve
from darknet_torch.ops.folded_convolution import FoldedConvolution
from darknet_torch.ops.pixel_product import PixelProduct


def folded(weights, geometry, activation, sizes):
    return FoldedConvolution(weights, torch.zeros(len(weights)), geometry, activation, sizes)


@pytest.mark.parametrize("name", ["linear", "leaky", "mish", "normalize_channels_softmax"])
@torch.no_grad()
def test_it_computes_convolution_and_activation(name):
    numbers = torch.Generator().manual_seed(1)
    weights = torch.randn(5, 6, 1, 1, generator=numbers)
    biases, x = torch.randn(5, generator=numbers), torch.randn(2, 6, 3, 4, generator=numbers)
    product = PixelProduct(
        FoldedConvolution(weights, biases, Geometry(1), ACTIVATIONS[name], (3, 4))
    )
    expected = ACTIVATIONS[name](convolve(x, weights, biases, Geometry(1)))
    for order in (torch.contiguous_format, torch.channels_last):
        found = product(x.contiguous(memory_format=order))
        assert found.is_contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(found, expected, rtol=0, atol=5e-6)  # sums of 6 products


def test_it_takes_few_pixels_of_1x1_windows():
    weights = torch.empty(64, 64, 1, 1)
    leaky = ACTIVATIONS["leaky"]
    assert PixelProduct.takes(folded(weights, Geometry(1), leaky, (20, 20)))
    assert not PixelProduct.takes(folded(weights, Geometry(1), leaky, (160, 160)))
    assert not PixelProduct.takes(
        folded(torch.empty(1024, 512, 1, 1), Geometry(1), leaky, (52, 52))
    )
    assert not PixelProduct.takes(
        folded(weights, Geometry(1, stride_y=2, stride_x=2), leaky, (20, 20))
    )
    assert not PixelProduct.takes(folded(weights, Geometry(1, groups=2), leaky, (20, 20)))


def test_a_batch_without_pictures_gives_one_without_pictures():
    weights, biases = torch.ones(5, 6, 1, 1), torch.ones(5)
    product = PixelProduct(
        FoldedConvolution(weights, biases, Geometry(1), ACTIVATIONS["leaky"], (3, 4))
    )
    assert product(torch.empty(0, 6, 3, 4)).shape == (0, 5, 3, 4)
