"""Weight files: headers, order, partial files, what a layer leaves out, safe writing."""

import errno
import os
import struct
import tracemalloc

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgWarning, WeightsError
from darknet_torch.model import weights
from darknet_torch.model.network import WeightsHeader, build_network
from darknet_torch.model.weights import check_length, read_weights, write_weights
from tests.model import tiny_detector as tiny

NET = "[net]\nwidth=4\nheight=3\nchannels=2\n"
NORMALISED = "[convolutional]\nfilters=3\nbatch_normalize=1\n"  # 3 * 4 + 6 = 18 floats
PLAIN = "[convolutional]\nfilters=2\n"  # 2 + 2 * 3 = 8 floats
CONNECTED = "[connected]\noutput=2\n"  # 2 + 2 * 24 = 50 floats
THREE = NET + NORMALISED + "[dropout]\n" + PLAIN + CONNECTED
CLASSES = NET + "[convolutional]\nfilters={}\nactivation=linear\n[yolo]\nclasses={}\n"
CLASSES += "anchors=1,2\n"
HEADER = struct.pack("<3iQ", 0, 2, 5, 640)
WIDE, NARROW = "<3iQ", "<3iI"


def build(cfg=THREE, dialect="alexeyab"):
    return build_network(parse_cfg(cfg), dialect=find_dialect(dialect))


def numbered(count):
    return np.arange(1, count + 1, dtype="<f4")


def arrays(layer):
    return {slot.name: slot.tensor.detach().numpy().copy() for slot in layer.weight_slots()}


def state(network):
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture
def file(tmp_path):
    """A function that makes a weight file of a header and values."""

    def make(values, header=HEADER, more=b""):
        path = tmp_path / "some.weights"
        path.write_bytes(header + np.asarray(values, dtype="<f4").tobytes() + more)
        return path

    return make


@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
@pytest.mark.parametrize("cutoff", [None, 1])
def test_a_32_bit_seen_is_recognised_by_the_length_of_the_whole_file(cutoff, dialect, file):
    network, values = build(dialect=dialect), numbered(76) + np.float32(0.1)  # all bits are used
    path = file(values, header=struct.pack(NARROW, 0, 2, 0, 2**31 + 7))
    with pytest.warns(CfgWarning, match="32-bit seen"):
        report = read_weights(network, path, cutoff=cutoff)
    assert report.header == WeightsHeader(0, 2, 0, 2**31 + 7)
    assert arrays(network.layers[0])["biases"].tolist() == values[:3].tolist()


def test_where_the_first_value_is_0_the_variances_show_a_32_bit_seen(file):
    values = numbered(76)
    values[0], values[9:12], values[12] = 0, [0, 0.5, 0.5], -1  # variances, a weight after them
    network = build()
    with pytest.warns(CfgWarning, match="32-bit seen"):
        read_weights(network, file(values, header=struct.pack(NARROW, 0, 2, 0, 7)))
    assert arrays(network.layers[0])["rolling_variance"].tolist() == [0, 0.5, 0.5]


@pytest.mark.parametrize(("mean", "variance"), [(-1, 1), (1, 1), (-1, -1)])
def test_a_file_that_lacks_its_last_number_is_not_one_with_a_32_bit_seen(mean, variance, file):
    values = numbered(75) + np.float32(0.1)
    values[8:10] = mean, variance  # the last mean and the first variance
    with pytest.raises(WeightsError, match=r"in its weights: expected 48 floats, got 47 floats"):
        read_weights(build(), file(values))


