"""Detections as tuples of name, probability and box."""

import pytest

import darknet_torch as dt
from darknet_torch.compat import darknet
from tests.compat.darknet.toy import DARKNET_PY, WEIGHTS, boxes_of


def test_every_name_of_darknet_py_exists():
    assert [name for name in DARKNET_PY if not hasattr(darknet, name)] == []
    assert set(DARKNET_PY) <= set(darknet.__all__)


def test_the_best_classes_are_among_all_detected_classes(network, picture):
    darknet.predict_image(network, picture)
    found, count = boxes_of(network)
    assert count == len(found) >= 4
    names = ["a", "b", "c"]
    best = darknet.remove_negatives_faster(found, names, count)
    every = darknet.remove_negatives(found, names, count)
    assert set(best) <= set(every)
    assert all(found[index].classes == 3 for index in range(count))


def test_a_missing_cfg_is_an_error(data):
    with pytest.raises(dt.CfgError, match="no such cfg"):
        darknet.load_network("none.cfg", data, WEIGHTS)
