"""[rnn] against plain loops over the steps."""

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgWarning
from darknet_torch.model.network import build_network
from tests.layers.plain_recurrent import (
    CLOSE,
    INPUTS,
    as_float64,
    build,
    check_each_output,
    check_option_is_ignored,
    connect,
    connected,
    leaky,
    load,
    loggy,
    logistic,
    run_rnn,
    steps,
)


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
def test_its_state_is_the_sum_of_input_and_old_state(tmp_path, dialect, options, how, normalize):
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

    check_each_output(network, inputs, run_rnn(given, as_float64(inputs), apply, (hidden,), **how))


@pytest.mark.parametrize(
    ("section", "key", "dialect", "owner"),
    [
        ("rnn hidden=4", "hidden", "pjreddie", "alexeyab"),
        ("rnn logistic=1", "logistic", "pjreddie", "alexeyab"),
    ],
)
def test_an_option_of_the_other_code_base_is_ignored(section, key, dialect, owner):
    check_option_is_ignored(section, key, dialect, owner)


@pytest.mark.parametrize("dialect", ["alexeyab", "alexeyab-cuda"])
def test_darknets_code_has_no_mish(dialect):
    cfg = parse_cfg("[net]\ninputs=4\n[rnn]\noutput=3\nactivation=mish")
    with pytest.warns(CfgWarning, match=r"no mish in \[rnn\]"):
        network = build_network(cfg, dialect=find_dialect(dialect))
    assert not network(torch.randn(2, 4))[0].any()


def test_training_normalises_each_step_separately():
    network = build("rnn output=3 hidden=4 batch_normalize=1", time_steps=2).train()
    for _, slot in network.slots():
        if slot.name.endswith("rolling_mean"):
            assert not slot.tensor.any()
    inputs = steps(2, batch=3)
    network(torch.cat(inputs))
    layer = network.layers[0].input_layer
    mean = np.zeros(4)
    for x in as_float64(inputs):
        plain = x.reshape(3, -1) @ layer.weights.detach().double().numpy().T
        mean += 0.05 * (plain.mean(0) - mean)
    np.testing.assert_allclose(layer.normalization.rolling_mean, mean, **CLOSE)