@pytest.mark.parametrize(
    ("version", "dialect", "layout"),
    [
        ((0, 1, 0), "alexeyab", NARROW),
        ((0, 1, 9), "pjreddie", NARROW),
        ((0, 0, 3), "alexeyab", NARROW),
        ((0, 2, 0), "alexeyab", WIDE),
        ((0, 2, 0), "pjreddie", WIDE),
        ((0, 2, 5), "alexeyab", WIDE),
        ((0, 2, 5), "pjreddie", WIDE),
        ((1, 0, 0), "pjreddie", WIDE),
        ((1001, 2, 0), "alexeyab", WIDE),
        ((1001, 2, 0), "pjreddie", NARROW),
        ((0, 1001, 0), "alexeyab", WIDE),
        ((0, 1001, 0), "pjreddie", NARROW),
        ((0, 1000, 0), "alexeyab", WIDE),
        ((0, 1000, 0), "pjreddie", NARROW),
        ((1000, 0, 0), "alexeyab", WIDE),
        ((1000, 0, 0), "pjreddie", NARROW),
    ],
)
def test_seen_has_64_bits_since_version_0_2(file, tmp_path, version, dialect, layout):
    seen = 7_000_000_000 if layout == WIDE else 3_000_000_000
    network = build(NET + PLAIN, dialect)
    path = file(numbered(6), struct.pack(layout, *version, seen))
    report = read_weights(network, path)
    assert report.header == network.header == WeightsHeader(*version, seen)
    assert arrays(network.layers[0])["biases"].tolist() == [1, 2]
    write_weights(network, tmp_path / "again.weights")
    assert (tmp_path / "again.weights").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("version", "transposed"),
    [((0, 2, 5), False), ((0, 1000, 0), False), ((0, 1001, 0), True), ((1001, 0, 0), True)],
)
@pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
def test_versions_above_1000_mark_transposed_matrices(file, version, transposed, dialect):
    network = build(NET + CONNECTED, dialect)
    wide = version == (0, 2, 5) or dialect == "alexeyab"
    read_weights(network, file(numbered(50), struct.pack(WIDE if wide else NARROW, *version, 0)))
    stored = numbered(50)[2:]
    expected = stored.reshape(24, 2).T if transposed else stored.reshape(2, 24)
    np.testing.assert_array_equal(arrays(network.layers[0])["weights"], expected)


def test_the_transpose_mark_does_not_apply_to_convolutions(file):
    network = build(NET + PLAIN)
    read_weights(network, file(numbered(6), struct.pack(WIDE, 1001, 0, 0, 0)))
    assert arrays(network.layers[0])["weights"].flatten().tolist() == [3, 4, 5, 6]


@pytest.mark.parametrize(
    ("dialect", "version"), [("alexeyab", (0, 2, 5)), ("pjreddie", (0, 2, 0))]
)
def test_a_new_networks_file_has_the_dialects_version(tmp_path, dialect, version):
    write_weights(build(dialect=dialect), tmp_path / "new.weights")
    assert (tmp_path / "new.weights").read_bytes()[:20] == struct.pack(WIDE, *version, 0)


def test_a_file_is_read_in_the_order_of_layers_and_slots(file):
    network = build()
    report = read_weights(network, file(numbered(76)))
    values = numbered(76)
    normalised, plain, connected = (arrays(network.layers[i]) for i in (0, 2, 3))
    for at, name in enumerate(("biases", "scales", "rolling_mean", "rolling_variance")):
        assert normalised[name].tolist() == values[3 * at : 3 * at + 3].tolist()
    assert normalised["weights"].flatten().tolist() == values[12:18].tolist()
    assert plain["biases"].tolist() == [19, 20]
    assert plain["weights"].flatten().tolist() == values[20:26].tolist()
    assert connected["biases"].tolist() == [27, 28]
    assert connected["weights"].flatten().tolist() == values[28:].tolist()
    assert (report.layers, report.total, report.floats, report.leftover) == (4, 4, 76, 0)
    assert report.complete
    assert report.last == "layer 3 [connected]"
    assert str(report) == f"{report.path}: 76 values"


@pytest.mark.parametrize(
    ("floats", "layers", "missing", "text"),
    [
        (0, 0, (0, 2, 3), "0 values, a partial file: up to no layer (0 of 4 layers)"),
        (
            18,
            2,
            (2, 3),
            "18 values, a partial file: up to layer 0 [convolutional] (2 of 4 layers)",
        ),
        (26, 3, (3,), "26 values, a partial file: up to layer 2 [convolutional] (3 of 4 layers)"),
    ],
)
def test_a_file_that_ends_between_layers_is_partial(file, floats, layers, missing, text):
    network = build()
    before = state(network)
    path = file(numbered(floats))
    report = read_weights(network, path)
    assert (report.layers, report.missing, report.floats) == (layers, missing, floats)
    assert not report.complete
    assert str(report) == f"{path}: {text}"
    after = state(network)
    for name in before:
        index = int(name.split(".")[1])
        assert torch.equal(before[name], after[name]) == (index in missing)


