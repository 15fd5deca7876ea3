"""Labelled pictures as the programs write them in which people label."""

import json

import cv2

from tests.training.runs import NAMES, detector_data

COUNTS = {"train": 6, "valid": 3}


def labelled(folder):
    """Yield the split, the file name, the picture and its (class, centre, size) rows."""
    for split, count in COUNTS.items():
        detector_data(folder, count, split)
        for path in sorted(folder.glob(f"{split}_*.png")):
            lines = path.with_suffix(".txt").read_text().splitlines()
            rows = [(int(line[0]), *map(float, line.split()[1:])) for line in lines]
            yield split, path.name, cv2.imread(str(path)), rows


def corners(picture, row):
    """Left, top, right, bottom in pixels."""
    height, width = picture.shape[:2]
    _, x, y, w, h = row
    return tuple(
        round(value)
        for value in (
            (x - w / 2) * width,
            (y - h / 2) * height,
            (x + w / 2) * width,
            (y + h / 2) * height,
        )
    )


def text_of(rows):
    """A label file."""
    return "".join(" ".join(map(str, row)) + "\n" for row in rows)


def save(path, picture):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture)


def photos_with_txt(root, source):
    """Photos and label files side by side, as LabelImg writes them in its YOLO mode."""
    for _, name, picture, rows in labelled(source):
        save(root / name, picture)
        (root / name).with_suffix(".txt").write_text(text_of(rows))
    (root / "classes.txt").write_text("\n".join(NAMES) + "\n")


def roboflow(root, source):
    """Roboflow's YOLO export: data.yaml, and a folder of images and of labels for each split."""
    for split, name, picture, rows in labelled(source):
        save(root / split / "images" / name, picture)
        labels = root / split / "labels" / name
        labels.parent.mkdir(parents=True, exist_ok=True)
        labels.with_suffix(".txt").write_text(text_of(rows))
    (root / "data.yaml").write_text(
        "train: ../train/images\nval: ../valid/images\ntest: ../test/images\n\n"
        f"nc: {len(NAMES)}\nnames: [{', '.join(map(repr, NAMES))}]\n\n"
        "roboflow:\n  workspace: shapes\n  version: 1\n  license: CC BY 4.0\n"
    )


def labelimg_xml(root, source):
    """Photos and XML files side by side, as LabelImg writes them in its Pascal VOC mode."""
    for _, name, picture, rows in labelled(source):
        save(root / name, picture)
        height, width = picture.shape[:2]
        objects = "".join(
            f"<object><name>{NAMES[row[0]]}</name><pose>Unspecified</pose>"
            "<truncated>0</truncated><difficult>0</difficult><bndbox>"
            + "".join(
                f"<{key}>{value}</{key}>"
                for key, value in zip(
                    ("xmin", "ymin", "xmax", "ymax"), corners(picture, row), strict=True
                )
            )
            + "</bndbox></object>"
            for row in rows
        )
        (root / name).with_suffix(".xml").write_text(
            f"<annotation><folder>photos</folder><filename>{name}</filename>"
            f"<path>C:\\Users\\ann\\photos\\{name}</path>"
            f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>"
            f"<segmented>0</segmented>{objects}</annotation>"
        )


def coco(root, source):
    """COCO's folder: images/, and annotations/instances_SPLIT.json."""
    files = {
        split: {
            "images": [],
            "annotations": [],
            "categories": [{"id": i, "name": name} for i, name in enumerate(NAMES, 1)],
        }
        for split in COUNTS
    }
    for number, (split, name, picture, rows) in enumerate(labelled(source), 1):
        save(root / "images" / name, picture)
        height, width = picture.shape[:2]
        found = files[split]
        found["images"].append({"id": number, "file_name": name, "height": height, "width": width})
        for row in rows:
            left, top, right, bottom = corners(picture, row)
            size = (right - left, bottom - top)
            found["annotations"].append(
                {
                    "id": 10 * number + len(found["annotations"]),
                    "image_id": number,
                    "category_id": row[0] + 1,
                    "bbox": [left, top, *size],
                    "area": size[0] * size[1],
                    "iscrowd": 0,
                }
            )
    (root / "annotations").mkdir()
    for split, content in files.items():
        (root / "annotations" / f"instances_{split}.json").write_text(json.dumps(content))


EXPORTS = (photos_with_txt, roboflow, labelimg_xml, coco)
