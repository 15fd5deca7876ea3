"""The arrays of a checkpoint's layer become those of a Darknet layer that computes the same."""

import pytest
import torch

from darknet_torch.checkpoints.arrays import (
    BatchNormArrays,
    LayerArrays,
    copy_values,
    match_slots,
)
from darknet_torch.errors import WeightsError
from tests.conversion.small_models import NET, trained_network

CFG = f"{NET}[convolutional]\nfilters=2\nbatch_normalize=1\n"


def batchnorm(epsilon):
    ones = torch.ones(2)
    return BatchNormArrays(ones, 3 * ones, 5 * ones, 7 * ones, epsilon)


def test_a_bias_before_a_batchnorm_is_subtracted_from_the_rolling_mean():
    layer = trained_network(CFG).layers[0]
    weight, bias = torch.ones(2, 3, 1, 1), torch.tensor([1.0, 2.0])
    arrays = LayerArrays("conv1", weight, bias, batchnorm(0.0))
    copy_values(match_slots(layer, arrays, "some.pt"))
    values = {slot.name: slot.tensor for slot in layer.weight_slots()}
    assert values["rolling_mean"].tolist() == [4, 3]
    assert values["biases"].tolist() == [3, 3]
    assert values["scales"].tolist() == [1, 1]


def test_the_layer_is_not_changed_before_the_values_are_copied():
    layer = trained_network(CFG).layers[0]
    before = [slot.tensor.clone() for slot in layer.weight_slots()]
    arrays = LayerArrays("conv1", torch.ones(2, 3, 1, 1), batchnorm=batchnorm(1e-5))
    match_slots(layer, arrays, "some.pt")
    for slot, value in zip(layer.weight_slots(), before, strict=True):
        assert torch.equal(slot.tensor, value)


def test_arrays_of_the_wrong_shape_are_refused_with_both_shapes():
    layer = trained_network(f"{NET}[convolutional]\nfilters=2\n").layers[0]
    arrays = LayerArrays("conv1", torch.ones(4, 3, 1, 1), torch.ones(4))
    with pytest.raises(WeightsError) as caught:
        match_slots(layer, arrays, "some.pt")
    assert str(caught.value) == (
        "some.pt: conv1 does not fit layer 0 [convolutional] (small.cfg:5): "
        "expected biases [2], weights [2, 3, 1, 1], got weights [4, 3, 1, 1], biases [4]; "
        "use the cfg that the checkpoint was trained with"
    )
