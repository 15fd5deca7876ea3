"""A plan to train on."""

import pytest

from darknet_torch.training.plan import TrainPlan
from tests.training.runs import DETECTOR, detector_data, written


@pytest.fixture
def plan(tmp_path):
    cfg = written(tmp_path, DETECTOR)
    data = detector_data(tmp_path / "data")
    detector_data(tmp_path / "data", 3, "valid")
    return TrainPlan(
        cfg=str(cfg), data=str(data), base="small", backup=str(tmp_path / "backup"), workers=0
    )
