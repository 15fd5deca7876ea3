"""Paths that files name: other alphabets, spaces, backslashes, and what the system refuses."""

import json
import os
import sys
from pathlib import Path

import pytest

from darknet_torch.cfg.grammar import Location
from darknet_torch.cfg.named_files import NamedFiles
from darknet_torch.datasets.opening import open_dataset
from darknet_torch.errors import CfgNote, UsageError
from darknet_torch.media.sources import find_sources
from darknet_torch.printable import escape_in_line
from tests.cli.command import dtorch
from tests.reports.tiny_data import write_data_set, write_lists
from tests.toy.files import CFG, PICTURE

TOO_LONG = "x" * 5000 + ".png"
KEYS = "classes=2\ntrain={0}/train.txt\nvalid = {0}/valid.txt\nnames={0}/obj.names\nbackup={1}\n"


@pytest.fixture
def data_in(tmp_path, monkeypatch):
    """Write a data set into a folder of the working folder; return its .data file."""
    monkeypatch.chdir(tmp_path)

    def data_in(folder, backup, *lines):
        write_lists(Path(folder), [*lines, *write_data_set(Path(folder))])
        Path("obj.data").write_bytes(KEYS.format(folder, backup).encode())
        return "obj.data"

    return data_in


def train(*words):
    return dtorch("train", "--cfg", "tiny.cfg", "--workers", 0, *words)


def test_bytes_of_a_data_file_are_paths(data_in):
    """pjreddie/darknet 2281 and 1672: folders with letters beyond ASCII."""
    result = train("--data", data_in("donn\u00e9es/\u753b\u50cf", "sauvegard\u00e9"))
    assert result.exit_code == 0, result.stderr
    assert list(Path("sauvegard\u00e9").glob("*.weights"))


@pytest.mark.skipif(sys.platform != "linux", reason="names need not be UTF-8 there alone")
def test_a_path_that_is_not_utf8_is_found(data_in):
    folder = os.fsdecode(b"donn\xe9es")
    data_in("obj", "out")
    Path("obj").rename(folder)
    Path("obj.data").write_bytes(b"classes=2\ntrain=donn\xe9es/train.txt\n")
    Path(folder, "train.txt").write_text("gone.png\n")
    assert [item.path.name for item in open_dataset("obj.data").examples] == ["gone.png"]


@pytest.mark.parametrize(
    ("value", "fix"),
    [
        ("Shared\\ drives/out", "leave out the backslash before the space"),
        ('"out"', "leave out the quotation marks"),
        ("'my out'", "leave out the quotation marks"),
        ("out # for weights", "write the comment on a line of its own"),
        ("~/out", "write the folder itself"),
        ("${HOME}/out", "write the folder itself"),
    ],
)
def test_spellings_of_a_shell_are_named_and_make_no_folder(data_in, value, fix):
    """pjreddie/darknet 1751: "Shared\\ drives" in a .data file."""
    before = {data_in("obj", value), "obj"}
    result = train("--data", "obj.data")
    assert result.exit_code == 2
    assert "obj.data:5: backup= does not exist: expected a path of this system" in result.stderr
    assert f"got backup={value}; {fix}" in result.stderr
    assert {path.name for path in Path().iterdir()} - before <= {"tiny.cfg"}


def test_spaces_are_kept_where_only_that_path_exists(data_in):
    """hank-ai/darknet 40: Google Drive's folder "My Drive"."""
    result = train("--data", data_in("My Drive", "My Drive/backup/"))
    assert result.exit_code == 0, result.stderr
    assert list(Path("My Drive/backup").glob("*.weights"))
    assert not Path("MyDrive").exists()
    note = (
        "note: obj.data:5: Darknet drops the spaces inside a path: expected "
        "backup=MyDrive/backup/, got backup=My Drive/backup/; My Drive/backup is taken here"
    )
    assert result.stderr.count(note) == 1
    assert result.stderr.count("obj.data:2:") == result.stderr.count("obj.data:4:") == 1


