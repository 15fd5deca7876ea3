"""The update of the weights against C's, array by array, in float32."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import ALEXEYAB, PJREDDIE, without_bugs
from darknet_torch.errors import CfgError
from darknet_torch.ops.arithmetic import FAST, CArithmetic
from darknet_torch.training.batch_sizes import batch_size, mini_batch_size
from darknet_torch.training.optimizer import Optimizer
from darknet_torch.training.optimizer_kinds import CSGD
from tests.training.small_networks import arrays, network

BATCH, MOMENTUM, DECAY = 4, 0.8, 0.01
RATES = (0.1, 0.05, 0.2, 0.1)
CLOSE = {"rtol": 2e-6, "atol": 1e-7}  # a few roundings of float32
TRAINED = ("biases", "scales", "weights")


def make(first="", second="", net="", dialect="alexeyab", seed=1):
    """Two convolutions, the first of which normalises; batch 4."""
    cfg = f"""[net]
width=4
height=4
channels=2
batch={BATCH}
subdivisions=2
momentum={MOMENTUM}
decay={DECAY}
{net}
[convolutional]
batch_normalize=1
filters=3
size=3
activation=linear
{first}
[convolutional]
filters=2
size=1
activation=linear
{second}
[cost]"""
    return network(cfg, dialect, seed)


def gradients(made, step):
    """Random ones for every parameter; {(layer, name): delta} as C would have summed up."""
    make = torch.Generator().manual_seed(100 + step)
    deltas = {}
    for index in (0, 1):
        for name, array in arrays(made, index).items():
            if name in TRAINED:
                fresh = torch.randn(array.shape, generator=make)
                array.grad = fresh if array.grad is None else array.grad + fresh
                deltas[index, name] = -fresh.numpy()
    return deltas


def values(made):
    return {
        (index, name): array.detach().numpy().copy()
        for index in (0, 1)
        for name, array in arrays(made, index).items()
    }


class PlainSgd:
    """convolutional_layer.c update_convolutional_layer."""

    def __init__(self, made, batch=BATCH):
        self.values, self.batch = values(made), batch
        self.updates = {key: np.zeros_like(array) for key, array in self.values.items()}

    def step(self, deltas, rate, factor=1.0, decay=DECAY):
        f = np.float32
        for key, delta in deltas.items():
            update, array = self.updates[key], self.values[key]
            update += delta
            if key[1] == "weights":
                update += f(-decay * self.batch) * array
            array += f(rate * factor / self.batch) * update
            update *= f(MOMENTUM)


def assert_same(made, plain, keys=None):
    for key, array in values(made).items():
        if keys is None or key in keys:
            np.testing.assert_allclose(array, plain.values[key], **CLOSE, err_msg=str(key))


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
@pytest.mark.parametrize("factor", [1, 0.25])
def test_momentum_decay_and_rate_over_several_steps(factor, dialect):
    made = make(first=f"learning_rate={factor}", dialect=dialect)
    optimizer, plain = Optimizer(made), PlainSgd(made)
    for step, rate in enumerate(RATES):
        deltas = gradients(made, step)
        optimizer.step(rate, step + 1, BATCH)
        first = {key: delta for key, delta in deltas.items() if key[0] == 0}
        plain.step(first, rate, factor)
        plain.step({key: delta for key, delta in deltas.items() if key[0] == 1}, rate)
    assert_same(made, plain)


def test_updates_in_cs_order_are_the_same_but_for_their_rounding():
    made, peer = make(), make()
    one, other = Optimizer(made, CArithmetic(made.dialect)), Optimizer(peer)
    for step in range(3):
        gradients(made, step)
        gradients(peer, step)
        one.step(0.1, step + 1, BATCH)
        other.step(0.1, step + 1, BATCH)
    for key, array in values(peer).items():
        # Three updates of float32 values of about 1.
        np.testing.assert_allclose(values(made)[key], array, rtol=1e-5, atol=1e-6)


def test_biases_and_scales_do_not_decay_and_weights_do_without_any_gradient():
    made = make()
    before = values(made)
    optimizer = Optimizer(made)
    optimizer.step(0.1, 1, BATCH)
    after = values(made)
    for key, array in before.items():
        factor = 1 - 0.1 * DECAY if key[1] == "weights" else 1
        np.testing.assert_allclose(after[key], array * np.float32(factor), **CLOSE)


def test_a_gradient_is_forgotten_after_its_step():
    made = make()
    optimizer = Optimizer(made)
    gradients(made, 1)
    optimizer.step(0.1, 1, BATCH)
    assert all(parameter.grad is None for parameter in optimizer.parameters())


@pytest.fixture
def no_zeros_by_chance():
    """Let memory that nobody has written to hold NaN."""
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


def test_a_first_update_that_is_skipped_leaves_no_momentum(no_zeros_by_chance):
    made, other = make(), make()
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    optimizer, expected = Optimizer(made), Optimizer(other)
    for iteration, factor in enumerate((float("inf"), 1.0), 1):
        scale = float(scaler.scale(torch.ones(())))
        for parameter in made.parameters():
            parameter.grad = torch.full_like(parameter, factor * scale)
        optimizer.step(0.1, iteration, BATCH, scaler)
    for parameter in other.parameters():
        parameter.grad = torch.ones_like(parameter)
    expected.step(0.1, 2, BATCH)
    for found, array in zip(made.parameters(), other.parameters(), strict=True):
        assert torch.equal(found, array)


def test_several_processes_make_one_larger_batch():
    made = make()
    optimizer, plain = Optimizer(made), PlainSgd(made, batch=3 * BATCH)
    deltas = gradients(made, 1)
    optimizer.step(0.1, 1, 3 * BATCH)
    plain.step(deltas, 0.1)
    assert_same(made, plain)


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
def test_adam_is_that_of_the_cuda_code(dialect):
    """blas_kernels.cu adam_update_gpu: decay for all arrays, the rate not divided by batch."""
    b1, b2, eps = 0.85, 0.99, 1e-3
    made = make(net=f"adam=1\nB1={b1}\nB2={b2}\neps={eps}", dialect=dialect)
    optimizer = Optimizer(made)
    expected = values(made)
    moments = {key: (np.zeros(a.shape), np.zeros(a.shape)) for key, a in expected.items()}
    for step, rate in enumerate(RATES, 1):
        deltas = gradients(made, step)
        optimizer.step(rate, step, BATCH)
        for key, delta in deltas.items():
            m, v = moments[key]
            d = delta - DECAY * BATCH * expected[key].astype(float)
            m[...] = b1 * m + (1 - b1) * d
            v[...] = b2 * v + (1 - b2) * d * d
            mean, square = m / (1 - b1**step), v / (1 - b2**step)
            expected[key] = expected[key] + rate * mean / (np.sqrt(square) + eps)
    for key, array in values(made).items():
        np.testing.assert_allclose(array, expected[key], rtol=1e-5, atol=1e-6)  # float32


@pytest.mark.parametrize(
    ("first", "net", "dialect"), [("clip=.3", "", "alexeyab"), ("", "clip=.3", "pjreddie")]
)
def test_clip_bounds_the_weights_alone(first, net, dialect):
    made = make(first, net=net, dialect=dialect)
    optimizer, plain = Optimizer(made), PlainSgd(made)
    for step in range(2):
        deltas = gradients(made, step)
        optimizer.step(0.5, step + 1, BATCH)
        plain.step(deltas, 0.5)
        for index in (0, 1) if net else (0,):
            plain.values[index, "weights"].clip(-0.3, 0.3, plain.values[index, "weights"])
    assert_same(made, plain)
    assert np.abs(plain.values[0, "scales"]).max() > 0.3


@pytest.mark.parametrize(
    ("first", "net", "resting"),
    [("dont_update=2", "", 2), ("burnin_update=2", "burn_in=2", 3), ("", "", 0)],
)
def test_a_layer_rests_for_its_first_updates_and_learns_nothing_of_them(first, net, resting):
    made = make(first, net=net)
    optimizer, plain = Optimizer(made), PlainSgd(made)
    for step, rate in enumerate(RATES):
        deltas = gradients(made, step)
        optimizer.step(rate, step + 1, BATCH)
        if step < resting:
            deltas = {key: delta for key, delta in deltas.items() if key[0] == 1}
        plain.step(deltas, rate)
        assert_same(made, plain)


def test_train_only_bn_leaves_every_array_before_it():
    made = make(second="train_only_bn=1")
    assert list(Optimizer(made).parameters()) == []
    made = make(first="train_only_bn=1")
    assert {id(p) for p in Optimizer(made).parameters()} == {
        id(array) for array in arrays(made, 1).values()
    }


def test_layers_before_a_stopbackward_stay_and_pjreddies_decay():
    """network.c update_network: pjreddie's has no l.train."""
    for dialect, factor in (("alexeyab", 1), ("pjreddie", 1 - 0.1 * DECAY)):
        made = make(second="stopbackward=1", dialect=dialect)
        before = values(made)
        Optimizer(made).step(0.1, 1, BATCH)
        after = values(made)
        expected = before[0, "weights"] * np.float32(factor)
        np.testing.assert_allclose(after[0, "weights"], expected, **CLOSE)
        np.testing.assert_array_equal(after[0, "scales"], before[0, "scales"])
        # The layer itself sees no gradient, but decays in both.
        expected = before[1, "weights"] * np.float32(1 - 0.1 * DECAY)
        np.testing.assert_allclose(after[1, "weights"], expected, **CLOSE)


