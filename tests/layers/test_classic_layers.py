"""The small and the old layers against plain loops.

[local], [local_avgpool], [normalization], [crop], [deconvolutional], [logistic], [l2norm],
[iseg], [contrastive].
"""

import struct
import warnings

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError
from darknet_torch.model.network import build_network
from darknet_torch.model.weights import read_weights

CLOSE = {"rtol": 1e-5, "atol": 1e-5}  # float32 sums of at most 75 products near 1
NORMALIZATION = ("scales", "rolling_mean", "rolling_variance")


def build(section, *, channels=3, height=4, width=5, dialect="alexeyab"):
    """A network of one layer, written as "name key=value ..."."""
    name, *options = section.split()
    net = f"[net]\nchannels={channels}\nheight={height}\nwidth={width}\n"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cfg = parse_cfg("\n".join((net, f"[{name}]", *options)))
        return build_network(cfg, dialect=find_dialect(dialect))


def picture(channels=3, height=4, width=5):
    generator = torch.Generator().manual_seed(5)
    return torch.randn(2, channels, height, width, generator=generator)


def load(network, shapes, folder):
    """Random arrays of these names and shapes, read from a file in their order."""
    generator = np.random.default_rng(3)
    given, content = {}, struct.pack("<3iQ", 0, 2, 5, 0)
    for name, shape in shapes.items():
        low, high = (0.5, 1.5) if name == "rolling_variance" else (-1, 1.5)
        values = generator.uniform(low, high, shape).astype("<f4")
        given[name] = values.astype("f8")
        content += values.tobytes()
    (folder / "a.weights").write_bytes(content)
    assert read_weights(network, folder / "a.weights").complete
    return given


def is_output(network, x, expected, **close):
    (out,) = network(x)
    shape = network.layers[0].output_shape
    assert (shape.channels, shape.height, shape.width) == expected.shape[1:]
    np.testing.assert_allclose(out.detach(), expected, **(close or CLOSE))


def logistic(x):
    return 1 / (1 + np.exp(-x))


# [local]


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
@pytest.mark.parametrize(
    ("options", "size", "stride", "pad"),
    [
        ("", 1, 1, 0),
        ("size=2", 2, 1, 0),
        ("size=3 stride=2", 3, 2, 0),
        ("size=3 pad=1", 3, 1, 1),
        ("size=3 stride=2 pad=1", 3, 2, 1),
        ("size=5 stride=3 pad=2", 5, 3, 2),
    ],
)
def test_local_has_weights_of_its_own_at_each_position(
    tmp_path, dialect, options, size, stride, pad
):
    network = build(f"local filters=2 activation=linear {options}", dialect=dialect)
    height, width = (4 + 2 * pad - size) // stride + 1, (5 + 2 * pad - size) // stride + 1
    shapes = {"biases": (2, height, width), "weights": (height, width, 2, 3, size, size)}
    given = load(network, shapes, tmp_path)
    x = picture().double().numpy()
    expected = np.zeros((2, 2, height, width))
    for n, f, i, j in np.ndindex(*expected.shape):
        expected[n, f, i, j] = given["biases"][f, i, j]
        for c, a, b in np.ndindex(3, size, size):
            row, column = i * stride + a - pad, j * stride + b - pad
            if 0 <= row < 4 and 0 <= column < 5:
                expected[n, f, i, j] += given["weights"][i, j, f, c, a, b] * x[n, c, row, column]
    is_output(network, picture(), expected)


