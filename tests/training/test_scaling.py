"""A schedule of the learning rate, scaled to another length of training."""

import pytest

from darknet_torch.cfg.dialect import ALEXEYAB
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.cfg.net import read_net
from darknet_torch.training.scaling import (
    batches_for_epochs,
    distinct_steps,
    fitting_burn_in,
    scaled_schedule,
)


def net(*options):
    return read_net(parse_cfg("\n".join(["[net]", "inputs=1", *options]))[0], ALEXEYAB)


def test_burn_in_takes_a_tenth_at_most():
    assert [fitting_burn_in(1000, length) for length in (400, 9999, 10000, 500000)] == [
        *(40, 999, 1000, 1000)
    ]


def test_the_last_batch_of_the_epochs_may_be_shared():
    assert batches_for_epochs(3, 200, 64) == 10  # 600 pictures / 64 = 9.4
    assert batches_for_epochs(1, 64, 64) == 1


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("policy=steps", "steps=500,900", "scales=.1,.1"), {"steps": (100, 180)}),
        (("policy=step", "step=50"), {"step": 10}),
        (("policy=sgdr", "sgdr_cycle=250"), {"sgdr_cycle": 50}),
        (("policy=sgdr",), {}),
        (("policy=poly",), {}),
        (("policy=exp", "gamma=.99"), {"gamma": pytest.approx(0.99**5)}),
        (("policy=sigmoid", "step=500", "gamma=.01"), {"step": 100, "gamma": pytest.approx(0.05)}),
    ],
)
def test_what_a_policy_counts_in_batches_keeps_its_place(options, expected):
    made = net("max_batches=1000", "burn_in=30", *options)
    assert scaled_schedule(made, 200) == {"max_batches": 200, "burn_in": 20, **expected}


def test_the_same_length_changes_a_burn_in_that_is_too_long_alone():
    made = net("max_batches=400", "burn_in=4000", "policy=steps", "steps=320", "scales=.1")
    assert scaled_schedule(made, 400) == {"burn_in": 40}


def test_without_a_length_in_the_cfg_there_is_nothing_to_scale_by():
    made = net("burn_in=2", "policy=steps", "steps=320", "scales=.1")
    assert scaled_schedule(made, 400) == {"max_batches": 400}


def test_steps_do_not_fall_together_in_a_short_training():
    made = net("max_batches=1000", "policy=steps", "steps=800,900", "scales=.1,.1")
    found = {length: scaled_schedule(made, length)["steps"] for length in (6, 4, 3, 20)}
    assert found == {6: (4, 5), 4: (2, 3), 3: (1, 2), 20: (16, 18)}


def test_steps_that_are_wrong_themselves_are_only_rounded():
    assert distinct_steps([4.8, 4.8], 9) == (5, 5)
    assert distinct_steps([4.8, 12], 9) == (5, 12)
