"""The learning rate of each batch, as get_current_rate computes it."""

import math
import random
import struct

import pytest

from darknet_torch.cfg.dialect import ALEXEYAB
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.cfg.net import read_net
from darknet_torch.errors import CfgError
from darknet_torch.training.schedule import rate_at


def single(x):
    """As a C float keeps it."""
    return struct.unpack("f", struct.pack("f", x))[0]


def net(*options):
    return read_net(parse_cfg("\n".join(["[net]", "inputs=1", *options]))[0], ALEXEYAB)


def rates(made, *batches):
    return [rate_at(made, batch) for batch in batches]


def test_a_constant_rate_is_the_one_given():
    assert rates(net("learning_rate=.1"), 1, 10**6) == [single(0.1)] * 2


def test_burn_in_rises_to_the_rate_with_a_power():
    made = net("learning_rate=.1", "burn_in=1000", "policy=steps", "steps=10", "scales=.1")
    assert rate_at(made, 500) == single(single(0.1) * 0.5**4)
    assert rate_at(made, 1) == single(single(0.1) * single(1 / 1000) ** 4)
    assert rate_at(made, 999) < single(0.01) * 10
    assert rate_at(made, 1000) == single(single(0.1) * single(0.1))
    squared = net("learning_rate=.1", "burn_in=100", "power=2")
    assert rate_at(squared, 30) == single(single(0.1) * single(0.3) ** 2)


def test_step_counts_whole_steps():
    made = net("learning_rate=.1", "policy=step", "step=100", "scale=.5")
    expected = [single(single(0.1) * 0.5**k) for k in (0, 0, 1, 2)]
    assert rates(made, 1, 99, 100, 250) == expected
    assert rate_at(net("policy=step", "step=0", "scale=.5", "learning_rate=1"), 3) == 0.125


def test_steps_multiply_one_after_the_other_in_float32():
    made = net("learning_rate=.00261", "policy=steps", "steps=40,60,60", "scales=.1,.1,3")
    first = single(single(0.00261) * single(0.1))
    second = single(first * single(0.1))
    expected = [single(0.00261), first, first, single(second * 3)]
    assert rates(made, 39, 40, 59, 60) == expected


def test_steps_end_with_the_shorter_list():
    made = net("learning_rate=1", "policy=steps", "steps=2,4", "scales=.5,.5,.5")
    assert rates(made, 1, 2, 5, 7) == [1, 0.5, 0.25, 0.25]


def test_exp_is_of_the_float32_base_and_drifts_from_that_of_float64():
    made = net("learning_rate=1", "policy=exp", "gamma=.9999")
    for batch in (1, 1000, 500_000):
        assert rate_at(made, batch) == single(single(0.9999) ** batch)
    # 0.9999 in float32 is 1.7e-8 less: per cents after half a million batches.
    assert rate_at(made, 500_000) / 0.9999**500_000 == pytest.approx(0.991, abs=2e-3)


def test_poly_falls_to_nothing_and_past_the_end_follows_the_power():
    made = net("learning_rate=.1", "policy=poly", "power=4", "max_batches=100")
    assert rate_at(made, 50) == single(single(0.1) * 0.5**4)
    assert rate_at(made, 100) == 0
    # C's pow of a negative number and a whole power is a number.
    assert rate_at(made, 150) == single(single(0.1) * 0.5**4)
    cubic = net("learning_rate=.1", "policy=poly", "power=3", "max_batches=100")
    assert rate_at(cubic, 150) == single(single(0.1) * -(0.5**3))


def test_poly_past_the_end_is_0_where_cs_pow_is_no_number():
    made = net("learning_rate=.1", "policy=poly", "power=.9", "max_batches=100")
    assert rate_at(made, 101) == 0
    assert rate_at(made, 99) == pytest.approx(0.1 * 0.01**0.9, rel=1e-5)


def test_policy_random_draws_from_the_given_generator():
    made = net("learning_rate=.1", "policy=random", "power=2")
    drawn = random.Random(7).random()
    assert rate_at(made, 5, random.Random(7)) == single(single(0.1) * drawn**2)
    assert rate_at(made, 5, random.Random(7)) != rate_at(made, 5, random.Random(8))
    assert 0 <= rate_at(made, 5) <= 0.1


def test_sigmoid_is_half_at_its_step():
    made = net("learning_rate=1", "policy=sigmoid", "gamma=.1", "step=50")
    assert rate_at(made, 50) == 0.5
    expected = 1 / (1 + math.exp(single(0.1) * 20))
    assert rate_at(made, 70) == pytest.approx(expected, rel=1e-6)  # float32
    assert rates(made, 10**6, 1) == [0, pytest.approx(1 / (1 + math.exp(-4.9)), rel=1e-6)]


def test_sgdr_starts_anew_with_longer_cycles():
    made = net(
        *("learning_rate=.1", "learning_rate_min=.01", "policy=sgdr"),
        *("sgdr_cycle=100", "sgdr_mult=2", "max_batches=1000"),
    )
    low, span = single(0.01), single(single(0.1) - single(0.01))
    # Cycles of 100, 200 and 400 batches; a start belongs to the end of the cycle before it.
    for batch, start, length in ((50, 0, 100), (200, 100, 200), (301, 300, 400), (100, 0, 100)):
        turn = math.cos(math.pi * (batch - start) / length)
        expected = low + 0.5 * span * (1 + turn)
        assert rate_at(made, batch) == pytest.approx(expected, rel=1e-6), batch
    assert rate_at(made, 300) == pytest.approx(low, rel=1e-6)


def test_sgdr_without_a_cycle_takes_the_whole_training():
    made = net("learning_rate=.1", "policy=sgdr", "max_batches=1000")
    assert rate_at(made, 1000) == pytest.approx(1e-5, rel=1e-3)
    assert rate_at(made, 500) == pytest.approx(0.05, rel=1e-3)


def test_sgdr_cycles_of_one_length_are_not_counted_one_by_one():
    made = net("learning_rate=.1", "policy=sgdr", "sgdr_cycle=10", "sgdr_mult=1")
    assert rates(made, 2**31 - 1, 2**31 - 8) == rates(made, 7, 10)
    assert rates(made, 0, 11, 20) == rates(made, 0, 1, 10)


@pytest.mark.parametrize(
    ("options", "got"),
    [
        (["policy=exp", "gamma=1e38"], "out of range"),
        (["policy=step", "scale=-1e38", "step=1"], "out of range"),
        (["policy=steps", "steps=1,2,3", "scales=1e30,1e30,0"], "nan"),
        (["policy=poly", "power=-1", "max_batches=9"], "negative power"),
    ],
)
def test_a_rate_that_is_not_finite_is_an_error(options, got):
    made = net("learning_rate=.1", *options)
    with pytest.raises(CfgError, match=rf"1: the learning rate of iteration 9 .*{got}"):
        rate_at(made, 9)
