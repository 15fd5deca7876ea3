"""Plain implementations of recurrent layers, step after step.

Every array comes from a weight file written in the order of Darknet's code.
"""

import struct
import warnings

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError, CfgWarning
from darknet_torch.model.network import build_network
from darknet_torch.model.weights import read_weights

# Float32 sums of at most 50 products below 2, carried through a few steps.
CLOSE = {"rtol": 1e-4, "atol": 1e-5}
CHANNELS, HEIGHT, WIDTH = 2, 3, 3
INPUTS = CHANNELS * HEIGHT * WIDTH
NORMALIZATION = ("scales", "rolling_mean", "rolling_variance")
FIGO, IFOG = "figo", "ifog"


def build(section, dialect="alexeyab", *, time_steps=1, channels=CHANNELS, size=(HEIGHT, WIDTH)):
    """A network of one layer, written as "name key=value ..."."""
    name, *options = section.split()
    net = f"[net]\ntime_steps={time_steps}\nchannels={channels}\nheight={size[0]}\nwidth={size[1]}"
    cfg = "\n".join((net, f"[{name}]", *options))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return build_network(parse_cfg(cfg), dialect=find_dialect(dialect))


def steps(count, batch=2, *, channels=CHANNELS, size=(HEIGHT, WIDTH)):
    """Random inputs, [batch, channels, height, width] for each of `count` steps."""
    generator = torch.Generator().manual_seed(7)
    return list(torch.randn(count, batch, channels, *size, generator=generator))


def connected(outputs, inputs, normalize=False):
    """The arrays of a fully connected part in the order of the file: names and shapes."""
    shapes = {"biases": (outputs,), "weights": (outputs, inputs)}
    return shapes | {name: (outputs,) for name in NORMALIZATION if normalize}


def convolutional(filters, channels, size, normalize=False):
    """The arrays of a convolution in the order of the file: names and shapes."""
    shapes = {"biases": (filters,)} | {name: (filters,) for name in NORMALIZATION if normalize}
    return shapes | {"weights": (filters, channels, size, size)}


def load(network, parts, folder, spread=1.0):
    """Random arrays for the `parts` of the one layer, read from a file in their order."""
    generator = np.random.default_rng(3)
    given, content = {}, struct.pack("<3iQ", 0, 2, 5, 0)
    for part, shapes in parts.items():
        given[part] = {}
        for name, shape in shapes.items():
            low, high = (0.5, 1.5) if name == "rolling_variance" else (-spread, 1.5 * spread)
            values = generator.uniform(low, high, shape).astype("<f4")
            given[part][name] = values.astype("f8")
            content += values.tobytes()
    (folder / "a.weights").write_bytes(content)
    assert read_weights(network, folder / "a.weights").complete
    return given


def logistic(x):
    return 1 / (1 + np.exp(-x))


def loggy(x):
    return 2 * logistic(x) - 1


def leaky(x):
    return np.where(x > 0, x, 0.1 * x)


def mish(x):
    return x * np.tanh(np.log1p(np.exp(x)))


def linear(x):
    return x


def normalized(x, part, dialect):
    """Normalise [N, C, ...] by the rolling values, if the part has them, and add the biases."""
    of_channels = (1, -1) + (1,) * (x.ndim - 2)
    if "scales" in part:
        scales, mean, variance = (part[name].reshape(of_channels) for name in NORMALIZATION)
        inside = dialect != "pjreddie"
        root = np.sqrt(variance + 1e-5) if inside else np.sqrt(variance) + 1e-6
        x = (x - mean) / root * scales
    return x + part["biases"].reshape(of_channels)


def connect(part, x, dialect="alexeyab"):
    return normalized(x.reshape(len(x), -1) @ part["weights"].T, part, dialect)


def convolve(part, x, dialect="alexeyab", *, dilation=1, groups=1):
    """Each output as the sum over its window, of an odd size, around its own position."""
    filters, depth, size, _ = part["weights"].shape
    count, _, height, width = x.shape
    out = np.zeros((count, filters, height, width))
    for f, i, j, a, b in np.ndindex(filters, height, width, size, size):
        first = f // (filters // groups) * depth
        row, column = i + (a - size // 2) * dilation, j + (b - size // 2) * dilation
        if 0 <= row < height and 0 <= column < width:
            values = x[:, first : first + depth, row, column]
            out[:, f, i, j] += values @ part["weights"][f, :, a, b]
    return normalized(out, part, dialect)


def run_rnn(given, inputs, apply, hidden_shape, *, act, own=None, shortcut=False):
    """The outputs of [rnn] with `connect`, or of [crnn] with `convolve`."""
    own = own or act
    state, outputs = np.zeros((len(inputs[0]), *hidden_shape)), []
    for x in inputs:
        new = act(apply(given["input"], x)) + own(apply(given["self"], state))
        state = state + new if shortcut else new
        outputs.append(act(apply(given["output"], state)))
    return outputs


def check_each_output(network, inputs, expected):
    """The outputs of one call after the other are those `expected`."""
    for x, values in zip(inputs, expected, strict=True):
        (out,) = network(x)
        flat = values.reshape(len(values), -1)
        np.testing.assert_allclose(out.detach().flatten(1), flat, **CLOSE)
        shape = network.layers[0].output_shape
        assert out.shape[1:] == (shape.channels, shape.height, shape.width)


def as_float64(inputs):
    return [x.double().numpy() for x in inputs]


def check_option_is_ignored(section, key, dialect, owner):
    """Check that an option of another code base gives a warning and the network without it.

    Args:
        section: the layer, written as "name key=value ...".
        key: the option.
        dialect: the dialect to build in.
        owner: the code base whose option it is.
    """
    name, *options = section.split()
    plain = " ".join(option for option in options if not option.startswith(f"{key}="))
    with pytest.warns(CfgWarning, match=rf"'{key}' is an option of {owner}/darknet") as record:
        network = build_network(_sections(section), dialect=find_dialect(dialect))
    assert len(record) == 1
    expected = build(f"{name} {plain}", dialect)
    assert [slot.tensor.shape for _, slot in network.slots()] == [
        slot.tensor.shape for _, slot in expected.slots()
    ]


def check_refused(section, message):
    """Check that a layer, written as "name key=value ...", is refused with this message."""
    with pytest.raises(CfgError, match=message):
        build_network(_sections(section))


def _sections(section):
    """The sections of a cfg of [net] and one layer, whose section is in line 5."""
    name, *options = section.split()
    return parse_cfg(f"[net]\nchannels=2\nheight=3\nwidth=3\n[{name}]\n" + "\n".join(options))
