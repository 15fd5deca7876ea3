"""The kind of a file follows from its suffix, or from its first bytes."""

import pytest

from darknet_torch.conversion.formats import FORMATS, find_format, find_reader
from darknet_torch.conversion.readers import (
    read_pt_file,
    read_safetensors_file,
    read_weight_file,
)


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


@pytest.mark.parametrize(
    ("name", "start", "reader"),
    [
        ("a.weights", b"\0\0\0\0", read_weight_file),
        ("a.weights", b"PK\x03\x04", read_pt_file),
        ("a.ckpt", b"\x80\x02", read_pt_file),
        ("a.pt", b"anything", read_pt_file),
        ("a.safetensors", b"\x80\0\0\0", read_safetensors_file),
    ],
)
def test_the_reader_follows_from_suffix_and_first_bytes(name, start, reader, tmp_path):
    (tmp_path / name).write_bytes(start)
    assert find_reader(tmp_path / name) is reader
