"""Trainings that draw no chart, which takes a second; the tests of charts draw some."""

from darknet_torch.training.records import chart


class _NoChart:
    """Stands in for a chart."""

    def encode(self):
        return b"a chart"


def draw_no_charts(set_attribute=setattr):
    """Let trainings of this process draw no charts.

    Args:
        set_attribute: how to replace the function that draws, such as that of monkeypatch.
    """
    set_attribute(chart, "draw_chart", lambda *rows, **more: _NoChart())
