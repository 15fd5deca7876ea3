"""Weight files of other systems, and files of other formats, as public reports have them."""

import gzip
import struct
import warnings

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from darknet_torch.errors import CfgWarning
from darknet_torch.loading.load import load
from tests.cli.command import dtorch
from tests.conversion.small_models import DETECTOR, NET, trained_network

VERSION = struct.pack("<3i", 0, 2, 5)
MANY = f"{NET}[convolutional]\nfilters=4100\nsize=3\nstride=32\npad=1\nbatch_normalize=1\n"
MANY += "[convolutional]\nfilters=14\nactivation=linear\n"
MANY += "[yolo]\nclasses=2\nnum=2\nanchors=8,8, 9,9\n"


def values_of(cfg):
    """The arrays of a network with random values, as they stand in a weight file."""
    slots = trained_network(cfg).slots()
    return b"".join(slot.tensor.detach().numpy().tobytes() for _, slot in slots)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "small.cfg").write_text(DETECTOR)
    return tmp_path


def convert(folder, content, name="small.weights", *more):
    """The result of converting a file of this content with small.cfg."""
    (folder / name).write_bytes(content)
    return dtorch("convert", "--cfg", folder / "small.cfg", *more, folder / name, folder / "o.pt")


def state_of(folder, content):
    path = folder / "small.weights"
    path.write_bytes(content)
    return load(folder / "small.cfg", path).state_dict()


def read_narrow(folder, content):
    with pytest.warns(CfgWarning, match="its header has a 32-bit seen") as caught:
        state = state_of(folder, content)
    return state, caught[0].message


def test_a_file_of_a_32_bit_system(folder):
    """AlexeyAB/darknet 539: version 0.2 with a `seen` of 4 bytes."""
    values = values_of(DETECTOR)
    expected = state_of(folder, VERSION + struct.pack("<Q", 64) + values)
    state, warning = read_narrow(folder, VERSION + struct.pack("<I", 64) + values)
    assert all(torch.equal(state[key], expected[key]) for key in expected)
    assert warning.where == folder / "small.weights"
    assert warning.expected == "20 bytes of header in version 0.2"
    assert warning.got == "16, by the length of the file"
    assert "dtorch convert" in warning.fix


def test_its_pictures_seen_are_kept_and_written_in_64_bits(folder):
    seen, values = 2**32 - 1, values_of(DETECTOR)
    (folder / "small.weights").write_bytes(VERSION + struct.pack("<I", seen) + values)
    cfg, weights, out = (
        folder / f"{name}" for name in ("small.cfg", "small.weights", "o.weights")
    )
    result = dtorch("convert", "--cfg", cfg, weights, out)
    assert result.exit_code == 0
    assert "warning: " in result.stderr
    assert out.read_bytes() == VERSION + struct.pack("<Q", seen) + values


def test_a_partial_file_of_a_32_bit_system(folder):
    first = 4 * (4 * 8 + 8 * 27)
    state, _ = read_narrow(folder, VERSION + struct.pack("<I", 0) + values_of(DETECTOR)[:first])
    assert state["layers.0.convolution.biases"].any()


def test_check_reads_it_too(folder):
    (folder / "a.weights").write_bytes(VERSION + struct.pack("<I", 64) + values_of(DETECTOR))
    result = dtorch("check", folder / "small.cfg", folder / "a.weights")
    assert "a.weights: its header has a 32-bit seen" in result.stdout
    assert "has seen 64 pictures" in result.stdout
    assert "error: " not in result.stdout


def test_a_first_value_of_0_is_decided_by_the_variances(folder):
    values = bytes(4) + values_of(DETECTOR)[4:]
    state, _ = read_narrow(folder, VERSION + struct.pack("<I", 64) + values)
    assert state["layers.0.convolution.biases"][0] == 0


def test_a_file_that_lacks_its_last_number_is_not_taken_for_one(folder):
    whole = VERSION + struct.pack("<Q", 64) + values_of(DETECTOR)
    result = convert(folder, whole[:-4])
    assert result.exit_code == 2
    assert "ends inside layer 1 [convolutional]" in result.stderr
    assert "expected 112 floats, got 111 floats" in result.stderr


def test_a_file_of_another_cfg_is_not_taken_for_one(folder):
    for change in (8, -8, 400):
        values = values_of(DETECTOR)
        values = values + bytes(change) if change > 0 else values[:change]
        with warnings.catch_warnings():
            warnings.simplefilter("error", CfgWarning)
            assert convert(folder, VERSION + struct.pack("<Q", 64) + values).exit_code == 2


