from contextlib import closing, nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from darknet_torch.augment.detection import DetectionAugmentation, DetectionSource
from darknet_torch.augment.source import SampleBatch
from darknet_torch.augment.text import TextSource
from darknet_torch.cfg.dialect import ALEXEYAB
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.cfg.net import NetOptions
from darknet_torch.datasets.examples import Example, Labels
from darknet_torch.errors import UsageError
from darknet_torch.losses.registry import assigners_of
from darknet_torch.model.network import build_network
from darknet_torch.training.batches import Batches
from darknet_torch.training.problem_log import ProblemLog
from tests.augment.rectangle_scenes import scenes

HEAD = SimpleNamespace(classes=3, max=10, jitter=0.3, resize=1.5)
NET = NetOptions(batch=6, subdivisions=2, width=64, height=64, channels=3, mosaic=True, hue=0.1)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenes")
    examples = [*scenes(folder), Example(folder / "gone.png", Labels.empty())]
    return DetectionSource.from_examples(
        examples, DetectionAugmentation.from_options(NET, HEAD, ALEXEYAB)
    )


def sizes(iteration):
    return (64, 64) if iteration < 2 else (96, 32)


def batches(source, **options):
    given = {"batch": 6, "subdivisions": 2, "seed": 3, "size_of": sizes, "stop": 4}
    return Batches(source, **{**given, **options})


def values(found):
    return [
        (batch.iteration, batch.subdivision, batch.images.numpy().tobytes(),
         batch.truths.numpy().tobytes(), tuple(batch.paths))
        for batch in found
    ]  # fmt: skip


def test_mini_batches_come_in_order_and_size(source):
    found = list(batches(source))
    places = [(batch.iteration, batch.subdivision) for batch in found]
    assert places == [(iteration, part) for iteration in range(4) for part in range(2)]
    assert [tuple(batch.images.shape) for batch in found[3:5]] == [(3, 3, 64, 64), (3, 3, 32, 96)]
    assert found[0].images.dtype == found[0].truths.dtype == torch.float32
    assert found[0].truths.shape == (3, 10, 5)


@pytest.mark.parametrize("workers", [0, 1])
def test_bytes_may_stay_bytes(source, workers):
    found = list(batches(source, workers=workers, stop=2).unconverted())
    assert {batch.images.dtype for batch in found} == {torch.uint8}
    floats = [batch.with_float_images() for batch in found]
    assert values(floats) == values(batches(source, stop=2))


@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_workers_makes_the_same_mini_batches(source, workers):
    assert values(batches(source, workers=workers)) == values(batches(source))


def test_a_resumed_run_goes_on_as_the_whole_one(source):
    assert values(batches(source, start=2)) == values(batches(source))[4:]


def test_seeds_differ(source):
    assert values(batches(source, seed=4)) != values(batches(source))


@pytest.mark.parametrize("world_size", [2, 3])
def test_ranks_share_what_one_process_would_see(source, world_size):
    whole = list(batches(source))
    parts = [list(batches(source, rank=rank, world_size=world_size)) for rank in range(world_size)]
    for batch, *shares in zip(whole, *parts, strict=True):
        torch.testing.assert_close(torch.cat([part.images for part in shares]), batch.images)
        torch.testing.assert_close(torch.cat([part.truths for part in shares]), batch.truths)


def test_page_locked_memory_holds_bytes_until_floats_are_asked_for(source, monkeypatch):
    pinned = []

    def page_locked(tensor, *, pin_memory):
        assert pin_memory
        pinned.append(torch.zeros_like(tensor))
        return pinned[-1]

    monkeypatch.setattr(torch, "empty_like", page_locked)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 3)
    monkeypatch.setattr(torch.cuda, "device", lambda device: nullcontext(device))
    expected = values(batches(source, stop=1))
    for made, dtype in (
        (batches(source, stop=1, pin_memory=True).unconverted(), torch.uint8),
        (batches(source, stop=1, pin_memory=True), torch.float32),
    ):
        found = list(made)
        assert {batch.images.dtype for batch in found} == {dtype}
        assert [id(part) for batch in found for part in batch.tensors()] == list(map(id, pinned))
        assert values(batch.with_float_images() for batch in found) == expected
        pinned.clear()


class Numbers:
    """A source that says which slots it was asked for."""

    problems = ()

    def load(self, request):
        slots = np.array(request.slots, np.float32)[:, None]
        return SampleBatch(slots, slots, ())


