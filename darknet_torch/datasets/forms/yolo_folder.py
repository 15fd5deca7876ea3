"""A folder of pictures with txt labels next to them or in labels/. No torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

from darknet_torch.datasets.class_files import find_class_names
from darknet_torch.datasets.darknet import read_labels
from darknet_torch.datasets.examples import DataSet, Example, Problem
from darknet_torch.datasets.folder_tree import FolderTree
from darknet_torch.datasets.forms.base import Form, ReadOptions, missing_split
from darknet_torch.datasets.forms.inner import holds_inner_data_set
from darknet_torch.datasets.forms.picture_list import is_picture_list
from darknet_torch.datasets.forms.yolo_yaml import unread_yaml
from darknet_torch.datasets.label_files import XML_FOLDERS, LabelFinder
from darknet_torch.datasets.moved_files import find_moved, read_picture_list
from darknet_torch.datasets.split_names import group_by_split, in_order, split_word
from darknet_torch.datasets.yolo import LabelLines, YoloReader
from darknet_torch.errors import UsageError
from darknet_torch.reading import read_paths
from darknet_torch.text import is_file, is_folder, path_exists, resolve_listed

_TRIED = 50  # label files that are looked into


class YoloFolder(Form):
    """Pictures with label files of Darknet's, in folders called after splits or not."""

    key = "yolo"
    title = "pictures with txt labels"

    def locate(self, path: Path) -> Path | None:
        if not is_folder(path):
            return None
        folder = _Folder(path)
        if not folder.has_labels() or holds_inner_data_set(folder.tree):
            return None
        folder.refuse_mixed_labels()
        return path

    def splits(self, path: Path) -> list[str]:
        return list(_Folder(path).splits)

    def read(self, path: Path, split: str, options: ReadOptions) -> DataSet:
        folder = _Folder(path)
        if split not in folder.splits:
            raise missing_split(path, split, list(folder.splits))
        return folder.read(split, options)

    def class_names(self, path: Path) -> tuple[str, ...]:
        return find_class_names(_Folder(path).names_files)

    def named_files(self, path: Path) -> Iterator[Path]:
        folder = _Folder(path)
        yield from folder.names_files
        yield from folder.lists.values()


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
    def lists(self) -> dict[str, Path]:
        """The lists train.txt, valid.txt and the like, if their pictures exist."""
        files = [self.root / name for name in self.tree.files.get((), [])]
        return {word: path for path in files if (word := split_word(path.stem)) and _leads(path)}

    @cached_property
    def grouped(self) -> tuple[dict[str, list[Path]], list[Path]]:
        return group_by_split(self.root, self.tree.pictures())

    @cached_property
    def splits(self) -> dict[str, Path | None]:
        """The splits, and the list of each if it has one."""
        found: dict[str, Path | None] = dict(self.lists) or dict.fromkeys(self.grouped[0])
        return {name: found[name] for name in in_order(found)}

    def has_labels(self) -> bool:
        """Whether there are pictures, and label files of theirs that hold boxes or nothing."""
        reader = YoloReader(self.root)
        files = (reader.label_file(path) for path in self.tree.pictures())
        there = islice((file for file in files if is_file(file)), _TRIED)
        return any(_holds_boxes(file) for file in there)

    def refuse_mixed_labels(self) -> None:
        """Check that no picture has an XML label alone.

        Raises:
            UsageError: some pictures have txt labels, and others XML.
        """
        if not any(self.tree.with_suffix([".xml"])):
            return
        reader, xml = YoloReader(self.root), LabelFinder(".xml", XML_FOLDERS, self.root)
        for picture in self.tree.pictures():
            file = None if is_file(reader.label_file(picture)) else xml.find(picture)
            if file is not None:
                raise UsageError(
                    "some pictures have txt labels, others XML",
                    where=self.root,
                    expected="one kind for all",
                    got=f"no txt for {picture}, only {file}",
                    fix="move one kind to another folder, and convert it on its own",
                )

    def read(self, split: str, options: ReadOptions) -> DataSet:
        reader = YoloReader(self.root, options.exif)
        examples = self._examples(reader, split)
        names = options.names or find_class_names(self.names_files)
        data = reader.data_set(examples, names, f"{self.root} ({split})", self._all_examples)
        return replace(data, problems=(*data.problems, *self._other_problems(split)))

    def _examples(self, reader: YoloReader, split: str) -> tuple[Example, ...]:
        file = self.splits[split]
        if file is None:
            return reader.read(self.grouped[0][split], str(self.root))
        return reader.read(read_picture_list(file), str(file))

    def _all_examples(self) -> Iterator[Example]:
        for split in self.splits:
            yield from self._examples(YoloReader(self.root), split)

    def _other_problems(self, split: str) -> list[Problem]:
        """What concerns the folder as a whole, with the first split."""
        first, *_ = self.splits
        if split != first:
            return []
        others = [] if self.lists else self.grouped[1]
        notes = [*self.tree.problems, *unread_yaml(self.root)]
        if others:
            what = f"{len(others)} pictures outside of {', '.join(self.splits)} are left out"
            notes.append(Problem("no split", str(others[0]), what, is_note=True))
        return notes


def _leads(path: Path) -> bool:
    """Whether a list leads to a picture that exists."""
    if not is_picture_list(path):
        return False
    line = read_paths(path)[0]
    found = path_exists(resolve_listed(path, line)) or find_moved(line, [path.parent])
    return bool(found)


def _holds_boxes(file: Path) -> bool:
    labels, problems = read_labels(file, LabelLines().parse)
    return labels is not None and (len(labels) > 0 or not problems)
