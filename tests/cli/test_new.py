"""`dtorch new`."""

import re

import pytest

from darknet_torch.cfg.zoo import shipped
from darknet_torch.model.loading import build
from tests.cli.command import dtorch
from tests.datasets.tiny_datasets import darknet
from tests.toy.files import CFG, WEIGHTS

BOXES = "\n".join(f"{i % 2} .5 .5 {0.1 + i / 20} {0.9 - i / 20}" for i in range(12))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_changed_lines_and_the_next_command_are_printed(folder):
    result = dtorch("new", "yolov4-tiny", "--classes", 3)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[2] == "yolov4-tiny-3classes.cfg:238: filters = 255  ->  filters = 24"
    assert lines[-2:] == [
        "next: dtorch download yolov4-tiny.conv.29",
        "next: dtorch train --cfg yolov4-tiny-3classes.cfg --data YOUR.data "
        "--weights yolov4-tiny.conv.29",
    ]
    assert [path.name for path in folder.iterdir()] == ["yolov4-tiny-3classes.cfg"]
    assert {head.classes for head in build("yolov4-tiny-3classes.cfg").heads} == {3}


def test_without_published_weights_to_start_from_they_are_cut_from_the_base(folder):
    lines = dtorch("new", "yolov2-tiny", "--classes", 1).stdout.splitlines()
    assert lines[-3:] == [
        "next: dtorch download yolov2-tiny.weights",
        "next: dtorch partial yolov2-tiny yolov2-tiny.weights yolov2-tiny.conv.14 14",
        "next: dtorch train --cfg yolov2-tiny-1classes.cfg --data YOUR.data "
        "--weights yolov2-tiny.conv.14",
    ]


def test_weights_to_start_from_are_fetched_only_if_missing(folder):
    (folder / "yolov4-tiny.conv.29").touch()
    lines = dtorch("new", "yolov4-tiny", "--classes", 3).stdout.splitlines()
    assert [line for line in lines if line.startswith("next")] == lines[-1:]


def test_a_name_with_a_dot_is_a_whole_name(folder):
    (folder / "yolo-fastest-1.1.weights").touch()
    lines = dtorch("new", "yolo-fastest-1.1", "--classes", 3).stdout.splitlines()
    assert lines[-2] == (
        "next: dtorch partial yolo-fastest-1.1 yolo-fastest-1.1.weights "
        "yolo-fastest-1.1.conv.120 120"
    )


def test_without_any_weights_training_starts_from_random_numbers(folder):
    lines = dtorch("new", "cifar", "--classes", 3).stdout.splitlines()
    assert lines[-2:] == [
        "note: no weights of cifar are here or published, so training starts from random numbers",
        "next: dtorch train --cfg cifar-3classes.cfg --data YOUR.data",
    ]


def test_weights_next_to_the_base_are_used(folder):
    partial = dtorch("new", CFG, "--classes", 2).stdout.splitlines()[-2].split()
    assert partial[1:5] == ["dtorch", "partial", str(CFG), str(WEIGHTS)]
    assert dtorch(*partial[2:]).exit_code == 0
    assert (folder / partial[5]).is_file()


def test_what_training_would_refuse_is_reported(folder):
    result = dtorch("new", "yolov4-csp", "--classes", 3)
    assert result.exit_code == 0
    assert result.stderr.startswith("error: yolov4-csp-3classes.cfg:27: Darknet does not train")
    assert "write letter_box=0" in result.stderr
    assert dtorch("new", "yolov4-csp", "--classes", 3, "--force", "--quiet").stderr == ""


def test_out_may_be_standard_output(folder):
    result = dtorch("new", "darknet19", "--classes", 3, "--out", "-")
    base = shipped(".cfg")["darknet19"].read_text()
    expected = base.replace("max_batches = 1600000", "max_batches = 6000")
    assert result.stdout == expected.replace("filters = 1000\n", "filters = 3\n")
    assert "darknet19-3classes.cfg:210: filters = 1000  ->  filters = 3" in result.stderr
    assert list(folder.iterdir()) == []


