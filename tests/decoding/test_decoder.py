"""Every decoder: numpy = PyTorch = Darknet's loops, from the head's output and its input."""

import numpy as np
import pytest
import torch

from darknet_torch.decoding.arrays import NUMPY
from darknet_torch.decoding.decoder import Cells, anchor_fractions, logit_below
from darknet_torch.ops.arrays import TORCH
from tests.decoding.cases import CASES

CLOSE = {"rtol": 2e-5, "atol": 2e-6}  # exp and division in float32


def decode_in_numpy(head, maps, case, *, raw):
    """All boxes of a map, decoded without PyTorch: boxes, objectness, class scores."""
    decoder = head.decoder
    values = decoder.values_of(NUMPY, maps.numpy(), raw=raw)
    if raw:
        values = decoder.activate(NUMPY, values)
    count, rows, columns = values.shape[:3]
    cells = Cells(
        np.arange(columns, dtype=np.float32)[None, :, None],
        np.arange(rows, dtype=np.float32)[:, None, None],
        np.array(decoder.anchors, np.float32),
        columns,
        rows,
        case.width,
        case.height,
    )
    decoded = decoder.decode(NUMPY, values, cells)
    shapes = ((count, -1, 4), (count, -1), (count, -1, case.classes))
    return [part.reshape(shape) for part, shape in zip(decoded, shapes, strict=True)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_numpy_and_pytorch_decode_as_darknets_loops(case, tmp_path):
    head, x = case.head(tmp_path), case.inputs()
    expected = case.expected(x)
    with torch.inference_mode():
        output = head(x)
        found = head.decode(output, case.height, case.width)
    in_torch = found.boxes, found.objectness, found.class_scores
    in_numpy = decode_in_numpy(head, output, case, raw=False)
    for got, again, wanted in zip(in_torch, in_numpy, expected, strict=True):
        np.testing.assert_allclose(got, wanted, **CLOSE)
        np.testing.assert_allclose(again, wanted, **CLOSE)
    if head.decodes_input:
        for got, wanted in zip(decode_in_numpy(head, x, case, raw=True), expected, strict=True):
            np.testing.assert_allclose(got, wanted, **CLOSE)


def test_heads_decode_their_input_unless_darknet_reads_values_from_elsewhere(tmp_path):
    odd = {str(case) for case in CASES if not case.head(tmp_path).decodes_input}
    assert odd == {
        "alexeyab region softmax=1 coords=6",
        *(str(case) for case in CASES if case.section == "detection"),
    }


@pytest.mark.parametrize("logistic", [NUMPY.logistic, lambda x: TORCH.logistic(torch.tensor(x))])
@pytest.mark.parametrize("threshold", [1e-30, 1e-6, 0.005, 0.25, 0.5, 0.7, 0.999, 0.999999, 1])
def test_no_value_at_or_below_the_limit_exceeds_the_threshold(threshold, logistic):
    limit = np.float32(logit_below(threshold))
    below = limit - np.arange(2000, dtype=np.float32) * np.spacing(abs(limit))
    assert not (np.asarray(logistic(below)) > threshold).any()
    assert float(logistic(limit[None])[0]) >= threshold * (1 - 1e-4)  # and it is close


def test_a_threshold_of_0_rules_out_no_finite_value():
    assert logit_below(0) == -np.inf


@pytest.mark.parametrize("functions", [NUMPY, TORCH], ids=["numpy", "torch"])
def test_anchor_fractions_divide_widths_and_heights(functions):
    anchors = functions.xp.asarray([[8.0, 6.0]])
    assert anchor_fractions(functions, anchors, 24, 16).tolist() == [[0.5, 0.25]]
