"""The chart of a training."""

import warnings

import pytest

from darknet_torch.training.records.chart import draw_chart

ROWS = [
    {
        "iteration": index,
        "loss": 1000 / index,
        "average_loss": 1200 / index,
        "rate": 0.1 * index,
        "count": 9.0,
        "iou": 0.5,
        "recall": 0.75,
        "class_loss": 3.0,
        "iou_loss": 1.0 / index,
        "total_loss": 4.0,
        **({"valid/mAP@0.50": index / 10, "valid/AP cat": 0.5} if index % 2 == 0 else {}),
        **({"valid/validation loss": 9.0} if index % 2 == 0 else {}),
    }
    for index in range(1, 9)
]


@pytest.fixture(autouse=True)
def needs_matplotlib():
    pytest.importorskip("matplotlib")


def panels(rows, **more):
    """Title -> matplotlib's axes."""
    figure = draw_chart(rows, title="small: iteration 8 of 9", **more)
    return {axes.get_title(): axes for axes in figure.axes if axes.get_visible()}


def lines(axes):
    """Label -> its points."""
    return {line.get_label(): list(zip(*line.get_data(), strict=True)) for line in axes.lines}


def test_it_shows_every_number_of_the_table():
    drawn = panels(ROWS)
    assert list(drawn) == [
        "Loss",
        "Evaluation: best mAP@0.50 80.0%",
        "Average precision",
        "Parts of the loss, all heads together",
        "Boxes that the heads matched",
        "Learning rate",
    ]
    losses = lines(drawn["Loss"])
    assert list(losses) == ["each iteration", "moving average", "validation loss"]
    assert losses["moving average"][1] == (2, 600)
    assert losses["validation loss"] == [(2, 9), (4, 9), (6, 9), (8, 9)]
    assert lines(drawn["Evaluation: best mAP@0.50 80.0%"])["mAP@0.50"][0] == (2, 0.2)
    assert list(lines(drawn["Parts of the loss, all heads together"])) == [
        *("objectness and class", "box"),
    ]
    assert list(lines(drawn["Boxes that the heads matched"])) == [
        *("IoU", "recall (IoU of 0.5 or more)"),
    ]
    assert lines(drawn["Learning rate"])["rate"][7] == (8, 0.8)


def test_every_axis_is_named():
    for axes in panels(ROWS).values():
        assert axes.get_xlabel() == "iteration" and axes.get_ylabel()


def test_a_training_without_evaluation_and_heads_has_two_parts():
    rows = [{"iteration": 1, "loss": 0.0, "average_loss": 0.0, "rate": 0.1}]
    assert list(panels(rows)) == ["Loss", "Learning rate"]


def test_parts_of_another_loss_keep_their_names():
    rows = [{"iteration": 1, "loss": 1, "box_loss": 1.0, "objectness_loss": 1, "class_loss": 2}]
    drawn = panels(rows)["Parts of the loss, all heads together"]
    assert list(lines(drawn)) == ["box", "objectness", "class"]


def test_many_classes_are_left_out():
    rows = [{"iteration": 1, "valid/mAP": 0.1, **{f"valid/AP {n}": 0.5 for n in range(20)}}]
    assert "Average precision" not in panels(rows)


def test_what_starts_is_marked_in_every_part_and_named_once():
    drawn = panels(ROWS, marks={5: "freeze=0"})
    assert all(any(line.get_xdata()[0] == 5 for line in axes.lines) for axes in drawn.values())
    texts = [text.get_text() for axes in drawn.values() for text in axes.texts]
    assert texts == ["freeze=0"]


def test_a_single_iteration_is_seen_as_points():
    drawn = panels(ROWS[:1])
    assert all(line.get_marker() == "o" for axes in drawn.values() for line in axes.lines)
    assert lines_without_markers(panels(ROWS)["Learning rate"]) == ["rate"]


def lines_without_markers(axes):
    return [line.get_label() for line in axes.lines if line.get_marker() == "None"]


def test_the_scale_is_logarithmic_if_the_loss_falls_far():
    few = [{**row, "loss": 30.0 + row["iteration"], "average_loss": 35.0} for row in ROWS]
    few = [{name: row[name] for name in ("iteration", "loss", "average_loss")} for row in few]
    assert panels(ROWS)["Loss"].get_yscale() == "log"
    assert panels(few)["Loss"].get_yscale() == "linear"
    broken = [*few, {"iteration": 9, "loss": float("inf")}]
    assert panels(broken)["Loss"].get_yscale() == "linear"


def test_what_has_not_started_takes_no_room():
    marks = {1: "freeze=50, lr x 0.5, input 448 x 448", 301: "all layers learn"}
    figure = draw_chart(ROWS, title="small", marks=marks)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib's, of axes that are left without a size
        figure.encode("svg")
    assert [text.get_text() for axes in figure.axes for text in axes.texts] == [marks[1]]
