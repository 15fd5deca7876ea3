"""The invented analyses: their counts agree with each other."""

import numpy as np
import pytest

from darknet_torch.evaluation.analysis import MISSED
from tests.report.fabricated import fabricated_analysis


@pytest.mark.parametrize("classes", [1, 3, 80])
def test_counts_agree(classes):
    analysis = fabricated_analysis(classes)
    everything = analysis.curves[-1]
    assert len(analysis.curves) == classes + 1
    assert everything.truths == sum(curve.truths for curve in analysis.curves[:-1])
    assert everything.truths == analysis.confusion[:-1].sum()
    assert everything.truths == sum(size.truths for size in analysis.sizes)
    correct = everything.correct[25]
    assert correct == np.trace(analysis.confusion) == sum(size.found for size in analysis.sizes)
    assert analysis.errors[MISSED] == everything.truths - correct
    assert (
        sum(analysis.errors.values()) - analysis.errors[MISSED] + correct
        == (everything.detections[25])
    )
    assert sum(one.detections for one in analysis.calibration) == everything.detections[0]


def test_without_pictures_there_is_nothing():
    analysis = fabricated_analysis(2, pictures=0)
    assert not analysis.confusion.any() and not any(analysis.errors.values())
    assert analysis.expected_calibration_error is None
    assert all(curve.best_threshold is None for curve in analysis.curves)
