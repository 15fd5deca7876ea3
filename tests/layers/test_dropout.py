"""[dropout]: nothing at inference, scaled survivors while training."""

import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError
from darknet_torch.model.network import build_network


def build(options="", dialect="alexeyab"):
    cfg = f"[net]\nchannels=4\nheight=30\nwidth=40\n[dropout]\n{options}"
    return build_network(parse_cfg(cfg), dialect=find_dialect(dialect))


def test_it_does_nothing_at_inference():
    x = torch.rand(2, 4, 30, 40)
    torch.testing.assert_close(build("probability=.9")(x)[0], x, rtol=0, atol=0)


@pytest.mark.parametrize("probability", [0.25, 0.75])
def test_training_drops_the_given_part_and_scales_the_rest(probability):
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


def dropblock(options, iteration=10**6, channels=16, max_batches=100):
    """A [dropout] of squares on a map of 12x15, after that many updates."""
    cfg = f"[net]\nchannels={channels}\nheight=12\nwidth=15\nmax_batches={max_batches}\n"
    network = build_network(parse_cfg(f"{cfg}[dropout]\ndropblock=1\n{options}")).train()
    network.layers[0].on_iteration_start(iteration)
    return network.layers[0]


def squares(out):
    """Height and width of the zeroed square of each picture and channel, 0 without one."""
    sides = []
    for channel in (out == 0).flatten(0, 1):
        rows, columns = channel.any(1).nonzero()[:, 0], channel.any(0).nonzero()[:, 0]
        if not len(rows):
            sides.append(0)
            continue
        high, wide = (int(part[-1] - part[0]) + 1 for part in (rows, columns))
        assert high == wide
        assert channel.sum() == high * wide
        sides.append(high)
    return sides


@pytest.mark.parametrize(
    ("options", "side"),
    [("", 7), ("dropblock_size_abs=4", 4), ("dropblock_size_rel=.5", 6)],
)
def test_dropblock_zeroes_at_most_one_square_of_a_channel(options, side):
    torch.manual_seed(1)
    out = dropblock(f"probability=.5\n{options}")(torch.ones(20, 16, 12, 15))
    found = squares(out)
    assert set(found) == {0, side}
    # A square comes where any of 180 draws is below .5 / side^2; four deviations of 320.
    chance = 1 - (1 - 0.5 / side**2) ** 180
    assert abs(found.count(side) / 320 - chance) < 0.12


def test_dropblock_scales_the_rest_of_each_picture_and_its_gradient():
    torch.manual_seed(2)
    x = torch.ones(8, 4, 12, 15, requires_grad=True)
    out = dropblock("probability=.1\ndropblock_size_abs=5", channels=4)(x)
    out.backward(torch.ones_like(out))
    for picture, gradient in zip(out.detach(), x.grad, strict=True):
        kept = picture != 0
        scale = kept.numel() / kept.sum()
        torch.testing.assert_close(picture[kept], scale.expand(int(kept.sum())))
        assert torch.equal(picture, gradient)
    assert len(set(out.detach().amax((1, 2, 3)).tolist())) > 1


@pytest.mark.parametrize(
    ("iteration", "side"), [(0, 0), (8, 1), (17, 1), (43, 4), (84, 7), (85, 8), (500, 8)]
)
def test_dropblock_grows_over_85_per_cent_of_the_training(iteration, side):
    torch.manual_seed(3)
    out = dropblock("probability=1\ndropblock_size_abs=8", iteration)(torch.ones(20, 16, 12, 15))
    assert max(squares(out)) == side


def test_a_picture_that_dropblock_zeroes_completely_stays_finite():
    torch.manual_seed(4)
    options = "probability=1\ndropblock_size_rel=1"
    cfg = f"[net]\nchannels=1\nheight=3\nwidth=3\n[dropout]\ndropblock=1\n{options}"
    layer = build_network(parse_cfg(cfg)).train().layers[0]
    layer.on_iteration_start(1)
    out = layer(torch.ones(50, 1, 3, 3))
    assert torch.isfinite(out).all()
    assert {float(picture.sum()) for picture in out} == {0, 9}


def test_dropblock_does_nothing_at_inference():
    x = torch.rand(2, 16, 12, 15)
    assert torch.equal(dropblock("probability=1").eval()(x), x)
