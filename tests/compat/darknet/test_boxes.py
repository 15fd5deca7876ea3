"""Boxes of a picture, and their NMS."""

import pytest

import darknet_torch as dt
from darknet_torch.compat import darknet
from tests.compat.darknet.toy import boxes_of


def test_nms_leaves_the_boxes_sorted_by_the_last_class(network, picture):
    darknet.predict_image(network, picture)
    found, count = boxes_of(network)
    before = [found[index].prob[2] for index in range(count)]
    darknet.do_nms_sort(found, count, 3, 0.45)
    after = [found[index].prob[2] for index in range(count)]
    kept = [score for score in after if score]
    assert kept == sorted(kept, reverse=True)
    assert set(kept) < set(before)
    darknet.do_nms_sort(found, 0, 3, 0.45)


def test_a_picture_without_boxes_is_handled(network):
    darknet.predict_image(network, darknet.make_image(160, 160, 3))
    found, count = boxes_of(network, threshold=0.99)
    assert count == 0
    darknet.do_nms_obj(found, count, 3, 0.45)
    assert darknet.remove_negatives(found, ["a", "b", "c"], count) == []
    darknet.free_detections(found, count)


def test_another_batch_size_than_loaded_is_refused(network, picture):
    with pytest.raises(dt.UsageError, match=r"expected 1, got 2; load it with load_net"):
        darknet.network_predict_batch(network, picture, 2, 160, 160, 0.25, 0.5, None, 0, 0)


def test_a_map_of_class_ids_is_refused(network, picture):
    darknet.predict_image(network, picture)
    with pytest.raises(dt.UnsupportedError, match="maps of class ids are not supported"):
        darknet.get_network_boxes(network, 160, 160, 0.25, 0.5, [1, 2], 0, [0], 0)
