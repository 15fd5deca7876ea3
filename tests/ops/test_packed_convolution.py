"""Packed convolutions, and what happens where PyTorch's operators for them are missing."""

import pytest
import torch

from darknet_torch.ops import packed_convolution
from darknet_torch.ops.activations import ACTIVATIONS
from darknet_torch.ops.convolution import Geometry, convolve
from darknet_torch.ops.folded_convolution import FoldedConvolution
from darknet_torch.ops.packed_convolution import PackedConvolution, agrees

LEAKY, MISH = ACTIVATIONS["leaky"], ACTIVATIONS["mish"]


def folded(weights, geometry, activation, sizes):
    return FoldedConvolution(weights, torch.zeros(len(weights)), geometry, activation, sizes)


@pytest.fixture(autouse=True)
def forget_checks():
    agrees.cache_clear()
    yield
    agrees.cache_clear()


def draw(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


@pytest.mark.parametrize("name", ["linear", "leaky", "relu", "relu6", "swish", "mish", "stair"])
@pytest.mark.parametrize(
    "geometry",
    [
        Geometry(3, padding=1),
        Geometry(3, stride_y=2, stride_x=1, padding=1, groups=2),
        Geometry(5, padding=2, groups=8),
        Geometry(1, stride_y=2, stride_x=2),
    ],
    ids=str,
)
@torch.no_grad()
def test_it_computes_convolution_and_activation_for_maps_of_any_size(name, geometry):
    weights, biases = draw(8, 8 // geometry.groups, geometry.size, geometry.size), draw(8)
    assert PackedConvolution.takes(folded(weights, geometry, ACTIVATIONS[name], (6, 7)))
    packed = PackedConvolution(
        FoldedConvolution(weights, biases, geometry, ACTIVATIONS[name], (6, 7))
    )
    for shape in ((1, 8, 6, 7), (3, 8, 9, 4), (2, 8, 1, 1)):
        x = draw(*shape)
        expected = ACTIVATIONS[name](convolve(x, weights, biases, geometry))
        for order in (torch.contiguous_format, torch.channels_last):
            found = packed(x.contiguous(memory_format=order))
            # Sums of up to 72 products of normal numbers; a stair may jump where they round.
            far = (found - expected).abs() > 2e-5
            assert far.sum() <= (1 if name == "stair" else 0)


@pytest.mark.parametrize(
    ("weights", "geometry"),
    [
        (torch.empty(8, 8, 3, 3), Geometry(3)),  # a map of 2x2 has no window of 3x3
        (torch.empty(8, 8, 3, 3), Geometry(3, padding=1, dilation=2)),
        (torch.empty(8, 8, 3, 3, dtype=torch.float64), Geometry(3, padding=1)),
        (torch.empty(8, 8, 3, 3, device="meta"), Geometry(3, padding=1)),
    ],
)
def test_it_does_not_take_others(weights, geometry):
    assert not PackedConvolution.takes(folded(weights, geometry, LEAKY, (6, 7)))


def test_what_the_arrays_become_later_does_not_matter():
    weights, biases = draw(8, 8, 3, 3), draw(8)
    packed = PackedConvolution(
        FoldedConvolution(weights, biases, Geometry(3, padding=1), LEAKY, (4, 4))
    )
    x = draw(1, 8, 4, 4)
    before = packed(x)
    weights.zero_()
    biases.zero_()
    torch.testing.assert_close(packed(x), before, rtol=0, atol=0)


@pytest.mark.parametrize("broken", ["missing", "other arguments", "other values"])
def test_operators_that_fail_their_check_are_not_used(broken, monkeypatch):
    def convolve_otherwise(x, weights, biases, *rest):
        if broken == "other arguments":
            raise RuntimeError("mkldnn::_convolution_pointwise() expected at most 9 arguments")
        return operators.default(x, weights, biases, *rest) * 1.001

    operators = torch.ops.mkldnn._convolution_pointwise
    fake = type("Operators", (), {"default": staticmethod(convolve_otherwise)})
    if broken == "missing":
        fake = type("Operators", (), {})
    monkeypatch.setattr(torch.ops.mkldnn, "_convolution_pointwise", fake)
    for activation in (LEAKY, MISH):
        weights = draw(8, 8, 3, 3)
        assert not PackedConvolution.takes(
            folded(weights, Geometry(3, padding=1), activation, (4, 4))
        )


def test_every_fused_activation_agrees_with_the_installed_pytorch():
    assert all(agrees(activation) for activation in packed_convolution._FUSED)