def test_quiet_silences_the_notes_and_check_lists_each_once(data_in):
    data = data_in("My Drive", "My Drive")
    quiet = train("--data", data, "--quiet")
    assert (quiet.exit_code, "note:" in quiet.stderr) == (0, False)
    lines = [line for line in dtorch("check", data).stdout.splitlines() if "spaces" in line]
    assert [line.split(": ")[1] for line in lines] == [
        "obj.data:2",
        "obj.data:4",
        "obj.data:3",
        "obj.data:5",
    ]


def test_a_folder_in_darknets_spelling_is_taken_without_a_word(data_in):
    data_in("My Drive", "out")
    Path("My Drive").rename("MyDrive")
    write_lists(Path("MyDrive"), ["MyDrive/one.png", "MyDrive/two.png"])
    result = dtorch("dataset", "stats", "--data", "obj.data")
    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="there a backslash separates folders")
def test_backslashes_are_named_as_the_cause(data_in):
    """Lists and .data files that were written on Windows."""
    data = data_in("obj", "obj\\out", "obj\\one.png")
    result = train("--data", data)
    assert result.exit_code == 2
    for part in ("obj.data:5", "backup= does not exist", "obj\\out", "write / instead of \\"):
        assert part in result.stderr
    assert not list(Path().glob("*\\*"))
    found = dtorch("dataset", "stats", "--data", data)
    assert "train.txt: 1 of 2 pictures are not where the list says" in found.stderr
    assert "expected obj\\one.png, got obj/one.png" in found.stderr
    Path("obj.data").write_text("classes=2\ntrain=obj\\train.txt\n")
    with pytest.warns(CfgNote, match="train= does not exist.*got obj/train.txt"):
        assert len(open_dataset(data).examples) == 2
    Path("obj.data").write_text("classes=2\ntrain=obj\\gone.txt\n")
    with pytest.raises(UsageError, match="train= does not exist") as raised:
        open_dataset(data)
    assert "write / instead of \\" in raised.value.fix


@pytest.mark.parametrize("line", ["a\0b.png", TOO_LONG], ids=["nul", "long"])
def test_one_bad_line_never_ends_a_list(data_in, line):
    """A list with a NUL, or with a path that is too long."""
    data = data_in("obj", "out", line)
    for words, status in (
        (["dataset", "check", "--data", data], 1),
        (["dataset", "stats", "--data", data], 0),
        (["dataset", "convert", "--data", data, "--to", "darknet", "--out", "new"], 1),
        (["kmeans", "--data", data, "-k", 1, "--width", 32, "--height", 32], 0),
        (["check", data], 1),
    ):
        result = dtorch(*words)
        assert result.exit_code == status, (words, result.output)
    assert len(open_dataset("new/dataset.data", split="train").examples) == 1
    trained = train("--data", data)
    assert trained.exit_code == 0
    assert (
        f"warning: {escape_in_line(line.removesuffix('.png'))}.txt: cannot be read"
        in trained.stderr
    )


@pytest.mark.parametrize(
    "line", ["a\0b.png", TOO_LONG, "http://[bad/x.png"], ids=["nul", "long", "url"]
)
def test_detect_names_the_bad_line_and_goes_on(tmp_path, line):
    path = tmp_path / "list.txt"
    path.write_bytes(f"{line}\n{PICTURE}\n".encode())
    result = dtorch("detect", "--cfg", CFG, "--quiet", path)
    assert result.exit_code == 1
    assert f"dtorch: {escape_in_line(line)}: " in result.stderr
    assert "1 of 2 pictures failed" in result.stderr
    assert "shapes.png" in result.stdout


