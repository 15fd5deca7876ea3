from pathlib import Path

import pytest

from darknet_torch.augment.labelled import LabelledPictures
from darknet_torch.augment.picture_order import PictureOrder
from darknet_torch.augment.random_streams import SampleSeed
from darknet_torch.datasets.examples import Example, Labels
from darknet_torch.errors import UsageError
from tests.datasets.tiny_datasets import picture


def test_labels_and_problems_are_collected(tmp_path):
    marked = Labels.from_arrays((0, 5), ((0.5, 0.5, 0.1, 0.1),) * 2, (True, False))
    examples = [Example(picture(tmp_path / "a.png"), marked), Example(Path("b.png"), None)]
    found = LabelledPictures.from_examples(examples, 2)
    assert [labels.class_ids.tolist() for labels in found.labels] == [[5], []]
    assert [problem.kind for problem in found.problems] == ["unreadable picture", "class id"]
    assert str(found.problems[0]) == "b.png: no such picture; another one is drawn instead"
    opened = found.open(SampleSeed(0, 0), PictureOrder(), 3)
    assert opened.path == str(tmp_path / "a.png")
    # The other one, when it is drawn, is the same problem, which is reported once.
    assert not opened.problems or opened.problems == found.problems[:1]


def test_no_pictures_are_an_error():
    with pytest.raises(UsageError, match="the data set: no pictures to train on"):
        LabelledPictures.from_examples([], 2)
