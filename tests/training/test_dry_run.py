"""A training that is checked and not started."""

import re
import warnings

import pytest

from darknet_torch.errors import CfgWarning, UsageError
from darknet_torch.training import dry_run as module
from darknet_torch.training.dry_run import dry_run
from darknet_torch.training.memory import MemoryEstimate
from tests.training.runs import DETECTOR, Recorder, changed, written


def with_memory(monkeypatch, count):
    """Let this machine have so many bytes to spare."""
    monkeypatch.setattr(module, "available_memory", lambda: count)


def test_it_writes_nothing_and_says_what_the_training_takes(plan, tmp_path, monkeypatch):
    with_memory(monkeypatch, 3 * 10**9)
    before = sorted(tmp_path.rglob("*"))
    lines = dry_run(plan, ["cpu"]).lines()
    assert sorted(tmp_path.rglob("*")) == before
    assert f"backup = {plan.backup}" in lines
    assert "all 6 layers start from random numbers" in lines
    assert re.fullmatch(
        r"memory for 2 pictures at once at 64 x 64: about \S+ kB of 3\.0 GB that are free on cpu",
        lines[-3],
    )
    assert re.fullmatch(r"  weights \S+ kB, gradients \S+ kB, optimizer \S+ kB", lines[-2])
    assert re.fullmatch(
        r"  forward and backward pass \S+ kB, activations \S+ kB a picture",
        lines[-1],
    )


def test_the_largest_size_of_multi_scale_training_counts(plan, tmp_path):
    cfg = written(tmp_path, DETECTOR.replace("jitter=.2", "jitter=.2\nrandom=1"), "scales.cfg")
    memory = dry_run(changed(plan, cfg=str(cfg)), ["cpu"]).memory
    assert (memory.width, memory.height) == (128, 128)


def test_the_phase_that_takes_the_most_counts(plan):
    found = dry_run(changed(plan, phase=("3:lr=.5", "3:width=96,height=96")), ["cpu"])
    assert (found.memory.width, found.memory.height) == (96, 96)
    lines = found.lines()
    assert "phase 2 of 2, iterations 4 to 6: input 96 x 96" in lines
    assert any(line.startswith("input 64 x 64,") for line in lines)


def test_processes_on_the_cpu_share_its_memory(plan, monkeypatch):
    with_memory(monkeypatch, 8 * 10**9)
    found = dry_run(changed(plan, batch=8), ["cpu"] * 4)
    assert found.available == 2 * 10**9
    assert found.memory.inputs == 4  # each takes a batch of its own
    assert "in each of 4 processes" in found.lines()[-3]


def thousand_bytes_an_input(forward, *, inputs, width, height, checkpoint_activations=None):
    """An estimate whose numbers are plain: half of them with checkpointed activations."""
    peak = 1000 * inputs // (2 if checkpoint_activations else 1)
    return MemoryEstimate(inputs, width, height, 0, 0, 0, 0, activations=peak, peak=peak)


@pytest.mark.parametrize(
    ("usable", "advice"),
    [
        (5000, "--subdivisions 2 or --checkpoint-activations would fit"),
        (2500, "--subdivisions 4 would fit"),
        (700, "--checkpoint-activations with --subdivisions 8 would fit"),
        (100, "no number of subdivisions is enough; a smaller --width and --height take less"),
    ],
)
def test_a_warning_says_what_would_fit(plan, monkeypatch, usable, advice):
    plan = changed(plan, batch=8, subdivisions=1)
    monkeypatch.setattr(module, "estimate_memory", thousand_bytes_an_input)
    with_memory(monkeypatch, int(usable / 0.7))
    with pytest.warns(CfgWarning, match="the training may need more memory") as found:
        dry_run(plan, ["cpu"])
    (text,) = [str(item.message) for item in found if "memory" in str(item.message)]
    assert plan.cfg in text
    assert "expected 30% to spare of " in text
    assert "which are free on cpu, got about 8.0 kB for 8 inputs at once" in text
    assert text.endswith(advice)


def test_without_a_number_to_compare_with_it_warns_of_nothing(plan, monkeypatch):
    with_memory(monkeypatch, None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = dry_run(plan, ["cpu"])
    assert found.available is None
    assert "free" not in found.lines()[-3]


def test_faults_in_the_data_and_devices_that_do_not_exist_are_reported(plan, tmp_path):
    (tmp_path / "data/train_0.txt").unlink()
    recorder = Recorder()
    dry_run(plan, ["cpu"], [recorder])
    assert any("train_0" in problem.where for problem in recorder.problems)
    with pytest.raises(UsageError, match="no such device"):
        dry_run(plan, ["cuda:99"])


def test_a_layer_that_cannot_be_run_without_values_is_no_error(plan, monkeypatch):
    def fails(*_, **__):
        raise RuntimeError("a shape depends on values\nmore")

    monkeypatch.setattr(module, "estimate_memory", fails)
    assert dry_run(plan, ["cpu"]).lines()[-1] == "memory: not known, a shape depends on values"