@pytest.mark.parametrize("name", ["a\0b.png", "\ud800.png"], ids=["nul", "surrogate"])
def test_file_names_of_json_that_the_system_refuses_are_named(tmp_path, monkeypatch, name):
    """A COCO file whose file_name is no possible path."""
    monkeypatch.chdir(tmp_path)
    box = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}
    content = {
        "images": [{"id": 1, "file_name": name, "width": 10, "height": 10}],
        "categories": [{"id": 1, "name": "a"}],
        "annotations": [box],
    }
    Path("x.json").write_text(json.dumps(content))
    for words in (
        ["check", "x.json"],
        ["dataset", "check", "--data", "x.json"],
        ["dataset", "convert", "--data", "x.json", "--to", "darknet", "--out", "new"],
    ):
        result = dtorch(*words)
        assert result.exit_code == 1
        assert "the system allows no such name" in result.stdout + result.stderr


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b"], ids=["long", "nul"])
def test_a_key_of_a_data_file_that_the_system_refuses_is_an_error(data_in, name):
    data_in("obj", name)
    result = train("--data", "obj.data")
    assert result.exit_code == 2
    assert f"dtorch: {escape_in_line(name)}" in result.stderr
    assert "cannot be created" in result.stderr
    Path("obj.data").write_text(f"classes=2\ntrain=obj/train.txt\nnames={name}\n")
    result = dtorch("dataset", "stats", "--data", "obj.data")
    assert result.exit_code == 2
    assert f"dtorch: {escape_in_line(name)}: cannot be read" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["detect", "--cfg", TOO_LONG, PICTURE],
        ["detect", "--cfg", CFG, "--weights", TOO_LONG, PICTURE],
        ["detect", "--cfg", CFG, "--names", TOO_LONG, PICTURE],
        ["check", TOO_LONG],
        ["check", f"{TOO_LONG}.data"],
        ["info", TOO_LONG],
        ["kmeans", "--data", TOO_LONG, "-k", "1", "--width", "32", "--height", "32"],
        ["dataset", "check", "--data", TOO_LONG],
    ],
)
def test_a_path_on_the_command_line_that_is_too_long_is_an_error(words):
    result = dtorch(*words)
    assert result.exit_code == 2
    assert f"dtorch: {TOO_LONG}" in result.stderr


def test_too_many_classes_without_names_are_refused(data_in):
    data_in("obj", "out")
    Path("obj.data").write_text("train=obj/train.txt\nclasses=2000000000\n")
    with pytest.raises(UsageError, match="too many classes without names") as raised:
        open_dataset("obj.data")
    assert str(raised.value.where) == "obj.data:2"
    assert (raised.value.got, raised.value.fix) == (2_000_000_000, "correct classes=")


def test_a_tree_whose_name_is_not_ascii_is_found_from_a_cfg(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("\u00e9.tree").write_text("a -1\n")
    name = "\u00e9.tree".encode().decode("latin-1")  # a cfg has one character for each byte
    tree = NamedFiles().read_tree(name, section="softmax", where=Location("x.cfg", 1), classes=1)
    assert tree.names == ("a",)


def test_the_note_is_one_of_our_own_warnings(data_in):
    with pytest.warns(CfgNote):
        open_dataset(data_in("My Drive", "out"))


@pytest.mark.parametrize(
    "words",
    [
        ("dataset", "convert", "--data", "obj.data", "--to", "coco", "--out", TOO_LONG),
        ("new", "tiny.cfg", "--classes", 2, "--out", TOO_LONG),
        ("kmeans", "--data", TOO_LONG, "-k", 1, "--width", 32, "--height", 32),
    ],
)
def test_a_path_of_the_command_line_that_is_too_long_is_named(data_in, words):
    data_in("obj", "out")
    result = dtorch(*words)
    assert result.exit_code == 2
    assert TOO_LONG in result.stderr and "File name too long" in result.stderr


def test_suffixes_of_lists_may_be_in_upper_case(data_in):
    data_in("obj", "out")
    Path("obj/train.txt").rename("obj/TRAIN.TXT")
    Path("obj.data").write_text("classes=2\ntest=obj/TRAIN.TXT\n")
    assert len(open_dataset("obj.data").examples) == len(find_sources(["obj/TRAIN.TXT"]))
