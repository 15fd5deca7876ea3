"""Which file on a command line is what."""

import struct
from itertools import permutations

import pytest

from darknet_torch.cfg.zoo import sample_folder, shipped
from darknet_torch.errors import CfgError, UsageError
from darknet_torch.lint.inputs import Inputs, recognise


def test_suffixes_decide_in_any_order(tmp_path):
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
def test_else_what_a_file_holds(name, content, kind, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    assert recognise([str(path)]) == Inputs(**{kind: path})


def test_a_folder_is_data_and_a_name_a_shipped_definition(tmp_path):
    found = recognise([str(tmp_path), "yolov3"])
    assert found == Inputs(cfg=shipped(".cfg")["yolov3"], data=tmp_path)


def test_what_cannot_be_recognised(tmp_path):
    other = tmp_path / "x.txt"
    other.write_text("hello\n")
    with pytest.raises(UsageError) as caught:
        recognise([str(other)])
    assert str(caught.value) == (
        f"{other}: is no cfg, no weight file and no data set: expected such as x.cfg, x.weights, "
        "x.data, or the name of a shipped definition"
    )
    with pytest.raises(UsageError, match="is no cfg, no weight file and no data set"):
        recognise([str(sample_folder() / "shapes.png")])
    with pytest.raises(UsageError, match=r"two cfg files: expected one, got .*yolov2"):
        recognise(["yolov2", "yolov3"])
    with pytest.raises(UsageError, match="nothing to check"):
        recognise([])
    with pytest.raises(UsageError, match=r"none\.weights: no such file"):
        recognise(["none.weights"])
    with pytest.raises(CfgError, match="did you mean 'yolov3'"):
        recognise(["yolo3"])
