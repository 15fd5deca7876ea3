"""A state_dict is read key by key, and keys that nothing used are an error."""

import pytest
import torch

from darknet_torch.checkpoints.state_reader import StateReader, format_keys
from darknet_torch.errors import WeightsError

ONES = torch.ones(2)


def test_a_key_is_taken_once():
    reader = StateReader({"a": ONES}, "some.pt")
    assert reader.take("a") is ONES
    assert reader.take("a") is None
    reader.check_all_used("no layer")


def test_a_layer_without_a_weight_is_none():
    reader = StateReader({"conv.bias": ONES}, "some.pt")
    assert reader.take_layer("conv", "bn", 1e-5) is None
    assert list(reader.unused) == ["conv.bias"]


def test_a_convolution_may_have_no_batchnorm():
    arrays = StateReader({"conv.weight": ONES}, "some.pt").take_layer("conv", "bn", 1e-5)
    assert arrays.weight is ONES
    assert arrays.bias is arrays.batchnorm is None


def test_unused_keys_are_refused_by_name():
    with pytest.raises(WeightsError) as caught:
        StateReader({"b": ONES, "a": ONES}, "some.pt").check_all_used("no layer of x.cfg")
    assert str(caught.value) == (
        "some.pt: has arrays that no layer of x.cfg uses: got a, b; "
        "use the cfg that the checkpoint was trained with"
    )


def test_many_keys_are_abbreviated():
    assert format_keys(["a", "b", "c", "d"]) == "a, b, c, d"
    assert format_keys(["a", "b", "c", "d", "e"]) == "a, b, c, d, ... (5 keys)"
