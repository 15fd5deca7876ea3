"""The form of a convolution that is chosen for inference."""

import torch

from darknet_torch.ops.activations import ACTIVATIONS
from darknet_torch.ops.convolution import Geometry, convolve
from darknet_torch.ops.folded_convolution import FoldedConvolution
from darknet_torch.ops.inference_convolution import PlainConvolution, inference_convolution
from darknet_torch.ops.packed_convolution import PackedConvolution
from darknet_torch.ops.pixel_product import PixelProduct

LEAKY = ACTIVATIONS["leaky"]


def form(weights, geometry, sizes=(9, 9)):
    biases = torch.zeros(len(weights), dtype=weights.dtype)
    return type(inference_convolution(FoldedConvolution(weights, biases, geometry, LEAKY, sizes)))


def test_the_fastest_form_that_takes_a_convolution_is_chosen():
    assert form(torch.zeros(8, 8, 1, 1), Geometry(1)) is PixelProduct
    assert form(torch.zeros(8, 8, 1, 1), Geometry(1), (160, 160)) is PackedConvolution
    assert form(torch.zeros(8, 8, 3, 3), Geometry(3, padding=1)) is PackedConvolution
    assert form(torch.zeros(8, 8, 3, 3).double(), Geometry(3, padding=1)) is PlainConvolution
    assert form(torch.zeros(8, 8, 3, 3), Geometry(3, padding=2, dilation=2)) is PlainConvolution


def test_the_plain_form_computes_dilated_windows_as_darknet_does():
    numbers = torch.Generator().manual_seed(1)
    x, weights = (torch.randn(2, 3, 9, 9, generator=numbers) for _ in range(2))
    geometry, biases = Geometry(9, padding=4, dilation=2), torch.randn(2, generator=numbers)
    plain = PlainConvolution(FoldedConvolution(weights, biases, geometry, LEAKY, (9, 9)))
    expected = LEAKY(convolve(x, weights, biases, geometry))
    torch.testing.assert_close(plain(x), expected, rtol=0, atol=1e-4)  # sums of 243 products
