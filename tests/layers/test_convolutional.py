"""[convolutional] against a plain sum over every window, and its arrays in the file."""

import math
import struct

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError, CfgWarning
from darknet_torch.model.network import build_network
from darknet_torch.model.weights import read_weights

CLOSE = {"rtol": 1e-5, "atol": 1e-5}  # float32 sums of at most 100 products near 1
ARRAYS = ["biases", "scales", "rolling_mean", "rolling_variance", "weights"]


def build(*sections, channels=4, height=5, width=7, dialect="alexeyab"):
    """A network of sections written as "name key=value ..."."""
    lines = [f"net channels={channels} height={height} width={width}", *sections]
    cfg = "\n".join(f"[{name}]\n" + "\n".join(rest) for name, *rest in map(str.split, lines))
    return build_network(parse_cfg(cfg), dialect=find_dialect(dialect))


def fill(network):
    """Random arrays, with variances above zero."""
    generator = torch.Generator().manual_seed(3)
    for _, slot in network.slots():
        low = 0.5 if slot.name == "rolling_variance" else -1.0
        slot.tensor.data.uniform_(low, 1.5, generator=generator)


def picture(channels=4, height=5, width=7):
    return torch.randn(2, channels, height, width, generator=torch.Generator().manual_seed(5))


def arrays(layer):
    return {slot.name: slot.tensor.detach().double().numpy() for slot in layer.weight_slots()}


def convolve(x, weights, *, strides=(1, 1), padding=0, dilation=1, groups=1):
    """Each output as the sum over its window, zeros beyond the border."""
    count, _, height, width = x.shape
    filters, depth, size, _ = weights.shape
    out_height = (height + 2 * padding - size) // strides[0] + 1
    out_width = (width + 2 * padding - size) // strides[1] + 1
    out = np.zeros((count, filters, out_height, out_width))
    for n, f, i, j in np.ndindex(*out.shape):
        first = f // (filters // groups) * depth
        for c, a, b in np.ndindex(depth, size, size):
            row = i * strides[0] + (a - padding) * dilation
            column = j * strides[1] + (b - padding) * dilation
            if 0 <= row < height and 0 <= column < width:
                out[n, f, i, j] += weights[f, c, a, b] * x[n, first + c, row, column]
    return out


def unstepped(x, weights, out_height, out_width, groups=1):
    """A 1x1 convolution that takes its input for a matrix with rows of the output's size."""
    count, channels, height, width = x.shape
    filters, depth = weights.shape[:2]
    area = out_height * out_width
    out = np.zeros((count, filters, area))
    for n, f, position, c in np.ndindex(count, filters, area, depth):
        group = f // (filters // groups) * channels // groups * height * width
        out[n, f, position] += weights[f, c, 0, 0] * x[n].reshape(-1)[group + c * area + position]
    return out.reshape(count, filters, out_height, out_width)


@pytest.mark.parametrize(
    ("options", "window"),
    [
        ("size=3", {}),
        ("size=3 pad=1", {"padding": 1}),
        ("size=3 pad=1 padding=9", {"padding": 1}),
        ("size=3 padding=2", {"padding": 2}),
        ("size=3 stride=2 pad=1", {"strides": (2, 2), "padding": 1}),
        ("size=3 stride=3", {"strides": (3, 3)}),
        ("size=3 stride=2 stride_x=1 pad=1", {"strides": (2, 1), "padding": 1}),
        ("size=3 stride_x=3 stride_y=2 pad=1", {"strides": (2, 3), "padding": 1}),
        ("size=2 pad=1", {"padding": 1}),
        ("size=4 stride=2 pad=1", {"strides": (2, 2), "padding": 2}),
        ("size=5 pad=1", {"padding": 2}),
        ("size=3 pad=1 dilation=2", {"padding": 1, "dilation": 2}),
        ("size=3 pad=1 dilation=3 stride=2", {"padding": 1, "dilation": 3, "strides": (2, 2)}),
        ("size=3 pad=1 groups=2", {"padding": 1, "groups": 2}),
        ("size=3 pad=1 groups=4", {"padding": 1, "groups": 4}),
        ("size=3 pad=1 groups=0", {"padding": 1}),
        ("size=1", {}),
        ("size=1 dilation=5", {}),
        ("size=1 stride=2", {"strides": (2, 2)}),
        ("size=1 stride=2 stride_y=1", {"strides": (1, 2)}),
        ("size=1 groups=2", {"groups": 2}),
    ],
)
def test_it_is_the_sum_over_every_window(options, window):
    network = build(f"convolutional filters=8 activation=linear {options}")
    fill(network)
    x, given = picture(), arrays(network.layers[0])
    expected = convolve(x.double().numpy(), given["weights"], **window)
    expected += given["biases"][:, None, None]
    (out,) = network(x)
    shape = network.layers[0].output_shape
    assert (shape.channels, shape.height, shape.width) == expected.shape[1:]
    np.testing.assert_allclose(out.detach(), expected, **CLOSE)


