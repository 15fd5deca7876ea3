"""Reading cfgs and weights as OpenCV's importer does."""

import pytest

import darknet_torch as dt
from darknet_torch.compat import opencv as dnn
from tests.toy.files import CFG, WEIGHTS


def test_leftover_bytes_are_ignored_and_missing_ones_are_an_error():
    weights = WEIGHTS.read_bytes()
    with pytest.warns(dt.CfgWarning, match="has 8 bytes left over .*probably of another cfg"):
        assert not dnn.readNetFromDarknet(CFG, weights + b"12345678").empty()
    with pytest.raises(dt.WeightsError, match="ends inside layer 6"):
        dnn.readNetFromDarknet(CFG, weights[:-8])
    first_layer = 20 + 4 * (4 * 12 + 12 * 27)
    with pytest.raises(dt.WeightsError, match=r"ends before the last layer.*1 of 8 layers"):
        dnn.readNetFromDarknet(CFG, weights[:first_layer])
