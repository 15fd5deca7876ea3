"""[convolutional] with xnor=1: binary inputs and weights, against plain loops."""

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgWarning
from darknet_torch.model.network import build_network

CLOSE = {"rtol": 1e-5, "atol": 1e-4}  # float32 sums of up to 288 products near 1
NORMALIZATION = ("scales", "rolling_mean", "rolling_variance")


def build(*sections, channels=4, dialect="alexeyab"):
    """A network of sections written as "name key=value ...", on pictures of 4x5."""
    lines = [f"net channels={channels} height=4 width=5", *sections]
    cfg = "\n".join(f"[{name}]\n" + "\n".join(rest) for name, *rest in map(str.split, lines))
    network = build_network(parse_cfg(cfg), dialect=find_dialect(dialect))
    generator = torch.Generator().manual_seed(3)
    for _, slot in network.slots():
        low = 0.5 if slot.name == "rolling_variance" else -1.5
        slot.tensor.data.uniform_(low, 2, generator=generator)
        if slot.name == "weights":
            slot.tensor.data[0].flatten()[0] = 0
    return network


def picture(channels=4):
    """Half of it exactly zero, which counts as negative."""
    x = torch.randn(2, channels, 4, 5, generator=torch.Generator().manual_seed(5))
    return x.clamp(min=0)


def arrays(network):
    slots = network.layers[0].weight_slots()
    return {slot.name: slot.tensor.detach().double().numpy() for slot in slots}


def signs(x):
    return np.where(x > 0, 1.0, -1.0)


def mean_sizes(weights):
    return np.abs(weights).mean((1, 2, 3))


def convolve(x, weights, *, stride=(1, 1), padding=0, outside=0.0, groups=1, dilation=1):
    filters, depth, size, _ = weights.shape
    height = (x.shape[2] + 2 * padding - size) // stride[0] + 1
    width = (x.shape[3] + 2 * padding - size) // stride[1] + 1
    out = np.zeros((len(x), filters, height, width))
    for n, f, i, j, a, b in np.ndindex(*out.shape, size, size):
        first = f // (filters // groups) * depth
        row = i * stride[0] + (a - padding) * dilation
        column = j * stride[1] + (b - padding) * dilation
        inside = 0 <= row < x.shape[2] and 0 <= column < x.shape[3]
        values = x[n, first : first + depth, row, column] if inside else np.full(depth, outside)
        out[n, f, i, j] += weights[f, :, a, b] @ values
    return out


def per_filter(values):
    return values.reshape(1, -1, 1, 1)


def on_bits(x, given, **window):
    """As gemm_nn_custom_bin_mean_transposed counts it, after fuse_conv_batchnorm."""
    weights, biases = given["weights"], given["biases"]
    if "scales" in given:
        scales, mean, variance = (given[name] for name in NORMALIZATION)
        factors = scales / np.sqrt(variance + 1e-5)
        weights, biases = weights * factors[:, None, None, None], biases - factors * mean
    sums = convolve(signs(x), signs(weights), outside=-1.0, **window)
    return sums * per_filter(mean_sizes(weights)) + per_filter(biases)


def in_floats(x, given, **window):
    """As pjreddie's code does it, normalising last."""
    weights = given["weights"]
    out = convolve(signs(x), signs(weights), **window) * per_filter(mean_sizes(weights))
    if "scales" in given:
        scales, mean, variance = (per_filter(given[name]) for name in NORMALIZATION)
        out = (out - mean) / (np.sqrt(variance) + 1e-6) * scales
    return out + per_filter(given["biases"])


def leaky(x):
    return np.where(x > 0, x, 0.1 * x)


# AlexeyAB's code has bits for other windows than 3x3/1 where 32 divides the channels.
WINDOWS = [
    ("size=3 pad=1", 4, {"padding": 1}),
    ("size=3 pad=1", 32, {"padding": 1}),
    ("size=3", 32, {}),
    ("size=1", 32, {}),
    ("size=3 stride=2 pad=1", 32, {"stride": (2, 2), "padding": 1}),
    ("size=2 padding=1", 32, {"padding": 1}),
]


