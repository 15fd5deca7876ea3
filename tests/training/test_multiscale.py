import numpy as np
import pytest

from darknet_torch.cfg.dialect import ALEXEYAB, PJREDDIE
from darknet_torch.cfg.net import NetOptions
from darknet_torch.training.multiscale import MultiScale


def scale(random=1.0, dialect=ALEXEYAB, seed=0, **options):
    given = {"batch": 8, "width": 416, "height": 416, "channels": 3, "max_batches": 4000}
    return MultiScale.from_options(
        NetOptions(**{**given, **options}), dialect, seed=seed, random=random
    )


def sizes(given, iterations=range(0, 4000, 10)):
    return [given.size_of(iteration) for iteration in iterations]


def test_without_random_the_size_is_the_cfg_s():
    given = scale(0.0)
    assert given.fixed
    assert set(sizes(given)) == {(416, 416)} == {given.largest}


def test_sizes_are_those_of_train_detector():
    """416 / 1.4 and 416 * 1.4, in steps of 32, one step more: 10 to 19 steps of 32."""
    given = scale()
    found = sizes(given)
    assert {width for width, _ in found} == set(range(320, 640, 32))
    assert all(width == height for width, height in found)
    assert given.largest == (608, 608) == given.size_of(0)


def test_a_size_stays_for_ten_iterations():
    given = scale()
    for first in (0, 10, 500):
        assert len(set(sizes(given, range(first, first + 10)))) == 1
    assert len(set(sizes(given))) > 5


def test_the_last_hundred_iterations_are_the_largest():
    given = scale()
    assert set(sizes(given, range(3910, 4000))) == {(608, 608)}
    # 3900 is not above max_batches - 100.
    assert scale(seed=1).size_of(3900) == sizes(scale(seed=1), [3905])[0]
    assert len({scale(seed=seed).size_of(3900) for seed in range(9)}) > 1


@pytest.mark.parametrize("factor", [1.2, 2.0])
def test_another_factor_and_step_are_heeded(factor):
    given = scale(factor, width=320, height=192, resize_step=16)
    found = sizes(given)
    for axis, own in ((0, 320), (1, 192)):
        sides = [size[axis] for size in found]
        assert max(sides) == int(np.floor(factor * own / 16 + 1.5)) * 16
        # Below the cfg's size C's extra step may not make a side larger than that.
        assert own / factor - 8 <= min(sides) <= own / factor + 24
        assert all(side % 16 == 0 for side in sides)
    assert any(width < 320 for width, _ in found)


def test_sizes_depend_on_seed_and_iteration_alone():
    assert sizes(scale()) == sizes(scale())
    assert sizes(scale()) != sizes(scale(seed=1))


def test_pjreddie_s_detectors_take_320_to_608_and_end_at_608():
    given = scale(dialect=PJREDDIE)
    found = sizes(given)
    assert {width for width, _ in found} == set(range(320, 640, 32))
    assert set(sizes(given, range(3810, 4000))) == {(608, 608)}
    assert given.largest == (608, 608)


def test_pjreddie_s_classifiers_take_128_to_448():
    given = MultiScale.from_options(
        NetOptions(width=256, height=256, channels=3, random=1), PJREDDIE, seed=0
    )
    assert {width for width, _ in sizes(given, range(0, 20000, 40))} == set(range(128, 480, 32))
    assert len(set(sizes(given, range(40, 80)))) == 1
    assert given.largest == (448, 448)
    assert MultiScale.from_options(
        NetOptions(width=9, height=9, channels=3, random=1), ALEXEYAB, seed=0
    ).fixed


def test_mini_batches_grow_where_the_input_shrinks():
    given = scale(dynamic_minibatch=True)
    assert given.mini_batch_of(0) == 8
    for iteration in range(0, 4000, 10):
        width, height = given.size_of(iteration)
        fitting = 8 * 608 * 608 // (width * height)
        spared = int(fitting * 0.8)
        assert given.mini_batch_of(iteration) == (spared if spared > 8 else fitting)
    assert scale().mini_batch_of(10) == 8