@pytest.mark.parametrize("options", ["size=3 pad=1 stride=2", "size=2", "size=3 groups=2"])
def test_pjreddies_windows_are_the_same(options):
    section = f"convolutional filters=6 activation=linear {options}"
    ours, theirs = build(section), build(section, dialect="pjreddie")
    fill(ours)
    fill(theirs)
    torch.testing.assert_close(theirs(picture()), ours(picture()), rtol=0, atol=0)


@pytest.mark.parametrize(("options", "shape"), [("size=2 pad=1", (6, 8)), ("size=3", (3, 5))])
def test_the_size_of_a_dilated_windows_output_ignores_the_dilation(options, shape):
    network = build(f"convolutional filters=2 dilation=2 {options}")
    announced = network.layers[0].output_shape
    assert (announced.height, announced.width) == network(picture())[0].shape[2:] == shape


def columns_of(x, *, size, padding, dilation, stride):
    """Every value under every tap, in the order in which im2col_cpu_ext writes them."""
    reach, edge = dilation * (size - 1) + 1, padding * dilation
    rows = (x.shape[1] + 2 * edge - reach) // stride + 1
    columns = (x.shape[2] + 2 * edge - reach) // stride + 1
    for c, a, b, i, j in np.ndindex(len(x), size, size, rows, columns):
        row, column = i * stride + a * dilation - edge, j * stride + b * dilation - edge
        inside = 0 <= row < x.shape[1] and 0 <= column < x.shape[2]
        yield x[c, row, column] if inside else 0.0