@pytest.mark.parametrize("normalize", [False, True], ids=["", "normalised"])
@pytest.mark.parametrize("dialect", ["alexeyab", "alexeyab-cuda"])
@pytest.mark.parametrize(("options", "channels", "window"), WINDOWS)
def test_alexeyab_counts_bits_and_pads_with_minus_1(dialect, options, channels, window, normalize):
    section = f"convolutional xnor=1 filters=3 activation=leaky {options}"
    section += f" batch_normalize={int(normalize)}"
    network = build(section, channels=channels, dialect=dialect)
    x = picture(channels)
    expected = leaky(on_bits(x.double().numpy(), arrays(network), **window))
    np.testing.assert_allclose(network(x)[0].detach(), expected, **CLOSE)


@pytest.mark.parametrize("normalize", [False, True], ids=["", "normalised"])
@pytest.mark.parametrize(("options", "channels", "window"), WINDOWS)
def test_pjreddie_multiplies_floats_and_pads_with_0(options, channels, window, normalize):
    section = f"convolutional xnor=1 filters=3 activation=leaky {options}"
    section += f" batch_normalize={int(normalize)}"
    network = build(section, channels=channels, dialect="pjreddie")
    x = picture(channels)
    expected = leaky(in_floats(x.double().numpy(), arrays(network), **window))
    np.testing.assert_allclose(network(x)[0].detach(), expected, **CLOSE)


def test_alexeyab_has_one_group_and_pjreddie_those_of_the_cfg():
    section = "convolutional xnor=1 filters=4 groups=2 size=3 pad=1 activation=linear"
    whole, split = build(section), build(section, dialect="pjreddie")
    assert arrays(whole)["weights"].shape == (4, 4, 3, 3)
    assert arrays(split)["weights"].shape == (4, 2, 3, 3)
    x = picture().double().numpy()
    for network, expected in (
        (whole, on_bits(x, arrays(whole), padding=1)),
        (split, in_floats(x, arrays(split), padding=1, groups=2)),
    ):
        np.testing.assert_allclose(network(picture())[0].detach(), expected, **CLOSE)


@pytest.mark.parametrize("normalize", [False, True], ids=["", "normalised"])
def test_alexeyab_computes_unequal_strides_as_without_xnor(normalize):
    options = "filters=3 size=3 pad=1 stride_x=2 stride_y=1 activation=leaky"
    options += f" batch_normalize={int(normalize)}"
    network, plain = build(f"convolutional xnor=1 {options}"), build(f"convolutional {options}")
    (out,) = network(picture())
    torch.testing.assert_close(out, plain(picture())[0])
    if not normalize:
        given = arrays(network)
        sums = convolve(picture().numpy(), given["weights"], stride=(1, 2), padding=1)
        expected = leaky(sums + per_filter(given["biases"]))
        np.testing.assert_allclose(out.detach(), expected, **CLOSE)


@pytest.mark.parametrize("options", ["size=3", "size=1", "size=3 pad=1 stride=2", "size=3 pad=0"])
def test_other_windows_are_not_computed_on_bits_unless_32_divides_the_channels(options):
    """gemm.c im2col_cpu_custom_bin then says so and leaves every bit 0, which is -1."""
    network = build(f"convolutional xnor=1 filters=3 activation=linear {options}")
    given, shape = arrays(network), network.layers[0].output_shape
    each = -signs(given["weights"]).sum((1, 2, 3)) * mean_sizes(given["weights"]) + given["biases"]
    expected = np.broadcast_to(per_filter(each), (2, 3, shape.height, shape.width))
    np.testing.assert_allclose(network(picture())[0].detach(), expected, **CLOSE)


def test_binary_inference_ignores_dilation():
    """gemm.c im2col_cpu_custom has none."""
    network = build("convolutional xnor=1 filters=2 size=3 pad=1 dilation=2", channels=32)
    x = picture(32)
    sums = on_bits(x.double().numpy(), arrays(network), padding=1)
    np.testing.assert_allclose(network(x)[0].detach(), 1 / (1 + np.exp(-sums)), **CLOSE)


@pytest.mark.parametrize(
    ("dialect", "options", "dilation"),
    [("alexeyab", "", 1), ("alexeyab", "dilation=2", 2), ("pjreddie", "", 1)],
)
def test_training_multiplies_floats(dialect, options, dilation):
    """With dilation as in im2col_cpu_ext, which AlexeyAB's code then calls."""
    section = f"convolutional xnor=1 filters=2 size=3 pad=1 activation=leaky {options}"
    network = build(section, dialect=dialect).train()
    sums = in_floats(picture().double().numpy(), arrays(network), padding=1, dilation=dilation)
    np.testing.assert_allclose(network(picture())[0].detach(), leaky(sums), **CLOSE)


