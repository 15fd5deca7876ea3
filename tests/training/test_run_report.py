"""What a training says of itself at its start and at its end."""

import re
from types import SimpleNamespace

import pytest
import torch

from darknet_torch.training.progress import IterationTimer
from darknet_torch.training.run_report import RunReport, describe_start
from darknet_torch.training.setup import prepare
from darknet_torch.training.updates import Update
from tests.training.runs import CHARACTERS, Recorder, changed, classifier_data, written
from tests.training.runs import CLASSIFIER as CLASSIFIER_CFG


def trained(plan):
    """Train, and return the messages."""
    recorder = Recorder()
    prepare(plan, [recorder]).run()
    return recorder.messages


def next_command(messages):
    (command,) = (text for text in messages if text.startswith("next: "))
    return command.removeprefix("next: ")


def test_a_run_says_what_it_trains_and_what_came_out(plan, tmp_path):
    folder = tmp_path / "with blanks"
    messages = trained(changed(plan, map=True, backup=str(folder), max_batches=7))
    assert messages[:3] == [
        f"weights go to {folder}",
        "all 6 layers start from random numbers",
        f"{plan.data}: training on 6 pictures, 9 boxes; evaluating on 3 pictures, 4 boxes",
    ]
    input_line = "input 64 x 64, 3 classes, 7 iterations of 4 pictures, on cpu with "
    assert messages[3].startswith(input_line + str(torch.get_num_threads()))
    assert re.fullmatch(r"expected: \d+ s, from 5 iterations", messages[4])
    assert messages[-3].startswith("best mAP@0.50 ")
    assert messages[-3].endswith(" % at iteration 7")
    assert messages[-2] == (
        f"the last weights are in {folder}/small_final.weights, "
        f"the best in {folder}/small_best.weights"
    )
    assert messages[-1] == (
        f"next: dtorch detect '{folder}/small_best.weights' {tmp_path}/data/valid_0.png "
        "--save found"
    )


def test_boxes_that_are_left_out_are_not_counted(plan, tmp_path):
    label = tmp_path / "data/train_0.txt"
    label.write_text(label.read_text() + "9 0.5 0.5 0.2 0.2\n0 1.5 0.5 0.2 0.2\n")
    messages = trained(changed(plan, max_batches=1))
    assert f"{plan.data}: training on 6 pictures, 9 boxes" in messages


def test_partial_weights_and_a_run_that_counts_on_are_named():
    report = SimpleNamespace(complete=False, layers=2, total=6, path="a.conv.2")
    loop = SimpleNamespace(network=SimpleNamespace(layers=range(6)), iteration=0)
    text = "loaded 2 of 6 layers from a.conv.2; the others start from random numbers"
    assert describe_start(loop, report) == text
    whole = SimpleNamespace(complete=True, path="a.weights")
    loop.iteration = 4
    assert describe_start(loop, whole) == (
        "loaded all 6 layers from a.weights; it counts on after iteration 4 "
        "(--clear counts from 0)"
    )


def test_without_an_evaluation_the_last_weights_are_named(plan, tmp_path):
    messages = trained(plan)
    assert messages[-2] == f"the last weights are in {plan.backup}/small_final.weights"
    assert next_command(messages) == (
        f"dtorch detect {plan.backup}/small_final.weights {tmp_path}/data/train_0.png --save found"
    )


@pytest.mark.parametrize("kind", ["classifier", "text"])
def test_other_networks_have_their_own_command(tmp_path, kind, plan):
    if kind == "text":
        cfg, data = written(tmp_path, CHARACTERS), written(tmp_path, "abcdefgh" * 40, "a.txt")
        command, sample = "rnn generate", ""
    else:
        cfg, data = written(tmp_path, CLASSIFIER_CFG), classifier_data(tmp_path / "colours")
        command, sample = "classify", f" {data}/train/blue/0.png"
        data = data / "train"
    messages = trained(changed(plan, cfg=str(cfg), data=str(data), max_batches=1))
    model = f"--cfg {plan.backup}/small.cfg --weights {plan.backup}/small_final.weights"
    assert next_command(messages) == f"dtorch {command} {model}{sample}"


class Loop:
    """A loop that keeps its messages."""

    iteration = 0
    network = SimpleNamespace(net=SimpleNamespace(max_batches=1000))

    def __init__(self):
        self.messages = []
        self.events = SimpleNamespace(on_message=lambda loop, text: self.messages.append(text))


def test_the_expected_time_is_said_once_without_the_first_iteration():
    timer = IterationTimer(iter((0.0, 100.0, 102.0, 104.0, 106.0, 108.0, 110.0)).__next__)
    report, loop = RunReport(None, None, None, resumed=False, timer=timer), Loop()
    for loop.iteration in range(1, 7):
        report.on_iteration(loop, Update(loop.iteration, 1.0, 1.0, 0.1))
    assert loop.messages == ["expected: 33 min, from 5 iterations"]


def test_iterations_that_end_at_once_share_their_time():
    timer = IterationTimer(iter((0.0, *[20.0] * 10, *[40.0] * 10)).__next__)
    report, loop = RunReport(None, None, None, resumed=False, timer=timer), Loop()
    for number in range(1, 21):
        loop.iteration = 10 if number <= 10 else 20
        report.on_iteration(loop, Update(number, 1.0, 1.0, 0.1))
    assert loop.messages == ["expected: 33 min, from 5 iterations"]
    assert timer.seconds == 2