def test_the_length_is_checked_without_a_change(file):
    network = build()
    before, header = state(network), network.header
    assert [check_length(network, file(numbered(count))) for count in (0, 18, 76)] == [0, 2, 4]
    path = file(numbered(77))
    assert check_length(network, path, strict=False) == 4
    with pytest.raises(WeightsError, match="has 4 bytes left over"):
        check_length(network, path)
    with pytest.raises(WeightsError, match="ends inside layer 3"):
        check_length(network, file(numbered(75)))
    assert same(before, state(network))
    assert network.header == header


@pytest.mark.parametrize(
    ("floats", "message"),
    [
        (1, r"layer 0 \[convolutional\] \(<cfg>:5\), in its biases: expected 3 floats, got 1"),
        (10, "layer 0 .*, in its rolling_variance: expected 3 floats, got 1 floats"),
        (17, "layer 0 .*, in its weights: expected 6 floats, got 5 floats;"),
        (20, r"layer 2 \[convolutional\] \(<cfg>:9\), in its weights: expected 6 floats, got 0"),
        (75, r"layer 3 \[connected\] .*, in its weights: expected 48 floats, got 47 floats"),
    ],
)
def test_a_file_that_ends_inside_a_layer_is_refused_and_changes_nothing(file, floats, message):
    network = build()
    before, header = state(network), network.header
    with pytest.raises(WeightsError, match=rf"some.weights: ends inside {message}"):
        read_weights(network, file(numbered(floats)))
    assert same(before, state(network))
    assert network.header == header


def test_an_incomplete_float_is_reported(file):
    with pytest.raises(WeightsError, match=r"got 5 floats and 3 bytes; .*the download broke off"):
        read_weights(build(), file(numbered(17), more=b"abc"))


def test_bytes_left_over_are_refused_unless_allowed(file):
    network, path = build(), file(numbered(79))
    before = state(network)
    message = r"has 12 bytes left over.*expected 324 bytes, got 336 .*--allow-leftover"
    with pytest.raises(WeightsError, match=message):
        read_weights(network, path)
    assert same(before, state(network))
    with pytest.warns(CfgWarning, match=r"has 12 bytes left over.*expected 324 bytes, got 336"):
        report = read_weights(network, path, strict=False)
    assert (report.leftover, report.floats) == (12, 76)
    assert str(report).endswith("76 values, 12 bytes left over")


def test_a_cutoff_reads_the_first_layers_only(file):
    network = build()
    report = read_weights(network, file(numbered(76)), cutoff=2)
    assert (report.layers, report.missing, report.floats) == (2, (2, 3), 18)
    assert arrays(network.layers[0])["biases"].tolist() == [1, 2, 3]
    assert not arrays(network.layers[2])["biases"].any()


@pytest.mark.parametrize(("cutoff", "floats"), [(0, 0), (1, 18), (2, 18), (3, 26), (9, 76)])
def test_a_cutoff_writes_the_first_layers_only(file, tmp_path, cutoff, floats):
    network, path = build(), file(numbered(76))
    read_weights(network, path)
    write_weights(network, tmp_path / "cut.weights", cutoff=cutoff)
    assert (tmp_path / "cut.weights").read_bytes() == path.read_bytes()[: 20 + 4 * floats]


def test_dontload_skips_a_layer_when_reading_but_not_when_writing(file, tmp_path):
    network = build(NET + NORMALISED + "dontload=1\n" + PLAIN)
    report = read_weights(network, file(numbered(8)))
    assert arrays(network.layers[1])["biases"].tolist() == [1, 2]
    assert (report.missing, report.layers, report.floats) == ((0,), 2, 8)
    write_weights(network, tmp_path / "whole.weights")
    assert (tmp_path / "whole.weights").stat().st_size == 20 + 4 * (18 + 8)


@pytest.mark.parametrize(
    ("section", "floats"), [(NORMALISED, 9), (CONNECTED + "batch_normalize=1\n", 50)]
)
def test_dontloadscales_skips_the_normalisation_when_reading(file, section, floats):
    network = build(NET + section + "dontloadscales=1\n")
    read_weights(network, file(numbered(floats)))
    given = arrays(network.layers[0])
    rows = len(given["biases"])
    assert given["biases"].tolist() == numbered(rows).tolist()
    assert given["weights"].flatten().tolist() == numbered(floats)[rows:].tolist()
    assert (given["scales"] == 1).all()
    assert not given["rolling_mean"].any()


