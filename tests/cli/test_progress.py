"""Progress on standard error."""

import sys

import pytest

from darknet_torch.cli.progress import progress_bar, stage_line
from darknet_torch.cli.terminal import LiveDisplay, echo
from tests.cli.terminals import terminal


@pytest.fixture
def drawn_at_once(monkeypatch):
    refresh = LiveDisplay.refresh
    monkeypatch.setattr(LiveDisplay, "refresh", lambda display: refresh(display, at_once=True))


def test_a_bar_shows_how_much_is_done_below_the_results(monkeypatch, drawn_at_once):
    with terminal(monkeypatch, columns=50) as shown:
        with progress_bar(12, quiet=False) as advance:
            assert shown.lines() == ["pictures   0%  0/12", ""]
            echo("a.jpg: cat [50%]")
            advance(3)
            assert shown.lines() == ["a.jpg: cat [50%]", "pictures  25%  3/12", ""]
        assert shown.lines() == ["a.jpg: cat [50%]", ""]


def test_wide_terminals_have_a_bar_and_bytes_their_unit(monkeypatch, drawn_at_once):
    with (
        terminal(monkeypatch) as shown,
        progress_bar(4_000_000, quiet=False, label="[red].weights", in_bytes=True) as advance,
    ):
        advance(1_000_000)
        (line, _) = shown.lines()
        assert line.startswith("[red].weights \u2501")
        assert line.endswith("25% 1.0/4.0 MB")


@pytest.mark.parametrize("options", [{"quiet": True}, {"quiet": False, "total": 9}])
def test_no_bar_is_shown_under_quiet_and_for_a_few_pictures(monkeypatch, options):
    with terminal(monkeypatch) as shown, progress_bar(**{"total": 50, **options}) as advance:
        advance(1)
        assert shown.getvalue() == ""


def test_a_file_gets_no_bar(capsys):
    with progress_bar(50, quiet=False) as advance, stage_line(quiet=False) as show:
        advance(1)
        show("reading")
    assert capsys.readouterr() == ("", "")


def test_a_line_says_what_is_done(monkeypatch):
    with terminal(monkeypatch, columns=20) as shown:
        with stage_line(quiet=False) as show:
            show("reading a")
            show("comparing [a] with the network")
            echo("note", err=True)
            assert shown.lines() == ["note", "comparing [a] with t", ""]
        assert shown.lines() == ["note", ""]
        assert "reading a ..." in shown.getvalue()
        assert sys.stderr is shown
