"""Items of a sequence of unknown length, of which some are kept."""

import pytest

from darknet_torch.report.evenly_spaced import EvenlySpaced


@pytest.mark.parametrize(
    ("count", "kept"),
    [
        (0, []),
        (4, [0, 1, 2, 3]),
        (5, [0, 2, 4]),
        (8, [0, 2, 4, 6]),
        (9, [0, 4, 8]),
        (33, [0, 16, 32]),
    ],
)
def test_the_kept_items_are_evenly_spaced(count, kept):
    made = []
    spaced = EvenlySpaced(4)
    for number in range(count):
        spaced.offer(lambda number=number: made.append(number) or number)
    assert spaced.kept == kept
    assert spaced.seen == count
    assert len(made) == len(set(made)) < 4 + 2 * 4
