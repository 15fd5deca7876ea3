import numpy as np

from darknet_torch.augment.random_streams import SampleSeed
from darknet_torch.augment.source import Sample, SampleBatch, SampleRequest


def test_samples_of_different_types_are_stacked_as_floats():
    samples = [
        Sample(np.full((3, 2, 2), 255, np.uint8), np.zeros(4, np.float32), ("a.png",)),
        Sample(np.full((3, 2, 2), 0.5, np.float32), np.ones(4, np.float32), ("b.png", "c.png")),
    ]
    batch = SampleBatch.stack(samples)
    assert batch.images.dtype == np.float32
    assert batch.images[:, 0, 0, 0].tolist() == [1, 0.5]
    assert batch.truths.sum(1).tolist() == [0, 4]
    assert batch.paths == ("a.png", "b.png", "c.png")


def test_a_request_has_a_seed_for_each_slot():
    request = SampleRequest(7, 3, (4, 5), 32, 32)
    assert request.sample_seeds == [SampleSeed(7, 3, 4), SampleSeed(7, 3, 5)]
