"""The layer table, compared with that of the C code and with results by hand."""

import json
from pathlib import Path

import pytest

from darknet_torch import load
from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.cfg.zoo import definitions_folder, shipped
from darknet_torch.model.network import build_network
from darknet_torch.model.summary import summarize
from darknet_torch.model.weights import write_weights
from tools.records import cfg_text

RECORDS = {
    path.stem: json.loads(path.read_text())
    for path in sorted((Path(__file__).parents[1] / "parity" / "data" / "layers").glob("*.json"))
}
PICTURE = "[net]\nwidth=64\nheight=48\nchannels=3\n"


def build(text, dialect="alexeyab"):
    return build_network(parse_cfg(text), dialect=find_dialect(dialect))


def table(text, dialect="alexeyab"):
    return summarize(build(text, dialect))


def recorded(name):
    """The table of a record's network, and the record."""
    record = RECORDS[name]
    return table(cfg_text(record, definitions_folder()), record["dialect"]), record


class TestAgainstDarknet:
    @pytest.mark.parametrize(
        "name", [name for name, record in RECORDS.items() if record["dialect"] == "alexeyab"]
    )
    def test_operations_are_counted_as_in_darknet(self, name):
        """pjreddie's code does not count them."""
        summary, record = recorded(name)
        ours = {
            (row.index, row.section): round(row.bflops, 6)
            for row, layer in zip(summary.rows, record["layers"], strict=True)
            if layer["bflops"]
        }
        theirs = [layer["bflops"] for layer in record["layers"] if layer["bflops"]]
        # Both are rounded to six digits, one of them from float32.
        assert ours == pytest.approx(dict(zip(ours, theirs, strict=True)), abs=1.1e-6)
        assert any(ours.values())

    @pytest.mark.parametrize("name", sorted(RECORDS.keys() - {"conv_antialiasing"}))
    def test_outputs_have_the_shapes_of_darknets_table(self, name):
        summary, record = recorded(name)
        for row, layer in zip(summary.rows, record["layers"], strict=True):
            theirs = (layer["out_c"], layer["out_h"], layer["out_w"])
            assert not all(theirs) or row.output == theirs, row

    def test_an_antialiased_layer_shows_its_blurred_output(self):
        """Darknet keeps what is there before the blur, and prints the blur as another layer."""
        summary, _ = recorded("conv_antialiasing")
        inputs = [row.input for row in summary.rows[1:]]
        assert [row.output for row in summary.rows[:-1]] == inputs
        assert inputs == [(8, 20, 24), (8, 10, 12), (8, 5, 6)]

    @pytest.mark.parametrize("name", RECORDS)
    def test_darknets_weight_file_has_the_announced_length(self, name):
        summary, record = recorded(name)
        assert summary.file_bytes == record["bytes"]


class TestSums:
    TEXT = (
        f"{PICTURE}[convolutional]\nfilters=8\nsize=3\nstride=2\npad=1\nbatch_normalize=1\n"
        "[maxpool]\nsize=2\n[shortcut]\nfrom=-1\n[connected]\noutput=10"
    )

    def test_sums_are_those_of_the_layers(self):
        summary = table(self.TEXT)
        convolution, connected = 8 * 27 + 4 * 8, 8 * 24 * 32 * 10 + 10
        assert [row.parameters for row in summary.rows] == [convolution, 0, 0, connected]
        assert summary.parameters == convolution + connected
        # Two operations a weight and place; one a value of a maximum's window and of a sum.
        operations = 2 * 8 * 27 * 24 * 32 + 4 * 8 * 24 * 32 + 8 * 24 * 32
        assert summary.bflops == pytest.approx(operations / 1e9)

    @pytest.mark.parametrize(
        ("option", "dialect"),
        [("", "alexeyab"), ("", "pjreddie"), ("dontsave=1", "pjreddie")],
    )
    def test_a_written_weight_file_has_the_announced_length(self, tmp_path, option, dialect):
        network = build(self.TEXT.replace("filters=8", f"filters=8\n{option}"), dialect)
        write_weights(network, tmp_path / "some.weights")
        assert summarize(network).file_bytes == (tmp_path / "some.weights").stat().st_size

    def test_a_file_of_an_old_version_has_a_shorter_header(self, tmp_path):
        cfg, weights = tmp_path / "some.cfg", tmp_path / "some.weights"
        cfg.write_text(self.TEXT)
        write_weights(build(self.TEXT), weights)
        data = weights.read_bytes()
        weights.write_bytes(bytes([0] * 4 + [1] + [0] * 11) + data[20:])  # 0.1.0, seen 0
        assert summarize(load(cfg, weights)).file_bytes == len(data) - 4


