"""[rnn], [gru], [lstm], [crnn], [conv_lstm], [history] against plain loops over the steps.

Every array comes from a weight file written in the order of Darknet's code.
"""

import struct
import warnings

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError, CfgNote, CfgWarning, DarknetError
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
    generator = torch.Generator().manual_seed(7)
    return list(torch.randn(count, batch, channels, *size, generator=generator))


def connected(outputs, inputs, normalize=False):
    """The arrays of a fully connected part in the order of the file: names and shapes."""
    shapes = {"biases": (outputs,), "weights": (outputs, inputs)}
    return shapes | {name: (outputs,) for name in NORMALIZATION if normalize}


def convolutional(filters, channels, size, normalize=False):
    """The same of a convolution, whose weights come last."""
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
    """[N, C, ...] shifted, and before that normalised by the rolling values if there are any."""
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
    """[rnn] with `connect`, [crnn] with `convolve`."""
    own = own or act
    state, outputs = np.zeros((len(inputs[0]), *hidden_shape)), []
    for x in inputs:
        new = act(apply(given["input"], x)) + own(apply(given["self"], state))
        state = state + new if shortcut else new
        outputs.append(act(apply(given["output"], state)))
    return outputs


def run_gru(given, inputs, apply, candidate):
    state, outputs = np.zeros((len(inputs[0]), 3)), []
    for x in inputs:
        z = logistic(apply(given["uz"], x) + apply(given["wz"], state))
        r = logistic(apply(given["ur"], x) + apply(given["wr"], state))
        h = candidate(apply(given["uh"], x) + apply(given["wh"], r * state))
        state = z * state + (1 - z) * h
        outputs.append(state)
    return outputs


def run_lstm(given, inputs, apply):
    h = c = np.zeros((len(inputs[0]), 3))
    outputs = []
    for x in inputs:
        f, i, g, o = (apply(given[f"w{k}"], h) + apply(given[f"u{k}"], x) for k in FIGO)
        c = logistic(f) * c + logistic(i) * np.tanh(g)
        h = logistic(o) * np.tanh(c)
        outputs.append(h)
    return outputs


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


def agrees(network, inputs, expected):
    """Call after call the outputs are `expected`."""
    for x, values in zip(inputs, expected, strict=True):
        (out,) = network(x)
        flat = values.reshape(len(values), -1)
        np.testing.assert_allclose(out.detach().flatten(1), flat, **CLOSE)
        shape = network.layers[0].output_shape
        assert out.shape[1:] == (shape.channels, shape.height, shape.width)


def doubles(inputs):
    return [x.double().numpy() for x in inputs]


@pytest.mark.parametrize("normalize", [False, True], ids=["", "normalised"])
@pytest.mark.parametrize(
    ("dialect", "options", "how"),
    [
        ("alexeyab", "hidden=4 activation=tanh", {"act": np.tanh}),
        ("alexeyab", "hidden=4", {"act": logistic}),
        ("alexeyab", "hidden=4 activation=leaky shortcut=1", {"act": leaky, "shortcut": True}),
        ("alexeyab", "hidden=4 activation=tanh logistic=1", {"act": np.tanh, "own": logistic}),
        ("alexeyab", "hidden=4 activation=leaky logistic=2", {"act": leaky, "own": loggy}),
        ("alexeyab-cuda", "activation=tanh", {"act": np.tanh}),
        ("pjreddie", "activation=leaky shortcut=1", {"act": leaky, "shortcut": True}),
        ("pjreddie", "", {"act": logistic}),
    ],
)
def test_rnn_adds_what_it_sees_to_what_it_saw(tmp_path, dialect, options, how, normalize):
    network = build(f"rnn output=3 {options} batch_normalize={int(normalize)}", dialect)
    hidden = 4 if "hidden" in options else {"pjreddie": 3}.get(dialect, 1)
    parts = {
        "input": connected(hidden, INPUTS, normalize),
        "self": connected(hidden, hidden, normalize),
        "output": connected(3, hidden, normalize),
    }
    given = load(network, parts, tmp_path, spread=0.3)
    inputs = steps(3)

    def apply(part, x):
        return connect(part, x, dialect)

    agrees(network, inputs, run_rnn(given, doubles(inputs), apply, (hidden,), **how))


