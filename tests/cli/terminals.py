"""A terminal that keeps what it gets, in the place of standard output and standard error."""

from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO

from tests.cli.screen import screen


class Terminal(StringIO):
    """Text that counts as a terminal of some columns."""

    def __init__(self, columns):
        super().__init__()
        self.columns = columns

    def isatty(self):
        return True

    def lines(self):
        """What it shows."""
        return screen(self.getvalue(), self.columns)


@contextmanager
def terminal(monkeypatch, columns=80, **environment):
    """Let standard output and standard error be a terminal inside the block."""
    set_terminal_variables(monkeypatch, columns, **environment)
    shown = Terminal(columns)
    with redirect_stdout(shown), redirect_stderr(shown):
        yield shown


def set_terminal_variables(monkeypatch, columns=80, **environment):
    """Set the variables of a terminal that somebody watches, whatever runs the tests."""
    for name in ("CI", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    settings = {"TERM": "xterm", "COLUMNS": str(columns), "LINES": "24", **environment}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
