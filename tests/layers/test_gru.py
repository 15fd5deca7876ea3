"""[gru] against plain loops over the steps."""

import numpy as np
import pytest

from tests.layers.plain_recurrent import (
    INPUTS,
    as_float64,
    build,
    check_each_output,
    check_option_is_ignored,
    connect,
    connected,
    load,
    logistic,
    steps,
)


def run_gru(given, inputs, apply, candidate):
    state, outputs = np.zeros((len(inputs[0]), 3)), []
    for x in inputs:
        z = logistic(apply(given["uz"], x) + apply(given["wz"], state))
        r = logistic(apply(given["ur"], x) + apply(given["wr"], state))
        h = candidate(apply(given["uh"], x) + apply(given["wh"], r * state))
        state = z * state + (1 - z) * h
        outputs.append(state)
    return outputs


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
def test_it_mixes_the_old_state_and_the_candidate(
    tmp_path, dialect, options, order, candidate, normalize
):
    network = build(f"gru output=3 {options} batch_normalize={int(normalize)}", dialect)
    inputs_of = {"u": INPUTS, "w": 3}
    parts = {name: connected(3, inputs_of[name[0]], normalize) for name in order.split()}
    given, inputs = load(network, parts, tmp_path, spread=0.3), steps(3)

    def apply(part, x):
        return connect(part, x, dialect)

    check_each_output(network, inputs, run_gru(given, as_float64(inputs), apply, candidate))


@pytest.mark.parametrize(
    ("section", "key", "dialect", "owner"),
    [
        ("gru tanh=1", "tanh", "alexeyab", "pjreddie"),
    ],
)
def test_an_option_of_the_other_code_base_is_ignored(section, key, dialect, owner):
    check_option_is_ignored(section, key, dialect, owner)
