"""The arithmetic of a network: chosen when it is built, applied only in training."""

import pytest
import torch

from darknet_torch.cfg.dialect import ALEXEYAB
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import UsageError
from darknet_torch.model.network import build_network
from darknet_torch.ops.arithmetic import FAST, ArithmeticModule, CArithmetic, find_arithmetic
from darknet_torch.ops.convolution import Geometry

CFG = """[net]
width=4
height=4
channels=2
[convolutional]
batch_normalize=1
filters=2
size=3
[batchnorm]
[crnn]
output=2
hidden=2
pad=1
[connected]
output=2
batch_normalize=1
[softmax]"""


def test_every_module_gets_the_arithmetic_and_uses_it_in_training_alone():
    network = build_network(parse_cfg(CFG), arithmetic="c_order")
    parts = [part for part in network.modules() if isinstance(part, ArithmeticModule)]
    assert len(parts) > len(network.layers)  # those inside layers too
    assert all(part.arithmetic is FAST for part in parts)
    network.train()
    assert all(part.arithmetic is network.arithmetic for part in parts)
    assert network.arithmetic.exact_order


def test_a_network_is_fast_by_default():
    assert build_network(parse_cfg(CFG)).arithmetic is FAST


def test_an_unknown_arithmetic_is_refused():
    with pytest.raises(UsageError, match=r"unknown arithmetic.*fast or c_order.*'slow'"):
        find_arithmetic("slow", ALEXEYAB)


@pytest.mark.parametrize("dilation", [1, 2])
def test_both_arithmetics_agree_but_for_rounding(dilation):
    make = torch.Generator().manual_seed(1)
    x, weights = (torch.randn(2, 3, 5, 5, generator=make) for _ in range(2))
    biases = torch.randn(2, generator=make)
    exact = CArithmetic(ALEXEYAB)
    pairs = [
        (
            one.convolution(x, weights[..., :3, :3], biases, Geometry(3, 1, 1, 1, dilation)),
            one.leaky(x.clone()),  # it may overwrite its input
            one.logistic(x),
            one.softmax(x.flatten(1), -1),
            one.channel_means(x),
        )
        for one in (FAST, exact)
    ]
    for fast, slow in zip(*pairs, strict=True):
        # Sums of at most 75 float32 values of about 1, in another order.
        torch.testing.assert_close(fast, slow, rtol=1e-5, atol=1e-6)


def test_a_sum_of_squares_does_not_lose_small_values():
    values = torch.cat((torch.tensor([4096.0]), torch.full((2**16,), 0.25)))
    expected = 4096**2 + 2**12
    assert CArithmetic(ALEXEYAB).sum_of_squares(values).item() == expected
    fast = FAST.sum_of_squares(values)
    assert fast.item() == pytest.approx(expected, rel=2e-6)  # 16 roundings of float32
    assert fast.dtype == torch.float32


def test_losses_compute_in_float32_or_in_cs_doubles():
    values = torch.ones(2, dtype=torch.bfloat16)
    assert FAST.to_compute(values).dtype == torch.float32
    assert CArithmetic(ALEXEYAB).to_compute(values).dtype == torch.float64
