"""Weights of classes in the losses of classifiers."""

import numpy as np
import pytest
import torch

from darknet_torch.losses.class_weights import with_class_weights
from darknet_torch.losses.registry import DARKNET_LOSSES, loss_function_for
from tests.losses.test_classifier import build_layer, compute, random_case

WEIGHTS = (1.0, 2.0, 0.5, 4.0, 3.0, 1.0)


@pytest.mark.parametrize("section", ["[softmax]", "[logistic]", "[cost]\ntype=sse"])
def test_the_delta_of_a_picture_has_the_weight_of_its_class(section):
    layer = build_layer(section)
    x, truths = random_case(3)
    truths[0] = [0, 0.25, 0, 0.75, 0, 0]  # mixed from two pictures
    output, plain = compute(layer, x, truths)
    weighted = loss_function_for(layer, with_class_weights(DARKNET_LOSSES, WEIGHTS))(
        layer, torch.from_numpy(x), torch.from_numpy(output), torch.from_numpy(truths), None
    )
    for row, truth, before in zip(weighted.delta, truths, plain.delta, strict=True):
        factor = sum(part * weight for part, weight in zip(truth, WEIGHTS, strict=True))
        assert np.allclose(row, before * factor, rtol=1e-6)  # float32
    assert weighted.cost == plain.cost
