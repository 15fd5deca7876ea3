"""Wrong weight files, and what the user is told; the network stays as it was."""

import gzip
import struct

import pytest
import torch

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import WeightsError
from darknet_torch.model.network import build_network
from darknet_torch.model.weights import read_weights

CFG = """[net]
width=32
height=32
channels=3

[convolutional]
batch_normalize=1
filters=2
size=3
pad=1
activation=leaky

[maxpool]
size=2
stride=2

[convolutional]
filters={filters}
activation=linear

[yolo]
classes={classes}
num=3
anchors=1,2, 3,4, 5,6
"""
FIRST, SECOND = 4 * 2 + 2 * 3 * 9, 24 + 24 * 2  # floats of the two convolutions
HEADER = struct.pack("<3iQ", 0, 2, 5, 64)


def build(classes=3):
    text = CFG.format(classes=classes, filters=3 * (5 + classes))
    torch.manual_seed(0)
    return build_network(parse_cfg(text, "tiny.cfg"))


def floats(count):
    return struct.pack(f"<{count}f", *range(count))


def weights_for(classes):
    """A whole file for the network with that many classes."""
    return HEADER + floats(sum(slot.tensor.numel() for _, slot in build(classes).slots()))


WHOLE = HEADER + floats(FIRST + SECOND)


def case(name, content, *fragments):
    return pytest.param(content, fragments, id=name)


WRONG = [
    case("missing file", None, "tiny.weights: no such weight file"),
    case("empty", b"", "tiny.weights: is empty", "download it again"),
    case(
        "shorter than any header",
        HEADER[:15],
        "tiny.weights: is shorter than a weight file's header",
        "expected 16 bytes or more, got 15 bytes",
    ),
    case(
        "ends inside its header",
        HEADER[:16],
        "tiny.weights: ends inside its header",
        "expected 20 bytes of header",
        "got 16 bytes",
    ),
    case(
        "web page",
        b"\n<!DOCTYPE html><html><body>Sign in</body></html>",
        "tiny.weights: this is a web page, not a weight file",
        "expected a Darknet weight file",
        "fetch the file itself",
    ),
    case("zip archive", b"PK\x03\x04" + bytes(60), "this is a zip archive", "PyTorch", ".weights"),
    case("gzip", gzip.compress(WHOLE), "this is compressed by gzip", "decompress it first"),
    case(
        "LFS pointer",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 556\n",
        "this is a Git LFS pointer",
        "run git lfs pull",
    ),
    case("cfg", CFG.encode(), "this is a cfg, not a weight file", "swap the cfg and the weights"),
    case(
        "cfg that starts with a comment",
        b"# Tiny, for three classes.\n\n" + CFG.encode(),
        "this is a cfg, not a weight file",
        "swap the cfg and the weights",
    ),
    case(
        "ends inside the first layer",
        WHOLE[: 20 + 4 * 3],
        "tiny.weights: ends inside layer 0 [convolutional] (tiny.cfg:6), in its scales",
        "expected 2 floats, got 1 float",
        "the file belongs to another cfg, or the download broke off",
    ),
    case(
        "ends inside the last layer",
        WHOLE[: -4 * 4],
        "tiny.weights: ends inside layer 2 [convolutional] (tiny.cfg:17), in its weights",
        "expected 48 floats, got 44 floats",
        "the file belongs to another cfg, or the download broke off",
    ),
    case(
        "bytes left over",
        WHOLE + floats(10),
        "tiny.weights: has 40 bytes left over after the last layer",
        "expected 556 bytes, got 596 bytes",
        "--allow-leftover, or strict=False",
    ),
    case(
        "odd number of bytes, too short",
        WHOLE[:-2],
        "ends inside layer 2 [convolutional] (tiny.cfg:17), in its weights",
        "expected 48 floats, got 47 floats and 2 bytes",
        "not a whole number of floats: the download broke off",
    ),
    case(
        "odd number of bytes, too long",
        WHOLE + b"\n",
        "has 1 byte",
        "not a whole number of floats",
    ),
    case(
        "more classes",
        weights_for(80),
        "has 2772 bytes left over",
        "probably 80 classes in the file, 3 in the cfg",
        "set classes=80 in every head and filters= before each",
    ),
    case(
        "fewer classes",
        weights_for(2),
        "ends inside layer 2 [convolutional] (tiny.cfg:17), in its weights",
        "expected 48 floats, got 39 floats",
        "probably 2 classes in the file, 3 in the cfg",
        "set classes=2 in every head",
    ),
]


