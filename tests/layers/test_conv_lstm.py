"""[conv_lstm] against plain loops over the steps."""

import numpy as np
import pytest
import torch

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgNote
from darknet_torch.model.network import build_network
from tests.layers.plain_recurrent import (
    CHANNELS,
    FIGO,
    as_float64,
    build,
    check_each_output,
    check_refused,
    convolutional,
    convolve,
    leaky,
    linear,
    load,
    logistic,
    mish,
    steps,
)


def run_conv_lstm(given, inputs, apply, *, act=linear, of_cell=np.tanh, bound=32, add=False):
    """[conv_lstm]; the parts that `given` holds say whether it has peepholes or a bottleneck."""
    shape = len(given["wf"]["biases"]), *inputs[0].shape[2:]
    h = c = np.zeros((len(inputs[0]), *shape))
    outputs = []

    def see(name, x):
        return act(apply(given[name], x)) if name in given else 0.0

    for x in inputs:
        bottleneck = "wi" not in given
        if bottleneck:
            x = mixed = of_cell(see("wf", np.concatenate((h, x), 1)))
        w = {k: 0.0 if bottleneck else see(f"w{k}", h) for k in FIGO}
        f = logistic(w["f"] + see("uf", x) + see("vf", c))
        i = logistic(w["i"] + see("ui", x) + see("vi", c))
        g = of_cell(w["g"] + see("ug", x))
        c = f * c + i * g
        o = logistic(w["o"] + see("uo", x) + see("vo", c))
        h = o * of_cell(c)
        c = np.clip(c, -bound, bound) if bound else c
        out = h.reshape(len(h), -1).copy()
        if add:
            half = out.shape[1] // 2
            out[:, :half] += mixed.reshape(len(h), -1)[:, :half]
        outputs.append(out.reshape(h.shape))
    return outputs


def conv_lstm_parts(output, *, channels=CHANNELS, size=3, normalize=False, kind=""):
    """The arrays in the order of the file; `kind` holds "peephole", "bottleneck" or both."""
    of_state = ("wf",) if "bottleneck" in kind else ("wf", "wi", "wg", "wo")
    wide = 2 * output if "bottleneck" in kind else output
    peepholes = ("vf", "vi", "vo") if "peephole" in kind else ()
    return {
        **{name: convolutional(output, output, size, normalize) for name in peepholes},
        **{name: convolutional(output, wide, size, normalize) for name in of_state},
        **{f"u{gate}": convolutional(output, channels, size, normalize) for gate in FIGO},
    }


@pytest.mark.parametrize(
    ("dialect", "options", "parts", "how"),
    [
        ("alexeyab", "output=3 pad=1", conv_lstm_parts(3), {}),
        ("alexeyab", "output=3 pad=1 peephole=1", conv_lstm_parts(3, kind="peephole"), {}),
        (
            "alexeyab",
            "output=3 size=1 peephole=1 batch_normalize=1 activation=leaky",
            conv_lstm_parts(3, size=1, normalize=True, kind="peephole"),
            {"act": leaky},
        ),
        ("alexeyab", "output=1 pad=1 activation=mish", conv_lstm_parts(1), {"act": mish}),
        ("alexeyab", "output=3 pad=1 lstm_activation=leaky", conv_lstm_parts(3), {}),
        (
            "alexeyab-cuda",
            "output=3 pad=1 lstm_activation=leaky peephole=1",
            conv_lstm_parts(3, kind="peephole"),
            {"of_cell": leaky},
        ),
        (
            "alexeyab-cuda",
            "output=2 pad=1 bottleneck=1 activation=leaky lstm_activation=leaky",
            conv_lstm_parts(2, kind="bottleneck"),
            {"act": leaky, "of_cell": leaky},
        ),
        (
            "alexeyab-cuda",
            "output=2 pad=1 bottleneck=1 peephole=1 shortcut=1",
            conv_lstm_parts(2, kind="bottleneck peephole"),
            {"add": True},
        ),
        ("alexeyab-cuda", "output=2 pad=1 shortcut=1", conv_lstm_parts(2), {}),
        (
            "alexeyab",
            "output=3 size=1 state_constrain=1 peephole=1",
            conv_lstm_parts(3, size=1, kind="peephole"),
            {"bound": 1},
        ),
        (
            "alexeyab",
            "output=3 size=1 state_constrain=0 peephole=1",
            conv_lstm_parts(3, size=1, kind="peephole"),
            {"bound": 0},
        ),
    ],
)
def test_it_is_an_lstm_of_convolutions(tmp_path, dialect, options, parts, how):
    network = build(f"conv_lstm {options}", dialect)
    given, inputs = load(network, parts, tmp_path, spread=0.6), steps(5)

    def apply(part, x):
        return convolve(part, x, dialect)

    expected = run_conv_lstm(given, as_float64(inputs), apply, **how)
    check_each_output(network, inputs, expected)
    if "bound" in how:
        other = {"bound": 1 - how["bound"]}
        changed = run_conv_lstm(given, as_float64(inputs), apply, **other)
        assert np.abs(changed[-1] - expected[-1]).max() > 0.01, "the bound was not reached"


def test_the_half_that_a_bottleneck_is_added_to_may_end_inside_a_channel(tmp_path):
    """conv_lstm_layer.c forward_conv_lstm_layer_gpu adds outputs * batch / 2 values."""
    network = build("conv_lstm output=3 size=1 bottleneck=1 shortcut=1", channels=3)
    parts = conv_lstm_parts(3, channels=3, size=1, kind="bottleneck")
    given, inputs = load(network, parts, tmp_path), steps(1, batch=1, channels=3)
    check_each_output(
        network, inputs, run_conv_lstm(given, as_float64(inputs), convolve, add=True)
    )


def growing_cell(time_steps, folder):
    """A [conv_lstm] whose one cell grows by 1 each step: all gates open but the output's."""
    network = build("conv_lstm size=1", time_steps=time_steps, channels=1, size=(1, 1))
    given = load(network, conv_lstm_parts(1, channels=1, size=1), folder, spread=0.0)
    assert not any(part["weights"].any() for part in given.values())
    for _, slot in network.slots():
        if slot.name in ("uf.biases", "ui.biases", "ug.biases"):
            slot.tensor.data.fill_(50)
    return network


def test_a_cell_stays_within_32(tmp_path):
    network = growing_cell(3, tmp_path)
    for _ in range(40):
        network(torch.zeros(1, 1, 1, 1))
    assert network.layers[0].state[1].item() == 32


def test_a_cell_stays_within_32_per_time_step_in_training(tmp_path):
    network = growing_cell(3, tmp_path).train()
    for _ in range(40):
        network(torch.zeros(3, 1, 1, 1))
    assert network.layers[0].state[1].item() == 96


def test_xnor_has_no_effect():
    cfg = parse_cfg("[net]\nchannels=2\nheight=3\nwidth=3\n[conv_lstm]\nsize=1\nxnor=1")
    with pytest.warns(CfgNote, match="'xnor' has no effect here"):
        build_network(cfg)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("conv_lstm", r"<cfg>:5: \[conv_lstm\] its window changes.*state 1x1x1"),
        ("conv_lstm size=1 stride=2", r"\[conv_lstm\] its window changes the size of its state"),
        ("conv_lstm size=1 groups=2", r"\[conv_lstm\] groups=2 does not divide its channels"),
        (
            "conv_lstm size=1 bottleneck=1 output=3",
            r"bottleneck needs as many channels in as out: expected output=2, got 3",
        ),
    ],
)
def test_options_that_cannot_work_are_refused(section, message):
    check_refused(section, message)
