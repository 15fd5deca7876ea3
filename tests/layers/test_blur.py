"""Antialiasing: [convolutional] and [maxpool] without their stride, then a blur with it."""

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgWarning
from darknet_torch.model.network import build_network

CLOSE = {"rtol": 1e-5, "atol": 1e-5}  # float32 sums of at most 27 products near 1
LINES = {1: (0.25, 0.5, 0.25), 2: (0.5, 0.5)}
STRIDES = [("stride=2", (2, 2)), ("stride=1", (1, 1)), ("stride=3", (3, 3))]
UNEQUAL = ("stride=2 stride_x=1", (2, 1))


def build(options, *after, height=6, width=7, dialect="alexeyab-cuda"):
    """A network whose first layer is written as "name key=value ..."."""
    name, *rest = options.split()
    net = f"[net]\nchannels=3\nheight={height}\nwidth={width}"
    network = build_network(
        parse_cfg("\n".join((net, f"[{name}]", *rest, *after))), dialect=find_dialect(dialect)
    )
    generator = torch.Generator().manual_seed(3)
    for _, slot in network.slots():
        slot.tensor.data.uniform_(-1, 1.5, generator=generator)
    return network


def picture(height=6, width=7):
    return torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(5))


def convolved(network, x):
    """The 3x3 convolution of the first layer in steps of 1, leaky, zeros outside."""
    given = {slot.name: slot.tensor.detach().double().numpy() for _, slot in network.slots()}
    out = np.zeros((len(x), 2, *x.shape[2:]))
    for n, f, i, j in np.ndindex(*out.shape):
        out[n, f, i, j] = given["biases"][f]
        for c, a, b in np.ndindex(3, 3, 3):
            row, column = i + a - 1, j + b - 1
            if 0 <= row < x.shape[2] and 0 <= column < x.shape[3]:
                out[n, f, i, j] += given["weights"][f, c, a, b] * x[n, c, row, column]
    return np.where(out > 0, out, 0.1 * out)


def pooled(network, x):
    """The largest of each 2x2 window in steps of 1; the last row and column have less."""
    out = np.zeros_like(x)
    for n, c, i, j in np.ndindex(*x.shape):
        out[n, c, i, j] = x[n, c, i : i + 2, j : j + 2].max()
    return out


def blurred(x, kind, strides):
    """The weighted mean of each window: zeros around it for kind 1, nothing for kind 2."""
    line, pad = LINES[kind], 2 - kind
    height = (x.shape[2] + 2 * pad - len(line)) // strides[0] + 1
    width = (x.shape[3] + 2 * pad - len(line)) // strides[1] + 1
    out = np.zeros((*x.shape[:2], height, width))
    for i, j, a, b in np.ndindex(height, width, len(line), len(line)):
        row, column = i * strides[0] + a - pad, j * strides[1] + b - pad
        if 0 <= row < x.shape[2] and 0 <= column < x.shape[3]:
            out[:, :, i, j] += line[a] * line[b] * x[:, :, row, column]
    return out


HOSTS = {
    "convolutional": ("convolutional filters=2 size=3 pad=1 activation=leaky", convolved),
    "maxpool": ("maxpool size=2", pooled),
}


@pytest.fixture(params=HOSTS)
def host(request):
    return HOSTS[request.param]


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("kind", [1, 2])
@pytest.mark.parametrize(("options", "strides"), [*STRIDES, UNEQUAL])
def test_the_blur_has_the_stride_of_the_layer(host, options, strides, kind, training):
    section, sharp = host
    network = build(f"{section} {options} antialiasing={kind}").train(training)
    expected = blurred(sharp(network, picture().double().numpy()), kind, strides)
    (out,) = network(picture())
    np.testing.assert_allclose(out.detach(), expected, **CLOSE)
    shape = network.layers[0].output_shape
    assert (shape.channels, shape.height, shape.width) == out.shape[1:]


@pytest.mark.parametrize("kind", [1, 2])
def test_darknets_buffer_keeps_the_values_that_the_blur_does_not_overwrite(host, kind):
    section, sharp = host
    network = build(f"{section} stride=2 antialiasing={kind}")
    before = sharp(network, picture().double().numpy())
    expected = before.reshape(2, -1).copy()
    for memory, part in zip(expected, blurred(before, kind, (2, 2)), strict=True):
        memory[: part.size] = part.reshape(-1)
    (buffer,) = network.layer_outputs(picture())
    np.testing.assert_allclose(buffer.detach(), expected.reshape(before.shape), **CLOSE)
    shape = network.layers[0].buffer_shape
    assert (shape.channels, shape.height, shape.width) == buffer.shape[1:]


@pytest.mark.parametrize("kind", [1, 2])
def test_the_next_layer_reads_the_blurred_output(host, kind):
    section, _ = host
    network = build(f"{section} stride=2 antialiasing={kind}", "[avgpool]")
    alone = build(f"{section} stride=2 antialiasing={kind}")
    (out,), (expected,) = network(picture()), alone(picture())
    torch.testing.assert_close(out, expected.mean((2, 3), keepdim=True))
    assert network.layers[1].input_shape == alone.layers[0].output_shape


def test_a_2x2_blur_of_a_single_position_is_padded_with_zeros(host):
    """In C (1 - 2) / 2 + 1 is an output of 1, and im2col_cpu_ext fills up with zeros."""
    section, sharp = host
    network = build(f"{section} stride=2 antialiasing=2", height=1, width=1)
    expected = sharp(network, picture(1, 1).double().numpy()) / 4
    np.testing.assert_allclose(network(picture(1, 1))[0].detach(), expected, **CLOSE)


def test_a_blur_has_no_arrays(host):
    section, _ = host
    plain, blurs = build(f"{section} stride=2"), build(f"{section} stride=2 antialiasing=1")
    assert [slot.name for _, slot in blurs.slots()] == [slot.name for _, slot in plain.slots()]
    assert blurs.state_dict().keys() == plain.state_dict().keys()


def test_pjreddie_strides_and_does_not_blur(host):
    section, _ = host
    with pytest.warns(CfgWarning, match="'antialiasing' is an option of alexeyab/darknet"):
        network = build(f"{section} stride=2 antialiasing=1", dialect="pjreddie")
    plain = build(f"{section} stride=2", dialect="pjreddie")
    torch.testing.assert_close(network(picture())[0], plain(picture())[0], rtol=0, atol=0)


def test_an_antialiased_maxpool_is_computed_in_blocks_like_any_other():
    x, options = picture(width=24), {"width": 24, "dialect": "alexeyab"}
    (sharp,) = build("maxpool size=3 stride=1", **options)(x)
    (exact,) = build("maxpool size=3 stride=1", width=24)(x)
    assert not torch.equal(sharp, exact)
    (out,) = build("maxpool size=3 stride=2 antialiasing=1", **options)(x)
    np.testing.assert_allclose(out, blurred(sharp.double().numpy(), 1, (2, 2)), **CLOSE)
