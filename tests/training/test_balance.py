"""--balance: rare classes count more."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from darknet_torch.augment.picture_draw import WeightedDraw
from darknet_torch.augment.random_streams import RandomStream, SampleSeed
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.datasets.examples import Example, Labels
from darknet_torch.errors import CfgNote, UsageError
from darknet_torch.model.network import build_network
from darknet_torch.training.balance import (
    class_weights,
    classification_weights,
    detection_weights,
    weigh_classes_of_heads,
)
from tests.training.runs import DETECTOR


def picture(*class_ids, difficult=None):
    boxes = [(0.5, 0.5, 0.2, 0.2)] * len(class_ids)
    return Example(Path("a.jpg"), Labels.from_arrays(class_ids, boxes, difficult))


def drawn_classes(weights, classes_of, samples=6000):
    draw, counts = WeightedDraw(weights), Counter()
    for number in range(samples):
        seed = SampleSeed(0, number)
        index = draw.index(seed.generator(RandomStream.PICTURE), seed, len(weights))
        counts.update(set(classes_of[index]))
    return counts


def test_a_class_counts_by_the_inverse_of_its_number():
    assert class_weights(np.array([100, 50, 25])).tolist() == [1, 2, 4]


def test_no_class_counts_more_than_twenty_times():
    assert class_weights(np.array([1000, 1, 0])).tolist() == [1, 20, 20]
    assert class_weights(np.zeros(2, int)).tolist() == [20, 20]


def test_classes_of_a_classifier_are_drawn_equally_often():
    ids = [0] * 30 + [1] * 5 + [2] * 2
    counts = drawn_classes(classification_weights(ids, 3), [[each] for each in ids])
    shares = [counts[each] / 6000 for each in range(3)]
    assert shares == pytest.approx([1 / 3] * 3, abs=0.025)  # 4 deviations


def test_pictures_with_rare_classes_are_drawn_more_often():
    examples = [picture(0, 0)] * 36 + [picture(0, 1)] * 4 + [Example(Path("b.jpg"), None)]
    weights = detection_weights(examples, 2)
    rare = (40 / 4) ** 0.5  # the repeat factor of class 1
    assert weights == pytest.approx((1.0,) * 36 + (rare,) * 4 + (1.0,))
    shown = [np.unique(each.labels.class_ids) if each.labels else [] for each in examples]
    before, after = drawn_classes((1.0,) * 41, shown), drawn_classes(weights, shown)
    assert before[1] / 6000 == pytest.approx(4 / 41, abs=0.02)  # 4 deviations
    assert after[1] / 6000 == pytest.approx(4 * rare / (37 + 4 * rare), abs=0.03)


def test_boxes_that_are_not_trained_on_do_not_count():
    examples = [picture(0), picture(0, 1, 7, difficult=(False, True, False))]
    assert detection_weights(examples, 2) == (1.0, 1.0)


def test_heads_get_the_counts_of_their_boxes():
    network = build_network(parse_cfg(DETECTOR))
    weigh_classes_of_heads(network, [picture(0, 0, 0, 0), picture(0, 0, 1, 2, 2)])
    head = network.heads[0]
    assert head.options.counters_per_class == (6, 1, 2)
    assert head.assigner.counters_per_class == (6, 1, 2)


def test_counters_of_the_cfg_are_replaced_with_a_note():
    network = build_network(parse_cfg(f"{DETECTOR}counters_per_class=1,1,1\n"))
    with pytest.warns(CfgNote, match="replaces counters_per_class= of the cfg"):
        weigh_classes_of_heads(network, [picture(0, 0, 1), picture(2, 2)])
    assert network.heads[0].options.counters_per_class == (2, 1, 2)


def test_a_head_without_weights_is_refused():
    cfg = DETECTOR.partition("[yolo]")[0] + "[region]\nclasses=3\nnum=3\nanchors=1,1,2,2,3,3\n"
    with pytest.raises(UsageError, match=r"no effect on \[region\].*--balance oversample"):
        weigh_classes_of_heads(build_network(parse_cfg(cfg)), [])
