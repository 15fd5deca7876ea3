import warnings

import pytest

from darknet_torch.datasets.class_order import warn_of_class_order
from darknet_torch.errors import CfgNote, CfgWarning
from tests.datasets.tiny_datasets import NAMES, darknet, voc, voc_object


@pytest.fixture
def root(tmp_path):
    return voc(tmp_path / "VOC", [voc_object((1, 1, 9, 9)) + voc_object((1, 1, 9, 9), "dog")])


def raised(data, names_file, names=NAMES):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_class_order(data, names, names_file)
    return [item.message for item in caught]


def test_the_alphabetical_order_is_a_note(root, tmp_path):
    (tmp_path / "a.names").write_text("cat\ndog\n")
    # coco.names is a shipped file, which is no file next to the cfg.
    for names_file in (
        None,
        tmp_path / "none.names",
        tmp_path / "coco.names",
        tmp_path / "a.names",
    ):
        (note,) = raised(root, names_file)
        assert isinstance(note, CfgNote)
        assert (note.where, note.what) == (root, "classes in alphabetical order: cat, dog")
        assert note.fix == "--names FILE gives another order"


@pytest.mark.parametrize("text", ["dog\ncat\n", "cat\ndog\nbird\n", "cat\n"])
def test_names_next_to_the_cfg_that_differ_are_a_warning(root, tmp_path, text):
    file = tmp_path / "a.names"
    file.write_text(text)
    (warning,) = raised(root, file)
    assert isinstance(warning, CfgWarning) and not isinstance(warning, CfgNote)
    assert warning.where == root
    assert warning.what == f"the classes are taken in alphabetical order, not as in {file}"
    assert (warning.expected, warning.got) == (", ".join(text.split()), "cat, dog")
    assert warning.fix == f"--names {file} takes the order of that file"


def test_data_sets_with_an_order_of_their_own_need_no_note(root, tmp_path):
    assert raised(darknet(tmp_path, ["0 .5 .5 .1 .1"]), None) == []
    (root / "classes.names").write_text("dog\ncat\n")
    assert raised(root, None) == []


def test_many_names_are_cut_short(root):
    (note,) = raised(root, None, [f"n{number}" for number in range(50)])
    assert note.what.endswith("n19, ...")
