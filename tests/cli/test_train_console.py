"""The output of a training on standard output and standard error."""

from types import SimpleNamespace

import pytest

from darknet_torch.cli.train_console import ConsoleCallbacks, ConsoleLog, ConsoleProblems
from darknet_torch.datasets.examples import Problem
from darknet_torch.interruption import Interrupted, StopRequests
from darknet_torch.training.evaluation import Score
from darknet_torch.training.loop import Update
from tests.training.small_networks import network

CFG = "[net]\nwidth=4\nheight=4\nchannels=2\n[iseg]\nclasses=1\nids=1\n"
UPDATE = Update(1, 2.0, 0.1, {0: {"count": 2.0}})


def started(*, quiet):
    """A log of a training of 2 processes with 4 pictures each, and the training."""
    loop = SimpleNamespace(network=network(CFG), batch_size=4, processes=SimpleNamespace(count=2))
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


def test_the_average_loss_goes_on_in_a_resumed_run(capsys):
    log, loop = started(quiet=True)
    log.on_iteration(loop, UPDATE)
    resumed = ConsoleLog(quiet=True)
    resumed.load_state_dict(log.state_dict())
    resumed.on_start(loop)
    resumed.on_iteration(loop, Update(2, 1.0, 0.1, {}))
    assert " 2: 1.000000, 1.900000 avg loss, " in capsys.readouterr().out
    assert resumed.state_dict() == {"average_loss": pytest.approx(1.9)}


def test_without_a_saved_average_the_first_loss_is_the_average(capsys):
    log, loop = ConsoleLog(quiet=True), started(quiet=True)[1]
    log.load_state_dict({})
    log.on_start(loop)
    log.on_iteration(loop, UPDATE)
    assert " 1: 2.000000, 2.000000 avg loss, " in capsys.readouterr().out


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
    def lose(text, err):
        raise BrokenPipeError

    log, loop = started(quiet=True)
    loop.stop_requests = StopRequests()
    monkeypatch.setattr("click.echo", lose)
    log.on_iteration(loop, UPDATE)
    with pytest.raises(Interrupted) as stop:
        loop.stop_requests.check()
    assert stop.value.exit_status == 141
