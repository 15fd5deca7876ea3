import numpy as np

from darknet_torch.augment.random_streams import (
    RandomStream,
    SampleSeed,
    coin_flip,
    interpolate,
    random_scale,
    uniform,
    uniform_integer,
)


def test_a_generator_depends_on_every_part_of_the_seed_and_on_the_stream():
    seeds = [SampleSeed(0, 0), SampleSeed(1, 0), SampleSeed(0, 1)]
    seeds += [SampleSeed(0, 0, slot=1), SampleSeed(0, 0, part=1)]
    numbers = [seed.generator(stream).random() for seed in seeds for stream in RandomStream]
    assert len(set(numbers)) == len(seeds) * len(RandomStream)
    again = [seed.generator(stream).random() for seed in seeds for stream in RandomStream]
    assert numbers == again


def test_bounds_may_be_in_any_order():
    assert interpolate(2, 6, 0.25) == interpolate(6, 2, 0.25) == 3
    random = np.random.default_rng(0)
    numbers = {uniform_integer(random, 4, 2) for _ in range(50)}
    assert numbers == {2, 3, 4}
    assert all(-1 <= uniform(random, 1, -1) < 1 for _ in range(50))


def test_a_scale_is_a_factor_or_its_inverse():
    random = np.random.default_rng(0)
    scales = [random_scale(random, 1.5) for _ in range(200)]
    assert 1 / 1.5 <= min(scales) < 0.7
    assert 1.45 < max(scales) <= 1.5
    assert {coin_flip(random) for _ in range(20)} == {True, False}