def test_grad_centr_takes_the_mean_of_each_filter_from_what_it_learns():
    """blas_kernels.cu gradient_centralization_kernel, on the sum that momentum is part of."""
    made = make(first="grad_centr=1", second="grad_centr=1")
    optimizer, plain = Optimizer(made), PlainSgd(made)
    for step, rate in enumerate(RATES):
        deltas = gradients(made, step)
        optimizer.step(rate, step + 1, BATCH)
        summed = plain.updates[0, "weights"]
        summed += deltas.pop((0, "weights"))
        summed -= summed.mean((1, 2, 3), keepdims=True)
        plain.step({**deltas, (0, "weights"): np.float32(0)}, rate)
    # The second does not normalise: nothing is taken from it.
    assert_same(made, plain)


SECTIONS = "[net]\ninputs=3\n[connected]\noutput=2\n[rnn]\noutput=2\n[cost]"


@pytest.mark.parametrize(
    ("dialect", "learning"),
    [
        ("alexeyab", [0, 2]),
        ("pjreddie", [0, 1]),
        (without_bugs(ALEXEYAB), [0, 1, 2]),
        (without_bugs(PJREDDIE), [0, 1, 2]),
    ],
)
def test_some_sections_stay_as_they_started(dialect, learning):
    cfg = "[net]\nwidth=2\nheight=2\nchannels=1\n[convolutional]\nfilters=1\nsize=1\n"
    made = network(f"{cfg}[connected]\noutput=2\n[batchnorm]\n[softmax]", dialect)
    parameters = {id(parameter) for parameter in Optimizer(made).parameters()}
    found = [
        layer.index
        for layer in made.layers
        if {id(parameter) for parameter in layer.parameters()} & parameters
    ]
    assert found == learning


