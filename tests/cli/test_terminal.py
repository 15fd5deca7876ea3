"""Lines that a terminal shows in place."""

import io
import sys

import pytest
from rich.console import Console
from rich.text import Text

from darknet_torch.cli.terminal import LiveDisplay, closing_display, echo, find_console
from tests.cli.screen import screen
from tests.cli.terminals import terminal


class Clock:
    """A clock that stands still."""

    now = 0.0

    def __call__(self):
        return self.now


def started(content, **options):
    display = LiveDisplay(find_console(sys.stdout), content, **options)
    display.start()
    return display


def test_lines_stand_above_the_display_and_wait_for_their_end(monkeypatch):
    with terminal(monkeypatch) as shown:
        display = started(Text("block"))
        echo("one")
        echo("two, ", nl=False)
        echo("on standard error", err=True)
        assert shown.lines() == ["one", "on standard error", "block", ""]
        echo(b"three\nfour", nl=False)
        display.close()
        assert shown.lines() == ["one", "on standard error", "two, three", "four"]
        echo("; as ever")
        assert shown.lines()[-2:] == ["four; as ever", ""]


def test_what_is_kept_stays_where_it_was(monkeypatch):
    with terminal(monkeypatch) as shown:
        text = Text("first")
        display = started(text, keep=True)
        text.plain = "last"
        display.close()
        display.close()
        echo("after")
        assert shown.lines() == ["last", "after", ""]


def test_it_is_drawn_four_times_a_second_at_most(monkeypatch):
    with terminal(monkeypatch) as shown:
        clock, text = Clock(), Text("0.0")
        display = started(text, clock=clock)
        drawn = []
        for step in range(1, 9):
            clock.now = step / 10
            text.plain = str(clock.now)
            display.refresh()
            drawn.append(shown.lines()[0])
        assert drawn == ["0.0", "0.0", "0.3", "0.3", "0.3", "0.6", "0.6", "0.6"]
        text.plain = "now"
        display.refresh(at_once=True)
        assert shown.lines()[0] == "now"
        display.close()


def test_the_cursor_is_visible_in_an_empty_line_below(monkeypatch):
    """So a process that is killed leaves the terminal in order."""
    with terminal(monkeypatch) as shown, closing_display():
        started(Text("block"))
        text = shown.getvalue()
        assert text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l")
        assert screen(text + "$ ls") == ["block", "$ ls"]


def test_a_display_ends_with_its_command(monkeypatch):
    with terminal(monkeypatch) as shown:
        with pytest.raises(ValueError), closing_display():
            started(Text("block"))
            raise ValueError
        echo("error")
        assert shown.lines() == ["error", ""]


def test_a_terminal_that_is_gone_ends_nothing(monkeypatch):
    with terminal(monkeypatch) as shown:
        display = started(Text("block"))

        def fail(text):
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(shown, "write", fail)
        display.refresh(at_once=True)
        display.close()
        assert find_console(sys.stdout) is not None  # and no display is shown


@pytest.mark.parametrize("name", ["TERM", "CI", "TTY_INTERACTIVE"])
def test_some_terminals_show_plain_lines(monkeypatch, name):
    value = {"TERM": "dumb", "CI": "true", "TTY_INTERACTIVE": "0"}[name]
    with terminal(monkeypatch, **{name: value}):
        assert find_console(sys.stdout) is None


def test_without_colours_the_display_is_shown_nevertheless(monkeypatch):
    with terminal(monkeypatch, NO_COLOR="1") as shown, closing_display():
        started(Text("block", style="red"))
        assert shown.lines() == ["block", ""]
        assert "\x1b[31m" not in shown.getvalue()


def test_a_pipe_and_a_second_display_are_no_terminals(monkeypatch):
    assert find_console(io.StringIO()) is None
    assert find_console(None) is None
    with terminal(monkeypatch) as shown, closing_display():
        started(Text("block"))
        assert find_console(shown) is None


def test_what_the_terminal_cannot_encode_is_escaped(monkeypatch):
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    file.isatty = lambda: True
    display = LiveDisplay(Console(file=file, force_terminal=True, _environ={}), Text("block"))
    display.start()
    display.print_above("caf\xe9 \udce9 [b]\n", err=False)
    display.close()
    file.flush()
    assert b"caf\\xe9 \\udce9 [b]" in file.buffer.getvalue()