def test_dontloadscales_does_not_apply_to_a_batchnorm(file):
    network = build(NET + "[batchnorm]\ndontloadscales=1\n")
    assert read_weights(network, file(numbered(8))).floats == 8


def test_pjreddies_dontsave_skips_a_layer_when_writing(file, tmp_path):
    network = build(NET + NORMALISED + "dontsave=1\n" + PLAIN, "pjreddie")
    read_weights(network, file(numbered(26)))
    write_weights(network, tmp_path / "part.weights")
    written = np.frombuffer((tmp_path / "part.weights").read_bytes()[20:], "<f4")
    assert written.tolist() == numbered(26)[18:].tolist()


def test_pjreddies_numload_reads_the_first_filters(file):
    network = build(NET + "[convolutional]\nfilters=5\nnumload=2\nbatch_normalize=1\n", "pjreddie")
    read_weights(network, file(numbered(12)))
    given = arrays(network.layers[0])
    assert given["biases"].tolist() == [1, 2, 0, 0, 0]
    assert given["scales"].tolist() == [3, 4, 1, 1, 1]
    assert given["rolling_variance"].tolist() == [7, 8, 0, 0, 0]
    assert given["weights"][:2].flatten().tolist() == [9, 10, 11, 12]


def test_pjreddies_numload_reads_flipped_filters(file):
    cfg = NET + "[convolutional]\nfilters=5\nnumload=2\nflipped=1\n"
    network = build(cfg, "pjreddie")
    read_weights(network, file([1, 2, 3, 4, 5, 6]))
    assert arrays(network.layers[0])["weights"][:2, :, 0, 0].tolist() == [[3, 5], [4, 6]]


@pytest.mark.parametrize(("section", "floats"), [(CONNECTED, 50), ("[batchnorm]\n", 6)])
def test_pjreddies_numload_applies_to_convolutions_only(file, section, floats):
    network = build(NET + section + "numload=1\n", "pjreddie")
    assert read_weights(network, file(numbered(floats))).floats == floats


def test_a_layer_with_share_index_needs_no_values_in_the_file(file):
    network = build(NET + PLAIN + PLAIN + "share_index=0\n")
    report = read_weights(network, file(numbered(6)))
    assert report.complete
    assert report.layers == 2


ODD_BITS = [
    0x7FC00001,  # a NaN with a payload
    0x7F800001,  # a signalling NaN
    0xFFC12345,  # a negative one
    0x00000001,  # the least denormal
    0x807FFFFF,  # the largest negative denormal
    0x80000000,  # -0
    0xFF800000,  # -inf
    0x7F7FFFFF,  # FLT_MAX
]


@pytest.mark.parametrize("header", [HEADER, struct.pack(WIDE, 1001, 2, 5, 1)])
def test_every_bit_of_a_float_survives(file, tmp_path, header):
    bits = np.resize(np.array(ODD_BITS, "<u4"), 76)
    network, path = build(), file(bits.view("<f4"), header)
    read_weights(network, path)
    write_weights(network, tmp_path / "again.weights")
    assert (tmp_path / "again.weights").read_bytes() == path.read_bytes()


def test_arrays_do_not_depend_on_the_file_after_reading(file):
    network, path = build(), file(numbered(76))
    read_weights(network, path)
    path.write_bytes(b"\0" * path.stat().st_size)
    assert arrays(network.layers[0])["biases"].tolist() == [1, 2, 3]