@pytest.fixture
def write(tmp_path):
    def write_bytes(content):
        path = tmp_path / "tiny.weights"
        if content is not None:
            path.write_bytes(content)
        return path

    return write_bytes


def state_of(network):
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def values_of(network, index):
    """The values of a layer in the order of the file."""
    slots = network.layers[index].weight_slots()
    return torch.cat([slot.tensor.detach().flatten() for slot in slots]).tolist()


@pytest.mark.parametrize(("content", "fragments"), WRONG)
def test_a_wrong_weight_file_is_told_and_changes_nothing(write, content, fragments):
    network = build()
    before, header = state_of(network), network.header
    with pytest.raises(WeightsError) as caught:
        read_weights(network, write(content))
    assert [fragment for fragment in fragments if fragment not in str(caught.value)] == []
    after = network.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert network.header == header


def test_a_folder_is_no_weight_file(tmp_path):
    with pytest.raises(WeightsError, match=r"is a folder: expected a weight file"):
        read_weights(build(), tmp_path)


def test_a_whole_file_loads_in_the_order_of_the_slots(write):
    network = build()
    report = read_weights(network, write(WHOLE))
    assert report.complete
    assert report.floats == FIRST + SECOND
    assert (report.leftover, report.missing, report.layers) == (0, (), 4)
    assert str(report).endswith(f"tiny.weights: {FIRST + SECOND} values")
    assert values_of(network, 0) + values_of(network, 2) == list(range(FIRST + SECOND))
    assert network.header.seen == 64


def test_bytes_left_over_are_accepted_when_asked(write):
    network = build()
    report = read_weights(network, write(WHOLE + floats(10)), strict=False)
    assert report.leftover == 40
    assert "40 bytes left over" in str(report)
    assert values_of(network, 2) == list(range(FIRST, FIRST + SECOND))


def test_not_being_strict_does_not_excuse_a_file_that_ends_inside_a_layer(write):
    with pytest.raises(WeightsError, match=r"ends inside layer 2 \[convolutional\]"):
        read_weights(build(), write(WHOLE[:-4]), strict=False)


def test_a_partial_file_loads_and_the_report_says_up_to_where(write):
    network = build()
    untouched = values_of(network, 2)
    report = read_weights(network, write(WHOLE[: 20 + 4 * FIRST]))
    assert not report.complete
    assert report.missing == (2,)
    assert report.last == "layer 0 [convolutional]"
    assert f"{FIRST} values, a partial file: up to layer 0 [convolutional]" in str(report)
    assert "(2 of 4 layers)" in str(report)
    assert values_of(network, 0) == list(range(FIRST))
    assert values_of(network, 2) == untouched


def test_a_file_that_is_all_header_is_reported_as_a_partial_one_of_no_layer(write):
    report = read_weights(build(), write(HEADER))
    assert report.missing == (0, 2)
    assert "a partial file: up to no layer (0 of 4 layers)" in str(report)


def test_a_cutoff_ignores_what_lies_behind_it(write):
    network = build()
    untouched = values_of(network, 2)
    report = read_weights(network, write(WHOLE), cutoff=1)
    assert report.missing == (2,)
    assert report.floats == FIRST
    assert values_of(network, 2) == untouched


def test_a_header_of_version_0_1_is_four_bytes_shorter(write):
    network = build()
    old = struct.pack("<3iI", 0, 1, 0, 32)
    assert read_weights(network, write(old + WHOLE[20:])).complete
    assert (network.header.minor, network.header.seen) == (1, 32)
    with pytest.raises(WeightsError, match="has 4 bytes left over"):
        read_weights(network, write(old + WHOLE[16:]))
