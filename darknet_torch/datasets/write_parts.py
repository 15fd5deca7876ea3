"""Writes the picture lists of a data set's parts. No torch."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from darknet_torch.datasets.coco import load_json, record_id, records
from darknet_torch.datasets.examples import Example
from darknet_torch.datasets.forms.base import Form
from darknet_torch.datasets.opening import dataset_format, recognise
from darknet_torch.datasets.to_darknet import (
    missing_label_files,
    write_lists,
    written_files,
)
from darknet_torch.datasets.voc import ANNOTATIONS, SPLITS
from darknet_torch.datasets.writing import PlacedExample, removed_on_failure, write_new_file
from darknet_torch.text import is_folder

Parts = Mapping[str, Sequence[Example]]


def write_parts(parts: Parts, source: Path, names: Sequence[str], out: Path) -> None:
    """Write the parts in the format of `source`; pictures and labels stay where they are.

    For a COCO file, a file for each part with its annotations unchanged is written; for a VOC
    root, lists for its ImageSets/Main; for all others a .data file with a list for each part, and
    label files where Darknet looks for them, unless they are there.

    Args:
        parts: the pictures of each part by name.
        source: the data set that was split.
        names: the class names.
        out: the folder to write into.

    Raises:
        UsageError: a file cannot be written, or already exists.
    """
    form, path = recognise(source)
    _WRITERS.get(_kind(form, path), _write_darknet)(parts, path, names, out)


def may_write_labels(source: Path) -> bool:
    """Whether `write_parts` may write label files, which lie next to the pictures."""
    return _kind(*recognise(source)) not in _WRITERS


def _kind(form: Form, path: Path) -> str:
    return f"{form.key} folder" if form.is_one_split and is_folder(path) else form.key


def _write_darknet(parts: Parts, source: Path, names: Sequence[str], out: Path) -> None:
    lists = {
        name: [PlacedExample(item, item.path.absolute()) for item in items]
        for name, items in parts.items()
    }
    files = missing_label_files([item for items in lists.values() for item in items])
    with removed_on_failure(*files, *written_files(lists, out.absolute())):
        write_lists(lists, names, out.absolute(), labels=files)


def _write_coco(parts: Parts, source: Path, names: Sequence[str], out: Path) -> None:
    content = load_json(source)
    for name, items in parts.items():
        ids = {item.picture_id for item in items}
        chosen = {
            part: [item for item in records(content, part) if record_id(item.get(key)) in ids]
            for part, key in (("images", "id"), ("annotations", "image_id"))
        }
        text = json.dumps(content | chosen)
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
    """The folder where the format expects lists: VOC's ImageSets/Main; None for other formats."""
    return source / SPLITS if dataset_format(source) == "voc" else None
