"""Drawing the batches on which the bundled model is trained."""

import numpy as np

from tools.make_sample import make_batch


def test_a_batch_has_the_truths_of_each_picture():
    images, truths = make_batch(np.random.RandomState(3), 4, 32)
    assert images.shape == (4, 3, 32, 32)
    assert 0 <= images.min() <= images.max() <= 1
    assert set(truths[:, 0].tolist()) == {0, 1, 2, 3}
