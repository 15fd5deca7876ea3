"""The measurement of engines: what is asked of their processes, and what follows from it."""

import time

import pytest

from darknet_torch.cpu.machine import machine_name
from darknet_torch.cpu.turns import Timing, WorkerError
from darknet_torch.engines.choice import TORCH, Speed
from darknet_torch.errors import UsageError
from darknet_torch.inference.engine_speeds import (
    QUICK,
    Effort,
    Job,
    Measurement,
    check_measured,
    compare,
    start_worker,
)

JOBS = {name: Job(name, (3, 32, 32), 2) for name in (TORCH, "onnxruntime", "openvino")}


class FakeWorker:
    """A process of an engine that takes seconds by the number of pictures at once."""

    def __init__(self, seconds, fails_from=99):
        self.seconds, self.fails_from = seconds, fails_from
        self.greeting, self.start_seconds = {"version": "1.2"}, 0.25
        self.requests = []
        self.is_closed = False

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.is_closed = True

    def ask(self, request):
        self.requests.append(request)
        size = int(request.split()[0])
        if size >= self.fails_from:
            raise WorkerError("out of memory")
        return {"clocks": [self.seconds(size)], "cpu": 2 * self.seconds(size)}


def compared(workers, effort):
    def start(job, patience):
        if job.engine not in workers:
            raise WorkerError("no such library")
        return workers[job.engine]

    return compare(JOBS, effort, start)


def test_each_engine_has_its_rounds_and_its_batches():
    workers = {
        TORCH: FakeWorker(lambda size: 0.01 * size),  # a batch brings nothing
        "openvino": FakeWorker(lambda size: 0.01 * max(size, 4)),  # up to 4 at once for nothing
    }
    found = compared(workers, Effort(rounds=5, batch_rounds=2, seconds=0.1, least_calls=3))
    assert workers[TORCH].requests == ["1 0.1 3"] * 5 + ["2 0.1 3"] * 2
    # 1 and 2 pictures take as long as 4; 8 take twice as long, which brings nothing.
    assert [request[0] for request in workers["openvino"].requests[5:]] == list("224488")
    assert found.failures == {"onnxruntime": "no such library"}
    assert all(worker.is_closed for worker in workers.values())
    openvino = found.measured["openvino"]
    assert openvino.timing == Timing((0.04,) * 5, 0.04, 0.08)
    assert openvino.rates == pytest.approx({1: 25, 2: 50, 4: 100, 8: 100})
    speeds = found.speeds
    assert (speeds.machine, speeds.threads) == (machine_name(), 2)
    assert speeds.engines["openvino"] == Speed("1.2", 0.25, 0.04, pytest.approx(100), 4)
    assert speeds.engines[TORCH].batch == 1


def test_batches_that_would_last_too_long_are_not_tried():
    slow = FakeWorker(lambda size: 0.3 * size**0.5)
    found = compared({TORCH: slow}, Effort(batch_rounds=1, longest_batch=1.0))
    assert found.measured[TORCH].rates.keys() == {1, 2, 4}  # 8 would take 1.2, as far as is known


def test_a_batch_that_fails_leaves_the_rates_of_smaller_ones():
    worker = FakeWorker(lambda size: 0.01, fails_from=4)
    found = compared({TORCH: worker}, Effort())
    assert found.measured[TORCH].rates == pytest.approx({1: 100, 2: 200})


def test_the_quick_measurement_ends_with_a_slow_network():
    def seconds(size):
        time.sleep(0.002)
        return 0.5 * size

    effort = Effort(**vars(QUICK) | {"limit": 0.001})
    workers = {TORCH: FakeWorker(seconds), "openvino": FakeWorker(seconds)}
    found = compared(workers, effort)
    assert len(found.measured[TORCH].timing.rounds) == 1
    assert found.measured["openvino"].rates == {1: 2}


def test_pytorch_is_what_the_others_are_compared_with():
    found = compared({"openvino": FakeWorker(lambda size: 0.01)}, QUICK)
    check_measured(found, "openvino")
    with pytest.raises(UsageError, match="torch could not be measured: got no such library"):
        check_measured(found)


def test_the_fastest_batch_counts():
    measured = Measurement("2", 0.5, Timing((0.2, 0.1, 0.3), 0.1), {1: 5.0, 2: 8.0, 4: 7.5})
    assert measured.speed == Speed("2", 0.5, 0.2, 8.0, 2)


def test_a_job_is_read_as_it_was_written():
    job = Job(TORCH, (3, 32, 64), 1, network={"cfg": "ä b.cfg", "weights": None})
    assert Job.from_json(job.to_json()) == job


def test_a_process_that_cannot_load_says_why_and_imports_no_torch(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "torch.py").write_text("raise SystemExit('torch was imported')")
    with pytest.raises(WorkerError, match="unknown engine: expected onnxruntime or openvino"):
        start_worker(Job("tensorrt", (3, 32, 32), 1), 60)
