"""Outputs that were also inputs: the input was destroyed, with exit status 0."""

import os
import shutil
import subprocess
import sys

import pytest

from darknet_torch import load
from darknet_torch.model.weights import write_weights
from tests.cli.command import ROOT, RUN, dtorch
from tests.media.sample_videos import sample_frames, write_video

UNUSABLE = 2
CFG = """[net]
width=32
height=32
channels=3
[convolutional]
filters=6
size=1
stride=32
activation=linear
[yolo]
mask=0
anchors=8,8
classes=1
num=1
"""
MODEL = "tiny.cfg tiny.weights"


@pytest.fixture
def clip(tmp_path, monkeypatch):
    """A video, a.avi, in a working folder with a small detector."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.cfg").write_text(CFG)
    write_weights(load("tiny.cfg"), tmp_path / "tiny.weights")
    (tmp_path / "obj.names").write_text("thing\n")
    (tmp_path / "obj.data").write_text("classes=1\nnames=obj.names\n")
    write_video(tmp_path / "a.avi", sample_frames(2))
    return tmp_path / "a.avi"


def assert_refused(words, output, source):
    """The command changes no file and names both paths and the way out."""
    folder = source.parent
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    result = dtorch(*words.split())
    assert (result.exit_code, result.stdout) == (UNUSABLE, "")
    expected = (
        f"dtorch: {output}: cannot be written over an input: expected a file that is not read, "
        f"got {source.name}, which is read; give another path\n"
    )
    assert result.stderr == expected
    after = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert after == before


def test_an_annotated_video_is_not_written_over_its_source(clip):
    """`detector demo ... a.avi -out_filename a.avi` (own report)."""
    words = f"detector demo obj.data {MODEL} a.avi -out_filename a.avi -dont_show"
    assert_refused(words, "a.avi", clip)


def test_results_are_not_written_over_the_video(clip):
    """`detect a.avi --format json --out a.avi` (own report)."""
    words = "detect --cfg tiny.cfg --weights tiny.weights a.avi --format json --out a.avi"
    assert_refused(words, "a.avi", clip)


@pytest.mark.parametrize("flag", ["-out", "-json_file_output", "--out"])
def test_no_other_flag_of_the_demo_writes_over_the_video(flag, clip):
    """The same by the other flags that name a file (own report)."""
    assert_refused(f"detector demo obj.data {MODEL} a.avi {flag} ./a.avi", "./a.avi", clip)


def test_a_link_to_the_video_is_the_video(clip):
    """The same under another name (own report)."""
    (clip.parent / "out.avi").symlink_to("a.avi")
    words = f"detector demo obj.data {MODEL} a.avi -out_filename out.avi"
    assert_refused(words, "out.avi", clip)


def test_other_inputs_than_the_source_are_kept_too(clip):
    """The weights, the names and the data of the same command (own report)."""
    for name in ("tiny.weights", "tiny.cfg", "obj.names", "obj.data"):
        words = f"detector demo obj.data {MODEL} a.avi -out {name}"
        assert_refused(words, name, clip.parent / name)


def test_a_list_on_standard_input_is_kept(clip):
    """`detector test ... -out list.txt < list.txt` (own report)."""
    names = clip.parent / "list.txt"
    names.write_text("a.png\n")
    words = f"detector test obj.data {MODEL} -out list.txt".split()
    with names.open() as stdin:
        done = subprocess.run(
            [sys.executable, "-c", RUN, *words],
            stdin=stdin,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    assert done.returncode == UNUSABLE
    assert "list.txt: cannot be written over an input" in done.stderr
    assert names.read_text() == "a.png\n"


def test_weights_are_not_replaced_by_their_own_first_layers(clip):
    """`partial CFG WEIGHTS CFG 1` and `average CFG WEIGHTS WEIGHTS OTHER` (own report)."""
    shutil.copy("tiny.weights", "other.weights")
    for output in ("tiny.cfg", "tiny.weights"):
        assert_refused(f"partial {MODEL} {output} 1", output, clip.parent / output)
        words = f"average tiny.cfg {output} tiny.weights other.weights"
        assert_refused(words, output, clip.parent / output)
