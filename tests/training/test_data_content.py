"""Descriptions of training data."""

from dataclasses import replace
from pathlib import Path

from darknet_torch.datasets.classification import ClassifiedPictures
from darknet_torch.datasets.examples import Example, Labels
from darknet_torch.training.data_content import (
    describe_classified,
    describe_examples,
    describe_text,
)

LABELS = Labels.from_arrays([0], [(0.5, 0.5, 0.1, 0.1)])
EXAMPLES = [Example(Path("a/1.png"), LABELS), Example(Path("a/2.png"), None)]


def test_the_folder_does_not_matter_but_names_labels_and_order_do():
    first = describe_examples(EXAMPLES)
    assert first.startswith("2 pictures (")
    assert (
        describe_examples([replace(one, path=Path("b") / one.path.name) for one in EXAMPLES])
        == first
    )
    changed = [
        EXAMPLES[::-1],
        EXAMPLES[:1],
        [replace(EXAMPLES[0], path=Path("a/3.png")), EXAMPLES[1]],
        [replace(EXAMPLES[0], labels=Labels.from_arrays([1], LABELS.boxes)), EXAMPLES[1]],
        [replace(EXAMPLES[0], labels=Labels.empty()), EXAMPLES[1]],
    ]
    assert len({first, *map(describe_examples, changed)}) == 6


def test_classes_of_pictures_matter():
    def pictures(*ids):
        paths = tuple(Path(f"{number}.png") for number in range(len(ids)))
        return ClassifiedPictures(paths, ids, ("a", "b"), ("a", "b"), "here")

    texts = [
        describe_classified(pictures(0, 1)),
        describe_classified(pictures(0, None)),
        describe_classified(pictures(0, 1, 0)),
    ]
    assert [text.split(" (")[0] for text in texts] == ["2 pictures", "2 pictures", "3 pictures"]
    assert len(set(texts)) == 3


def test_a_text_is_described_by_its_bytes():
    assert describe_text(b"a") == describe_text(b"a") != describe_text(b"b")
