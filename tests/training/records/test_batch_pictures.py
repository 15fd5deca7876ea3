"""The first mini-batches as pictures."""

from types import SimpleNamespace

import torch

from darknet_torch.training.records.batch_pictures import BatchPictures
from tests.training.records.fake_loops import fake_loop


def batch(count, size):
    truths = torch.zeros(count, 2, 5)
    truths[:, 0] = torch.tensor([0.5, 0.5, 0.4, 0.4, 1])
    return SimpleNamespace(images=torch.rand(count, 3, size, size), truths=truths)


def drawn(*batches, iteration=0):
    sheets = []
    callback = BatchPictures(
        [lambda name, sheet, at: sheets.append((name, sheet.shape, at))], ("cat", "dog"), None
    )
    loop = fake_loop(callback, iteration=iteration)
    loop.events.on_start(loop)
    for one in batches:
        loop.events.on_batch(loop, one)
    assert not loop.log.warnings
    return sheets


def test_the_first_three_are_drawn():
    sheets = drawn(*(batch(2, 32) for _ in range(5)))
    assert [(name, at) for name, _, at in sheets] == [
        *(("batch_1", 1), ("batch_2", 1), ("batch_3", 1)),
    ]


def test_a_sheet_has_sixteen_samples_at_most_and_a_bounded_size():
    ((_, (height, width, _), _),) = drawn(batch(17, 500))
    assert height == width == 4 * (416 + 4) + 4


def test_labels_do_not_cover_small_samples():
    ((_, (height, width, _), _),) = drawn(batch(1, 28))
    assert height == width == 8 * 28 + 2 * 4


def test_a_run_that_goes_on_keeps_its_first_ones():
    assert drawn(batch(1, 32), iteration=7) == []
