"""The chart of the bundled model's training."""

import pytest

from tools.bundled.chart import training_chart

pytest.importorskip("matplotlib")


def test_the_chart_has_the_numbers_of_the_table(tmp_path):
    table = tmp_path / "results.csv"
    header = "iteration,average_loss,rate,valid/mAP@0.50,valid/validation loss\n"
    table.write_text(header + "1,40,0.001,,\n21,10,0.002,0.75,8\n")
    losses, scores, rates = training_chart(table).axes
    training, validation = (line.get_xydata().tolist() for line in losses.lines)
    assert training == [[1, 40]]  # of 20 iterations one is drawn
    assert validation == [[21, 8]]
    assert scores.lines[0].get_xydata().tolist() == [[21, 0.75]]
    assert rates.lines[0].get_xydata().tolist() == [[1, 0.001]]
