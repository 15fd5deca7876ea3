"""[dropout]: nothing at inference, scaled survivors while training."""

import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError
from darknet_torch.network import build_network


def build(options="", dialect="alexeyab"):
    cfg = f"[net]\nchannels=4\nheight=30\nwidth=40\n[dropout]\n{options}"
    return build_network(parse_cfg(cfg), dialect=find_dialect(dialect))


def test_it_does_nothing_at_inference():
    x = torch.rand(2, 4, 30, 40)
    torch.testing.assert_close(build("probability=.9")(x)[0], x, rtol=0, atol=0)


@pytest.mark.parametrize("probability", [0.25, 0.75])
def test_training_drops_that_part_and_scales_the_rest(probability):
    torch.manual_seed(1)
    (out,) = build(f"probability={probability}").train()(torch.ones(2, 4, 30, 40))
    survivors = out[out != 0]
    torch.testing.assert_close(survivors, torch.full_like(survivors, 1 / (1 - probability)))
    # 9600 values: four deviations of the fraction are less than 0.02.
    assert abs((out == 0).float().mean() - probability) < 0.02


@pytest.mark.parametrize(("dialect", "probability"), [("alexeyab", 0.2), ("pjreddie", 0.5)])
def test_the_dialects_have_different_defaults(dialect, probability):
    assert build(dialect=dialect).layers[0].probability == pytest.approx(probability)


@pytest.mark.parametrize("probability", ["1.5", "-0.1"])
def test_a_probability_beyond_0_to_1_is_refused(probability):
    with pytest.raises(CfgError, match="'probability' is out of its bounds"):
        build(f"probability={probability}")


def test_it_keeps_shape_and_has_no_arrays():
    network = build()
    assert network.layers[0].output_shape == network.layers[0].input_shape
    assert not list(network.slots())
