"""Writes a data set of two pictures in every form.

Every picture is 40 x 20 pixels and has a cat at left 4, top 5, right 12, bottom 15; the second one
also has a dog of the whole picture. Forms with splits have the first picture in the training set.
"""

import json
from pathlib import Path

import cv2
import numpy as np

CAT, DOG = "0 0.2 0.5 0.2 0.5", "1 0.5 0.5 1 1"
OUTLINE = "0 .1 .25 .3 .25 .3 .75 .1 .75"  # of the cat
CORNERS = {"cat": (4, 5, 12, 15), "dog": (0, 0, 40, 20)}
BOXES = [["cat"], ["cat", "dog"]]
NAMES = "cat\ndog\n"


def picture(path, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (20, 40, 3), np.uint8)
    # imwrite cannot write names that the system's locale does not have.
    path.write_bytes(cv2.imencode(".png", noise)[1].tobytes())
    return path


def text(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def labelled(first, second, first_label=None, second_label=None):
    """Two pictures and their labels, by default next to them."""
    picture(first, 1), picture(second, 2)
    text(first_label or first.with_suffix(".txt"), f"{CAT}\n")
    text(second_label or second.with_suffix(".txt"), f"{CAT}\n{DOG}\n")


def flat(root):
    labelled(root / "a.png", root / "b.png")
    text(root / "classes.txt", NAMES)


def upper_case_and_nested(root):
    labelled(root / "day 1/A.PNG", root / "tag 2/é.PNG", root / "day 1/A.TXT")
    text(root / "toy.names", NAMES)


def labels_folder(root):
    labelled(root / "a.png", root / "b.png", root / "labels/a.txt", root / "labels/b.txt")
    text(root / "labels/classes.txt", NAMES)


def photos_and_labels(root):
    places = (root / "photos/a.png", root / "photos/b.png")
    labelled(*places, root / "Labels/a.txt", root / "Labels/b.txt")
    text(root / "Labels/classes.txt", NAMES)


def roboflow_darknet(root):
    labelled(root / "train/a.png", root / "valid/b.png")
    for split in ("train", "valid"):
        text(root / split / "_darknet.labels", NAMES)
    text(root / "README.roboflow.txt", "made by Roboflow\n")


def images_and_labels(root):
    labelled(
        root / "images/train/a.png",
        root / "images/val/b.png",
        root / "labels/train/a.txt",
        root / "labels/val/b.txt",
    )
    text(root / "obj.names", NAMES)


def label_studio(root):
    places = (root / "images/a.png", root / "images/b.png")
    labelled(*places, root / "labels/a.txt", root / "labels/b.txt")
    text(root / "classes.txt", NAMES)
    text(root / "notes.json", '{"categories": [{"id": 0, "name": "cat"}], "info": {}}')


def lists_beside(root):
    labelled(root / "images/a.png", root / "images/b.png", root / "labels/a.txt")
    text(root / "train.txt", "./images/a.png\n")
    text(root / "val.txt", "images/b.png\n")
    text(root / "classes.txt", NAMES)


def _split_folders(root):
    labelled(
        root / "train/images/a.png",
        root / "valid/images/b.png",
        root / "train/labels/a.txt",
        root / "valid/labels/b.txt",
    )


def roboflow_yolo(root):
    _split_folders(root)
    yaml = "train: ../train/images\nval: ../valid/images\ntest: ../test/images\n\nnc: 2\n"
    text(root / "data.yaml", f"{yaml}names: ['cat', 'dog']\n")


def ultralytics(root):
    _split_folders(root)
    yaml = f"path: {root}\ntrain: [train/images]\nval: valid/images\ntest:  # none\n"
    text(root / "toy.yaml", f"{yaml}names:\n  0: cat\n  1: dog\ndownload: |\n  import os\n")


def yaml_of_windows(root):
    _split_folders(root)
    yaml = "path: D:\\toys\ntrain: D:\\toys\\train\\images\nval: valid\\images\n"
    text(root / "data.yml", f"{yaml}names: {{0: cat, 1: dog}}\n")


def cvat_yolo(root):
    labelled(root / "obj_train_data/a.png", root / "obj_train_data/b.png")
    text(root / "train.txt", "data/obj_train_data/a.png\n")
    text(root / "valid.txt", "data/obj_train_data/b.png\n")
    text(root / "obj.names", NAMES)
    text(
        root / "obj.data",
        "classes = 2\ntrain = data/train.txt\nvalid = data/valid.txt\nnames = data/obj.names\n"
        "backup = backup/\n",
    )


def outlines(root):
    flat(root)
    text(root / "a.txt", f"{OUTLINE}\n")


def xml(name, objects):
    """An annotation as LabelImg writes it."""
    boxes = "".join(
        f"<object><name>{key}</name><difficult>0</difficult><bndbox><xmin>{left}</xmin><ymin>{top}"
        f"</ymin><xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox></object>"
        for key in objects
        for left, top, right, bottom in [CORNERS[key]]
    )
    size = "<size><width>40</width><height>20</height><depth>3</depth></size>"
    return f"<annotation><filename>{name}</filename>{size}{boxes}</annotation>"


def _annotated(places, annotations):
    for index, (place, file) in enumerate(zip(places, annotations, strict=True)):
        picture(place, index)
        text(file, xml(place.name, BOXES[index]))


def labelimg_xml(root):
    places = (root / "a.png", root / "b.png")
    _annotated(places, [path.with_suffix(".xml") for path in places])


def images_and_annotations(root):
    places = (root / "images/a.png", root / "images/b.png")
    _annotated(places, (root / "annotations/a.xml", root / "annotations/b.xml"))


def images_and_voc_annotations(root):
    places = (root / "images/a.png", root / "images/b.png")
    _annotated(places, (root / "Annotations/a.xml", root / "Annotations/b.xml"))


def roboflow_voc(root):
    places = (root / "train/a.png", root / "valid/b.png")
    _annotated(places, [path.with_suffix(".xml") for path in places])


def voc_without_lists(root):
    places = (root / "JPEGImages/a.png", root / "JPEGImages/b.png")
    _annotated(places, (root / "Annotations/a.xml", root / "Annotations/b.xml"))


def _coco(path, index, name):
    images = [{"id": 7, "file_name": name, "width": 40, "height": 20}]
    annotations = [
        {
            "id": number,
            "image_id": 7,
            "category_id": 1 + (key == "dog"),
            "bbox": [left, top, right - left, bottom - top],
        }
        for number, key in enumerate(BOXES[index])
        for left, top, right, bottom in [CORNERS[key]]
    ]
    categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    content = {"images": images, "annotations": annotations, "categories": categories}
    text(path, json.dumps(content))


def coco(root):
    picture(root / "train2017/a.png", 1), picture(root / "val2017/b.png", 2)
    _coco(root / "annotations/instances_train2017.json", 0, "a.png")
    _coco(root / "annotations/instances_val2017.json", 1, "b.png")
    _coco(root / "annotations/captions_train2017.json", 0, "a.png")


def roboflow_coco(root):
    picture(root / "train/a.png", 1), picture(root / "valid/b.png", 2)
    _coco(root / "train/_annotations.coco.json", 0, "a.png")
    _coco(root / "valid/_annotations.coco.json", 1, "b.png")


def _rows(index, name):
    return [(name, *CORNERS[key], key) for key in BOXES[index]]


def roboflow_csv(root):
    header = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
    for index, (split, name) in enumerate((("train", "a.png"), ("valid", "b.png"))):
        picture(root / split / name, index)
        rows = [
            f"{file},40,20,{key},{','.join(map(str, box))}\n"
            for file, *box, key in _rows(index, name)
        ]
        text(root / split / "_annotations.csv", header + "".join(rows))


def retinanet_csv(root):
    rows = []
    for index, name in enumerate(("a.png", "b.png")):
        picture(root / "images" / name, index)
        rows += [",".join(map(str, row)) for row in _rows(index, f"images/{name}")]
    text(root / "annotations.csv", "\n".join(rows) + "\n")


# Form -> what writes it, and its splits.
ONE, TWO, VAL = ["all"], ["train", "valid"], ["train", "val"]
TINY = {
    flat: ("yolo", ONE),
    upper_case_and_nested: ("yolo", ONE),
    labels_folder: ("yolo", ONE),
    photos_and_labels: ("yolo", ONE),
    label_studio: ("yolo", ONE),
    outlines: ("yolo", ONE),
    roboflow_darknet: ("yolo", TWO),
    images_and_labels: ("yolo", VAL),
    lists_beside: ("yolo", VAL),
    roboflow_yolo: ("yaml", VAL),
    ultralytics: ("yaml", VAL),
    yaml_of_windows: ("yaml", VAL),
    cvat_yolo: ("darknet", TWO),
    labelimg_xml: ("xml", ONE),
    images_and_annotations: ("xml", ONE),
    images_and_voc_annotations: ("xml", ONE),
    roboflow_voc: ("xml", TWO),
    voc_without_lists: ("voc", ONE),
    coco: ("coco", VAL),
    roboflow_coco: ("coco", TWO),
    roboflow_csv: ("csv", TWO),
    retinanet_csv: ("csv", ONE),
}


def write(make, root: Path) -> Path:
    """Write a data set into a new folder whose name has a space and an é."""
    folder = root / "my daté"
    folder.mkdir(parents=True)
    make(folder)
    return folder
