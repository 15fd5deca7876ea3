"""The column of a progress bar that says how long it will take."""

from types import SimpleNamespace

import pytest

from darknet_torch.cli.time_left import TimeLeftColumn


@pytest.mark.parametrize(("seconds", "text"), [(None, ""), (0.0, ""), (240.0, "4 min left")])
def test_the_time_left_is_said_where_it_is_known(seconds, text):
    assert TimeLeftColumn().render(SimpleNamespace(time_remaining=seconds)).plain == text
