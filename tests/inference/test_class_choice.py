"""The classes that a detector keeps."""

import pytest

from darknet_torch.errors import UsageError
from darknet_torch.inference.class_choice import choose_class_ids

NAMES = ("cat", "dog", "1")


@pytest.mark.parametrize(
    ("only", "skip", "expected"),
    [
        (None, (), None),
        (None, ["dog"], [0, 2]),
        (["dog", 0], (), [1, 0]),
        (["cat", "dog"], ["cat"], [1]),
        (["1"], (), [2]),  # a name comes before a number
        ([], (), []),
    ],
)
def test_names_and_numbers_are_found(only, skip, expected):
    assert choose_class_ids(only, skip, names=NAMES, classes=3) == expected


def test_classes_without_names_have_numbers():
    assert choose_class_ids([4], (), names=(), classes=5) == [4]
    with pytest.raises(UsageError, match=r"^5: no such class: .* number from 0 to 4$"):
        choose_class_ids([5], (), names=(), classes=5)


def test_a_misspelt_class_has_a_suggestion():
    with pytest.raises(UsageError, match="did you mean 'dog'"):
        choose_class_ids((), ["dogg"], names=NAMES, classes=3)


@pytest.mark.parametrize(("only", "skip"), [("cat", ()), (None, 7)])
def test_only_and_skip_are_lists(only, skip):
    with pytest.raises(UsageError, match="is not a list: expected a list of names or numbers"):
        choose_class_ids(only, skip, names=NAMES, classes=3)
