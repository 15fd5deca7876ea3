"""Recognising the files on the command line."""

import struct
from itertools import permutations

import pytest

from darknet_torch.cfg.zoo import shipped
from darknet_torch.errors import CfgError, UsageError
from darknet_torch.lint.inputs import Inputs, recognise
from tests.datasets.forms.tiny_forms import flat
from tests.toy.files import PICTURE


def test_files_are_recognised_by_suffix_in_any_order(tmp_path):
    paths = [tmp_path / name for name in ("x.cfg", "x.weights", "x.data")]
    for path in paths:
        path.touch()
    for order in permutations(map(str, paths)):
        assert recognise(order) == Inputs(*paths)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("model.txt", b"# a network\n\n[net]\nwidth=1\n", "cfg"),
        ("obj", b"classes = 2\ntrain = x\n", "data"),
        ("x.bin", struct.pack("<3iQ", 0, 2, 5, 0), "weights"),
        ("darknet53.conv.74", b"", "weights"),
        ("x.json", b"{}", "data"),
    ],
)
def test_files_with_other_suffixes_are_recognised_by_content(name, content, kind, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    assert recognise([str(path)]) == Inputs(**{kind: path})


def test_a_folder_is_a_data_set_and_a_bare_name_a_shipped_definition(tmp_path):
    with pytest.raises(UsageError, match=r"no data set.*an empty folder"):
        recognise([str(tmp_path)])
    flat(tmp_path)
    found = recognise([str(tmp_path), "yolov3"])
    assert found == Inputs(cfg=shipped(".cfg")["yolov3"], data=tmp_path)


def test_files_that_cannot_be_recognised_are_errors(tmp_path):
    other = tmp_path / "x.txt"
    other.write_text("hello\n")
    with pytest.raises(UsageError, match="is neither a cfg nor a weight file nor a data set"):
        recognise([str(other)])
    with pytest.raises(UsageError, match="is neither a cfg nor a weight file nor a data set"):
        recognise([str(PICTURE)])
    with pytest.raises(UsageError, match=r"two cfg files: expected one, got .*yolov2"):
        recognise(["yolov2", "yolov3"])
    with pytest.raises(UsageError, match="nothing to check"):
        recognise([])
    with pytest.raises(UsageError, match=r"none\.weights: no such file"):
        recognise(["none.weights"])
    with pytest.raises(CfgError, match="did you mean 'yolov3'"):
        recognise(["yolo3"])