def test_without_anything_to_learn_a_step_does_nothing():
    made = network(SECTIONS)
    optimizer = Optimizer(made)
    before = [slot.tensor.clone() for _, slot in made.slots()]
    optimizer.step(0.1, 1, BATCH)
    assert optimizer.state_dict() == {}
    optimizer.load_state_dict({})
    for (_, slot), kept in zip(made.slots(), before, strict=True):
        assert torch.equal(slot.tensor, kept)


@pytest.mark.parametrize(("net", "exact"), [("", False), ("adam=1", False), ("", True)])
def test_a_loaded_state_gives_the_same_updates(net, exact):
    whole, parts = make(net=net), make(net=net)
    arithmetic = CArithmetic(whole.dialect) if exact else FAST
    one = Optimizer(whole, arithmetic)
    for step in range(3):
        gradients(whole, step)
        one.step(0.1, step + 1, BATCH)
    first = Optimizer(parts, arithmetic)
    for step in range(3):
        if step == 2:
            later = Optimizer(parts, arithmetic)
            for array in first.parameters():
                array.grad = None  # as where another process goes on
            later.load_state_dict(first.state_dict())
            first = later
        gradients(parts, step)
        first.step(0.1, step + 1, BATCH)
    for key, array in values(whole).items():
        np.testing.assert_array_equal(values(parts)[key], array)


