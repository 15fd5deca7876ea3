"""Writes data sets in the Pascal VOC format. No torch."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from darknet_torch.datasets import VOC_ORIGIN
from darknet_torch.datasets.examples import DataSet, Problem
from darknet_torch.datasets.voc import ANNOTATIONS, CORNERS, NAMES, PICTURES, SPLITS
from darknet_torch.datasets.writing import (
    PlacedExample,
    corners_in_pixels,
    place_pictures,
    write_new_file,
)
from darknet_torch.errors import UsageError


def write_voc(
    splits: Mapping[str, DataSet], out: Path, pictures: str, *, origin: int = VOC_ORIGIN
) -> list[Problem]:
    """Write ``ImageSets/Main/SPLIT.txt``, ``Annotations``, ``JPEGImages``, ``classes.names``.

    Args:
        splits: the data set's splits by name.
        out: the folder to write into.
        pictures: "copy" or "link"; a VOC root contains its pictures.
        origin: the number of the first pixel column and row; see `read_voc`.

    Returns:
        The labels and pictures that could not be written.

    Raises:
        UsageError: a file cannot be written, or `pictures` is "keep".
    """
    if pictures == "keep":
        raise UsageError(
            "a VOC data set contains its pictures, in JPEGImages",
            expected="--pictures copy or link",
            got="keep",
        )
    placed, problems = place_pictures(splits, out / PICTURES, pictures)
    names = next(iter(splits.values())).names
    written: set[str] = set()
    for split, items in placed.items():
        ids = [item.picture.stem for item in items]
        write_new_file(out / SPLITS / f"{split}.txt", "".join(f"{key}\n" for key in ids))
        for key, item in zip(ids, items, strict=True):
            if key not in written:
                _write_annotation(out / ANNOTATIONS / f"{key}.xml", item, names, origin, problems)
                written.add(key)
    write_new_file(out / NAMES, "".join(f"{name}\n" for name in names))
    return problems


def _write_annotation(
    file: Path, item: PlacedExample, names: tuple[str, ...], origin: int, problems: list[Problem]
) -> None:
    labels = item.example.labels
    found = None if labels is None else corners_in_pixels(item.example, problems)
    if labels is None or found is None:
        return
    (height, width), corners = found
    root = ElementTree.Element("annotation")
    _add_element(root, "filename", item.picture.name)
    size = ElementTree.SubElement(root, "size")
    for key, value in (("width", width), ("height", height), ("depth", 3)):
        _add_element(size, key, str(value))
    for class_id, box, difficult in zip(labels.class_ids, corners, labels.difficult, strict=True):
        if not 0 <= class_id < len(names):
            what = f"a box of class {class_id} is left out: there are {len(names)} classes"
            problems.append(Problem("class id", str(item.example.path), what))
            continue
        _add_object(root, names[class_id], box + origin, bool(difficult))
    ElementTree.indent(root, "\t")
    write_new_file(file, ElementTree.tostring(root, "unicode") + "\n")


def _add_object(
    root: ElementTree.Element, name: str, corners: np.ndarray, difficult: bool
) -> None:
    item = ElementTree.SubElement(root, "object")
    marks = {"pose": "Unspecified", "truncated": "0", "difficult": str(int(difficult))}
    for key, text in {"name": name, **marks}.items():
        _add_element(item, key, text)
    box = ElementTree.SubElement(item, "bndbox")
    for key, value in zip(CORNERS, corners.tolist(), strict=True):
        _add_element(box, key, _pixel(value))


def _pixel(value: float) -> str:
    """A coordinate as an integer if it rounds to one, else with two decimals, as in VOC2012."""
    text = f"{value:.2f}"
    return text.removesuffix(".00")


def _add_element(parent: ElementTree.Element, tag: str, text: str) -> None:
    ElementTree.SubElement(parent, tag).text = text
