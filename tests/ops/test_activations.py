"""Every activation function against its formula, value by value."""

import math

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import ACTIVATION_EXTENSIONS, DIALECTS
from darknet_torch.ops.activations import ACTIVATIONS, overwriting_at_inference


def logistic(x):
    return 1 / (1 + math.exp(-x))


def softplus(x):
    if x > 20:
        return x
    return math.exp(x) if x < -20 else math.log(math.exp(x) + 1)


def plse(x):
    if x < -4:
        return 0.01 * (x + 4)
    return 0.01 * (x - 4) + 1 if x > 4 else 0.125 * x + 0.5


def lhtan(x):
    if x < 0:
        return 0.001 * x
    return 0.001 * (x - 1) + 1 if x > 1 else x


def stair(x):
    whole = math.floor(x)
    return math.floor(x / 2) + (x - whole if whole % 2 else 0)


def hard_mish(x):
    if x > 0:
        return x
    return x * x / 2 + x if x > -2 else 0


def hard_sigmoid(x):
    return min(max(x + 3, 0), 6) / 6


FORMULAS = {
    "linear": lambda x: x,
    "logistic": logistic,
    "loggy": lambda x: 2 / (1 + math.exp(-x)) - 1,
    "relu": lambda x: x if x > 0 else 0,
    "relu6": lambda x: min(max(x, 0), 6),
    "elu": lambda x: x if x >= 0 else math.exp(x) - 1,
    "selu": lambda x: 1.0507 * x if x >= 0 else 1.0507 * 1.6732 * (math.exp(x) - 1),
    "gelu": lambda x: 0.5 * x * (1 + math.tanh(0.797885 * x + 0.035677 * x**3)),
    "relie": lambda x: x if x > 0 else 0.01 * x,
    "ramp": lambda x: 1.1 * x if x > 0 else 0.1 * x,
    "leaky": lambda x: x if x > 0 else 0.1 * x,
    "revleaky": lambda x: x if x > 0 else 0.1 * x,
    "tanh": lambda x: 2 / (1 + math.exp(-2 * x)) - 1,
    "plse": plse,
    "stair": stair,
    "hardtan": lambda x: min(max(x, -1), 1),
    "lhtan": lhtan,
    "swish": lambda x: x * logistic(x),
    "mish": lambda x: x * math.tanh(softplus(x)),
    "hard_mish": hard_mish,
    "hard_swish": lambda x: x * hard_sigmoid(x),
    "hard_sigmoid": hard_sigmoid,
}
OVER_CHANNELS = {name for name in ACTIVATIONS if name.startswith("normalize_channels")}
X = torch.arange(-25, 25.0625, 0.0625)  # exact in binary; every integer among them


@pytest.mark.parametrize("name", FORMULAS)
def test_it_is_its_formula(name):
    expected = [FORMULAS[name](x) for x in X.tolist()]
    # Some float32 roundings; near -25 the factor 1 + tanh of gelu is a difference from 1.
    np.testing.assert_allclose(ACTIVATIONS[name](X), expected, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("name", FORMULAS)
def test_it_keeps_shape_and_input(name):
    x = torch.linspace(-3, 3, 24).reshape(2, 3, 1, 4)
    before = x.clone()
    assert ACTIVATIONS[name](x).shape == x.shape
    torch.testing.assert_close(x, before, rtol=0, atol=0)


def test_every_function_has_a_formula_here():
    assert set(ACTIVATIONS) == set(FORMULAS) | OVER_CHANNELS


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_every_function_of_a_dialect_is_there(dialect):
    assert dialect.numerics.activations <= set(ACTIVATIONS)
    assert dialect.numerics.unwritten_activations <= dialect.numerics.activations
    assert (
        dialect.numerics.activations - dialect.numerics.unwritten_activations
        >= ACTIVATION_EXTENSIONS
    )


@pytest.mark.parametrize(
    ("name", "slope"),
    [("hard_swish", lambda x: (2 * x + 3) / 6), ("hard_sigmoid", lambda x: 1 / 6)],
)
def test_the_extensions_pass_gradients(name, slope):
    x = torch.tensor([-4.0, -2.5, -1.0, 0.0, 2.5, 4.0], requires_grad=True)
    ACTIVATIONS[name](x).sum().backward()
    above = 1.0 if name == "hard_swish" else 0.0
    expected = [0.0, *(slope(value) for value in x.tolist()[1:-1]), above]
    np.testing.assert_allclose(x.grad, expected, rtol=1e-6)  # a few float32 roundings


def normalized(values, kind):
    if kind == "normalize_channels":
        raised = [max(value, 0) for value in values]
    else:
        largest = max(values) if kind.endswith("maxval") else 0
        raised = [math.exp(value - largest) for value in values]
    total = 1e-4 + sum(raised)
    return [one / total for one in raised]


@pytest.mark.parametrize("name", sorted(OVER_CHANNELS))
def test_the_channels_of_a_position_add_up_to_nearly_one(name):
    x = 3 * torch.randn(2, 5, 2, 3, generator=torch.Generator().manual_seed(1))
    x[0, :, 0, 0] = -1  # nothing above zero
    out = ACTIVATIONS[name](x)
    assert out.shape == x.shape
    for n, i, j in np.ndindex(2, 2, 3):
        expected = normalized(x[n, :, i, j].double().tolist(), name)
        # exp in float32
        np.testing.assert_allclose(out[n, :, i, j], expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("order", ["contiguous", "channels last", "every second column"])
def test_the_form_for_inference_gives_the_same_values(name, order):
    values = torch.linspace(-120, 120, 2 * 3 * 4 * 20).view(2, 3, 4, 20)
    if order == "channels last":
        values = values.contiguous(memory_format=torch.channels_last)
    if order == "every second column":
        values = values[..., ::2]
    expected, activate = ACTIVATIONS[name](values), overwriting_at_inference(ACTIVATIONS[name])
    # A clone of the columns would be contiguous.
    found = activate(values if order == "every second column" else values.clone())
    # mish: the error of e^x, 6e-8 of it, times the slope of the rest, times x.
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=2e-6, equal_nan=True)


def test_mish_takes_large_maps_in_parts():
    values = torch.linspace(-9, 9, (1 << 18) + 77)
    found = overwriting_at_inference(ACTIVATIONS["mish"])(values.clone())
    torch.testing.assert_close(found, ACTIVATIONS["mish"](values), rtol=0, atol=2e-6)
