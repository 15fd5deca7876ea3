from itertools import islice

import pytest

from darknet_torch.augment.picture_order import PictureOrder
from darknet_torch.augment.random_streams import SampleSeed
from darknet_torch.cfg.net import NetOptions

COUNT = 50


def pictures(order, slots, iteration=0, seed=0):
    keys = [SampleSeed(seed, iteration, slot) for slot in slots]
    return [next(order.picture_candidates(key, COUNT)) for key in keys]


def test_pictures_are_drawn_with_replacement_by_seed_iteration_and_slot():
    order = PictureOrder()
    first = pictures(order, range(500))
    assert set(first) == set(range(COUNT))
    assert len(set(first[:COUNT])) < COUNT
    assert first == pictures(order, range(500))
    assert first != pictures(order, range(500), iteration=1) != pictures(order, range(500), seed=1)


def test_contrastive_pairs_show_the_same_picture():
    drawn = pictures(PictureOrder(pairs=True), range(20))
    assert drawn[::2] == drawn[1::2]
    assert len(set(drawn)) > 5


def test_all_pictures_are_tried_after_a_broken_one():
    found = list(islice(PictureOrder().picture_candidates(SampleSeed(0, 0, 0), COUNT), 1, None))
    assert sorted(found) == list(range(COUNT))


def sequences(**options):
    net = NetOptions(batch=12, subdivisions=3, time_steps=5, track=1, **options)
    return PictureOrder.from_net(net)


@pytest.mark.parametrize("speed", [1, 3])
def test_streams_step_through_the_pictures(speed):
    order, streams = sequences(augment_speed=speed), 4
    found = set()
    for part in range(3):
        drawn = pictures(order, range(part * 20, part * 20 + 20))
        steps = {(drawn[slot + streams] - drawn[slot]) % COUNT for slot in range(20 - streams)}
        assert len(steps) == 1  # one speed for all streams of a part
        found |= steps
    assert found <= set(range(1, speed + 1))


def test_fewer_sequences_are_longer():
    order = sequences(augment_speed=1, sequential_subdivisions=1)
    drawn = pictures(order, range(60))
    assert {(drawn[slot + 4] - drawn[slot]) % COUNT for slot in range(56)} == {1}


def test_seq_scales_change_the_number_of_sequences():
    order = sequences(
        augment_speed=1, sequential_subdivisions=1, steps=(10, 20), seq_scales=(2.0, 9.0)
    )
    leaders = [
        [order.group_leader(SampleSeed(0, iteration, slot)).slot for slot in range(60)]
        for iteration in (9, 10, 20)
    ]
    assert [sorted(set(found)) for found in leaders] == [[0], [0, 30], [0, 20, 40]]


def test_the_first_sample_leads_its_sequence_or_pair():
    order = sequences()
    assert order.group_leader(SampleSeed(7, 3, 33)) == SampleSeed(7, 3, 20)
    assert PictureOrder(pairs=True).group_leader(SampleSeed(7, 3, 33)) == SampleSeed(7, 3, 32)
    assert PictureOrder().group_leader(SampleSeed(7, 3, 33)) == SampleSeed(7, 3, 33)
