"""Completion of option values in shells."""

import json

import click
import pytest
from click.testing import CliRunner

from darknet_torch.cfg.zoo import shipped
from darknet_torch.cli.main import main
from tests.cli.command import python

# Completes the last of each text of a JSON list, which is on standard input; prints which of the
# heavy packages are loaded after that.
COMPLETE_EACH = """
import json, sys
from tests.cli.test_value_completion import complete

for words in json.load(sys.stdin):
    assert complete(words), words
print([name for name in ("numpy", "torch", "cv2") if name in sys.modules])
"""


def complete(words):
    """(kind, value) pairs that bash is offered for the last of `words`."""
    asked = {"_DTORCH_COMPLETE": "bash_complete", "COMP_WORDS": words}
    asked["COMP_CWORD"] = str(words.count(" "))
    result = CliRunner().invoke(main, prog_name="dtorch", env=asked)
    assert result.exit_code == 0, result.output
    return [tuple(line.split(",", 1)) for line in result.stdout.splitlines()]


WORDS = {  # parameters that take a word, not a path
    *("anchors", "class_name", "device", "gpus", "only", "parts", "random_seed", "renamed"),
    *("seed_text", "skipped", "split", "splits", "sweep", "valid_split", "words"),
}


def commands(group, context):
    """All commands below a group."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        inside = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from commands(command, inside)
        else:
            yield inside


def test_every_parameter_for_a_path_completes_files():
    blank = [
        f"{context.command_path} {parameter.name}"
        for context in commands(main, click.Context(main, info_name="dtorch"))
        for parameter in context.command.params
        if isinstance(parameter.type, click.types.StringParamType)
        and not getattr(parameter, "hidden", False)
        and parameter.name not in WORDS
        and not parameter.shell_complete(context, "")
    ]
    assert blank == []


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("yolov3-own.cfg", "own.weights", "notes.txt"):
        (tmp_path / name).touch()


def plain(*values):
    return [("plain", value) for value in values]


COMPLETED = [
    ("dtorch down", plain("download")),
    ("dtorch detect --wei", plain("--weights")),
    ("dtorch detect --dialect pj", plain("pjreddie")),
    ("dtorch detect --device cu", plain("cuda")),
    ("dtorch eval --device m", plain("mps")),
    ("dtorch classify --precision bf", plain("bfloat16")),
    ("dtorch eval --batch a", plain("auto")),
    ("dtorch rnn generate --precision t", plain("tf32")),
    ("dtorch detect --cfg yolov7", plain("yolov7", "yolov7-tiny")),
    ("dtorch kmeans --cfg yolov7-", plain("yolov7-tiny")),
    ("dtorch info yolov7-", plain("yolov7-tiny")),
    ("dtorch detect --cfg yolov3-o", plain("yolov3-own.cfg")),
    ("dtorch detect --cfg models/y", [("file", "models/y")]),
    ("dtorch eval --weights own", plain("own.weights")),
    ("dtorch detect --weights no", [("file", "no")]),
    ("dtorch detect no", [("file", "no")]),
    ("dtorch detect --names no", [("file", "no")]),
    ("dtorch new yolov7-", plain("yolov7-tiny")),
    ("dtorch partial yolov7-tiny own", plain("own.weights")),
    ("dtorch detector test no", [("file", "no")]),
    ("dtorch detector test x.data yolov3-o", plain("yolov3-own.cfg")),
    ("dtorch download darknet53", plain("darknet53.conv.74")),
    ("dtorch download yolov7x", plain("yolov7x")),
    ("dtorch completion f", plain("fish")),
]


@pytest.mark.parametrize(
    ("words", "offered"),
    COMPLETED,
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_word_is_completed(words, offered):
    if words.endswith("--cfg yolov7"):
        offered = plain(*(name for name in shipped(".cfg") if name.startswith("yolov7")))
    found = complete(words)
    assert sorted(found) == sorted(offered)


def test_completing_imports_no_heavy_package():
    result = python(COMPLETE_EACH, stdin=json.dumps([words for words, _ in COMPLETED]))
    assert (result.returncode, result.stdout) == (0, "[]\n"), result.stderr


def test_downloaded_weights_are_offered(cache):
    cache.mkdir()
    (cache / "yolov4-tiny.conv.29").touch()
    assert complete("dtorch detect --weights yol") == plain("yolov4-tiny.conv.29")
