"""The commands on Darknet's own pages do, word for word, what the pages say.

Small models and files replace those that the commands name; `dtorch` replaces `darknet`.
"""

import json
import re
import shlex
import shutil
from contextlib import nullcontext
from pathlib import Path

import cv2
import numpy as np
import pytest

from darknet_torch import load, write_weights
from tests.cli.colour_classifier import TWO_COLOURS
from tests.cli.command import dtorch
from tests.cli.labelled_sample import make_data
from tests.media.sample_videos import camera, read_video, sample_frames, write_video
from tests.toy import files as toy

CAMERA = "http://192.168.0.80:8080/video?dummy=param.mjpg"
FRAMES = 3

CFGS = (
    "yolov4.cfg yolo-obj.cfg cfg/yolov4.cfg cfg/yolov3.cfg cfg/yolov3-tiny.cfg cfg/yolo9000.cfg "
    "cfg/yolov4-tiny-custom.cfg"
).split()
WEIGHTS = (
    "yolov4.weights yolov3.weights yolov3-tiny.weights yolo9000.weights yolov4-tiny.weights "
    "yolo-obj_8000.weights backup/yolo-obj_7000.weights"
).split()
DATA = "cfg/coco.data data/coco.data cfg/combine9k.data data/obj.data".split()
PICTURES = "dog.jpg data/dog.jpg data/person.jpg".split()
VIDEOS = "test.mp4 test50.mp4 file.mp4".split()