def test_a_file_that_is_there_is_kept_unless_forced(folder):
    (folder / "x.cfg").write_text("mine")
    command = ("new", "yolov3-tiny", "--classes", 2, "--out", "x.cfg")
    result = dtorch(*command)
    assert result.exit_code == 2
    assert "x.cfg: already exists; use --force" in result.stderr
    assert (folder / "x.cfg").read_text() == "mine"
    assert dtorch(*command, "--force").exit_code == 0
    assert len(build("x.cfg").heads) == 2


def test_classes_and_anchors_come_from_the_data(folder):
    data = darknet(folder, [BOXES])
    result = dtorch(
        *("new", "yolov4-tiny", "--data", data, "--anchors", "auto", "--out", "x.cfg"),
        *("--width", 320, "--height", 320, "--batch", 32, "--subdivisions", 4),
    )
    assert result.exit_code == 0
    assert re.search(r"anchors fit with an average IoU of 9\d", result.stderr)
    network = build("x.cfg")
    assert {head.classes for head in network.heads} == {2}
    assert float(network.heads[0].anchors.max()) <= 0.9 * 320
    assert {head.options.num for head in network.heads} == {6}
    assert (network.net.width, network.net.batch, network.net.subdivisions) == (320, 32, 4)
    assert f"--data {data} " in result.stdout


def test_given_anchors_are_sorted_and_distributed():
    dtorch("new", "yolov4-tiny", "--classes", 1, "--anchors", "90,90, 10,10", "--out", "x.cfg")
    coarse, fine = build("x.cfg").heads
    assert (coarse.anchors.tolist(), fine.anchors.tolist()) == ([[90, 90]], [[10, 10]])


def test_anchors_of_a_region_are_given_in_cells():
    dtorch("new", "yolov2", "--classes", 1, "--anchors", "1.5,2, 3,4.25", "--out", "x.cfg")
    (head,) = build("x.cfg").heads
    assert head.anchors.tolist() == [[1.5, 2], [3, 4.25]]


def test_names_without_data_write_a_data_file_to_complete(folder):
    (folder / "x.names").write_text("cat\ndog\n")
    command = ("new", "yolov3-tiny", "--names", "x.names", "--out", "x.cfg")
    assert "--data x.data " in dtorch(*command).stdout
    text = (folder / "x.data").read_text()
    assert text.splitlines()[0] == "classes = 2"
    assert "names = x.names\n" in text
    (folder / "x.data").write_text("mine")
    assert dtorch(*command, "--force").exit_code == 0
    assert (folder / "x.data").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["yolov3"], "the number of classes is unknown"),
        (["yolo3", "--classes", 2], "did you mean 'yolov3'"),
        (["yolov3", "--classes", 3, "--names", "voc"], "expected --classes 20"),
        (["yolov3", "--classes", 3, "--batch", 10], "batch=10, subdivisions=16"),
        (["yolov3", "--classes", 3, "--anchors", "auto"], "has no boxes to fit"),
        (["yolov3", "--classes", 3, "--anchors", "1,2,3"], "is not a list of widths and heights"),
        (["yolov3", "--classes", 3, "--anchors", "1,x"], "is not a list of widths and heights"),
        (["yolov3", "--classes", 3, "--anchors", "1,2"], "fewer anchors than heads"),
        (["darknet19", "--classes", 3, "--anchors", "1,2"], "no head with anchors"),
        (["rnn", "--classes", 3], "input is not a picture"),
        (["yolov2-tiny", "--classes", 3, "--width", 400, "--strict"], "refused under --strict"),
    ],
)
def test_wrong_usage_leaves_no_file(words, message, folder):
    result = dtorch("new", *words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert list(folder.iterdir()) == []
