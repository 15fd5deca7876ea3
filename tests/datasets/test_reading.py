import numpy as np

from darknet_torch.datasets.reading import labels_from_corners


def test_corners_in_pixels_become_fractions_of_the_picture():
    labels = labels_from_corners([1], [(30, 40, 50, 50)], [True], (100, 200))
    np.testing.assert_allclose(labels.boxes, [(0.2, 0.45, 0.1, 0.1)], rtol=1e-15)  # one rounding
    assert (labels.class_ids.tolist(), labels.difficult.tolist()) == ([1], [True])