class TestReceptiveField:
    CONVOLUTION = "[convolutional]\nfilters=4\nsize=3\npad=1\n"

    def receptive_fields(self, text):
        return [row.receptive_field for row in table(PICTURE + text).rows]

    def test_each_window_adds_its_width_times_the_distance_of_positions(self):
        """3; 3+2; 5+1*2; a 1x1 nothing; 7+(5-1)*4."""
        text = (
            self.CONVOLUTION
            + self.CONVOLUTION.replace("pad", "stride=2\npad")
            + "[maxpool]\nsize=2\nstride=2\n[convolutional]\n[local_avgpool]\nsize=5\nstride=1"
        )
        assert self.receptive_fields(text) == [3, 5, 7, 7, 23]

    def test_dilation_widens_the_window(self):
        """As Darknet counts: two pixels for each step beyond the first."""
        assert self.receptive_fields(self.CONVOLUTION + "dilation=3") == [7]

    def test_upsampling_reduces_the_distance_of_positions(self):
        """5 pixels at stride 4, halved by the upsampling: a 3x3 window adds 2 * 2."""
        text = (
            "[maxpool]\nsize=2\nstride=2\n[maxpool]\nsize=2\nstride=2\n"
            "[upsample]\nstride=2\n" + self.CONVOLUTION
        )
        assert self.receptive_fields(text) == [2, 4, 4, 8]

    def test_a_route_has_the_widest_receptive_field_of_its_layers(self):
        text = (
            f"{self.CONVOLUTION}[maxpool]\nsize=2\nstride=1\n[route]\nlayers=0\n"
            f"{self.CONVOLUTION}[route]\nlayers=1,-1\n[route]\nlayers=1\n{self.CONVOLUTION}"
        )
        assert self.receptive_fields(text) == [3, 4, 3, 5, 5, 4, 6]

    def test_a_shortcut_has_the_receptive_field_of_the_previous_layer(self):
        assert self.receptive_fields(self.CONVOLUTION * 2 + "[shortcut]\nfrom=0") == [3, 5, 5]

    @pytest.mark.parametrize(
        ("section", "after"),
        [
            ("local", ""),
            ("crnn", "hidden=4\noutput=4\npad=1\nactivation=leaky"),
            ("conv_lstm", "output=4\npad=1\nactivation=linear"),
        ],
    )
    def test_every_window_counts(self, section, after):
        assert self.receptive_fields(f"{self.CONVOLUTION}[{section}]\nsize=3\n{after}") == [3, 5]


class TestTable:
    @pytest.mark.parametrize("name", shipped(".cfg"))
    def test_its_columns_are_aligned_and_separated(self, name):
        text = shipped(".cfg")[name].read_text("latin-1")
        dialect = "pjreddie" if name.startswith("resnet") else "alexeyab"
        network = build_network(parse_cfg(text), dialect=find_dialect(dialect), initialize=False)
        head, *lines, _, _ = summarize(network).lines()
        assert {len(line) for line in lines} == {len(head)}
        assert {line.index("->") for line in lines} == {lines[0].index("->")}
        for line, layer in zip(lines, network.layers, strict=True):
            assert line.split()[:2] == [str(layer.index), layer.section]
            assert layer.detail == "" or f" {layer.detail} " in line

    def test_it_ends_with_the_sums(self):
        *_, operations, values = table(f"{PICTURE}[convolutional]\nsize=3\npad=1").lines()
        assert operations == "Total BFLOPS 0.000"
        assert values == "28 values, weight file of 132 bytes"

    def test_a_line_has_darknets_order_of_width_height_channels(self):
        _, line, *_ = table(
            f"{PICTURE}[convolutional]\nfilters=2\nsize=3\nstride=2\npad=1"
        ).lines()
        assert line.split() == (
            "0 convolutional 2 3x3/2 64 x 48 x 3 -> 32 x 24 x 2 0.000 56 3".split()
        )


class TestJson:
    def test_it_contains_the_whole_table(self):
        text = f"{PICTURE}[convolutional]\nfilters=2\nsize=3\nstride=2\npad=1\n[shortcut]\nfrom=-1"
        summary = table(text)
        record = json.loads(json.dumps(summary.to_dict()))
        assert record["file_bytes"] == summary.file_bytes
        first, second = record["rows"]
        assert (first["input"], first["output"]) == ([3, 48, 64], [2, 24, 32])
        assert (first["section"], second["section"]) == ("convolutional", "shortcut")
        assert (first["sources"], second["sources"]) == ([-1], [0, 0])
        assert first["parameters"] == record["parameters"] == 56