def some_line_feeds(values, count=40, seed=3):
    """`values` with low bytes of some numbers changed to line feeds and carriage returns."""
    data = np.frombuffer(values, np.uint8).copy()
    places = np.random.default_rng(seed).choice(len(data) // 4, count, replace=False) * 4
    data[places] = ord("\n")
    return data.tobytes()


@pytest.mark.parametrize("more", [(), ("--allow-leftover",)], ids=["strict", "leftover"])
@pytest.mark.parametrize("count", [1, 2, 40])
def test_line_feeds_became_pairs(count, more, folder):
    """A repository with git's autocrlf, or FTP in text mode, turns LF into CR LF."""
    values = values_of(DETECTOR).replace(b"\n", b"\x0b").replace(b"\r", b"\x0e")
    whole = VERSION + struct.pack("<Q", 64) + some_line_feeds(values, count)
    result = convert(folder, whole.replace(b"\n", b"\r\n"), "small.weights", *more)
    assert result.exit_code == 2
    assert "small.weights: was transferred as text: every LF became CR LF" in result.stderr
    assert "expected the bytes that Darknet wrote" in result.stderr
    assert f"got {count} LF bytes, all of them after a CR byte" in result.stderr
    assert "fetch it again in binary mode" in result.stderr
    assert "'*.weights binary' in .gitattributes" in result.stderr
    assert not (folder / "o.pt").exists()


def test_line_feeds_of_the_header_became_pairs(folder):
    whole = VERSION + struct.pack("<Q", 10) + values_of(DETECTOR)
    result = convert(folder, whole.replace(b"\n", b"\r\n"))
    assert "was transferred as text: every LF became CR LF" in result.stderr


def test_pairs_became_line_feeds(folder):
    """The other way round: dos2unix, or a transfer to a system with LF alone."""
    (folder / "small.cfg").write_text(MANY)
    data = np.frombuffer(values_of(MANY), np.uint8).copy()
    data[[4000, 90000, 400000]], data[[4001, 90001, 400001]] = ord("\r"), ord("\n")
    whole = VERSION + struct.pack("<Q", 64) + data.tobytes()
    result = convert(folder, whole.replace(b"\r\n", b"\n"))
    assert result.exit_code == 2
    assert "small.weights: was transferred as text: every CR LF became LF" in result.stderr
    assert "bytes too few, and no CR byte before any of" in result.stderr
    assert "fetch it again in binary mode" in result.stderr
    truncated = convert(folder, whole[:-5])
    assert "transferred as text" not in truncated.stderr


def test_a_whole_file_in_which_each_line_feed_follows_a_return_is_read(folder):
    values = values_of(DETECTOR).replace(b"\n", b"\x0b")
    data = np.frombuffer(values, np.uint8).copy()
    data[4:84:4], data[5:84:4] = ord("\r"), ord("\n")
    assert convert(folder, VERSION + struct.pack("<Q", 64) + data.tobytes()).exit_code == 0


OTHERS = [
    (b"\x08\x07\x12\x07pytorch\x1a\x032.1:" + bytes(90), "an ONNX graph", "was made from"),
    (b"\x89HDF\r\n\x1a\n" + bytes(90), "an HDF5 file (Keras writes it as .h5)", "was made from"),
    (b"\x1c\0\0\0TFL3" + bytes(90), "a TensorFlow Lite graph", "was made from"),
    (b'<?xml version="1.0"?><net name="yolo">', "an XML file", "was made from"),
    (b"\x93NUMPY\x01\0" + bytes(90), "a NumPy array", "give a Darknet .weights file"),
    (b"person\nbicycle\ncar\n", "text, not a weight file", "give the .weights file here"),
    (b"a\nb\n", "text, not a weight file", "give the .weights file here"),
    (b'{"message": "Not Found"}', "text, not a weight file", "fetch it again"),
    ("kočka\npes\n".encode(), "text, not a weight file", "give the .weights file here"),
    (gzip.compress(b"x" * 99, mtime=0), "compressed by gzip", "decompress it first"),
]


@pytest.mark.parametrize(("content", "what", "fix"), OTHERS)
def test_a_file_of_another_format(content, what, fix, folder):
    (folder / "other.bin").write_bytes(content)
    result = dtorch(
        "detect", "--cfg", folder / "small.cfg", "--weights", folder / "other.bin", "x.jpg"
    )
    assert result.exit_code == 2
    assert f"other.bin: this is {what}" in result.stderr
    assert "expected a Darknet weight file, got b" in result.stderr
    assert fix in result.stderr


def test_files_of_other_programs_given_as_weights(folder):
    torch.save({"a": torch.ones(9)}, folder / "zip.pt")
    save_file({"a": torch.ones(9)}, folder / "some.safetensors")
    (folder / "pickle.bin").write_bytes(b"\x80\x02\x8a\nl\xfc\x9cF" + bytes(90))
    unknown = "is not a checkpoint of a known program: expected the keys of"
    for name, what in (
        ("zip.pt", unknown),
        ("some.safetensors", unknown),
        ("pickle.bin", "cannot be read (it is not a PyTorch file"),
    ):
        cfg, weights = folder / "small.cfg", folder / name
        result = dtorch("detect", "--cfg", cfg, "--weights", weights, "x.jpg")
        assert result.exit_code == 2
        assert f"{name}: {what}" in result.stderr


def test_a_graph_given_to_convert(folder):
    result = convert(folder, b"\x08\x07", "some.onnx")
    assert "some.onnx: ONNX graphs can be written, not read" in result.stderr
    assert "give the .weights, .pt or .safetensors file" in result.stderr
