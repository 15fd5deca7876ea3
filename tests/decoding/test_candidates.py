"""Candidates: what decoding everything and then comparing with the threshold leaves."""

import math
from itertools import chain

import numpy as np
import pytest
import torch

from darknet_torch.decoding.arrays import NUMPY
from darknet_torch.decoding.candidates import Candidates, find_candidates
from darknet_torch.ops.arrays import TORCH
from tests.decoding.cases import CASES
from tests.decoding.test_decoder import CLOSE, decode_in_numpy

THRESHOLDS = (0, 0.005, 0.25, 0.999999, 1)


def special_inputs(case, head):
    """Inputs with objectness at, just above and below each threshold, and without a value."""
    x = case.inputs()
    special = [
        math.nan,
        math.inf,
        -math.inf,
        0.0,
        *THRESHOLDS[1:4],
        *np.nextafter(np.float32(THRESHOLDS[1:4]), np.float32(1)),
    ]
    for threshold in THRESHOLDS[1:4]:
        logit = np.float32(math.log(threshold / (1 - threshold)))
        special += [logit + step * np.spacing(abs(logit)) for step in (-2, -1, 0, 1, 2)]
    if case.section == "detection":
        x.view(-1)[: len(special)] = torch.tensor([float(one) for one in special])
        return x
    values = head.decoder.values_of(TORCH, x, raw=head.decodes_input)
    flat = values[..., head.decoder.objectness_at].reshape(-1).clone()
    flat[: len(special)] = torch.tensor([float(one) for one in special])
    values[..., head.decoder.objectness_at] = flat.reshape(values.shape[:-1])
    values[-1, -1, -1, -1, 2:6] = torch.tensor([math.inf, math.nan, 9.0, math.nan])
    return x


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_they_are_what_the_threshold_leaves_of_all_boxes(case, tmp_path):
    head = case.head(tmp_path)
    x = special_inputs(case, head)
    forms = [(head(x), False)] + [(x, True)] * head.decodes_input
    for (maps, raw), threshold in ((form, t) for form in forms for t in THRESHOLDS):
        boxes, objectness, scores = decode_in_numpy(head, maps, case, raw=raw)
        kept = objectness > threshold
        pictures = np.nonzero(kept)[0]
        for order, functions in (
            (torch.contiguous_format, NUMPY),
            (torch.channels_last, NUMPY),
            (torch.channels_last, TORCH),
        ):
            given = maps.contiguous(memory_format=order)
            found = find_candidates(
                head.decoder,
                given.numpy() if functions is NUMPY else given,
                threshold,
                raw=raw,
                size=(case.height, case.width),
                functions=functions,
            )
            assert found.pictures.tolist() == pictures.tolist()
            np.testing.assert_allclose(found.boxes, boxes[kept], **CLOSE)
            np.testing.assert_allclose(found.objectness, objectness[kept], **CLOSE)
            np.testing.assert_allclose(found.class_scores, scores[kept], **CLOSE)


def one_per_picture(pictures, marks):
    marks = np.array(marks, np.float32)
    return Candidates(np.array(pictures), marks[:, None] * np.ones(4), marks, marks[:, None])


def test_those_of_several_heads_are_joined_picture_by_picture():
    joined = Candidates.join([one_per_picture([0, 2], [1, 2]), one_per_picture([0, 0], [3, 4])])
    assert joined.objectness.tolist() == [1, 3, 4, 2]
    slices = joined.slices(4)
    assert [list(chain(joined.objectness[own])) for own in slices] == [[1, 3, 4], [], [2], []]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_boxes_that_are_not_finite_are_found(bad):
    found = one_per_picture([0, 0, 1], [1, bad, 2]).finite()
    assert found.objectness.tolist() == [1, 2]
    assert found.pictures.tolist() == [0, 1]
