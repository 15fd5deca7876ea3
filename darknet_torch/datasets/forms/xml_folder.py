"""A folder of pictures with XML annotations next to them or in a folder of their own. No torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

from darknet_torch.datasets.class_files import find_class_names
from darknet_torch.datasets.examples import DataSet, Problem
from darknet_torch.datasets.folder_tree import FolderTree
from darknet_torch.datasets.forms.base import Form, ReadOptions, missing_split
from darknet_torch.datasets.forms.inner import holds_inner_data_set
from darknet_torch.datasets.label_files import XML_FOLDERS, LabelFinder
from darknet_torch.datasets.split_names import group_by_split, in_order
from darknet_torch.datasets.voc import (
    SPLITS,
    AnnotationReader,
    annotated_classes,
    is_annotation,
    voc_splits,
)
from darknet_torch.reading import read_paths
from darknet_torch.text import is_folder

_TRIED = 20  # annotations that are looked into
_SUFFIX = ".xml"


class XmlFolder(Form):
    """Pictures with annotations in VOC's XML, as LabelImg and Roboflow write them."""

    key = "xml"
    title = "pictures with XML labels"

    def locate(self, path: Path) -> Path | None:
        if not is_folder(path):
            return None
        folder = _Folder(path)
        found = folder.has_annotations() and not holds_inner_data_set(folder.tree)
        return path if found else None

    def splits(self, path: Path) -> list[str]:
        return in_order(_Folder(path).splits)

    def read(self, path: Path, split: str, options: ReadOptions) -> DataSet:
        folder = _Folder(path)
        if split not in folder.splits:
            raise missing_split(path, split, in_order(folder.splits))
        return folder.read(split, options)

    def named_files(self, path: Path) -> Iterator[Path]:
        yield from _Folder(path).names_files
        yield from (path / SPLITS).glob("*.txt")

    def names_are_sorted(self, path: Path) -> bool:
        return not _Folder(path).names_files


@dataclass(frozen=True)
class _Folder:
    root: Path

    @cached_property
    def tree(self) -> FolderTree:
        return FolderTree.scan(self.root)

    @cached_property
    def names_files(self) -> list[Path]:
        return self.tree.names_files()

    @cached_property
    def annotations(self) -> list[Path]:
        return list(self.tree.with_suffix([_SUFFIX]))

    @cached_property
    def grouped(self) -> tuple[dict[str, list[Path]], list[Path]]:
        """The pictures of each split, and those of none."""
        pictures = self.tree.pictures()
        if not is_folder(self.root / SPLITS):
            return group_by_split(self.root, pictures)
        by_stem = {path.stem: path for path in pictures}
        found = {}
        for split in voc_splits(self.root):
            ids = read_paths(self.root / SPLITS / f"{split}.txt")
            found[split] = [by_stem.get(key, self.root / f"{key}.jpg") for key in ids]
        return found, []

    @cached_property
    def splits(self) -> dict[str, list[Path]]:
        return self.grouped[0]

    def has_annotations(self) -> bool:
        """Whether there are pictures, and annotations of theirs."""
        if not self.annotations:
            return False
        finder = LabelFinder(_SUFFIX, XML_FOLDERS, self.root)
        found = (finder.find(path) for path in self.tree.pictures())
        there = islice((file for file in found if file is not None), _TRIED)
        return any(is_annotation(file) for file in there)

    def read(self, split: str, options: ReadOptions) -> DataSet:
        finder = LabelFinder(_SUFFIX, XML_FOLDERS, self.root)
        names = options.names or find_class_names(self.names_files)
        names = names or annotated_classes(self.annotations)
        reader = AnnotationReader(self.root, names, options.voc_origin, options.exif)
        examples = tuple(
            reader.read(path, finder.find(path) or path.with_suffix(_SUFFIX))
            for path in self.splits[split]
        )
        problems = [*reader.problems, *self._other_problems(split, finder)]
        return DataSet(examples, names, f"{self.root} ({split})", problems=tuple(problems))

    def _other_problems(self, split: str, finder: LabelFinder) -> list[Problem]:
        """What concerns the folder as a whole, with the first split."""
        if split != in_order(self.splits)[0]:
            return []
        found = list(self.tree.problems)
        used = {finder.find(path) for path in self.tree.pictures()}
        found += [
            Problem("labels without picture", str(file), "belongs to no picture")
            for file in self.annotations
            if file not in used and is_annotation(file)
        ]
        if self.grouped[1]:
            what = f"{len(self.grouped[1])} pictures outside of the splits are left out"
            found.append(Problem("no split", str(self.grouped[1][0]), what, is_note=True))
        return found