@pytest.mark.parametrize(
    ("options", "window", "groups"),
    [
        ("size=5 padding=3", {"size": 5, "padding": 3, "stride": 1}, 1),
        ("size=3 padding=2", {"size": 3, "padding": 2, "stride": 1}, 1),
        ("size=3 padding=2 groups=2", {"size": 3, "padding": 2, "stride": 1}, 2),
        ("size=2 pad=1 stride=2", {"size": 2, "padding": 1, "stride": 2}, 1),
    ],
)
def test_a_dilated_window_fills_a_matrix_that_is_read_by_the_undilated_size(
    options, window, groups
):
    network = build(f"convolutional filters=4 activation=linear dilation=2 {options}")
    fill(network)
    layer, x = network.layers[0], picture().double().numpy()
    given, shape = arrays(layer), layer.output_shape
    area = shape.height * shape.width
    expected = np.zeros((len(x), 4, area))
    for n, f in np.ndindex(len(x), 4):
        first = f // (4 // groups) * (4 // groups)
        flat = list(columns_of(x[n, first : first + 4 // groups], dilation=2, **window))
        for tap, weight in enumerate(given["weights"][f].reshape(-1)):
            expected[n, f] += weight * np.array(flat[tap * area : (tap + 1) * area])
    expected += given["biases"][:, None]
    np.testing.assert_allclose(network(picture())[0].detach().flatten(2), expected, **CLOSE)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_pjreddies_pointwise_convolution_ignores_its_stride(stride, groups):
    section = f"convolutional filters=6 size=1 stride={stride} groups={groups} activation=linear"
    network = build(section, dialect="pjreddie")
    fill(network)
    x, given = picture(), arrays(network.layers[0])
    rows, columns = -(-5 // stride), -(-7 // stride)
    expected = unstepped(x.double().numpy(), given["weights"], rows, columns, groups)
    expected += given["biases"][:, None, None]
    np.testing.assert_allclose(network(x)[0].detach(), expected, **CLOSE)


def test_pjreddies_padded_pointwise_convolution_has_the_shape_it_announces():
    network = build("convolutional filters=3 size=1 padding=1", dialect="pjreddie")
    shape = network.layers[0].output_shape
    assert network(picture())[0].shape[1:] == (shape.channels, shape.height, shape.width)


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
def test_a_padded_pointwise_convolution_with_a_stride(dialect):
    """AlexeyAB's code builds a matrix where there is a stride; pjreddie's ignores the stride."""
    section = "convolutional filters=3 size=1 padding=1 stride=3 activation=linear"
    network = build(section, dialect=dialect)
    fill(network)
    x, given = picture().double().numpy(), arrays(network.layers[0])
    if dialect == "alexeyab":
        expected = convolve(x, given["weights"], strides=(3, 3), padding=1)
    else:
        expected = unstepped(x, given["weights"], 3, 3)
    expected += given["biases"][:, None, None]
    np.testing.assert_allclose(network(picture())[0].detach(), expected, **CLOSE)


def test_a_pointwise_convolution_with_a_stride_along_y_alone_ignores_it():
    network = build("convolutional filters=3 size=1 stride_x=1 stride_y=2 activation=linear")
    fill(network)
    x, given = picture(), arrays(network.layers[0])
    expected = unstepped(x.double().numpy(), given["weights"], 3, 7)
    expected += given["biases"][:, None, None]
    np.testing.assert_allclose(network(x)[0].detach(), expected, **CLOSE)


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
@pytest.mark.parametrize("option", ["batch_normalize=1", "batch_normalize=2"])
def test_it_normalises_before_the_biases_and_the_activation(option, dialect):
    network = build(f"conv filters=3 size=3 activation=leaky {option}", dialect=dialect)
    fill(network)
    x, given = picture(), arrays(network.layers[0])
    variance = given["rolling_variance"]
    deviation = {"alexeyab": np.sqrt(variance + 1e-5), "pjreddie": np.sqrt(variance) + 1e-6}
    factor = given["scales"] / deviation[dialect]
    shift = given["biases"] - given["rolling_mean"] * factor
    expected = convolve(x.double().numpy(), given["weights"])
    expected = expected * factor[:, None, None] + shift[:, None, None]
    expected = np.where(expected > 0, expected, 0.1 * expected)
    np.testing.assert_allclose(network(x)[0].detach(), expected, **CLOSE)


def test_cbn_has_batch_normalisation():
    assert [slot.name for _, slot in build("convolutional cbn=1").slots()] == ARRAYS


@pytest.mark.parametrize(("kind", "size", "padding"), [(1, 3, 1), (2, 2, 0)])
def test_antialiasing_blurs_every_value_before_the_stride(kind, size, padding):
    section = "convolutional filters=3 size=3 pad=1 activation=leaky"
    stepping, plain = build(f"{section} stride=2 antialiasing={kind}"), build(section)
    fill(stepping)
    fill(plain)
    blur = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16 if size == 3 else np.full((2, 2), 0.25)
    taps = np.zeros((3, 1, size, size)) + blur
    sharp = plain(picture())[0].detach().double().numpy()
    expected = convolve(sharp, taps, strides=(2, 2), padding=padding, groups=3)
    (out,) = stepping(picture())
    np.testing.assert_allclose(out.detach(), expected, **CLOSE)
    shape = stepping.layers[0].output_shape
    assert (shape.channels, shape.height, shape.width) == expected.shape[1:]
    assert [slot.name for _, slot in stepping.slots()] == ["biases", "weights"]


def test_its_activation_is_logistic_unless_given():
    plain, linear = (
        build("convolutional filters=2"),
        build("convolutional activation=linear filters=2"),
    )
    fill(plain)
    fill(linear)
    torch.testing.assert_close(plain(picture())[0], linear(picture())[0].sigmoid())


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
def test_its_arrays_are_in_darknets_order(dialect):
    bare = build("convolutional filters=3 size=3", dialect=dialect)
    normalised = build("convolutional filters=3 size=3 batch_normalize=1", dialect=dialect)
    assert [slot.name for _, slot in bare.slots()] == ["biases", "weights"]
    assert [slot.name for _, slot in normalised.slots()] == ARRAYS
    assert {slot.name: tuple(slot.tensor.shape) for _, slot in normalised.slots()} == {
        **dict.fromkeys(ARRAYS[:4], (3,)),
        "weights": (3, 4, 3, 3),
    }


@pytest.mark.parametrize("groups", [1, 2])
def test_a_flipped_file_holds_the_weights_transposed(tmp_path, groups):
    network = build(f"convolutional filters=6 size=2 flipped=1 groups={groups}")
    per_filter = 4 // groups * 4
    values = np.arange(6 + 6 * per_filter, dtype="<f4")
    path = tmp_path / "flipped.weights"
    path.write_bytes(struct.pack("<3iQ", 0, 2, 5, 0) + values.tobytes())
    read_weights(network, path)
    weights = arrays(network.layers[0])["weights"].reshape(6, per_filter)
    np.testing.assert_array_equal(weights, values[6:].reshape(per_filter, 6).T)


def test_darknet_starts_with_zero_biases_and_bounded_weights():
    network = build("convolutional filters=64 size=3 groups=2 batch_normalize=1")
    given = arrays(network.layers[0])
    bound = math.sqrt(2 / (2 * 9))
    assert not given["biases"].any()
    assert not given["rolling_mean"].any()
    assert not given["rolling_variance"].any()
    assert (given["scales"] == 1).all()
    assert 0.95 * bound < abs(given["weights"]).max() <= bound * 1.000001  # in float32
    assert abs(given["weights"].mean()) < 0.1 * bound


def test_pjreddies_weights_start_normally_distributed():
    network = build("convolutional filters=64 size=3", dialect="pjreddie")
    weights = arrays(network.layers[0])["weights"]
    deviation = math.sqrt(2 / (4 * 9))
    # 2304 samples: the deviation is known to 2 %, and some lie beyond three deviations.
    assert abs(weights.std() / deviation - 1) < 0.1
    assert abs(weights).max() > 2.5 * deviation


def test_a_sharing_layer_computes_with_the_shared_arrays():
    network = build(
        "convolutional filters=4 size=3 pad=1 batch_normalize=1 activation=linear",
        "convolutional filters=4 size=3 pad=1 batch_normalize=1 activation=leaky stride=2 "
        "share_index=-1",
    )
    fill(network)
    first, second = network.layers
    x = picture()
    stepped = first(first(x))[..., ::2, ::2]
    expected = torch.where(stepped > 0, stepped, 0.1 * stepped)
    torch.testing.assert_close(second(first(x)), expected)
    assert second.arrays is first.arrays


def test_a_sharing_layer_has_no_arrays_of_its_own():
    network = build(
        "convolutional filters=4 size=1",
        "convolutional filters=4 size=1 share_index=0",
        "convolutional filters=4 size=1 share_index=1",
    )
    assert [layer.index for layer, _ in network.slots()] == [0, 0]
    assert network.layers[2].arrays is network.layers[0].arrays
    assert len(network.state_dict()) == len(list(network.parameters())) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("filters=3 size=3 share_index=0", "expected filters=4, .*size=3.* got filters=3"),
        ("filters=4 size=1 share_index=0", "got .*size=1"),
        ("filters=4 size=3 share_index=0 batch_normalize=1", "got .*batch_normalize=1"),
        ("filters=4 size=3 share_index=-1", r"got \[dropout\], layer 1"),
        ("filters=4 size=3 share_index=2", "expected -2..-1 or 0..1; this is layer 2"),
    ],
)
def test_sharing_arrays_of_another_shape_is_refused(options, message):
    with pytest.raises(CfgError, match=message):
        build("convolutional filters=4 size=3", "dropout", f"convolutional {options}")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("filters=6 groups=4", "groups=4 does not divide .* got 4 channels in, filters=6"),
        ("filters=3 groups=2", "groups=2 does not divide"),
        ("size=6", "window of 6 is larger than its input.* 4x5x7 .*enlarge width= and height="),
        ("sway=1 rotate=1 size=3", "takes one of sway, rotate.* got sway, rotate"),
        ("stretch=1 size=1", "got stretch with size=1"),
        ("filters=0", "'filters' is out of its bounds"),
    ],
)
def test_contradicting_options_are_refused_with_their_place(options, message):
    with pytest.raises(CfgError, match=rf"<cfg>:\d+: .*{message}"):
        build(f"convolutional {options}")


@pytest.mark.parametrize(
    "name", "swish mish hard_mish normalize_channels normalize_channels_softmax".split()
)
def test_it_has_its_own_code_for_functions_that_others_lack(name):
    network = build(f"convolutional filters=3 activation={name}")
    fill(network)
    assert network(picture())[0].any()


def test_relu6_gives_zeros_on_alexeyabs_cpu_with_a_warning():
    with pytest.warns(CfgWarning, match="no relu6 in .convolutional. and computes zeros"):
        network = build("convolutional filters=3 activation=relu6")
    fill(network)
    assert not network(picture())[0].any()


def test_relu6_works_in_alexeyabs_cuda_build():
    network = build("convolutional filters=3 activation=relu6", dialect="alexeyab-cuda")
    linear = build("convolutional filters=3 activation=linear", dialect="alexeyab-cuda")
    fill(network)
    fill(linear)
    torch.testing.assert_close(network(picture())[0], linear(picture())[0].clamp(0, 6))
