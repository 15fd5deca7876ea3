"""The output of a training on standard output and standard error."""

from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from itertools import count
from types import SimpleNamespace

import pytest
from rich.console import Console

from darknet_torch.cli.terminal import closing_display
from darknet_torch.cli.train_console import (
    ConsoleCallbacks,
    ConsoleLog,
    ConsoleProblems,
    LiveLog,
)
from darknet_torch.datasets.examples import Problem
from darknet_torch.interruption import Interrupted, StopRequests
from darknet_torch.training.evaluation import Score
from darknet_torch.training.progress import IterationTimer
from darknet_torch.training.score_history import ScoreHistory
from darknet_torch.training.updates import Update
from tests.cli.screen import screen
from tests.training.small_networks import network

CFG = "[net]\nwidth=4\nheight=4\nchannels=2\n[iseg]\nclasses=1\nids=1\n"
YOLO = """[net]
width=32
height=32
channels=1
max_batches=10
[convolutional]
filters=6
size=1
[yolo]
anchors=1,1
num=1
classes=1
"""
PARTS = {"iou": 0.75, "recall": 0.5, "count": 4.0, "class_loss": 1.5, "iou_loss": 0.5}
UPDATE = Update(1, 2.0, 2.0, 0.1, {0: {"count": 2.0}})


def started(*, quiet):
    """A log of a training of 8 pictures per iteration, and the training."""
    loop = SimpleNamespace(network=network(CFG), images_per_iteration=8, iteration=1)
    log = ConsoleLog(quiet=quiet)
    log.on_start(loop)
    return log, loop


def test_iterations_go_to_standard_output_and_details_to_standard_error(capsys):
    log, loop = started(quiet=False)
    log.on_iteration(loop, UPDATE)
    out, err = capsys.readouterr()
    assert out.startswith(" 1: 2.000000, 2.000000 avg loss, ")
    assert ", 8 images, " in out
    assert err == "iseg 0: count = 2.000000\n"


def test_messages_go_to_standard_error(capsys):
    log, loop = started(quiet=False)
    log.on_message(loop, "saved")
    assert capsys.readouterr() == ("", "saved\n")


def test_evaluations_go_to_standard_output(capsys):
    log, loop = started(quiet=True)
    log.on_evaluation(loop, Score(0.5, ["mAP", "is 0.5"]))
    assert capsys.readouterr() == ("mAP\nis 0.5\n", "")


def test_quiet_prints_the_iterations_alone(capsys):
    log, loop = started(quiet=True)
    log.on_message(loop, "saved")
    log.on_iteration(loop, UPDATE)
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert err == ""


@contextmanager
def watched():
    """The log of a training on a terminal of 40 columns, the training, what the terminal shows."""
    terminal = StringIO()
    terminal.isatty = lambda: True
    console = Console(file=terminal, force_terminal=True, width=40, _environ={})
    loop = SimpleNamespace(
        network=network(YOLO),
        images_per_iteration=8,
        iteration=0,
        epochs=0.5,
        scores=ScoreHistory(),
    )
    log = LiveLog(console, IterationTimer(count().__next__))  # a second passes at each look
    with redirect_stdout(terminal), redirect_stderr(terminal), closing_display():
        log.on_start(loop)
        yield log, loop, lambda: screen(terminal.getvalue(), 40)


def test_a_terminal_shows_the_numbers_in_one_place():
    with watched() as (log, loop, shown):
        for number in (1, 2):
            loop.iteration = number
            log.on_mini_batch(loop, None)
            log.on_iteration(loop, Update(number, 3.25, 3.25, 1.3e-5, {1: PARTS, 3: PARTS}))
        for value in (0.5, 0.25):
            loop.scores.add(value, loop.iteration, "mAP@0.50")
            log.on_evaluation(loop, Score(value, [], "mAP@0.50"))
        log.on_end(loop)
        lines = shown()
        assert lines[0] == lines[1] == ""  # two evaluations without lines
        assert lines[2:] == [
            "iteration 2/10   epoch 0.5",
            "images/s 8.0   time left 8 s",
            "loss 3.25   average 3.25   box 1",
            "object and class 3",
            "IoU 0.75   recall 0.50   rate 1.3e-05",
            "last mAP@0.50 25.00 % at 2",
            "best 50.00 % at 2",
            "",
        ]
        assert all(len(line) <= 40 for line in lines)


def test_what_is_printed_stands_above_the_numbers():
    with watched() as (log, loop, shown):
        log.on_message(loop, "saved [bold]as it is[/bold]")
        loop.scores.add(0.5, 0, "mAP")
        log.on_evaluation(loop, Score(0.5, ["mAP", "is 0.5"]))
        ConsoleProblems().on_problem(loop, Problem("bad", "caf\udce9.txt", "is bad"))
        log.on_warning(loop, "a long line is broken by the terminal alone, where it ends")
        assert shown() == [
            "saved [bold]as it is[/bold]",
            "mAP",
            "is 0.5",
            "warning: caf\\udce9.txt: is bad",
            "warning: a long line is broken by the te",
            "rminal alone, where it ends",
            "iteration 0/10",
            "last mAP 50.00 % at 0",
            "best 50.00 % at 0",
            "",
        ]


@pytest.mark.parametrize("event", ["on_interrupt", "on_error", "on_end"])
def test_after_the_end_messages_follow_the_numbers(event):
    with watched() as (log, loop, shown):
        arguments = (ValueError(),) if event == "on_error" else ()
        getattr(log, event)(loop, *arguments)
        log.on_message(loop, "stopped")
        assert shown() == ["iteration 0/10", "stopped", ""]


def test_an_evaluation_and_slow_mini_batches_are_shown():
    with watched() as (log, loop, shown):
        log.on_mini_batch(loop, None)
        log.on_evaluation_progress(loop, 3, 9)
        log.on_end(loop)
        assert shown() == ["iteration 0/10   mini-batch 1/1", "evaluating 3/9", ""]


def test_other_processes_leave_the_lines_of_the_display_empty(capsys):
    problems = ConsoleProblems(beside_display=True)
    loop = SimpleNamespace(processes=SimpleNamespace(is_first=False))
    problems.on_waiting(loop, "waiting")
    assert capsys.readouterr().err == "waiting\n" + "\n" * 8


def test_the_first_ten_problems_are_printed_and_the_others_mentioned_once(capsys):
    problems = ConsoleProblems()
    for number in range(13):
        problems.on_problem(None, Problem("bad line", f"a.txt:{number}", "is bad"))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        *(f"warning: a.txt:{number}: is bad" for number in range(10)),
        "warning: more problems like these are counted only",
    ]


def test_problems_are_printed_by_every_process_and_iterations_by_the_first():
    log, problems = ConsoleCallbacks(quiet=True)()
    assert isinstance(log, ConsoleLog) and isinstance(problems, ConsoleProblems)
    assert (log.quiet, log.on_every_rank, problems.on_every_rank) == (True, False, True)


def test_a_lost_reader_asks_the_training_to_stop(monkeypatch):
    def lose(text, **options):
        raise BrokenPipeError

    log, loop = started(quiet=True)
    loop.stop_requests = StopRequests()
    monkeypatch.setattr("click.echo", lose)
    log.on_iteration(loop, UPDATE)
    with pytest.raises(Interrupted) as stop:
        loop.stop_requests.check()
    assert stop.value.exit_status == 141