def test_pjreddies_binary_1x1_convolution_ignores_its_stride():
    """convolutional_layer.c forward_convolutional_layer (pjreddie): b = im where size is 1."""
    network = build(
        "convolutional xnor=1 filters=2 stride=2 activation=linear", dialect="pjreddie"
    )
    x, given = signs(picture().double().numpy()), arrays(network)
    height, width = 2, 3
    expected = np.zeros((2, 2, height * width))
    for n, f, position, c in np.ndindex(2, 2, height * width, 4):
        value = x[n].reshape(-1)[c * height * width + position]
        expected[n, f, position] += signs(given["weights"])[f, c, 0, 0] * value
    expected = expected.reshape(2, 2, height, width) * per_filter(mean_sizes(given["weights"]))
    expected += per_filter(given["biases"])
    np.testing.assert_allclose(network(picture())[0].detach(), expected, **CLOSE)


BINARY = "convolutional xnor=1 bin_output=1 filters=4 size=3 pad=1 activation=leaky"


@pytest.mark.parametrize(
    ("sections", "activates"),
    [
        ((), False),
        (("convolutional",), False),
        (("empty", "route layers=0"), True),
        (("empty", "route layers=-1,-2"), True),
        (("empty", "route layers=1"), False),
        (("empty", "shortcut from=-2"), True),
        (("empty", "empty", "empty", "shortcut from=-2,-3"), False),
        (("empty", "empty", "shortcut from=1,0"), False),
        (("empty", "empty", "shortcut from=0,1"), True),
        (("empty", "sam from=0"), True),
        (("avgpool", "scale_channels from=0"), True),
        (("maxpool size=3", "avgpool", "scale_channels from=1"), False),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bin_output_skips_the_activation_unless_another_layer_reads_it(sections, activates):
    """parser.c parse_network_cfg_custom: of a shortcut's layers the first alone counts."""
    network = build(BINARY, *sections)
    raw = on_bits(picture().double().numpy(), arrays(network), padding=1)
    out, *_ = network.layer_outputs(picture())
    np.testing.assert_allclose(out.detach(), leaky(raw) if activates else raw, **CLOSE)


@pytest.mark.parametrize(
    "last", ["shortcut from=0", "sam from=0", "scale_channels from=0 scale_wh=1"]
)
def test_bin_output_is_ignored_directly_before_a_layer_that_adds_or_multiplies(last):
    filters = "filters=1" if "scale" in last else "filters=4"
    network = build("empty", BINARY.replace("filters=4", filters), last)
    plain = build("empty", BINARY.replace("filters=4", filters).replace("bin_output=1 ", ""), last)
    torch.testing.assert_close(network(picture())[0], plain(picture())[0], rtol=0, atol=0)


def test_bin_output_does_not_change_training():
    network = build(BINARY).train()
    sums = in_floats(picture().double().numpy(), arrays(network), padding=1)
    np.testing.assert_allclose(network(picture())[0].detach(), leaky(sums), **CLOSE)


def test_bin_output_needs_xnor_and_alexeyabs_code():
    plain = build("convolutional filters=4 activation=leaky")
    useless = build("convolutional filters=4 activation=leaky bin_output=1")
    torch.testing.assert_close(useless(picture())[0], plain(picture())[0], rtol=0, atol=0)
    with pytest.warns(CfgWarning, match="'bin_output' is an option of alexeyab/darknet"):
        network = build(BINARY, dialect="pjreddie")
    sums = in_floats(picture().double().numpy(), arrays(network), padding=1)
    np.testing.assert_allclose(network(picture())[0].detach(), leaky(sums), **CLOSE)


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
def test_binary_has_no_effect_on_cpus(dialect):
    options = "convolutional filters=3 size=3 activation=linear"
    network = build(f"{options} binary=1", dialect=dialect)
    plain = build(options, dialect=dialect)
    torch.testing.assert_close(network(picture())[0], plain(picture())[0], rtol=0, atol=0)
