"""The rules for the learning rate; tests/lint/test_net_rules.py has more of them."""

import pytest

from darknet_torch.cfg.dialect import ALEXEYAB
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.cfg.net import read_net
from darknet_torch.training.schedule_rules import SCHEDULE_RULES


def found(*options):
    net = read_net(parse_cfg("\n".join(["[net]", "inputs=1", *options]))[0], ALEXEYAB)
    return [str(item) for rule in SCHEDULE_RULES for item in rule(net, lambda key: f"at {key}")]


@pytest.mark.parametrize(
    ("burn_in", "message"),
    [
        (50, None),
        (51, "at burn_in: burn_in takes more than half of the training: expected burn_in far"),
        (100, "at burn_in: training ends before burn_in does"),
    ],
)
def test_a_burn_in_of_more_than_half_of_the_training_is_reported(burn_in, message):
    items = found("max_batches=100", f"burn_in={burn_in}")
    assert len(items) == (message is not None)
    if message:
        assert items[0].startswith(message)
        assert items[0].endswith(f"got burn_in={burn_in}; write burn_in=10")


def test_the_advice_for_steps_keeps_them_apart():
    steps = ("policy=steps", "steps=40,50", "scales=.1,.1")
    assert found(*steps, "max_batches=20")[0].endswith("; write steps=16,18")
    assert found(*steps, "max_batches=4")[0].endswith("; move them, or raise max_batches=")


@pytest.mark.parametrize(
    ("options", "is_low"),
    [
        (("policy=exp", "gamma=.5"), True),
        (("policy=exp", "gamma=.999"), False),
        (("policy=step", "step=2", "scale=.1"), True),
        (("policy=step", "step=100", "scale=.1"), False),
        (("policy=sigmoid", "gamma=-1", "step=5000"), True),
        (("policy=poly", "power=4"), False),
        (("policy=sgdr",), False),
        (("policy=random",), False),
        (("policy=steps", "steps=100,200", "scales=.1,.1"), False),
    ],
)
def test_a_rate_of_nearly_0_in_most_of_the_training_is_reported(options, is_low):
    items = found("max_batches=400", "learning_rate=.1", *options)
    assert len(items) == is_low
    if is_low:
        assert "at policy: the learning rate is nearly 0 in most of the training" in items[0]