@pytest.mark.parametrize(("net", "unfused"), [("", torch.optim.SGD), ("adam=1", torch.optim.Adam)])
def test_the_state_of_an_unfused_optimizer_is_updated_fused(net, unfused):
    """As an earlier version, or `--exact-order`, has saved it, before its first update."""
    made = make(net=net)
    optimizer = Optimizer(made)
    groups = [{"params": group["params"]} for group in optimizer.inner.param_groups]
    before = values(made)
    optimizer.load_state_dict(unfused(groups, lr=0.1).state_dict())
    assert all(group["fused"] for group in optimizer.inner.param_groups)
    gradients(made, 0)
    optimizer.skip_if(torch.tensor(True))
    optimizer.step(0.1, 1, BATCH)
    for key, array in values(made).items():
        np.testing.assert_array_equal(array, before[key])
    for state in optimizer.inner.state.values():
        assert all(float(value.abs().sum()) == 0 for value in state.values())


@pytest.mark.parametrize("iteration", [1, 2])
def test_a_broken_update_is_skipped_with_a_scaler_too(iteration):
    made = make(first="dont_update=1")
    optimizer, scaler = Optimizer(made), torch.amp.GradScaler("cpu", init_scale=4.0)
    before = values(made)
    scaler.scale(torch.ones(()))
    gradients(made, 0)
    optimizer.skip_if(torch.tensor(True))
    optimizer.step(0.1, iteration, BATCH, scaler)
    for key, array in values(made).items():
        np.testing.assert_array_equal(array, before[key])


def test_what_subdivisions_do_not_divide_is_left_out_of_a_batch():
    net = network("[net]\ninputs=3\nbatch=7\nsubdivisions=2\ntime_steps=5\n[softmax]").net
    assert mini_batch_size(net) == 15
    assert batch_size(net) == 30


# CSGD: updates rounded as C's, to the bit.
C_RATE, C_DECAY, C_MOMENTUM = 0.003, 0.0005 * 4, 0.9


def drawn(seed):
    return torch.randn(50, generator=torch.Generator().manual_seed(seed))


def made_c_sgd():
    weights = torch.nn.Parameter(drawn(0))
    optimizer = CSGD([weights], lr=C_RATE, momentum=C_MOMENTUM, weight_decay=C_DECAY)
    return weights, optimizer


def update(weights, optimizer, seed):
    weights.backward(drawn(seed))
    optimizer.step()
    optimizer.zero_grad()


def test_gradients_are_added_to_what_momentum_leaves():
    weights, optimizer = made_c_sgd()
    expected, sums = weights.detach().numpy().copy(), np.zeros(50, np.float32)
    for seed in (1, 2, 3):
        update(weights, optimizer, seed)
        sums = sums - drawn(seed).numpy()
        sums = sums + np.float32(-C_DECAY) * expected
        expected = expected + np.float32(C_RATE) * sums
        sums = np.float32(C_MOMENTUM) * sums
    np.testing.assert_array_equal(weights.detach().numpy(), expected)


def test_it_updates_as_pytorchs_does():
    weights, optimizer = made_c_sgd()
    peer = torch.nn.Parameter(drawn(0))
    other = torch.optim.SGD([peer], lr=C_RATE, momentum=C_MOMENTUM, weight_decay=C_DECAY)
    for seed in (1, 2, 3):
        update(weights, optimizer, seed)
        update(peer, other, seed)
    torch.testing.assert_close(weights, peer)


def test_it_goes_on_from_the_state_of_either():
    weights, optimizer = made_c_sgd()
    update(weights, optimizer, 1)
    for kind in (CSGD, torch.optim.SGD):
        copy = torch.nn.Parameter(weights.detach().clone())
        other = kind([copy], lr=1.0)
        other.load_state_dict(optimizer.state_dict())
        other.zero_grad()
        update(copy, other, 2)
        wanted, again = made_c_sgd()
        update(wanted, again, 1)
        update(wanted, again, 2)
        torch.testing.assert_close(copy, wanted)


def test_what_has_no_gradient_stays():
    weights, optimizer = made_c_sgd()
    optimizer.step()
    optimizer.zero_grad()
    assert torch.equal(weights, drawn(0))
    assert weights.grad is None


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ({"momentum": -1.0}, "Invalid momentum value: -1.0"),
        ({"adam": True, "B1": 1.0}, "Invalid beta parameter at index 0: 1.0"),
        ({"adam": True, "eps": -1.0}, "Invalid epsilon value: -1.0"),
    ],
)
def test_options_that_pytorch_refuses_are_an_error_of_the_cfg(options, cause):
    made = make()
    made.net = replace(made.net, **options)
    with pytest.raises(CfgError, match=f"<cfg>:1: PyTorch refuses the optimizer: got {cause}"):
        Optimizer(made)
