"""The numbers of several heads together."""

from darknet_torch.training.records.parts import combine_parts


def test_losses_and_counts_add_up_and_overlaps_are_means_over_boxes():
    heads = {
        4: {"iou": 0.5, "recall": 1.0, "count": 1.0, "class_loss": 2.0},
        8: {"iou": 0.9, "recall": 0.0, "count": 3.0, "class_loss": 3.0, "iou_loss": 1.0},
    }
    assert combine_parts(heads) == {
        "iou": 0.8,
        "recall": 0.25,
        "count": 4.0,
        "class_loss": 5.0,
        "iou_loss": 1.0,
    }


def test_without_boxes_there_is_no_overlap():
    assert combine_parts({1: {"iou": 0.0, "recall": 0.0, "count": 0.0}}) == {"count": 0.0}


def test_other_fractions_are_means():
    assert combine_parts({1: {"accuracy": 50.0}, 2: {"accuracy": 70.0}, 3: {}}) == {
        "accuracy": 60.0
    }
