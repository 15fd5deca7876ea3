"""Files with a line for each class: how large they may be, whoever reads them."""

import pytest

from darknet_torch.cfg import class_lists
from darknet_torch.cfg.grammar import Location
from darknet_torch.cfg.named_files import NamedFiles
from darknet_torch.cfg.tree import read_tree
from darknet_torch.cfg.zoo import read_names
from darknet_torch.datasets.classification import open_classification
from darknet_torch.errors import DarknetError

IMAGENET = 22_000  # the lines of imagenet.labels.list
PLACE = Location("a.cfg", 1)


def read_map(path):
    return NamedFiles().read_class_map(str(path), section="region", where=PLACE, classes=5)


def read_labels(path):
    data = path.with_name("a.data")
    path.with_name("valid.list").write_text("")
    data.write_text(f"labels={path}\nvalid={path.with_name('valid.list')}\n")
    return open_classification(data, split="valid")


READERS = pytest.mark.parametrize("read", [read_names, read_tree, read_map, read_labels])


@READERS
def test_a_list_with_many_more_lines_than_classes_is_refused(read, tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("1\n" * (class_lists._MOST_LINES + 1))
    with pytest.raises(DarknetError, match=r"a\.txt: too many lines: .* got 100,001") as raised:
        read(file)
    assert "100,000 lines at most" in str(raised.value)


@READERS
def test_a_list_with_more_bytes_than_any_is_not_read(read, tmp_path):
    file = tmp_path / "a.txt"
    with file.open("wb") as opened:
        opened.truncate(2**36)
    with pytest.raises(DarknetError, match=r"a\.txt: too large: .* got 68,719,476,736 bytes"):
        read(file)


def test_labels_that_are_empty_are_named(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("\n \n")
    with pytest.raises(DarknetError, match=r"a\.txt: no labels: expected a list of strings"):
        read_labels(file)


@pytest.mark.parametrize("read", [read_names, read_tree])
def test_the_classes_of_imagenet_are_read(read, tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("".join(f"n{number:08}\n" for number in range(IMAGENET)))
    found = read(file)
    assert len(getattr(found, "names", found)) == IMAGENET
