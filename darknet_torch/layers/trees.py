"""The tree of classes that a layer names."""

from __future__ import annotations

from darknet_torch.cfg.tree import read_tree
from darknet_torch.cfg.zoo import find_beside
from darknet_torch.layers.base import Layer
from darknet_torch.ops.trees import TreeProbabilities


def find_tree(layer: Layer, name: str, classes: int) -> TreeProbabilities | None:
    """The tree in the file `name`, None for an empty name.

    The file is looked for from the working folder, then beside the cfg, then among the
    shipped definitions.

    Raises:
        CfgError: it is not there, broken, or has another number of classes.
    """
    if not name:
        return None
    path = find_beside(name, layer.options.where.file)
    if path is None:
        raise layer.config_error(
            f"tree={name} is not there",
            expected="a file, from the working folder or beside the cfg",
            got="none",
            fix="put the tree file beside the cfg",
        )
    tree = read_tree(path)
    if len(tree.names) != classes:
        raise layer.config_error(
            "the tree does not fit the layer",
            expected=f"{classes} classes",
            got=f"{len(tree.names)} in {path}",
        )
    return TreeProbabilities(tree)
