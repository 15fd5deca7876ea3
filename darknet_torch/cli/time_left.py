"""The column of a progress bar that says how long it will take. Imports rich."""

from __future__ import annotations

from rich.progress import ProgressColumn, Task
from rich.text import Text

from darknet_torch.training.durations import describe_duration


class TimeLeftColumn(ProgressColumn):
    """The time left, from the recent speed; empty while that is unknown, and at the end."""

    def render(self, task: Task) -> Text:
        """`ProgressColumn.render`."""
        seconds = task.time_remaining
        return Text("" if not seconds else f"{describe_duration(seconds)} left", no_wrap=True)
