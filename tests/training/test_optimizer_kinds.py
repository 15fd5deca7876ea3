"""The optimizers and the bound on gradients against PyTorch's on the mean of the inputs."""

import copy

import pytest
import torch

from darknet_torch.ops.arithmetic import FAST
from darknet_torch.training.optimizer import Optimizer
from darknet_torch.training.optimizer_kinds import CSGD
from tests.training.small_networks import network

INPUTS, DECAY, RATE = 4, 0.01, 0.1
CFG = f"""[net]
width=4
height=4
channels=2
batch={INPUTS}
momentum=.8
decay={DECAY}
eps=.01
B1=.8
B2=.95
[convolutional]
batch_normalize=1
filters=3
size=3
activation=linear
[convolutional]
filters=2
size=1
learning_rate=.5
activation=linear
[cost]"""


def arrays(made):
    """(array, decays, factor on the rate) of each parameter."""
    return [
        (slot.tensor, slot.decays, layer.options.learning_rate)
        for layer in made.layers
        for slot in layer.weight_slots()
        if slot.tensor.requires_grad
    ]


def steps(optimizer, made, count=4, scaler=None):
    """Step on random gradients, summed over the inputs."""
    make = torch.Generator().manual_seed(5)
    for iteration in range(1, count + 1):
        for array, _, _ in arrays(made):
            array.grad = torch.randn(array.shape, generator=make) * INPUTS
            if scaler:
                array.grad = scaler.scale(array.grad)
        optimizer.step(RATE, iteration, INPUTS, scaler)


def torch_steps(made, make_optimizer, *, clip_norm=None, count=4):
    """The same with PyTorch's optimizer on mean gradients."""
    groups = [
        {"params": [array], "lr": RATE * factor, "weight_decay": DECAY if decays else 0.0}
        for array, decays, factor in arrays(made)
    ]
    optimizer = make_optimizer(groups)
    make = torch.Generator().manual_seed(5)
    for _ in range(count):
        for array, _, _ in arrays(made):
            array.grad = torch.randn(array.shape, generator=make)
        if clip_norm:
            torch.nn.utils.clip_grad_norm_([array for array, _, _ in arrays(made)], clip_norm)
        optimizer.step()


def assert_equal(made, expected):
    for (array, _, _), (other, _, _) in zip(arrays(made), arrays(expected), strict=True):
        torch.testing.assert_close(array, other, rtol=2e-6, atol=1e-7)


def adamw(groups):
    return torch.optim.AdamW(groups, lr=0.0, betas=(0.8, 0.95), eps=0.01)


def sgd(groups):
    return torch.optim.SGD(groups, lr=0.0, momentum=0.8)


@pytest.mark.parametrize("clip_norm", [None, 2.0, 1000.0])
@pytest.mark.parametrize(("kind", "make"), [("adamw", adamw), ("sgd", sgd)])
def test_it_is_that_of_torch_on_mean_gradients(kind, make, clip_norm):
    made = network(CFG)
    expected = copy.deepcopy(made)
    steps(Optimizer(made, kind=kind, clip_norm=clip_norm), made)
    torch_steps(expected, make, clip_norm=clip_norm)
    assert_equal(made, expected)


def test_the_scale_of_float16_is_taken_out_before_the_norm_is_bounded():
    made = network(CFG)
    expected = copy.deepcopy(made)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    steps(Optimizer(made, clip_norm=2.0), made, scaler=scaler)
    torch_steps(expected, sgd, clip_norm=2.0)
    assert_equal(made, expected)


def test_adam_is_that_of_the_cfg():
    named, of_cfg = network(CFG), network(CFG.replace("eps=", "adam=1\neps="))
    steps(Optimizer(named, kind="adam"), named)
    steps(Optimizer(of_cfg), of_cfg)
    for (array, _, _), (other, _, _) in zip(arrays(named), arrays(of_cfg), strict=True):
        assert torch.equal(array, other)


def test_the_option_replaces_that_of_the_cfg():
    made, expected = network(CFG.replace("eps=", "adam=1\neps=")), network(CFG)
    steps(Optimizer(made, kind="sgd"), made)
    steps(Optimizer(expected), expected)
    assert_equal(made, expected)


def test_an_array_that_does_not_learn_does_not_count_in_the_norm():
    cfg = CFG.replace("[convolutional]", "[convolutional]\ndont_update=9", 1)
    made = network(cfg)
    expected = copy.deepcopy(made)
    optimizer = Optimizer(made, clip_norm=1.0)
    first, second = (
        [slot.tensor for slot in layer.weight_slots() if slot.tensor.requires_grad]
        for layer in made.layers[:2]
    )
    for array in (*first, *second):
        array.grad = torch.full_like(array, 100.0)
    optimizer.step(1.0, 1, 1)
    moved = torch.cat(
        [
            (a - b).flatten()
            for (a, _, _), (b, _, _) in zip(arrays(made), arrays(expected), strict=True)
        ]
    )
    decay = DECAY * 0.5  # of the second layer's rate
    assert float(moved.detach().norm()) == pytest.approx(0.5, abs=decay * 5)
    before = [array for array, _, _ in arrays(expected)][: len(first)]
    assert all(torch.equal(a, b) for a, b in zip(first, before, strict=True))


def test_a_bound_on_gradients_takes_the_update_of_torch():
    """In C's order gradients go on from the momentum, which would count in their norm."""
    made = network(CFG, arithmetic="c_order")
    assert isinstance(Optimizer(made, made.arithmetic).inner, CSGD)
    assert not isinstance(Optimizer(made, made.arithmetic, clip_norm=1.0).inner, CSGD)


@pytest.mark.parametrize(("kind", "other"), [("sgd", "adam"), ("adamw", "sgd")])
def test_the_state_of_another_optimizer_is_refused(kind, other):
    made = network(CFG)
    first, second = Optimizer(made, FAST, kind=kind), Optimizer(made, FAST, kind=other)
    steps(first, made, 1)
    with pytest.raises(ValueError, match=f"another optimizer than {other}"):
        second.load_state_dict(first.state_dict())


def test_the_moments_go_on():
    whole = network(CFG)
    part = copy.deepcopy(whole)
    first, second = Optimizer(whole, kind="adamw"), Optimizer(part, kind="adamw")
    steps(first, whole, 2)
    steps(second, part, 2)
    fresh = Optimizer(part, kind="adamw")
    fresh.load_state_dict(second.state_dict())
    steps(first, whole, 2)
    steps(fresh, part, 2)
    for (array, _, _), (other, _, _) in zip(arrays(whole), arrays(part), strict=True):
        assert torch.equal(array, other)
