"""Measuring long runs: what is looked at, and what counts as flat."""

import pytest

from tools.long_runs import LongRun, Sample, is_flat, measure


def test_samples_are_taken_along_the_run(tmp_path):
    code = "import time\nfor _ in range(COUNT): print('found', flush=True); time.sleep(.002)"
    samples = measure(LongRun("a loop", 0, ("-c", code), "found"), tmp_path, 20)
    assert len(samples) == 3
    assert all(sample.memory > 2**20 and sample.files >= 3 for sample in samples)


@pytest.mark.parametrize("code", ["print('found')", "raise SystemExit(3)"])
def test_a_run_that_fails_or_ends_early_is_an_error(tmp_path, code):
    with pytest.raises(RuntimeError, match="a loop: status"):
        measure(LongRun("a loop", 0, ("-c", code), "found"), tmp_path, 20)


@pytest.mark.parametrize(
    ("memory", "files", "flat"),
    [(100, 9, True), (104, 10, True), (106, 9, False), (100, 30, False)],
)
def test_flat_means_no_growth_from_the_middle_on(memory, files, flat):
    samples = [Sample(50, 9), Sample(100, 9), Sample(memory, files)]
    assert is_flat(samples) is flat
