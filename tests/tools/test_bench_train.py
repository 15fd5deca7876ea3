"""Training steps and tables of the benchmarks, on a network of a few layers."""

import pytest
import torch
from click.testing import CliRunner

from tests.training.runs import DETECTOR, written
from tools.bench import main
from tools.bench_gpu import GOAL, Goal, _goals
from tools.bench_train import (
    CHANNELS_LAST,
    OURS,
    PLAIN,
    SUBJECTS,
    Plain,
    Subject,
    inputs,
    network,
    profiled,
    subjects,
)

CPU = torch.device("cpu")
LINEAR = "[dropout]\nprobability=.1\n\n"  # the peer trains without random numbers


@pytest.fixture
def net(tmp_path):
    return f"{written(tmp_path, DETECTOR.replace(LINEAR, ''))}:32"


def run(*words):
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("kind", SUBJECTS)
def test_a_kind_of_device_has_subjects_of_its_own(kind):
    device = torch.device(kind)
    assert subjects(device, (), None) == list(SUBJECTS[kind])
    assert {subject.batch for subject in subjects(device, (), 2)} == {2}


def test_a_net_has_its_own_side_and_batch_unless_they_are_given():
    device = torch.device("cuda")
    found = subjects(device, ("yolov4", "yolov3:224", "cfg/own.cfg:96"), None)
    assert found == [
        Subject("yolov4", 416, 16),
        Subject("yolov3", 224, 32),
        Subject("cfg/own.cfg", 96, 8),
    ]


def test_the_peer_is_the_same_network(net):
    (subject,) = subjects(CPU, [net], 2)
    built = network(subject, CPU)
    plain = Plain(built)
    values = [sum(part.numel() for part in one.parameters()) for one in (built, plain)]
    assert values[0] == values[1]
    images = inputs(subject, 3, CPU).images
    assert [output.shape for output in plain(images)] == [(2, 24, 4, 4)]


def test_train_prints_the_rates_of_all_and_of_the_pictures(net, monkeypatch):
    monkeypatch.setattr("tools.bench_train.PICTURES", 2)
    lines = run("train", "--net", net, "--batch", 2, "--repeats", 1).splitlines()
    assert lines[0].endswith("small.cfg-32, batch 2, float32")
    assert [line.split(":")[0].strip() for line in lines[1:4]] == [PLAIN, CHANNELS_LAST, OURS]
    assert all("images per CPU-second, ratio" in line for line in lines[1:3])
    assert "its pictures alone" in lines[4]


def test_train_prints_a_profile(net, monkeypatch):
    monkeypatch.setattr("tools.bench_train.profiled", lambda program, device: str(device))
    output = run("train", "--net", net, "--batch", 2, "--profile", "--precision", "bfloat16")
    assert output.endswith("small.cfg-32, batch 2, bfloat16\ncpu\n")


@pytest.mark.long
def test_a_profile_names_operations():
    table = profiled(lambda: torch.ones(3).exp(), CPU)
    assert "Self CPU" in table
    assert "aten::exp" in table


def test_what_is_not_finite_is_not_timed(net, monkeypatch):
    monkeypatch.setattr("tools.bench_train.inputs", broken_inputs)
    result = CliRunner().invoke(main, ["train", "--net", net, "--batch", "2"])
    assert result.exit_code == 1
    assert "not finite" in result.output


def broken_inputs(subject, classes, device):
    batch = inputs(subject, classes, device)
    batch.images.fill_(torch.inf)
    return batch


def test_gpu_prints_tables(net, monkeypatch):
    monkeypatch.setattr("tools.bench_gpu.PRECISIONS", ("bfloat16",))
    lines = run("gpu", "--device", "cpu", "--net", net, "--batch", 2, "--repeats", 1).splitlines()
    assert torch.__version__ in lines[1]
    rows = [line for line in lines if line.startswith("| ") and "small.cfg" in line]
    assert [row.count("|") for row in rows] == [9, 10, 10]  # inference in float16, too
    assert "not run" not in "".join(rows)


def test_gpu_starts_no_row_when_the_time_is_up(net):
    output = run("gpu", "--device", "cpu", "--net", net, "--minutes", 0)
    assert output.count("not run: no time was left") == 3 + 2 * 4


def test_gpu_prints_goals_beside_what_was_measured(net, monkeypatch):
    subject = Subject(net.rpartition(":")[0], 32, 2)
    monkeypatch.setattr("tools.bench_gpu.PRECISIONS", ())
    monkeypatch.setattr("tools.bench_gpu.GOALS", (Goal(subject, "bfloat16", 0.5),))
    output = run("gpu", "--device", "cpu", "--net", net, "--batch", 2, "--repeats", 1)
    assert GOAL in output
    (row,) = [line for line in output.splitlines() if "small.cfg" in line and "| 0.5 |" in line]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:4] == ["2", "bfloat16", "0.5"]
    assert len(cells) == 8
    assert all(float(cell) > 0 for cell in cells[4:])


def test_the_goals_of_yolov3_are_measured_first_on_a_gpu():
    goals = _goals(torch.device("cuda"), ())
    assert [(one.subject.batch, one.precision, one.milliseconds) for one in goals] == [
        (1, "float16", 2.0),
        (32, "float16", 0.5),
        (1, "float32", 6.5),
    ]
    assert _goals(torch.device("cuda"), ["yolov3:416"]) == goals
    assert _goals(torch.device("cuda"), ["yolov4:416"]) == _goals(CPU, ()) == []
