"""[lstm] against plain loops over the steps."""

import numpy as np
import pytest

from tests.layers.plain_recurrent import (
    FIGO,
    IFOG,
    INPUTS,
    as_float64,
    build,
    check_each_output,
    check_refused,
    connect,
    connected,
    load,
    logistic,
    steps,
)


def run_lstm(given, inputs, apply):
    h = c = np.zeros((len(inputs[0]), 3))
    outputs = []
    for x in inputs:
        f, i, g, o = (apply(given[f"w{k}"], h) + apply(given[f"u{k}"], x) for k in FIGO)
        c = logistic(f) * c + logistic(i) * np.tanh(g)
        h = logistic(o) * np.tanh(c)
        outputs.append(h)
    return outputs


@pytest.mark.parametrize("normalize", [False, True], ids=["", "normalised"])
@pytest.mark.parametrize(
    ("dialect", "gates"), [("alexeyab", FIGO), ("alexeyab-cuda", FIGO), ("pjreddie", IFOG)]
)
def test_it_keeps_a_cell(tmp_path, dialect, gates, normalize):
    network = build(f"lstm output=3 batch_normalize={int(normalize)}", dialect)
    parts = {f"w{gate}": connected(3, 3, normalize) for gate in gates}
    parts |= {f"u{gate}": connected(3, INPUTS, normalize) for gate in gates}
    given, inputs = load(network, parts, tmp_path, spread=0.3), steps(3)

    def apply(part, x):
        return connect(part, x, dialect)

    check_each_output(network, inputs, run_lstm(given, as_float64(inputs), apply))


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("lstm output=0", r"'output' is out of its bounds"),
    ],
)
def test_fewer_than_one_output_is_refused(section, message):
    check_refused(section, message)