BOX = r"(circle|square|triangle): \d+%\t\(left_x: +-?\d+   top_y: .*\)\n"
PREDICTED = r"\S+\.jpg: Predicted in [\d.]+ milli-seconds\.\n"
ONE = f"{PREDICTED}({BOX})+"
FRAME = rf"Objects:\n\n({BOX})+\nFPS:[\d.]+ \t AVG_FPS:[\d.]+\n"
# What a command prints, by its kind.
PRINTED = {
    "one": ONE,
    "asked": f"(Enter Image Path: {ONE})+Enter Image Path: ",
    "movie": f"({FRAME}){{{FRAMES}}}",
    "live": f"({FRAME})+",  # frames that arrive while the network works may be dropped
    "calc_anchors": r"[\s\S]*\n avg IoU = [\d.]+ % \n[\s\S]*anchors = [\d., ]+\n",
    "map": r"[\s\S]* mean average precision \(mAP@0\.50\) = \d\.\d+, or .*\n",
    "map75": r"[\s\S]* mean average precision \(mAP@0\.75\) = \d\.\d+, or .*\n",
    "valid": "",
    "recall": r"[\s\S]*Recall:\d+\.\d+%\n",
    "partial": r"\S+\.conv\.\d+: layers 0 to \d+ of \S+\.weights\n",
    "predict": rf"{PREDICTED}((red|blue): 0\.\d+\n){{2}}",
    "classify": rf"{PREDICTED}(class [01]: 0\.\d+\n){{2}}",
}
TABLE = [
    line.split(maxsplit=1)
    for line in (Path(__file__).parent / "darknets_commands.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with the files that these pages assume."""
    folder = tmp_path_factory.mktemp("darknet")
    for name in ("cfg", "data", "backup"):
        (folder / name).mkdir()
    valid = make_data(folder / "data").read_text()
    text = valid.replace("results=", f"train={folder}/data/valid.txt\nresults=")
    for name in DATA:
        (folder / name).write_text(text)
    for names, file in ((CFGS, toy.CFG), (WEIGHTS, toy.WEIGHTS)):
        for name in names:
            shutil.copy(file, folder / name)
    for name in ("yolov3", "yolov4"):
        shutil.copy(toy.NAMES, folder / "cfg" / f"{name}.names")
    picture = cv2.imread(str(toy.PICTURE))
    for name in PICTURES:
        cv2.imwrite(str(folder / name), picture)
    for name in VIDEOS:
        write_video(folder / name, sample_frames(FRAMES))
    for name in ("data/train.txt", "data/new_train.txt"):
        (folder / name).write_text("data/dog.jpg\ndata/person.jpg\n")
    add_classifier(folder)
    return folder


def add_classifier(folder):
    (folder / "cfg" / "darknet19.cfg").write_text(TWO_COLOURS)
    write_weights(load(folder / "cfg" / "darknet19.cfg"), folder / "darknet19.weights")
    (folder / "data" / "shortnames.txt").write_text("red\nblue\n")
    keys = "classes=2\nnames=data/shortnames.txt\ntop=5\n"
    (folder / "cfg" / "imagenet1k.data").write_text(keys)


@pytest.fixture
def folder(files, tmp_path, monkeypatch):
    """A copy of it as the working folder, with a camera on the network and one of its own."""
    shutil.copytree(files, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    real = cv2.VideoCapture

    def capture(name, *backend):
        return real("test.mp4" if name == 0 else name, *backend)

    monkeypatch.setattr(cv2, "VideoCapture", capture)
    return tmp_path


def run(command):
    """`dtorch` with the words of a command of Darknet's, as a shell would start it."""
    command, _, _ = command.partition(" > ")
    command, _, lines = command.partition(" < ")
    program, *words = shlex.split(command.replace("\\", "/"))
    assert program in ("./darknet", "darknet.exe")
    stdin = Path(lines).read_text() if lines else "data/dog.jpg\n"
    if "demo" in words:
        words += ["--reconnects", "0"]  # these streams end
    with camera(sample_frames(FRAMES)) if CAMERA in words else nullcontext(CAMERA) as url:
        return dtorch(*(url if word == CAMERA else word for word in words), stdin=stdin)


@pytest.mark.parametrize(("kind", "command"), TABLE)
def test_the_command_prints_what_darknet_does(folder, kind, command):
    result = run(command)
    assert result.exit_code == 0, result.stderr
    assert re.fullmatch(PRINTED[kind], result.stdout), result.stdout


def command_with(words):
    """The command that has these words."""
    return next(command for _, command in TABLE if words in command)


class TestFiles:
    def test_out_filename_is_an_annotated_video(self, folder):
        run(command_with("-out_filename"))
        assert len(read_video("res.avi")) == FRAMES

    def test_out_is_json_of_all_pictures(self, folder):
        run(command_with("-out result.json"))
        records = json.loads((folder / "result.json").read_text())
        assert [r["filename"] for r in records] == ["data/dog.jpg", "data/person.jpg"]
        assert [r["frame_id"] for r in records] == [1, 2]
        assert {len(r["objects"]) for r in records} == {4}

    def test_json_file_output_is_json_of_all_frames(self, folder):
        run(command_with("-json_file_output"))
        records = json.loads((folder / "results.json").read_text())
        assert [r["frame_id"] for r in records] == [1, 2, 3]

    def test_save_labels_writes_a_label_file_next_to_each_picture(self, folder):
        run(command_with("-save_labels"))
        for name in ("dog", "person"):
            lines = (folder / "data" / f"{name}.txt").read_text().splitlines()
            assert len(lines) == 4
            assert all(re.fullmatch(r"[012]( [01]\.\d{4}){4}", line) for line in lines)

    def test_test_writes_the_annotated_picture(self, folder):
        run(command_with("-ext_output dog.jpg"))
        predictions, picture = cv2.imread("predictions.jpg"), cv2.imread("dog.jpg")
        assert predictions.shape == picture.shape
        assert (np.abs(predictions.astype(int) - picture) > 99).any()

    def test_valid_writes_a_file_for_each_class(self, folder):
        run(command_with("detector valid"))
        assert len(list((folder / "data" / "results").glob("comp4_det_test_*.txt"))) == 3

    def test_calc_anchors_writes_anchors_txt(self, folder):
        run(command_with("calc_anchors"))
        assert (folder / "anchors.txt").read_text().count(",") == 2 * 9 - 1

    def test_partial_writes_weights(self, folder):
        run(command_with("partial"))
        assert (folder / "yolov4-tiny.conv.29").stat().st_size > 1000


def test_servers_are_noted_as_missing(folder):
    notes = run(command_with("-json_port 8070")).stderr.splitlines()
    assert notes == [
        "note: -json_port has no effect: nothing is served; --format jsonl prints a line for "
        "each frame",
        "note: -mjpeg_port has no effect: nothing is served; --save and -out_filename keep "
        "annotated frames",
    ]


def test_a_camera_is_for_demo(folder):
    result = dtorch("detector", "test", "cfg/coco.data", "yolov4.cfg", "yolov4.weights", "-c", "0")
    assert result.exit_code == 2
    assert "-c is for cameras; use dtorch detector demo" in result.stderr


def test_letter_box_reaches_the_video(folder):
    write_video(folder / "wide.avi", [frame[:240] for frame in sample_frames(FRAMES)])
    command = "./darknet detector demo cfg/coco.data yolov4.cfg yolov4.weights wide.avi"
    plain, boxed = (
        [line.group() for line in re.finditer(BOX, run(f"{command}{flag}").stdout)]
        for flag in ("", " -letter_box")
    )
    assert plain != boxed


def test_every_kind_of_command_is_tested():
    assert {kind for kind, _ in TABLE} == set(PRINTED)
