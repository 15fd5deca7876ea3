"""The parts of a data set, written beside its pictures and labels. No torch."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from darknet_torch.datasets.coco import load_json
from darknet_torch.datasets.examples import Example
from darknet_torch.datasets.opening import dataset_format
from darknet_torch.datasets.to_darknet import write_lists
from darknet_torch.datasets.voc import ANNOTATIONS, SPLITS
from darknet_torch.datasets.writing import PlacedExample, write_new_file

Parts = Mapping[str, Sequence[Example]]


def write_parts(parts: Parts, source: Path, names: Sequence[str], out: Path) -> None:
    """Write lists of the parts in the form of `source`; pictures and labels stay where they are.

    Of a Darknet set: a .data file with a list for each part. Of a COCO file: a file for each
    part, with every annotation as it was. Of a VOC root: the lists for its ImageSets/Main.

    Raises:
        UsageError: something cannot be written, or is there already.
    """
    _WRITERS[dataset_format(source)](parts, source, names, out)


def _write_darknet(parts: Parts, source: Path, names: Sequence[str], out: Path) -> None:
    lists = {
        name: [PlacedExample(item, item.path.absolute()) for item in items]
        for name, items in parts.items()
    }
    write_lists(lists, names, out.absolute())


def _write_coco(parts: Parts, source: Path, names: Sequence[str], out: Path) -> None:
    content = load_json(source)
    for name, items in parts.items():
        ids = {item.picture_id for item in items}
        chosen = {
            "images": [image for image in content["images"] if image.get("id") in ids],
            "annotations": [
                item for item in content["annotations"] if item.get("image_id") in ids
            ],
        }
        text = json.dumps(content | chosen, ensure_ascii=False)
        write_new_file(out / f"instances_{name}.json", text + "\n")


def _write_voc(parts: Parts, source: Path, names: Sequence[str], out: Path) -> None:
    for name, items in parts.items():
        files = [item.label_file for item in items if item.label_file]
        ids = [file.relative_to(source / ANNOTATIONS).with_suffix("") for file in files]
        write_new_file(out / f"{name}.txt", "".join(f"{key}\n" for key in ids))


_WRITERS: dict[str, Callable[[Parts, Path, Sequence[str], Path], None]] = {
    "darknet": _write_darknet,
    "coco": _write_coco,
    "voc": _write_voc,
}


def default_parts_folder(source: Path) -> Path | None:
    """Where parts belong, if the form says it: VOC's ImageSets/Main."""
    return source / SPLITS if dataset_format(source) == "voc" else None
