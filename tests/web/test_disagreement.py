"""The slider of a page about two models: each box is of the kind that holds at the threshold."""

import numpy as np
import pytest

from darknet_torch.report.disagreement_pictures import box_kinds, disagreement_pictures
from darknet_torch.report.run_page import RunComparison, run_page
from tests.report.fabricated_runs import written_run
from tests.report.test_disagreement import random_table
from tests.report.test_disagreement_pictures import compared, data_set

pytestmark = pytest.mark.web
OBJECT = "object"


@pytest.mark.parametrize("threshold", [0, 0.25, 0.5, 0.75, 1])
def test_as_many_boxes_are_drawn_as_are_counted(opened, tmp_path, threshold):
    random = np.random.default_rng(1)
    found = compared(data_set(tmp_path), random_table(random, 30), random_table(random, 30))
    runs = [written_run(tmp_path / name, label=name) for name in "ab"]
    opened.page(run_page(RunComparison(runs, found), (), disagreement_pictures(found)))
    opened.move_slider(threshold)
    drawn = [opened.drawn(picture) for picture in range(3)]
    index = round(100 * threshold)
    for number, kind in enumerate(box_kinds(found)):
        count = sum(each.get(number, 0) for each in drawn)
        assert count == (3 if kind.name == OBJECT else found.counts()[kind.label][index])
    assert opened.rows("#count-table")[-1][0] == "all"