def test_ranks_keep_pairs_and_streams_together():
    def slots(rank, batch, **options):
        found = Batches(
            Numbers(), batch=batch, subdivisions=1, seed=0, size_of=lambda _: (0, 0), stop=1,
            rank=rank, world_size=2, **options,
        )  # fmt: skip
        return next(iter(found)).images.flatten().int().tolist()

    assert slots(0, 8) == [0, 1, 2, 3]
    assert slots(0, 4, time_steps=3) == [0, 1, 4, 5, 8, 9]
    assert slots(1, 4, time_steps=3) == [2, 3, 6, 7, 10, 11]


def test_mini_batches_may_grow():
    found = Batches(
        Numbers(), batch=4, subdivisions=2, seed=0, size_of=lambda _: (0, 0), stop=2,
        mini_batch_of=lambda iteration: 2 + iteration,
    )  # fmt: skip
    slots = [batch.images.flatten().int().tolist() for batch in found]
    assert slots == [[0, 1], [2, 3], [0, 1, 2], [3, 4, 5]]


def test_a_run_without_end_can_be_left(source):
    with closing(iter(batches(source, stop=None, workers=1))) as endless:
        taken = [next(endless) for _ in range(3)]
    assert [batch.iteration for batch in taken] == [0, 0, 1]


@pytest.mark.parametrize("workers", [0, 1])
def test_problems_come_with_their_mini_batch(source, workers):
    problems = ProblemLog()
    for batch in batches(source, workers=workers, stop=6):
        problems.add(batch.problems)
    assert problems.counts == {"unreadable picture": 1}
    assert problems.all[0].where.endswith("gone.png")


@pytest.mark.parametrize("workers", [0, 1])
def test_errors_of_workers_are_errors_without_a_traceback(tmp_path, workers):
    gone = [Example(tmp_path / "gone.png", Labels.empty())]
    source = DetectionSource.from_examples(
        gone, DetectionAugmentation.from_options(NET, HEAD, ALEXEYAB)
    )
    with pytest.raises(UsageError) as caught:
        list(batches(source, workers=workers))
    assert str(caught.value).startswith("none of the 1 pictures can be read")
    assert "Traceback" not in str(caught.value)


def test_the_run_s_own_random_numbers_are_not_touched(source):
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    list(batches(source, stop=1))
    assert torch.equal(torch.rand(3), expected)


def test_text_has_restarts():
    net = NetOptions(inputs=128, batch=4, subdivisions=2, time_steps=3)
    text = TextSource.from_text(b"to be or not to be", net, ALEXEYAB)
    found = list(
        Batches(
            text, batch=4, subdivisions=2, time_steps=3, seed=0, size_of=lambda _: (0, 0), stop=2
        )
    )
    assert found[0].restarts == [0, 1]
    assert found[1].images.shape == (6, 128, 1, 1)
    now, then = found[0].images.flatten(1).argmax(1), found[0].truths.argmax(1)
    assert torch.equal(now[2:], then[:-2])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": -1}, "seed is out of its bounds"),
        ({"workers": -1}, "workers is out of its bounds"),
        ({"world_size": 4}, "fewer samples than there are processes"),
    ],
)
def test_numbers_out_of_bounds_are_refused(source, options, message):
    with pytest.raises(UsageError, match=message):
        batches(source, **options)


@pytest.mark.parametrize("workers", [0, 1])
def test_assignments_of_workers_equal_those_made_on_the_spot(source, workers):
    cfg = "[net]\nwidth=64\nheight=64\nchannels=24\n[maxpool]\nstride=16\nsize=1\n"
    network = build_network(parse_cfg(f"{cfg}[yolo]\nclasses=3\nanchors=6,9,15,12,40,30\nnum=3"))
    found = list(batches(source, workers=workers, assigners=assigners_of(network)))
    for batch in found:
        size = tuple(batch.images.shape[2:])
        made = network.layers[1].assigner.assign(
            batch.truths.numpy(), size, (size[0] // 16, size[1] // 16)
        )
        given = batch.assignments[1]
        assert made.rounds == given.rounds
        assert np.array_equal(made.numbers, given.numbers)
        assert np.array_equal(made.indices, given.indices)
    assert sum(batch.assignments[1].matches for batch in found) > 10
    moved = found[0].to(torch.device("cpu")).assignments[1]
    assert torch.equal(moved.match.truth_boxes, found[0].assignments[1].match.truth_boxes)
