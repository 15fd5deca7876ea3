"""Drawing labelled pictures of circles, squares and triangles."""

import sys

import numpy as np

from darknet_torch.media.images import read_image
from examples.draw_shapes import draw_scene, label_line, main


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


def test_the_folder_has_pictures_their_labels_and_the_names(tmp_path, monkeypatch):
    folder = tmp_path / "photos"
    words = ["draw_shapes.py", str(folder), "--pictures", "2", "--side", "64", "--seed", "5"]
    monkeypatch.setattr(sys, "argv", words)
    main()
    random = np.random.RandomState(5)
    for number in range(2):
        path = folder / f"shapes_{number:03}.jpg"
        picture, boxes = draw_scene(random, 64)
        assert read_image(path).shape == picture.shape
        assert path.with_suffix(".txt").read_text().splitlines() == list(map(label_line, boxes))
    assert (folder / "classes.txt").read_text() == "circle\nsquare\ntriangle\n"
    assert len(list(folder.iterdir())) == 5


def test_a_label_has_the_class_then_centre_and_size():
    assert label_line(np.array([2, 0.25, 0.5, 0.75, 0.625])) == (
        "2 0.500000 0.562500 0.500000 0.125000"
    )
