"""Wrong weight files: the likely cause is reported, and the network stays unchanged."""

import gzip
import struct
from contextlib import nullcontext

import numpy as np
import pytest
import torch

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import WeightsError
from darknet_torch.model.network import build_network
from darknet_torch.model.weights import read_weights
from darknet_torch.model.weights_diagnosis import check_line_ends
from tests.model.tiny_detector import (
    CFG,
    FIRST,
    HEADER,
    WHOLE,
    build,
    floats,
    state_of,
    weights_for,
)

LINE_FEED = struct.pack("<f", 34.5)  # 0A is one of its bytes
LARGE = 2**19  # bytes: four pairs CR LF are expected among the bytes of so many numbers


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
    case(
        "gzip", gzip.compress(WHOLE, mtime=0), "this is compressed by gzip", "decompress it first"
    ),
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
        "every LF became CR LF, only one of them",
        WHOLE[:-4] + LINE_FEED.replace(b"\n", b"\r\n"),
        "tiny.weights: was transferred as text: every LF became CR LF",
        "1 LF bytes, all of them after a CR byte",
        "binary",
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
    case(
        "as long as with no class at all",
        HEADER + floats(FIRST + 15 + 15 * 2),
        "the file belongs to another cfg, or the download broke off",
    ),
]


@pytest.mark.parametrize(("content", "fragments"), WRONG)
def test_a_wrong_weight_file_is_reported_and_changes_nothing(write_tiny, content, fragments):
    network = build()
    before, header = state_of(network), network.header
    with pytest.raises(WeightsError) as caught:
        read_weights(network, write_tiny(content))
    assert [fragment for fragment in fragments if fragment not in str(caught.value)] == []
    after = network.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert network.header == header


def test_half_a_number_more_is_no_file_of_more_classes(write_tiny):
    with pytest.raises(WeightsError, match="not a whole number of floats"):
        read_weights(build(), write_tiny(weights_for(80) + b"ab"))


OTHER_CFG = "the file belongs to another cfg"


def test_a_layer_that_is_not_loaded_is_no_other_number_of_classes(write_tiny):
    cfg = CFG.format(classes=3, filters=24).replace(
        "[convolutional]", "[convolutional]\ndontload=1", 1
    )
    network = build_network(parse_cfg(cfg))
    with pytest.raises(WeightsError, match=OTHER_CFG):
        read_weights(network, write_tiny(WHOLE))


def test_a_head_after_a_layer_without_arrays_hides_the_number_of_classes(write_tiny):
    begin, head = CFG.format(classes=3, filters=24).split("[yolo]")
    network = build_network(parse_cfg(f"{begin}[maxpool]\n[yolo]{head}"))
    with pytest.raises(WeightsError, match=OTHER_CFG):
        read_weights(network, write_tiny(weights_for(80)))


def check_without_pairs(missing, count=LARGE):
    data = np.zeros(count, np.uint8)
    data[100] = ord("\n")
    check_line_ends(data, "some.weights", missing, lambda data: False)


@pytest.mark.parametrize("missing", [1, 32])
def test_pairs_that_became_line_feeds_are_recognised(missing):
    with pytest.raises(WeightsError, match=r"text: every CR LF became LF.* got \d+ bytes too few"):
        check_without_pairs(missing)


@pytest.mark.parametrize(("missing", "count"), [(0, LARGE), (33, LARGE), (1, LARGE - 1)])
def test_a_file_that_lacks_more_or_is_small_is_not_called_text(missing, count):
    check_without_pairs(missing, count)


def test_one_pair_in_a_file_that_would_not_fit_either_is_chance():
    data = np.frombuffer(b"1234\r\n", np.uint8)
    check_line_ends(data, "some.weights", 0, lambda data: False)
    with pytest.raises(WeightsError, match="every LF became CR LF"):
        check_line_ends(data, "some.weights", 0, lambda data: bytes(data) == b"1234\n")


def test_eight_pairs_are_no_chance():
    for pairs, raises in ((7, False), (8, True)):
        data = np.frombuffer(b"1234\r\n" * pairs, np.uint8)
        with pytest.raises(WeightsError, match="LF became CR LF") if raises else nullcontext():
            check_line_ends(data, "some.weights", 0, lambda data: False)


def test_a_line_feed_at_the_start_comes_after_no_other_byte():
    data = np.frombuffer(b"\n" + b"1234\r\n" * 8 + b"\r", np.uint8)
    check_line_ends(data, "some.weights", 0, lambda data: True)


def test_the_first_line_feed_may_be_the_second_byte():
    data = np.frombuffer(b"\r\n1234" * 8, np.uint8)
    with pytest.raises(WeightsError, match="every LF became CR LF"):
        check_line_ends(data, "some.weights", 0, lambda data: False)


def test_a_file_without_line_feeds_is_not_text():
    check_line_ends(np.zeros(64, np.uint8), "some.weights", 1, lambda data: True)
