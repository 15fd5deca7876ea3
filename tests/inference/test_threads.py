"""The number of threads: what is given, exported, or fastest; and what it changes."""

import pytest
import torch

from darknet_torch.cpu.cores import Cores
from darknet_torch.inference import threads as module
from darknet_torch.inference.threads import choose_threads, time_convolution, use_threads
from tests.conversion.small_models import DETECTOR, trained_network
from tests.inference.networks import CLASSIFIER

CPU = torch.device("cpu")
SAME = 2e-6  # of the largest output, as docs/detection.md says


@pytest.fixture(autouse=True)
def machine(monkeypatch):
    """Eight cores, no exported number of threads; PyTorch's own number is restored."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(module, "usable_cores", lambda: Cores(8, 8))
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def speeds(seconds, asked=None):
    """Measure by a table: threads -> seconds, or a list of them in turn."""
    turns = {number: iter(times) for number, times in seconds.items() if isinstance(times, list)}

    def measure(number):
        if asked is not None:
            asked.append(number)
        return next(turns[number]) if number in turns else seconds[number]

    return measure


def unmeasured(number):
    raise AssertionError("no probe where the number is known")


def test_a_given_number_is_taken_before_an_exported_one(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert choose_threads(5, unmeasured) == module.ThreadChoice(5)
    assert choose_threads(None, unmeasured) == module.ThreadChoice(3)


def test_one_core_needs_no_probe(monkeypatch):
    monkeypatch.setattr(module, "usable_cores", lambda: Cores(8, 8, quota=1.5))
    assert choose_threads(None, unmeasured) == module.ThreadChoice(1)


def test_all_cores_are_taken_where_they_are_faster_than_one():
    asked = []
    assert choose_threads(None, speeds({8: 1.0, 1: 4.0}, asked)) == module.ThreadChoice(8)
    assert asked == [8, 1, 8, 1]


def test_fewer_are_taken_until_they_are_faster_than_one():
    chosen = choose_threads(None, speeds({8: 9.0, 4: 4.5, 2: 1.0, 1: 2.0}))
    assert chosen.threads == 2
    assert chosen.remark == (
        "note: computes with 2 threads, since 8 take 4.5 times as long as 1 while other programs "
        "use the cores; --threads N or OMP_NUM_THREADS=N fixes the number"
    )


def test_one_is_left_where_all_cores_are_busy():
    chosen = choose_threads(None, speeds({8: 146.0, 4: 80.0, 2: 66.0, 1: 2.0}))
    assert chosen.threads == 1
    assert "computes with 1 thread, since 8 take 73.0 times as long as 1" in chosen.remark


@pytest.mark.parametrize(("third", "threads"), [(1.0, 8), (9.0, 4)])
def test_a_third_measurement_decides_where_two_disagree(third, threads):
    measure = speeds({8: [9.0, 1.0, third], 4: 1.0, 1: 2.0})
    assert choose_threads(None, measure).threads == threads


def test_the_number_reaches_pytorch_and_remarks_are_reported(monkeypatch):
    said = []
    assert use_threads(3, CPU, said.append) == torch.get_num_threads() == 3
    monkeypatch.setattr(module, "time_convolution", speeds({8: 9.0, 4: 1.0, 1: 2.0}))
    assert use_threads(None, CPU, said.append) == torch.get_num_threads() == 4
    assert len(said) == 1
    assert use_threads(None, torch.device("cuda"), said.append) == 4  # of the last call


def test_the_probe_times_the_number_that_it_is_asked_for():
    assert time_convolution(2) > 0
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("optimized", [False, True])
@pytest.mark.parametrize("cfg", [DETECTOR, CLASSIFIER])
def test_results_hardly_depend_on_the_number_of_threads(cfg, optimized):
    network = trained_network(cfg).eval()
    compute = network.optimize() if optimized else network
    shape = network.net.input_shape
    images = torch.rand(2, shape.channels, shape.height, shape.width)
    found = []
    for number in (1, 2, 3):
        torch.set_num_threads(number)
        with torch.inference_mode():
            found.append([output.clone() for output in compute(images)])
    for others in found[1:]:
        for output, one in zip(others, found[0], strict=True):
            assert (output - one).abs().max() <= SAME * one.abs().max()
