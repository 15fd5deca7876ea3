"""What the commands of the fault harness read; all paths in files are relative to the folder."""

import shutil

import cv2

from darknet_torch import load
from darknet_torch.engines.cache import EngineCache
from darknet_torch.model.weights import write_weights
from tests.cli.box_data import write_box_data
from tests.media.sample_videos import sample_frames, write_video
from tests.report.fabricated_runs import write_run
from tests.toy.files import CFG, NAMES, PICTURE, WEIGHTS
from tests.training.runs import CHARACTERS, CLASSIFIER, DETECTOR, classifier_data, detector_data


def write_boxes(folder):
    write_box_data(folder)
    (folder / "train.list").write_text("".join(f"{number}.jpg\n" for number in range(6)))


def write_toy(folder):
    """A model that finds shapes, a picture and a video."""
    for path in (CFG, WEIGHTS, NAMES):
        shutil.copy(path, folder / path.name.replace("toy-shapes", "toy"))
    shutil.copy(PICTURE, folder / "one.png")
    write_video(folder / "clip.avi", sample_frames(3))


def write_list(folder):
    """The model of `write_toy`, and a list of three pictures."""
    write_toy(folder)
    for name in "abc":
        (folder / f"{name}.png").write_bytes(PICTURE.read_bytes())
    (folder / "list.txt").write_text("a.png\nb.png\nc.png\n")


def write_squares(folder):
    """A data set with paths from the working folder."""
    detector_data(folder / "data")
    detector_data(folder / "data", 3, "valid")
    _make_relative(folder, "data")
    (folder / "small.cfg").write_text(DETECTOR)


def _make_relative(folder, data):
    for path in (folder / data).glob("*"):
        if path.suffix in (".data", ".txt"):
            path.write_text(path.read_text().replace(f"{folder}/", ""))


def write_two_sets(folder):
    for name in ("data", "more"):
        detector_data(folder / name, 2)
        _make_relative(folder, name)


def label_toy(folder):
    """The model of `write_toy`, and a data set to evaluate it on."""
    write_toy(folder)
    image = cv2.imread(str(PICTURE))
    for number in range(2):
        cv2.imwrite(str(folder / f"view{number}.png"), image)
        (folder / f"view{number}.txt").write_text("0 .3 .3 .2 .2\n1 .6 .6 .2 .2\n")
    (folder / "valid.txt").write_text("view0.png\nview1.png\n")
    (folder / "toy.data").write_text("classes=3\nvalid=valid.txt\nnames=toy.names\n")


def write_photos(folder):
    """A folder of pictures, with labels that Darknet cannot read."""
    for number in range(4):
        name = f"photos/{number}"
        (folder / "photos").mkdir(exist_ok=True)
        cv2.imwrite(str(folder / f"{name}.png"), cv2.imread(str(PICTURE))[: 400 + number])
        (folder / f"{name}.xml").write_text(
            "<annotation><size><width>480</width><height>400</height></size><object>"
            "<name>circle</name><bndbox><xmin>9</xmin><ymin>9</ymin><xmax>90</xmax>"
            "<ymax>80</ymax></bndbox></object></annotation>"
        )


def write_classifier(folder):
    """A classifier without training, and its pictures."""
    classifier_data(folder, 2)
    for split in ("train", "valid"):
        pictures = sorted(folder.glob(f"{split}/*/*.png"))
        lines = [f"{path.relative_to(folder)}\n" for path in pictures]
        (folder / f"{split}.txt").write_text("".join(lines))
    (folder / "labels.txt").write_text("red\ngreen\nblue\n")
    (folder / "c.data").write_text(
        "classes=3\ntrain=train.txt\nvalid=valid.txt\nlabels=labels.txt\n"
    )
    (folder / "c.cfg").write_text(CLASSIFIER.replace("max_batches=30", "max_batches=4"))
    write_weights(load(folder / "c.cfg"), folder / "c.weights")


def write_characters(folder):
    """A character model, and what it reads."""
    (folder / "c.cfg").write_text(CHARACTERS.replace("max_batches=40", "max_batches=4"))
    (folder / "text.txt").write_text("a rose is a rose is a rose\n" * 20)


def write_runs(folder):
    """Two folders with what trainings of `label_toy`'s model write."""
    label_toy(folder)
    for name, more in (("one", {}), ("two", {"seed": 7})):
        run = write_run(
            folder / name, cfg=CFG.read_text(), data="toy.data", valid_split="valid", **more
        )
        shutil.copy(WEIGHTS, run / "custom_best.weights")


def write_published(folder):
    """What the server of `tests.faults.mirror` sends."""
    shutil.copy(WEIGHTS, folder / "published.weights")


def write_prepared(folder):
    """A cache with a model that is prepared for an engine."""

    def write(entry):
        (entry / "graph.onnx").write_bytes(bytes(1000))

    EngineCache(folder / "cache" / "engines").store("0123abcd", {"label": "toy"}, write)
