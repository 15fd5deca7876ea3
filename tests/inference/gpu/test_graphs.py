"""When a computation is recorded, replayed and forgotten, with a recorder of the test's own."""

import inspect
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace

import pytest
import torch

from darknet_torch.errors import CfgNote
from darknet_torch.inference.gpu.graphs import ReplayedComputation, capture_cuda_graph


def double(images):
    return (2 * images,)


class Recorder:
    """Counts recordings and replays; what it records is the computation itself."""

    def __init__(self, unable=()):
        self.recorded, self.replayed, self.unable = [], [], unable

    def __call__(self, compute, images):
        if len(images) in self.unable:
            raise RuntimeError("operation not permitted when stream is capturing\nmore")
        self.recorded.append(len(images))

        def replay(images):
            self.replayed.append(len(images))
            return compute(images)

        return replay


def replayed(recorder, *sizes, kept=4, where="a.cfg:1"):
    """The recorder, after computations of batches of these sizes."""
    run = ReplayedComputation(double, recorder, where=where, kept=kept)
    for size in sizes:
        (found,) = run(torch.full((size, 3), 1.5))
        assert torch.equal(found, torch.full((size, 3), 3.0))
    return recorder


def test_a_size_is_recorded_once_when_it_comes_again():
    found = replayed(Recorder(), 4, 4, 4, 2, 4)
    assert found.recorded == [4]  # the 2 came once, as the last batch of a folder does
    assert found.replayed == [4, 4, 4]


def test_the_sizes_used_last_keep_their_graphs():
    found = replayed(Recorder(), 1, 1, 2, 2, 1, 3, 3, 1, 2, 2, kept=2)
    assert found.recorded == [1, 2, 3, 2]


def test_other_heights_and_widths_have_graphs_of_their_own():
    recorder = Recorder()
    run = ReplayedComputation(double, recorder)
    for shape in 2 * [(1, 2)] + 2 * [(1, 3)]:
        assert run(torch.ones(shape))[0].shape == shape
    assert recorder.recorded == [1, 1]


def test_what_cannot_be_recorded_is_computed_and_noted_once():
    with pytest.warns(CfgNote) as noted:
        found = replayed(Recorder(unable=(2, 3)), 2, 2, 2, 3, 3, 1, 1)
    assert [str(one.message) for one in noted] == [
        "a.cfg:1: the network cannot be recorded as a CUDA graph, so it runs slower: "
        "got operation not permitted when stream is capturing"
    ]
    assert (found.recorded, found.replayed) == ([1], [1])


def test_errors_of_the_computation_itself_stay_errors():
    def fails(images):
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes do not fit"):
        ReplayedComputation(fails, Recorder())(torch.ones(1))


def test_without_a_recorder_it_is_computed():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = ReplayedComputation(double, None)
        assert [run(torch.ones(2))[0].tolist() for _ in range(3)] == 3 * [[2, 2]]


def test_threads_take_turns():
    """A graph has one input, so that no two threads may be between its input and its outputs."""
    inside, most = [], []

    def slow(images):
        inside.append(1)
        most.append(len(inside))
        found = double(images)
        inside.pop()
        return found

    run = ReplayedComputation(slow, Recorder())
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda value: run(torch.tensor([value])), range(40)))
    assert [int(one[0]) for one in found] == [2 * value for value in range(40)]
    assert max(most) == 1


class FakeCuda:
    """Stands for torch.cuda while a doubling is recorded: logs calls, and replays what it saw."""

    def __init__(self, monkeypatch):
        self.log, self.saved, self.now = [], [], "default"
        self.signature = inspect.signature(torch.cuda.graph)
        for name in ("Stream", "CUDAGraph", "graph", "stream", "device", "current_stream"):
            monkeypatch.setattr(torch.cuda, name, getattr(self, name))

    def Stream(self, device):  # noqa: N802 (the names are torch.cuda's)
        return SimpleNamespace(name="side", wait_stream=lambda other: self.wait("side", other))

    def current_stream(self, device):
        own = self.now
        return SimpleNamespace(name=own, wait_stream=lambda other: self.wait(own, other))

    def wait(self, own, other):
        self.log.append(f"{own} waits for {other.name}")

    def CUDAGraph(self):  # noqa: N802
        return self

    @contextmanager
    def stream(self, stream):
        self.now, before = stream.name, self.now
        try:
            yield
        finally:
            self.now = before

    @contextmanager
    def graph(self, *given, **named):
        bound = self.signature.bind(*given, **named).arguments
        assert bound["capture_error_mode"] == "thread_local"
        self.log.append("record")
        before, self.now = self.now, bound["stream"].name
        yield  # after an error PyTorch ends the recording, which fails, and leaves the stream
        self.now = before
        self.log.append("recorded")

    def device(self, device):
        return nullcontext()

    def compute(self, images):
        found = 2 * images
        self.log.append(f"compute on {self.now}")
        self.saved.append((images, found))
        return (found,)

    def replay(self):
        """Repeat what was computed last: a graph reads and writes the same memory again."""
        images, found = self.saved[-1]
        found.copy_(2 * images)


def test_a_graph_is_recorded_on_the_stream_that_warmed_up(monkeypatch):
    cuda = FakeCuda(monkeypatch)
    given = torch.zeros(3)
    replay = capture_cuda_graph(cuda.compute, given)
    assert cuda.log == [
        "side waits for default",
        *3 * ["compute on side"],
        "record",
        "compute on side",
        "recorded",
        "default waits for side",
    ]
    found = [replay(torch.full((3,), value))[0] for value in (1.0, 2.0)]
    assert [one.tolist() for one in found] == [[2, 2, 2], [4, 4, 4]]
    assert given.tolist() == [0, 0, 0]


def test_the_stream_of_the_caller_is_current_after_a_recording_that_failed(monkeypatch):
    cuda = FakeCuda(monkeypatch)

    def compute(images):
        if "record" in cuda.log:
            raise RuntimeError("operation not permitted when stream is capturing")
        return (images,)

    with pytest.raises(RuntimeError, match="not permitted"):
        capture_cuda_graph(compute, torch.zeros(3))
    assert cuda.now == "default"


@pytest.mark.cuda
def test_a_cuda_graph_repeats_the_computation(device):
    if device.type != "cuda":
        pytest.skip("only CUDA has graphs")
    replay = capture_cuda_graph(double, torch.zeros(3, device=device))
    found = [replay(torch.full((3,), value, device=device)) for value in (1.0, 2.0)]
    assert [one[0].tolist() for one in found] == [[2, 2, 2], [4, 4, 4]]
