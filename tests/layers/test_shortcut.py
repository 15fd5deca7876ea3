"""[shortcut] in both dialects, with and without weights, against plain loops."""

import math

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError, CfgWarning
from darknet_torch.model.network import build_network

CLOSE = {"rtol": 1e-5, "atol": 1e-6}  # float32 sums of at most three products


def build(*sections, dialect="alexeyab", channels=3, height=4, width=8):
    lines = [f"net channels={channels} height={height} width={width}", *sections]
    cfg = "\n".join(f"[{name}]\n" + "\n".join(rest) for name, *rest in map(str.split, lines))
    network = build_network(parse_cfg(cfg), dialect=find_dialect(dialect))
    generator = torch.Generator().manual_seed(3)
    for _, slot in network.slots():
        slot.tensor.data.uniform_(-1, 1, generator=generator)
    return network


def outputs(network, count=2):
    shape = network.net.input_shape
    x = torch.randn(
        count,
        shape.channels,
        shape.height,
        shape.width,
        generator=torch.Generator().manual_seed(5),
    )
    return [out.detach().double().numpy() for out in network.layer_outputs(x)]


def multilayer(x, added, weights=None, normalization="none"):
    """AlexeyAB's sum for one picture, value by value in memory order."""
    out = np.empty_like(x).reshape(-1)
    area = x.shape[-1] * x.shape[-2]
    for at, value in enumerate(x.reshape(-1)):
        factors = [1.0] * (1 + len(added))
        if weights is not None:
            factors = [row[at // area if len(row) > 1 else 0] for row in weights]
        if normalization == "relu":
            factors = [max(0.001, factor) for factor in factors]  # as fused for inference
            factors = [factor / (sum(factors) + 1e-4) for factor in factors]
        elif normalization == "softmax":
            raised = [math.exp(factor - max(factors)) for factor in factors]
            factors = [one / (sum(raised) + 1e-4) for one in raised]
        out[at] = value * factors[0]
        for other, factor in zip(added, factors[1:], strict=True):
            if at < other.size:
                out[at] += other.reshape(-1)[at] * factor
    return out.reshape(x.shape)


def strided(x, other, alpha=1.0, beta=1.0):
    """pjreddie's sum for one picture: the larger of the two is stepped over."""
    stride, sample = other.shape[2] // x.shape[2], x.shape[2] // other.shape[2]
    stride, sample = max(1, stride), max(1, sample)
    out = x.copy()
    for c, i, j in np.ndindex(*(min(sizes) for sizes in zip(x.shape, other.shape, strict=True))):
        out[c, i * sample, j * sample] *= alpha
        out[c, i * sample, j * sample] += beta * other[c, i * stride, j * stride]
    return out


SAME = ("convolutional filters=3", "maxpool size=2 stride=1", "convolutional filters=3")


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
@pytest.mark.parametrize("reference", ["-2", "1"])
def test_it_adds_a_layer_to_the_one_before(reference, dialect):
    *before, out = outputs(build(*SAME, f"shortcut from={reference}", dialect=dialect))
    np.testing.assert_allclose(out, before[2] + before[1], **CLOSE)


def test_it_applies_its_activation_to_the_sum():
    *before, out = outputs(build(*SAME, "shortcut from=-3 activation=leaky"))
    total = before[2] + before[0]
    np.testing.assert_allclose(out, np.where(total > 0, total, 0.1 * total), **CLOSE)


@pytest.mark.parametrize("name", ["swish", "mish"])
def test_it_has_its_own_code_for_swish_and_mish(name):
    assert outputs(build(*SAME, f"shortcut from=-2 activation={name}"))[-1].any()


def test_hard_mish_gives_zeros_on_alexeyabs_cpu_with_a_warning():
    with pytest.warns(CfgWarning, match="no hard_mish in .shortcut. and computes zeros"):
        network = build(*SAME, "shortcut from=-2 activation=hard_mish")
    assert not outputs(network)[-1].any()


def test_alexeyab_adds_several_layers():
    network = build(*SAME, "shortcut from=-2,0,-3")
    *before, out = outputs(network)
    assert network.layers[3].sources == (2, 1, 0, 0)
    for n, picture in enumerate(out):
        expected = multilayer(before[2][n], [before[1][n], before[0][n], before[0][n]])
        np.testing.assert_allclose(picture, expected, **CLOSE)


def test_pjreddie_adds_the_first_layer_only():
    network = build(*SAME, "shortcut from=-2,0", dialect="pjreddie")
    *before, out = outputs(network)
    np.testing.assert_allclose(out, before[2] + before[1], **CLOSE)


@pytest.mark.parametrize("filters", [2, 5])
def test_alexeyab_adds_the_channels_that_both_have(filters):
    network = build(f"convolutional filters={filters}", SAME[0], "shortcut from=0")
    added, x, out = outputs(network)
    for n, picture in enumerate(out):
        np.testing.assert_allclose(picture, multilayer(x[n], [added[n]]), **CLOSE)
    assert network.layers[2].output_shape.channels == 3


@pytest.mark.parametrize("normalization", ["relu", "avg_relu", "softmax"])
@pytest.mark.parametrize(
    ("kind", "shape"),
    [("per_feature", (3, 1)), ("per_layer", (3, 1)), ("per_channel", (3, 3))],
)
@pytest.mark.parametrize("filters", [2, 3, 5])
def test_alexeyab_adds_weighted_layers(kind, shape, normalization, filters):
    network = build(
        f"convolutional filters={filters}",
        *SAME[:2],
        f"shortcut from=0,1 weights_type={kind} weights_normalization={normalization}",
    )
    first, second, x, out = outputs(network)
    (slot,) = network.layers[3].weight_slots()
    assert (slot.name, tuple(slot.tensor.shape)) == ("weights", shape)
    weights = slot.tensor.detach().double().numpy()
    word = normalization.removeprefix("avg_")
    for n, picture in enumerate(out):
        expected = multilayer(x[n], [first[n], second[n]], weights, word)
        np.testing.assert_allclose(picture, expected, **CLOSE)


def test_its_weights_start_at_one():
    cfg = "[net]\nchannels=2\nheight=2\nwidth=2\n[empty]\n[empty]\n[shortcut]\nfrom=0\n"
    cfg += "weights_type=per_channel\nweights_normalization=relu"
    ((_, slot),) = build_network(parse_cfg(cfg)).slots()
    assert (slot.tensor == 1).all()


def test_without_weights_it_has_no_arrays():
    assert not build(*SAME, "shortcut from=-2").layers[3].weight_slots()


@pytest.mark.parametrize("filters", [2, 3, 5])
@pytest.mark.parametrize("options", ["", "alpha=.5 beta=2", "beta=-1"])
@pytest.mark.parametrize(
    "step",
    [
        "conv filters=3 size=3 stride=2 pad=1",
        "maxpool size=4 stride=4 padding=0",
        "upsample stride=2",
        "empty",
    ],
)
def test_pjreddie_reads_the_larger_of_two_layers_with_a_stride(step, options, filters):
    sections = (f"conv filters={filters}", step, "conv filters=3", f"shortcut from=0 {options}")
    added, _, x, out = outputs(build(*sections, dialect="pjreddie"))
    given = dict(option.split("=") for option in options.split())
    alpha, beta = float(given.get("alpha", 1)), float(given.get("beta", 1))
    for n, picture in enumerate(out):
        np.testing.assert_allclose(picture, strided(x[n], added[n], alpha, beta), **CLOSE)


@pytest.mark.parametrize("step", ["conv filters=3 size=4 padding=1", "conv size=2 padding=1"])
def test_pjreddie_rounds_the_stride_between_sizes_that_are_not_multiples(step):
    sections = ("conv filters=3", step, "shortcut from=0")
    added, x, out = outputs(build(*sections, dialect="pjreddie"))
    for n, picture in enumerate(out):
        np.testing.assert_allclose(picture, strided(x[n], added[n]), **CLOSE)


def test_alexeyab_refuses_another_height_or_width():
    with pytest.raises(
        CfgError, match=r"expected 2x4, as the layer before it, got 4x8 of layer 0"
    ):
        build("empty", "maxpool size=2 stride=2", "shortcut from=0")


@pytest.mark.parametrize("step", ["conv size=3 padding=0", "maxpool size=2 stride=3 padding=0"])
def test_pjreddie_refuses_different_strides_along_x_and_y(step):
    with pytest.raises(CfgError, match=r"another height or width.* got 4x8 of layer 0"):
        build("empty", step, "shortcut from=0", dialect="pjreddie")


def test_pjreddie_refuses_a_layer_that_is_wider_but_lower():
    sections = (
        "activation",
        "conv size=2",  # 1x4
        "route layers=0",
        "maxpool size=2 stride=4 padding=4",  # 2x2
    )
    with pytest.raises(CfgError, match="another height or width"):
        build(*sections, "shortcut from=1", dialect="pjreddie", height=2, width=5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("from=0 weights_type=per_pixel", "weights_type= is unknown.*got 'per_pixel'"),
        (
            "from=0 weights_type=per_layer weights_normalization=max",
            "weights_normalization= is unknown: expected none or relu or avg_relu or softmax",
        ),
        ("from=3", "from=3 means layer 3, which is not before it"),
        ("activation=linear", "has no 'from='"),
    ],
)
def test_unknown_words_and_layers_are_refused(options, message):
    with pytest.raises(CfgError, match=message):
        build(*SAME, f"shortcut {options}")


def test_an_unknown_normalisation_of_no_weights_is_tolerated_as_in_darknet():
    with pytest.warns(CfgWarning, match="weights_normalization"):
        build(*SAME, "shortcut from=0 weights_normalization=max")


WIDER = ("convolutional filters=5", "convolutional filters=3 size=1", "shortcut from=0")


def test_training_reads_a_batch_of_a_wider_layer_as_one_array():
    """Layer 0 has three channels in and five out, layer 1, before the shortcut, three."""
    network = build(*WIDER).train()
    x = torch.randn(3, 3, 4, 8, generator=torch.Generator().manual_seed(5))
    before = network.layers[0](x).detach()
    middle = network.layers[1](before).detach()
    assert network.layers[2].input_shape == network.layers[0].input_shape
    together = before.flatten()[: middle.numel()].view(middle.shape)
    found = network.layers[2](middle, before)
    assert torch.equal(found, middle + together)
    assert not torch.equal(found[1:], (middle + before[:, :3])[1:])
    assert torch.equal(network.eval().layers[2](middle, before), middle + before[:, :3])


def test_the_gradient_goes_to_the_right_pictures():
    layer = build(*WIDER).train().layers[2]
    x, wider = torch.zeros(2, 3, 4, 8), torch.zeros(2, 5, 4, 8, requires_grad=True)
    delta = torch.randn(2, 3, 4, 8, generator=torch.Generator().manual_seed(5))
    layer(x, wider).backward(delta)
    assert torch.equal(wider.grad[:, :3], delta)
    assert not wider.grad[:, 3:].any()


@pytest.mark.parametrize(
    ("sections", "dialect"),
    [
        (WIDER, "alexeyab-cuda"),
        (WIDER, "pjreddie"),
        (("convolutional filters=3", "convolutional filters=5", "shortcut from=0"), "alexeyab"),
        (("convolutional filters=5", "convolutional filters=4", "shortcut from=0"), "alexeyab"),
    ],
)
def test_pictures_are_not_mixed_in_other_cases(sections, dialect):
    assert not build(*sections, dialect=dialect).layers[2].crosses