@pytest.mark.parametrize("normalize", [False, True], ids=["", "normalised"])
@pytest.mark.parametrize(
    ("dialect", "options", "order", "candidate"),
    [
        ("alexeyab", "", "uz ur uh wz wr wh", logistic),
        ("alexeyab-cuda", "", "uz ur uh wz wr wh", logistic),
        ("pjreddie", "", "wz wr wh uz ur uh", logistic),
        ("pjreddie", "tanh=1", "wz wr wh uz ur uh", np.tanh),
    ],
)
def test_gru_mixes_old_and_new(tmp_path, dialect, options, order, candidate, normalize):
    network = build(f"gru output=3 {options} batch_normalize={int(normalize)}", dialect)
    inputs_of = {"u": INPUTS, "w": 3}
    parts = {name: connected(3, inputs_of[name[0]], normalize) for name in order.split()}
    given, inputs = load(network, parts, tmp_path, spread=0.3), steps(3)

    def apply(part, x):
        return connect(part, x, dialect)

    agrees(network, inputs, run_gru(given, doubles(inputs), apply, candidate))


@pytest.mark.parametrize("normalize", [False, True], ids=["", "normalised"])
@pytest.mark.parametrize(
    ("dialect", "gates"), [("alexeyab", FIGO), ("alexeyab-cuda", FIGO), ("pjreddie", IFOG)]
)
def test_lstm_keeps_a_cell(tmp_path, dialect, gates, normalize):
    network = build(f"lstm output=3 batch_normalize={int(normalize)}", dialect)
    parts = {f"w{gate}": connected(3, 3, normalize) for gate in gates}
    parts |= {f"u{gate}": connected(3, INPUTS, normalize) for gate in gates}
    given, inputs = load(network, parts, tmp_path, spread=0.3), steps(3)

    def apply(part, x):
        return connect(part, x, dialect)

    agrees(network, inputs, run_lstm(given, doubles(inputs), apply))


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
def test_crnn_is_an_rnn_of_convolutions(tmp_path, dialect, options, parts, window, how):
    network = build(f"crnn {options}", dialect)
    given, inputs = load(network, parts, tmp_path, spread=0.3), steps(3)

    def apply(part, x):
        return convolve(part, x, dialect, **window)

    hidden = len(given["self"]["biases"])
    expected = run_rnn(given, doubles(inputs), apply, (hidden, HEIGHT, WIDTH), **how)
    agrees(network, inputs, expected)


def test_pjreddies_crnn_takes_heights_for_widths(tmp_path):
    """parser.c parse_crnn (pjreddie) passes w and h where make_crnn_layer takes h and w."""
    size = (2, 5)
    network = build("crnn output_filters=2 hidden_filters=2", "pjreddie", size=size)
    given, inputs = load(network, crnn_parts(2, 2), tmp_path, spread=0.3), steps(2, size=size)
    turned = [x.reshape(len(x), CHANNELS, 5, 2) for x in doubles(inputs)]
    expected = run_rnn(given, turned, convolve, (2, 5, 2), act=logistic)
    assert network.layers[0].output_shape.height == 5
    agrees(network, inputs, expected)


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
def test_conv_lstm_is_an_lstm_of_convolutions(tmp_path, dialect, options, parts, how):
    network = build(f"conv_lstm {options}", dialect)
    given, inputs = load(network, parts, tmp_path, spread=0.6), steps(5)

    def apply(part, x):
        return convolve(part, x, dialect)

    expected = run_conv_lstm(given, doubles(inputs), apply, **how)
    agrees(network, inputs, expected)
    if "bound" in how:
        other = {"bound": 1 - how["bound"]}
        changed = run_conv_lstm(given, doubles(inputs), apply, **other)
        assert np.abs(changed[-1] - expected[-1]).max() > 0.01, "the bound was not reached"


def test_the_first_half_that_a_bottleneck_is_added_to_may_end_inside_a_channel(tmp_path):
    """conv_lstm_layer.c forward_conv_lstm_layer_gpu adds outputs * batch / 2 values."""
    network = build("conv_lstm output=3 size=1 bottleneck=1 shortcut=1", channels=3)
    parts = conv_lstm_parts(3, channels=3, size=1, kind="bottleneck")
    given, inputs = load(network, parts, tmp_path), steps(1, batch=1, channels=3)
    agrees(network, inputs, run_conv_lstm(given, doubles(inputs), convolve, add=True))


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


