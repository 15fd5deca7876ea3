"""The files that a cfg names: trees of classes (tree=) and maps of class ids (map=). No torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from darknet_torch.cfg.class_lists import read_class_list
from darknet_torch.cfg.grammar import Location, encode_cfg
from darknet_torch.cfg.tree import Tree, read_tree
from darknet_torch.cfg.zoo import find_named_file
from darknet_torch.errors import CfgError
from darknet_torch.reading import guarded
from darknet_torch.text import byte_lines, decode_path


@dataclass(frozen=True)
class NamedFiles:
    """Finds and reads the files that the options of a section name.

    Layers receive this object while a network is built, so that they open no files
    themselves.

    Attributes:
        find: takes a file's name and the path of the cfg that names it, and returns the
            file's path, or None if there is no such file. By default a file is looked for in
            the working folder, then next to the cfg, then among the shipped definitions.
    """

    find: Callable[[str, str], Path | None] = find_named_file

    def read_tree(self, name: str, *, section: str, where: Location, classes: int) -> Tree:
        """Read the tree of classes that a section's ``tree=`` names.

        Args:
            name: the file's name, as written in the cfg.
            section: name of the section, for messages.
            where: the section's place in its cfg.
            classes: how many classes the tree must have.

        Raises:
            CfgError: the file does not exist, is broken, or has another number of classes.
        """
        path = self._find("tree", name, section, where, "a file")
        tree = read_tree(path)
        if len(tree.names) != classes:
            raise CfgError(
                f"[{section}] the tree does not fit the layer",
                where=where,
                expected=f"{classes} classes",
                got=f"{len(tree.names)} in {path}",
            )
        return tree

    def read_class_map(
        self, name: str, *, section: str, where: Location, classes: int
    ) -> tuple[int, ...]:
        """Read the map of class ids that a section's ``map=`` names.

        Args:
            name: the file's name, as written in the cfg.
            section: name of the section, for messages.
            where: the section's place in its cfg.
            classes: how many classes the network has.

        Returns:
            For each class of the labels the network's class, 0 to `classes` - 1.

        Raises:
            CfgError: the file does not exist, or does not hold such numbers.

        Source: utils.c read_map.
        """
        path = self._find("map", name, section, where, "a file with one class id per line")
        expected = "a class id on each line"
        lines = read_class_list(path, byte_lines, expected=expected, error=CfgError)
        with guarded(where, what=f"[{section}] map={name} must hold numbers only", error=CfgError):
            ids = tuple(int(word) for line in lines for word in line.split())
        if not ids or not 0 <= min(ids) <= max(ids) < classes:
            raise CfgError(
                f"[{section}] map={name} does not fit classes",
                where=where,
                expected=f"ids from 0 to {classes - 1}",
            )
        return ids

    def _find(self, key: str, name: str, section: str, where: Location, content: str) -> Path:
        """Find the file that a key of a section names, or raise an error if there is none."""
        path = self.find(decode_path(encode_cfg(name)), where.file)
        if path is None:
            raise CfgError(
                f"[{section}] {key}={name} is not there",
                where=where,
                expected=f"{content} in the working folder, next to the cfg "
                "or among the shipped ones",
                got="none",
                fix=f"put the {key} file next to the cfg",
            )
        return path
