"""The example of the page about weight files has the bytes of its table; its commands run."""

import re
import shlex
import struct

import pytest

import darknet_torch as dt
from darknet_torch.model.registry import LAYER_TYPES
from tests.cli.command import dtorch
from tests.docs.pages import ROOT, blocks, commands

PAGE = "docs/weights-format.md"
TEXT = (ROOT / PAGE).read_text("utf-8")
FORMATS = {"int32": "<i", "uint64": "<Q", "float32": "<f"}
ROWS = [
    (int(offset), bytes.fromhex(content), kind, float(value))
    for offset, content, kind, value in re.findall(
        r"^\| (\d+) \| `([0-9a-f ]+)` \| (\w+) \| (\S+) \|", TEXT, re.MULTILINE
    )
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the page's cfg and the file that its first example writes."""
    folder = tmp_path_factory.mktemp("weights")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        (folder / "tiny.cfg").write_text(blocks(PAGE, "ini")[0])
        exec(compile(blocks(PAGE, "python")[0], PAGE, "exec"), {})
    return folder


@pytest.fixture(autouse=True)
def in_the_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)


def test_the_table_has_every_byte(folder):
    data = (folder / "tiny.weights").read_bytes()
    assert b"".join(content for _, content, _, _ in ROWS) == data
    assert f"has {len(data)} bytes" in TEXT
    for offset, content, kind, value in ROWS:
        assert data[offset : offset + len(content)] == content
        assert struct.unpack(FORMATS[kind], content) == (value,)


def test_the_file_is_read_and_written_again(folder, capsys):
    exec(compile(blocks(PAGE, "python")[1], PAGE, "exec"), {})
    assert (folder / "copy.weights").read_bytes() == (folder / "tiny.weights").read_bytes()
    header, *arrays = capsys.readouterr().out.splitlines()
    assert f"# {header}\n" in blocks(PAGE, "python")[1]
    printed = [float(value) for line in arrays for value in re.findall(r"-?\d+\.\d+", line)]
    assert printed == [value for _, _, kind, value in ROWS if kind == "float32"]


def test_the_commands_work(folder):
    for command in commands(PAGE):
        result = dtorch(*shlex.split(command)[1:])
        assert result.exit_code == 0, result.output
    whole, cut = (folder / "tiny.weights").read_bytes(), (folder / "tiny.conv.1").read_bytes()
    assert len(cut) == 48
    assert cut[:12] + cut[20:] == whole[:12] + whole[20:48]
    assert cut[12:20] == bytes(8)


def test_the_length_of_a_convolutional_layer():
    layer = dt.load("tiny.cfg").layers[0]
    n, c, k = 1, 3, 1
    assert sum(slot.tensor.numel() for slot in layer.weight_slots()) == n * (4 + c * k * k)


def test_a_file_that_ends_inside_a_layer_is_refused_as_shown(folder):
    (folder / "cut.weights").write_bytes((folder / "tiny.weights").read_bytes()[:60])
    shown = next(block for block in blocks(PAGE, "console") if "cut.weights" in block)
    command, message = shown.splitlines()
    result = dtorch(*shlex.split(command)[2:])
    assert result.exit_code == 2
    assert result.output.strip() == message


@pytest.mark.parametrize(
    ("version", "seen"), [((0, 1, 0), "<I"), ((1001, 2, 0), "<Q")], ids=["old", "transposed"]
)
def test_other_headers_are_read_as_the_page_says(version, seen, folder):
    values = (folder / "tiny.weights").read_bytes()[20:]
    data = struct.pack("<3i", *version) + struct.pack(seen, 64) + values
    (folder / "other.weights").write_bytes(data)
    network = dt.load("tiny.cfg", "other.weights")
    assert network.header == dt.WeightsHeader(*version, 64)
    first_row = [1, 3, 5, 7] if version[0] > 1000 else [1, 2, 3, 4]
    assert network.layers[1].weight_slots()[1].tensor[0].tolist() == first_row


def test_the_table_of_layers_has_each_layer_with_arrays(folder):
    cells = re.findall(r"^\| `\[(\w+)\]` \|", TEXT, re.MULTILINE)
    with_arrays = []
    for layer_type in LAYER_TYPES:
        net = "[net]\nwidth=32\nheight=32\nchannels=4\n"
        (folder / "one.cfg").write_text(net + layer_type.example_cfg)
        layers = dt.load("one.cfg").layers
        if any(type(layer) is layer_type and layer.weight_slots() for layer in layers):
            with_arrays.append(layer_type.section_names[0])
    assert sorted(cells) == sorted(with_arrays)
