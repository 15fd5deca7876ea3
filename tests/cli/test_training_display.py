"""The numbers in the live display of a training."""

from darknet_torch.cli.training_display import add_losses, average_fit

YOLO = {"iou": 0.5, "recall": 0.25, "count": 3.0, "class_loss": 2.0, "iou_loss": 0.5}
GAUSSIAN = {**YOLO, "iou": 0.9, "recall": 0.75, "count": 1.0, "uc_loss": 0.25}


def test_losses_are_added_up_over_the_heads():
    assert add_losses({3: YOLO, 7: GAUSSIAN}) == [("box", "1.25"), ("object and class", "4")]


def test_the_parts_of_the_classic_losses_have_their_own_names():
    parts = {"box_loss": 1.5, "objectness_loss": 0.25, "class_loss": 2.0, "total_loss": 3.75}
    assert add_losses({3: parts, 7: parts}) == [
        *(("box", "3"), ("objectness", "0.5"), ("class", "4")),
    ]


def test_iou_and_recall_are_means_over_the_boxes():
    assert average_fit({3: YOLO, 7: GAUSSIAN}) == [("IoU", "0.60"), ("recall", "0.38")]


def test_heads_without_boxes_have_no_fit():
    assert average_fit({3: {**YOLO, "count": 0.0}}) == []


def test_what_other_layers_report_is_shown_where_it_is_known():
    parts = {1: {"count": 2.0, "total_loss": 3.0}, 2: {"accuracy": 75.0}, 3: {}}
    assert add_losses(parts) == []
    assert average_fit(parts) == [("tracking accuracy", "75.0 %")]