def test_a_cell_stays_within_32_for_each_of_the_time_steps_in_training(tmp_path):
    network = growing_cell(3, tmp_path).train()
    for _ in range(40):
        network(torch.zeros(3, 1, 1, 1))
    assert network.layers[0].state[1].item() == 96


@pytest.mark.parametrize("size", [1, 2, 4])
def test_history_keeps_the_last_inputs_the_newest_first(size):
    network, inputs = build(f"history history_size={size}"), steps(6)
    seen = [torch.zeros_like(inputs[0])] * size
    for x in inputs:
        seen = [x, *seen][:size]
        (out,) = network(x)
        np.testing.assert_array_equal(out, torch.cat(seen, 1))
    shape = network.layers[0].output_shape
    assert (shape.channels, shape.height, shape.width) == out.shape[1:]


def test_history_keeps_four_inputs_unless_told():
    assert build("history").layers[0].output_shape.channels == 4 * CHANNELS


KINDS = {
    "rnn": "rnn output=3 hidden=4 activation=tanh",
    "gru": "gru output=3",
    "lstm": "lstm output=3",
    "crnn": "crnn output=3 hidden=4 pad=1 activation=tanh",
    "conv_lstm": "conv_lstm output=3 pad=1 peephole=1",
    "history": "history history_size=3",
}
FORGETFUL = ("rnn", "crnn")  # their state is zeroed at the start of every training batch


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def filled(kind, time_steps=1):
    network = build(KINDS[kind], time_steps=time_steps)
    generator = torch.Generator().manual_seed(2)
    for _, slot in network.slots():
        slot.tensor.data.uniform_(-0.3, 0.4, generator=generator)
    return network


def outputs(network, inputs):
    return [network(x)[0].detach() for x in inputs]


def same(found, expected):
    """PyTorch may add up in another order for another number of pictures."""
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def differ(one, other):
    return (one - other).abs().max() > 1e-3


def test_the_state_is_carried_to_the_next_call_until_it_is_reset(kind):
    network, (x, *_) = filled(kind), steps(1)
    first, second = outputs(network, [x, x])
    assert differ(first, second)
    network.layers[0].reset_state()
    same(outputs(network, [x, x]), [first, second])


def test_another_number_of_pictures_starts_anew(kind):
    network, (x, *_) = filled(kind), steps(1, batch=3)
    (fresh,) = outputs(network, [x])
    network.layers[0].reset_state()
    outputs(network, [x[:1], x[:1]])
    same(outputs(network, [x]), [fresh])


def test_sequences_of_a_batch_do_not_mix(kind):
    network, inputs = filled(kind), steps(3)
    together = outputs(network, inputs)
    alone = filled(kind)
    same([out[1:] for out in together], outputs(alone, [x[1:] for x in inputs]))


def test_a_training_batch_holds_its_steps_one_behind_the_other(kind):
    inputs = steps(3)
    stepwise = outputs(filled(kind), inputs)
    network = filled(kind, time_steps=3).train()
    same(outputs(network, [torch.cat(inputs)]), [torch.cat(stepwise)])


def test_the_next_training_batch_goes_on_unless_darknets_layer_forgets(kind):
    inputs = steps(4)
    network = filled(kind, time_steps=2).train()
    pairs = [torch.cat(inputs[:2]), torch.cat(inputs[2:])]
    _, second = outputs(network, pairs)
    stepwise = filled(kind)
    onward = torch.cat(outputs(stepwise, inputs)[2:])
    stepwise.layers[0].reset_state()
    anew = torch.cat(outputs(stepwise, inputs[2:]))
    assert differ(onward, anew)
    same([second], [anew if kind in FORGETFUL else onward])


def test_a_training_batch_that_is_no_whole_number_of_steps_is_refused(kind):
    network, (x,) = filled(kind, time_steps=2).train(), steps(1, batch=3)
    with pytest.raises(DarknetError):
        network(x)


def test_time_steps_do_not_matter_at_inference(kind):
    inputs = steps(2)
    same(outputs(filled(kind, time_steps=2), inputs), outputs(filled(kind), inputs))


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"history"}))
def test_gradients_reach_back_through_the_steps_of_a_batch_and_no_further(kind):
    network = filled(kind, time_steps=3).train()
    for _ in range(2):  # the second would fail if it reached into the first
        x = torch.cat(steps(3)).requires_grad_()
        network(x)[0][-2:].sum().backward()
        by_step = x.grad.unflatten(0, (3, 2)).abs().amax((2, 3, 4))
        assert (by_step > 0).all()