def test_arrays_are_read_without_a_second_copy(tmp_path):
    network, path = build(NET + "[connected]\noutput=5600\n"), tmp_path / "some.weights"
    write_weights(network, path)
    tracemalloc.start()
    read_weights(network, path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < path.stat().st_size / 4


def test_gradients_of_arrays_that_were_read_anew_are_refused(file):
    network = build()
    (output,) = network(torch.rand(1, 2, 3, 4))
    read_weights(network, file(numbered(76)))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        output.sum().backward()


@pytest.fixture
def full_disk(monkeypatch):
    """The disk is full after the first array."""
    pack, packed = weights._encode_slot, []

    def fail_later(slot, header):
        if packed:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        packed.append(slot)
        return pack(slot, header)

    monkeypatch.setattr(weights, "_encode_slot", fail_later)


def test_a_failure_while_writing_leaves_the_old_file_and_no_other(file, full_disk):
    path = file(numbered(10))
    before = path.read_bytes()
    with pytest.raises(
        WeightsError, match=r"some.weights: cannot be written \(No space left on device\)"
    ):
        write_weights(build(), path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_writing_replaces_an_old_file(file):
    path = file(numbered(10))
    write_weights(build(), path)
    assert path.stat().st_size == 20 + 4 * 76
    assert list(path.parent.iterdir()) == [path]


def test_a_file_is_on_the_disk_before_it_gets_its_name(tmp_path, monkeypatch):
    path = tmp_path / "new.weights"
    sizes = []

    def record(descriptor):
        sizes.append((os.fstat(descriptor).st_size, path.exists()))

    monkeypatch.setattr(os, "fsync", record)
    write_weights(build(), path)
    assert sizes[0] == (20 + 4 * 76, False)


def test_a_missing_folder_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    for folder, reason in (("absent", "No such file or directory"), ("file", "Not a directory")):
        path = tmp_path / folder / "new.weights"
        with pytest.raises(WeightsError, match=rf"new.weights: cannot be written \({reason}\)"):
            write_weights(build(), path)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(WeightsError, match="absent: no such weight file"):
        read_weights(build(), tmp_path / "absent")
    with pytest.raises(WeightsError, match=tmp_path.name):
        read_weights(build(), tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (HEADER[:15], "shorter than a weight file's header: expected 16 bytes or more, got 15"),
        (HEADER[:16], "ends inside its header: expected 20 bytes"),
        (b"\n<!DOCTYPE html>" + b" " * 99, "a web page, not a weight file"),
        (b"PK\x03\x04" + b" " * 99, "a zip archive"),
        (b"\x1f\x8b" + b" " * 99, "compressed by gzip"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer.*git lfs pull"),
        (b"[net]\nwidth=416\nheight=416", "a cfg, not a weight file.*swap"),
    ],
)
def test_other_kinds_of_files_are_refused_by_name(tmp_path, content, message):
    path = tmp_path / "other.weights"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=rf"other.weights: .*{message}"):
        read_weights(build(), path)


@pytest.mark.parametrize("classes", [1, 5])
def test_another_number_of_classes_is_recognised(file, classes):
    network = build(CLASSES.format(8, 3))
    path = file(numbered((5 + classes) * 3))
    with pytest.raises(
        WeightsError, match=f"probably {classes} classes in the file, 3 in the cfg"
    ):
        read_weights(network, path)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(WeightsError, match=r"is a folder: expected a weight file"):
        read_weights(tiny.build(), tmp_path)


def test_a_whole_file_loads_in_the_order_of_the_slots(write_tiny):
    network = tiny.build()
    report = read_weights(network, write_tiny(tiny.WHOLE))
    assert report.complete
    assert report.floats == tiny.FIRST + tiny.SECOND
    assert (report.leftover, report.missing, report.layers) == (0, (), 4)
    assert str(report).endswith(f"tiny.weights: {tiny.FIRST + tiny.SECOND} values")
    assert tiny.values_of(network, 0) + tiny.values_of(network, 2) == list(
        range(tiny.FIRST + tiny.SECOND)
    )
    assert network.header.seen == 64


def test_bytes_left_over_are_accepted_unless_strict(write_tiny):
    network = tiny.build()
    report = read_weights(network, write_tiny(tiny.WHOLE + tiny.floats(10)), strict=False)
    assert report.leftover == 40
    assert "40 bytes left over" in str(report)
    assert tiny.values_of(network, 2) == list(range(tiny.FIRST, tiny.FIRST + tiny.SECOND))


def test_a_file_that_ends_inside_a_layer_is_refused_even_if_not_strict(write_tiny):
    with pytest.raises(WeightsError, match=r"ends inside layer 2 \[convolutional\]"):
        read_weights(tiny.build(), write_tiny(tiny.WHOLE[:-4]), strict=False)


def test_the_report_of_a_partial_file_names_the_last_layer(write_tiny):
    network = tiny.build()
    untouched = tiny.values_of(network, 2)
    report = read_weights(network, write_tiny(tiny.WHOLE[: 20 + 4 * tiny.FIRST]))
    assert not report.complete
    assert report.missing == (2,)
    assert report.last == "layer 0 [convolutional]"
    assert f"{tiny.FIRST} values, a partial file: up to layer 0 [convolutional]" in str(report)
    assert "(2 of 4 layers)" in str(report)
    assert tiny.values_of(network, 0) == list(range(tiny.FIRST))
    assert tiny.values_of(network, 2) == untouched


def test_a_file_of_a_header_alone_is_a_partial_file_of_no_layer(write_tiny):
    report = read_weights(tiny.build(), write_tiny(tiny.HEADER))
    assert report.missing == (0, 2)
    assert "a partial file: up to no layer (0 of 4 layers)" in str(report)


def test_a_cutoff_ignores_the_rest_of_the_file(write_tiny):
    network = tiny.build()
    untouched = tiny.values_of(network, 2)
    report = read_weights(network, write_tiny(tiny.WHOLE), cutoff=1)
    assert report.missing == (2,)
    assert report.floats == tiny.FIRST
    assert tiny.values_of(network, 2) == untouched


def test_a_header_of_version_0_1_is_four_bytes_shorter(write_tiny):
    network = tiny.build()
    old = struct.pack("<3iI", 0, 1, 0, 32)
    assert read_weights(network, write_tiny(old + tiny.WHOLE[20:])).complete
    assert (network.header.minor, network.header.seen) == (1, 32)
    with pytest.raises(WeightsError, match="has 4 bytes left over"):
        read_weights(network, write_tiny(old + tiny.WHOLE[16:]))


def test_a_file_that_becomes_shorter_while_it_is_read_is_an_error(tmp_path, monkeypatch):
    path = tmp_path / "tiny.weights"
    write_weights(tiny.build(), path)
    find_values = weights._find_values

    def find_and_shorten(network, file, data):
        found = find_values(network, file, data)
        os.truncate(path, path.stat().st_size - 4)
        return found

    monkeypatch.setattr(weights, "_find_values", find_and_shorten)
    with pytest.raises(WeightsError, match=r"tiny\.weights: became shorter while it was read"):
        read_weights(tiny.build(), path)


def test_a_file_that_cannot_be_read_after_all_is_an_error(file, monkeypatch):
    def fail(*arguments):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    path = file(numbered(76))
    monkeypatch.setattr(weights, "_read_into", fail)
    with pytest.raises(WeightsError, match=r"some\.weights: cannot be read \(Input/output error"):
        read_weights(build(), path)


@pytest.mark.parametrize("name", ["a\0b.weights", "a" * 300])
def test_a_name_that_the_system_refuses_is_an_error(name, tmp_path):
    with pytest.raises(WeightsError, match="cannot be read"):
        read_weights(build(), tmp_path / name)


def test_seen_of_more_than_32_bits_does_not_fit_an_old_version(tmp_path):
    network = build()
    network.header = WeightsHeader(0, 1, 0, 2**32)
    with pytest.raises(WeightsError, match=r"seen=4294967296 does not fit .* version 0\.1"):
        write_weights(network, tmp_path / "some.weights")
    assert list(tmp_path.iterdir()) == []


def test_arrays_of_another_type_get_the_same_values(file):
    network = build().double()
    read_weights(network, file(numbered(76)))
    found = [slot.tensor.reshape(-1) for _, slot in network.slots()]
    # The matrix of [connected] lies as in the file, so the file's order is that of the slots.
    assert torch.cat(found).tolist() == list(range(1, 77))


def test_arrays_made_for_inference_are_read_too(file):
    with torch.inference_mode():
        network = build()
        read_weights(network, file(numbered(76)))
    assert arrays(network.layers[0])["biases"].tolist() == [1, 2, 3]


def test_pairs_that_became_line_feeds_are_counted(tmp_path):
    network = build(NET + "[connected]\noutput=5600\n")
    whole = bytearray(HEADER + bytes(4 * 25 * 5600))
    for place in (4000, 90_000, 400_000):
        whole[place : place + 2] = b"\r\n"
    path = tmp_path / "some.weights"
    path.write_bytes(whole.replace(b"\r\n", b"\n"))
    with pytest.raises(WeightsError, match=r"every CR LF became LF: .* got 3 bytes too few"):
        read_weights(network, path)
