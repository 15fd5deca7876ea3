"""Class names that lie next to pictures and labels."""

import numpy as np
import pytest

from darknet_torch.datasets.class_files import find_class_names, names_files, unnamed_classes
from darknet_torch.datasets.examples import Example, Labels
from darknet_torch.errors import UsageError
from tests.datasets.forms.tiny_forms import text


def test_files_are_known_by_their_names(tmp_path):
    for name in (
        "classes.txt",
        "_darknet.labels",
        "obj.names",
        "My.NAMES",
        "train.txt",
        "x.labels",
    ):
        text(tmp_path / name, "cat\n")
    found = [path.name for path in names_files([tmp_path, tmp_path, tmp_path / "gone"])]
    assert found == ["My.NAMES", "_darknet.labels", "classes.txt", "obj.names"]
    assert find_class_names(names_files([tmp_path])) == ("cat",)
    assert find_class_names([]) == ()


def test_files_that_differ_are_an_error(tmp_path):
    files = [text(tmp_path / f"{name}.names", f"{name}\n") for name in "ab"]
    with pytest.raises(
        UsageError, match=r"b\.names: two files.*a\.names: a, got b; .*--names FILE"
    ):
        find_class_names(files)


def test_classes_are_numbered_up_to_the_last_that_has_boxes():
    labels = Labels.from_arrays([2, -1, 2**30], np.ones((3, 4)))
    names, (note,) = unnamed_classes([Example("a", labels), Example("b", None)], "here")
    assert names == ("class 0", "class 1", "class 2")
    assert note.is_note
    assert unnamed_classes([], "here") == ((), [])