def test_a_batch_of_each_step_is_normalised_on_its_own_in_training():
    network = build("rnn output=3 hidden=4 batch_normalize=1", time_steps=2).train()
    for _, slot in network.slots():
        if slot.name.endswith("rolling_mean"):
            assert not slot.tensor.any()
    inputs = steps(2, batch=3)
    network(torch.cat(inputs))
    layer = network.layers[0].input_layer
    mean = np.zeros(4)
    for x in doubles(inputs):
        plain = x.reshape(3, -1) @ layer.weights.detach().double().numpy().T
        mean += 0.05 * (plain.mean(0) - mean)
    np.testing.assert_allclose(layer.normalization.rolling_mean, mean, **CLOSE)


@pytest.mark.parametrize(
    ("section", "key", "dialect", "owner"),
    [
        ("rnn hidden=4", "hidden", "pjreddie", "alexeyab"),
        ("rnn logistic=1", "logistic", "pjreddie", "alexeyab"),
        ("gru tanh=1", "tanh", "alexeyab", "pjreddie"),
        ("crnn hidden=4", "hidden", "pjreddie", "alexeyab"),
        ("crnn output=4", "output", "pjreddie", "alexeyab"),
        ("crnn size=1", "size", "pjreddie", "alexeyab"),
        ("crnn size=1 hidden_filters=4", "hidden_filters", "alexeyab", "pjreddie"),
        ("crnn size=1 output_filters=4", "output_filters", "alexeyab", "pjreddie"),
    ],
)
def test_an_option_of_the_other_code_base_is_ignored(section, key, dialect, owner):
    name, *options = section.split()
    plain = " ".join(option for option in options if not option.startswith(f"{key}="))
    text = f"[net]\nchannels=2\nheight=3\nwidth=3\n[{name}]\n" + "\n".join(options)
    with pytest.warns(CfgWarning, match=rf"'{key}' is an option of {owner}/darknet") as record:
        network = build_network(parse_cfg(text), dialect=find_dialect(dialect))
    assert len(record) == 1
    expected = build(f"{name} {plain}", dialect)
    assert [slot.tensor.shape for _, slot in network.slots()] == [
        slot.tensor.shape for _, slot in expected.slots()
    ]


@pytest.mark.parametrize("section", ["crnn\nsize=1", "conv_lstm\nsize=1"])
def test_xnor_is_of_no_use_here(section):
    name, options = section.split("\n")
    text = f"[net]\nchannels=2\nheight=3\nwidth=3\n[{name}]\n{options}\nxnor=1"
    with pytest.warns(CfgNote, match="'xnor' has no effect here"):
        build_network(parse_cfg(text))


@pytest.mark.parametrize("dialect", ["alexeyab", "alexeyab-cuda"])
def test_darknets_code_of_rnn_has_no_mish(dialect):
    cfg = parse_cfg("[net]\ninputs=4\n[rnn]\noutput=3\nactivation=mish")
    with pytest.warns(CfgWarning, match=r"no mish in \[rnn\]"):
        network = build_network(cfg, dialect=find_dialect(dialect))
    assert not network(torch.randn(2, 4))[0].any()


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("crnn hidden=2", r"\[crnn\] its window changes the size of its state.*state 2x1x1"),
        ("crnn size=1 stride=2", r"\[crnn\] its window changes the size of its state"),
        ("crnn size=1 groups=2", r"\[crnn\] groups=2 does not divide its channels"),
        ("conv_lstm", r"<cfg>:5: \[conv_lstm\] its window changes.*state 1x1x1"),
        ("conv_lstm size=1 stride=2", r"\[conv_lstm\] its window changes the size of its state"),
        ("conv_lstm size=1 groups=2", r"\[conv_lstm\] groups=2 does not divide its channels"),
        (
            "conv_lstm size=1 bottleneck=1 output=3",
            r"bottleneck needs as many channels in as out: expected output=2, got 3",
        ),
        ("history history_size=0", r"'history_size' is out of its bounds"),
        ("lstm output=0", r"'output' is out of its bounds"),
    ],
)
def test_what_cannot_run_is_refused(section, message):
    name, *options = section.split()
    text = f"[net]\nchannels=2\nheight=3\nwidth=3\n[{name}]\n" + "\n".join(options)
    with pytest.raises(CfgError, match=message):
        build_network(parse_cfg(text))
