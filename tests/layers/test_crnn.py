"""[crnn] against plain loops over the steps."""

import numpy as np
import pytest

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgNote
from darknet_torch.model.network import build_network
from tests.layers.plain_recurrent import (
    CHANNELS,
    HEIGHT,
    WIDTH,
    as_float64,
    build,
    check_each_output,
    check_option_is_ignored,
    check_refused,
    convolutional,
    convolve,
    leaky,
    load,
    logistic,
    mish,
    run_rnn,
    steps,
)


def crnn_parts(output, hidden, *, channels=CHANNELS, size=3, normalize=False, groups=1):
    return {
        "input": convolutional(hidden, channels // groups, size, normalize),
        "self": convolutional(hidden, hidden // groups, size, normalize),
        "output": convolutional(output, hidden // groups, size, normalize),
    }


@pytest.mark.parametrize(
    ("dialect", "options", "parts", "window", "how"),
    [
        (
            "alexeyab",
            "output=2 hidden=3 pad=1 activation=leaky",
            crnn_parts(2, 3),
            {},
            {"act": leaky},
        ),
        ("alexeyab", "hidden=2 padding=1", crnn_parts(1, 2), {}, {"act": logistic}),
        (
            "alexeyab",
            "output=2 hidden=2 size=1 shortcut=1 activation=tanh batch_normalize=1",
            crnn_parts(2, 2, size=1, normalize=True),
            {},
            {"act": np.tanh, "shortcut": True},
        ),
        (
            "alexeyab-cuda",
            "output=4 hidden=2 pad=1 dilation=2 groups=2 activation=mish",
            crnn_parts(4, 2, groups=2),
            {"dilation": 2, "groups": 2},
            {"act": mish},
        ),
        (
            "pjreddie",
            "output_filters=3 hidden_filters=2 activation=leaky shortcut=1 batch_normalize=1",
            crnn_parts(3, 2, normalize=True),
            {},
            {"act": leaky, "shortcut": True},
        ),
        ("pjreddie", "", crnn_parts(1, 1), {}, {"act": logistic}),
    ],
)
def test_it_is_an_rnn_of_convolutions(tmp_path, dialect, options, parts, window, how):
    network = build(f"crnn {options}", dialect)
    given, inputs = load(network, parts, tmp_path, spread=0.3), steps(3)

    def apply(part, x):
        return convolve(part, x, dialect, **window)

    hidden = len(given["self"]["biases"])
    expected = run_rnn(given, as_float64(inputs), apply, (hidden, HEIGHT, WIDTH), **how)
    check_each_output(network, inputs, expected)


def test_pjreddies_code_reads_heights_as_widths(tmp_path):
    """parser.c parse_crnn (pjreddie) passes w and h where make_crnn_layer takes h and w."""
    size = (2, 5)
    network = build("crnn output_filters=2 hidden_filters=2", "pjreddie", size=size)
    given, inputs = load(network, crnn_parts(2, 2), tmp_path, spread=0.3), steps(2, size=size)
    turned = [x.reshape(len(x), CHANNELS, 5, 2) for x in as_float64(inputs)]
    expected = run_rnn(given, turned, convolve, (2, 5, 2), act=logistic)
    assert network.layers[0].output_shape.height == 5
    check_each_output(network, inputs, expected)


@pytest.mark.parametrize(
    ("section", "key", "dialect", "owner"),
    [
        ("crnn hidden=4", "hidden", "pjreddie", "alexeyab"),
        ("crnn output=4", "output", "pjreddie", "alexeyab"),
        ("crnn size=1", "size", "pjreddie", "alexeyab"),
        ("crnn size=1 hidden_filters=4", "hidden_filters", "alexeyab", "pjreddie"),
        ("crnn size=1 output_filters=4", "output_filters", "alexeyab", "pjreddie"),
    ],
)
def test_an_option_of_the_other_code_base_is_ignored(section, key, dialect, owner):
    check_option_is_ignored(section, key, dialect, owner)


def test_xnor_has_no_effect():
    cfg = parse_cfg("[net]\nchannels=2\nheight=3\nwidth=3\n[crnn]\nsize=1\nxnor=1")
    with pytest.warns(CfgNote, match="'xnor' has no effect here"):
        build_network(cfg)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("crnn hidden=2", r"\[crnn\] its window changes the size of its state.*state 2x1x1"),
        ("crnn size=1 stride=2", r"\[crnn\] its window changes the size of its state"),
        ("crnn size=1 groups=2", r"\[crnn\] groups=2 does not divide its channels"),
    ],
)
def test_options_that_cannot_work_are_refused(section, message):
    check_refused(section, message)
