import numpy as np

from darknet_torch.datasets.examples import Labels, Problem


def test_no_box_is_difficult_by_default():
    labels = Labels.from_arrays((3, 0), ((0.5, 0.5, 1, 1), (0, 0, 0, 0)))
    assert len(labels) == 2
    assert labels.class_ids.dtype == np.int64
    assert labels.boxes.dtype == np.float64
    assert labels.difficult.tolist() == [False, False]


def test_empty_labels_keep_their_shapes():
    labels = Labels.empty()
    assert len(labels) == 0
    assert labels.boxes.shape == (0, 4)


def test_a_problem_is_printed_as_one_line():
    assert str(Problem("bad line", "a.txt:3", "expected five words")) == (
        "a.txt:3: expected five words"
    )
