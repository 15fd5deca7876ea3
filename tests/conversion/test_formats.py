"""The kind of a file to write follows from its suffix."""

import pytest

from darknet_torch.conversion.formats import FORMATS, find_format


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.weights", "Darknet"),
        ("a.conv.15", "Darknet"),
        ("a.PTH", "PyTorch state_dict"),
        ("a.safetensors", "safetensors"),
        ("a.onnx", "ONNX"),
        ("a.ts", "TorchScript"),
        ("a.pt2", "torch.export"),
    ],
)
def test_the_suffix_says_what_to_write(name, kind, tmp_path):
    assert find_format(tmp_path / name).name == kind


def test_no_two_kinds_share_a_suffix():
    suffixes = [suffix for kind in FORMATS for suffix in kind.suffixes]
    assert len(suffixes) == len(set(suffixes))
