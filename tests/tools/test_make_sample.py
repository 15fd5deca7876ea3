"""Drawing the pictures on which the bundled model is trained."""

import numpy as np

from tools.make_sample import draw_scene, make_batch


def test_boxes_lie_inside_the_picture_and_do_not_overlap():
    image, truths = draw_scene(np.random.RandomState(3), 160)
    assert (image.shape, image.dtype) == ((160, 160, 3), np.uint8)
    boxes = truths[:, 1:]
    assert (boxes >= 0).all()
    assert (boxes <= 1).all()
    for index, (left, top, right, bottom) in enumerate(boxes):
        others = np.delete(boxes, index, 0)
        apart = (others[:, 2] < left) | (others[:, 0] > right)
        assert (apart | (others[:, 3] < top) | (others[:, 1] > bottom)).all()


def test_a_batch_has_the_truths_of_each_picture():
    images, truths = make_batch(np.random.RandomState(3), 4, 32)
    assert images.shape == (4, 3, 32, 32)
    assert 0 <= images.min() <= images.max() <= 1
    assert set(truths[:, 0].tolist()) == {0, 1, 2, 3}
