"""Writes tiny data sets in every format."""

import json

import cv2
import numpy as np

NAMES = ("cat", "dog")
HEIGHT, WIDTH = 100, 200


def picture(path, seed=0, height=HEIGHT, width=WIDTH):
    """Write a picture of noise; each seed gives another picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    cv2.imwrite(str(path), noise)
    return path


def darknet(root, lines, split="train"):
    """Write a .data file; `lines` has the text of each label file, or None for no file."""
    pictures = []
    for index, text in enumerate(lines):
        path = picture(root / split / f"{split}{index}.png", seed=seed_of(split, index))
        if text is not None:
            path.with_suffix(".txt").write_text(text)
        pictures.append(path)
    (root / f"{split}.txt").write_text("".join(f"{path}\n" for path in pictures))
    (root / "toy.names").write_text("\n".join(NAMES) + "\n")
    data = root / "toy.data"
    old = data.read_text() if data.exists() else f"classes={len(NAMES)}\nnames=toy.names\n"
    data.write_text(f"{old}{split}={split}.txt\n")
    return data


def seed_of(split, index):
    """A different seed for each picture."""
    return sum(split.encode()) * 1000 + index


OBJECT = """<object><name>{name}</name><difficult>{difficult}</difficult><part><name>head</name>
</part><bndbox><xmin>{0}</xmin><ymin>{1}</ymin><xmax>{2}</xmax><ymax>{3}</ymax></bndbox></object>"""
SIZE = f"<size><width>{WIDTH}</width><height>{HEIGHT}</height><depth>3</depth></size>"


def voc_object(box, name="cat", difficult=0):
    return OBJECT.format(*box, name=name, difficult=difficult)


def voc(root, objects, split="train", size=SIZE):
    """Write a VOC root; `objects` has the XML of each picture's objects."""
    for folder in ("Annotations", "ImageSets/Main"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    ids = []
    for index, text in enumerate(objects):
        name = f"{split}{index}"
        picture(root / "JPEGImages" / f"{name}.png", seed=seed_of(split, index))
        xml = f"<annotation><filename>{name}.png</filename>{size}{text}</annotation>"
        (root / "Annotations" / f"{name}.xml").write_text(xml)
        ids.append(name)
    (root / "ImageSets/Main" / f"{split}.txt").write_text("\n".join(ids) + "\n")
    return root


def coco(root, boxes, split="train", **overrides):
    """Write a COCO file; `boxes` has each picture's list of (category id, bbox)."""
    content = {
        "images": [],
        "annotations": [],
        "categories": [{"id": 9, "name": "dog"}, {"id": 3, "name": "cat"}],
    }
    for index, items in enumerate(boxes):
        name, key = f"{split}{index}.png", index + 1
        picture(root / "images" / name, seed=seed_of(split, index))
        image = {"id": key, "file_name": name, "height": HEIGHT, "width": WIDTH}
        content["images"].append(image)
        for category, box in items:
            number = len(content["annotations"]) + 1
            item = {"id": number, "image_id": key, "category_id": category, "bbox": box}
            content["annotations"].append(item)
    file = root / f"{split}.json"
    file.write_text(json.dumps(content | overrides))
    return file