@pytest.mark.parametrize(("size", "pad"), [(2, 1), (3, 2), (4, 1)])
def test_local_takes_its_matrix_for_one_of_its_outputs_width(tmp_path, size, pad):
    """im2col.c im2col_cpu writes as many columns as there are windows, gemm reads `locations`."""
    network = build(f"local filters=2 activation=linear size={size} pad={pad}")
    height, width = 4, 5  # with pad: (h - 1) / stride + 1
    shapes = {"biases": (2, height, width), "weights": (height * width, 2, 3 * size * size)}
    given = load(network, shapes, tmp_path)
    x = np.pad(picture().double().numpy(), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    rows, columns = 4 + 2 * pad - size + 1, 5 + 2 * pad - size + 1
    expected = np.zeros((2, 2, height * width))
    for n in range(2):
        flat = [
            x[n, c, i + a, j + b] for c, a, b, i, j in np.ndindex(3, size, size, rows, columns)
        ]
        flat += [0.0] * (3 * size * size * height * width)
        for f, place, tap in np.ndindex(2, height * width, 3 * size * size):
            value = flat[tap * height * width + place]
            expected[n, f, place] += given["weights"][place, f, tap] * value
    expected = expected.reshape(2, 2, height, width) + given["biases"]
    is_output(network, picture(), expected)


def test_the_activation_of_local_is_logistic_unless_given():
    plain, linear = build("local filters=2"), build("local filters=2 activation=linear")
    linear.load_state_dict(plain.state_dict())
    torch.testing.assert_close(plain(picture())[0], linear(picture())[0].sigmoid())


# [local_avgpool]


@pytest.mark.parametrize(
    ("options", "size", "strides", "padding"),
    [
        ("", 1, (1, 1), 0),
        ("stride=2", 2, (2, 2), 1),
        ("size=3", 3, (1, 1), 2),
        ("size=3 stride=2", 3, (2, 2), 2),
        ("size=2 padding=0", 2, (1, 1), 0),
        ("size=3 stride_x=2 stride_y=1", 3, (1, 2), 2),
        ("size=3 stride=2 stride_y=3", 3, (3, 2), 2),
        *((f"size=3 stride=2 padding={padding}", 3, (2, 2), padding) for padding in range(6)),
        ("size=2 padding=4", 2, (1, 1), 4),  # windows of nothing: 0 / 0
    ],
)
def test_local_avgpool_is_the_mean_of_what_lies_inside(options, size, strides, padding):
    x = picture().double().numpy()
    height = (4 + padding - size) // strides[0] + 1
    width = (5 + padding - size) // strides[1] + 1
    expected = np.zeros((2, 3, height, width))
    for n, c, i, j in np.ndindex(*expected.shape):
        top, left = i * strides[0] - padding // 2, j * strides[1] - padding // 2
        rows, columns = slice(max(0, top), top + size), slice(max(0, left), left + size)
        inside = list(x[n, c, rows, columns].flat) if min(top, left) > -size else []
        expected[n, c, i, j] = sum(inside) / len(inside) if inside else np.nan
    is_output(build(f"local_avgpool {options}"), picture(), expected)


# [normalization]


def responses(x, size, alpha, beta, kappa):
    """A running sum over the channels, as normalization_layer.c keeps it."""
    out = np.zeros_like(x)
    for n, i, j in np.ndindex(len(x), *x.shape[2:]):
        squares = x[n, :, i, j] ** 2
        norm = kappa + alpha * squares[: size // 2].sum()
        for k, value in enumerate(x[n, :, i, j]):
            if k > 0 and k - (size - 1) // 2 - 1 >= 0:
                norm -= alpha * squares[k - (size - 1) // 2 - 1]
            if k > 0 and k + size // 2 < len(squares):
                norm += alpha * squares[k + size // 2]
            out[n, k, i, j] = value * norm**-beta
    return out


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 9])
def test_normalization_divides_by_the_neighbouring_channels(size, dialect):
    section = f"normalization size={size} alpha=.125 beta=.5 kappa=4"
    x = picture(channels=7)
    expected = responses(x.double().numpy(), size, 0.125, 0.5, 4)
    is_output(build(section, channels=7, dialect=dialect), x, expected)


def test_normalization_has_alexnets_numbers_unless_given():
    x = 30 * picture(channels=7)
    expected = responses(x.double().numpy(), 5, 1e-4, 0.75, 1)
    assert np.abs(expected - x.numpy()).max() > 1
    is_output(build("lrn", channels=7), x, expected)


# [crop]


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
@pytest.mark.parametrize(("height", "width"), [(4, 5), (3, 2), (2, 3), (1, 1)])
def test_crop_takes_the_middle_and_maps_it_to_minus_1_to_1(height, width, dialect):
    options = f"crop_height={height} crop_width={width}"
    x = picture()
    top, left = (4 - height) // 2, (5 - width) // 2
    part = x.double().numpy()[:, :, top : top + height, left : left + width]
    is_output(build(f"crop {options}", dialect=dialect), x, part * 2 - 1)
    is_output(build(f"crop {options} noadjust=1 flip=1", dialect=dialect), x, part)


@pytest.mark.parametrize("flip", [0, 1])
def test_crop_takes_any_part_in_training_and_mirrors_it_if_told(flip):
    network = build(f"crop crop_height=3 crop_width=4 noadjust=1 flip={flip}").train()
    x = picture()
    parts = {
        (top, left, mirrored): part.flip(-1) if mirrored else part
        for top, left, mirrored in np.ndindex(2, 2, 1 + flip)
        for part in [x[..., top : top + 3, left : left + 4]]
    }
    torch.manual_seed(0)
    seen = {
        place
        for _ in range(100)
        for out in network(x)
        for place, part in parts.items()
        if torch.equal(out, part)
    }
    assert seen == set(parts)


# [deconvolutional]


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
@pytest.mark.parametrize(
    ("options", "size", "stride", "padding"),
    [
        ("", 1, 1, 0),
        ("size=3", 3, 1, 0),
        ("size=2 stride=2", 2, 2, 0),
        ("size=2 stride=3", 2, 3, 0),
        ("size=4 stride=2 padding=1", 4, 2, 1),
        ("size=3 stride=2 pad=1 padding=5", 3, 2, 1),
        ("size=4 stride=2 padding=1 batch_normalize=1", 4, 2, 1),
    ],
)
def test_deconvolutional_spreads_each_value_over_a_window(
    tmp_path, dialect, options, size, stride, padding
):
    network = build(f"deconvolutional filters=2 activation=linear {options}", dialect=dialect)
    normalizes = "batch_normalize" in options
    shapes = {"biases": (2,)} | {name: (2,) for name in NORMALIZATION if normalizes}
    given = load(network, shapes | {"weights": (3, 2, size, size)}, tmp_path)
    x = picture().double().numpy()
    height, width = (n * stride - stride + size - 2 * padding for n in (4, 5))
    expected = np.zeros((2, 2, height, width))
    for n, c, i, j, f, a, b in np.ndindex(2, 3, 4, 5, 2, size, size):
        row, column = i * stride + a - padding, j * stride + b - padding
        if 0 <= row < height and 0 <= column < width:
            expected[n, f, row, column] += x[n, c, i, j] * given["weights"][c, f, a, b]
    of_filters = (1, 2, 1, 1)
    if normalizes:
        scales, mean, variance = (given[name].reshape(of_filters) for name in NORMALIZATION)
        inside = dialect == "alexeyab"
        root = np.sqrt(variance + 1e-5) if inside else np.sqrt(variance) + 1e-6
        expected = (expected - mean) / root * scales
    is_output(network, picture(), expected + given["biases"].reshape(of_filters))


def test_the_activation_of_deconvolutional_is_logistic_unless_given():
    plain, linear = build("deconv filters=2"), build("deconv filters=2 activation=linear")
    linear.load_state_dict(plain.state_dict())
    torch.testing.assert_close(plain(picture())[0], linear(picture())[0].sigmoid())


def test_the_weights_of_deconvolutional_start_as_wide_as_it_enlarges():
    torch.manual_seed(0)
    layer = build("deconvolutional filters=200 size=4 stride=4").layers[0]
    # The spread of 9600 normal values is within 3 % of 0.02 * 16 with near certainty.
    assert layer.weights.std().item() == pytest.approx(0.32, rel=0.03)
    assert not layer.biases.any()


# [logistic], [l2norm], [iseg], [contrastive]


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
def test_logistic_is_the_function_of_that_name(dialect):
    network = build("logistic", dialect=dialect)
    is_output(network, picture(), logistic(picture().double().numpy()))


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
def test_l2norm_makes_the_channels_of_each_position_a_unit_vector(dialect):
    x = picture().double().numpy()
    expected = np.zeros_like(x)
    for n, i, j in np.ndindex(2, 4, 5):
        length = sum(value**2 for value in x[n, :, i, j]) ** 0.5
        expected[n, :, i, j] = x[n, :, i, j] / length
    is_output(build("l2norm", dialect=dialect), picture(), expected)


@pytest.mark.parametrize(("options", "classes"), [("classes=2 ids=3", 2), ("classes=5 ids=0", 5)])
def test_iseg_activates_the_classes_and_leaves_the_embedding(options, classes):
    x = picture(channels=5)
    expected = x.double().numpy()
    expected[:, :classes] = logistic(expected[:, :classes])
    is_output(build(f"iseg {options}", channels=5, dialect="pjreddie"), x, expected)


def test_contrastive_is_silent_at_inference():
    is_output(build("contrastive classes=3"), picture(), np.zeros((2, 3, 4, 5)), rtol=0)


YOLO = "[convolutional]\nfilters=6\n[yolo]\nclasses=1\nanchors=1,1\n"


def test_contrastive_may_name_a_yolo():
    text = f"[net]\nchannels=3\nheight=32\nwidth=32\n{YOLO}[contrastive]\nyolo_layer="
    network = build_network(parse_cfg(f"{text}-1"))
    assert len(network(torch.zeros(1, 3, 32, 32))) == 1
    with pytest.raises(CfgError, match=r"yolo_layer=-2 means no \[yolo\].*got \[conv.*layer 0"):
        build_network(parse_cfg(f"{text}-2"))
    with pytest.raises(CfgError, match=r"yolo_layer=2 means layer 2, which is not before it"):
        build_network(parse_cfg(f"{text}2"))


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("local size=6", r"<cfg>:6: \[local\] window of 6 is larger than its input: got input 3"),
        ("local_avgpool size=6 padding=0", r"\[local_avgpool\] window of 6 is larger than its"),
        (
            "normalization size=7",
            r"\[normalization\] size=7 is larger than its channels allow: "
            r"expected size below 6, got 3 channels",
        ),
        ("crop crop_height=5", r"\[crop\] is larger than its input: expected at most 3x4x5"),
        ("crop crop_width=6", r"\[crop\] is larger than its input.*got 3x1x6"),
        ("deconvolutional padding=2", r"\[deconvolutional\] cuts off all of its output"),
        (
            "iseg classes=2 ids=2",
            r"\[iseg\] does not fit the layer before it: "
            r"expected filters=4 = 2 classes \+ 2 ids, got 3 channels",
        ),
    ],
)
def test_what_does_not_fit_is_refused(section, message):
    with pytest.raises(CfgError, match=message):
        build(section)


@pytest.mark.parametrize("name", ["local", "local_avgpool", "crop", "deconvolutional"])
def test_a_layer_of_pictures_refuses_a_vector(name):
    with pytest.raises(CfgError, match=rf"\[{name}\] needs a picture.*got inputs=8"):
        build_network(parse_cfg(f"[net]\ninputs=8\n[{name}]"))
