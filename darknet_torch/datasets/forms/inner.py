"""Data sets inside of a folder, which must not be read as a part of it. No torch."""

from __future__ import annotations

import warnings
from contextlib import suppress

from darknet_torch.datasets.folder_tree import FolderTree
from darknet_torch.datasets.forms.darknet_data import DarknetData
from darknet_torch.datasets.forms.yolo_yaml import YoloYaml, leads_to_pictures
from darknet_torch.errors import CfgWarning, DarknetError


def holds_inner_data_set(tree: FolderTree) -> bool:
    """Whether a folder below the root has a data set with lists and names of its own."""
    folders = [tree.root.joinpath(*parts) for parts in tree.files if parts]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)
        for folder in folders:
            with suppress(DarknetError):
                if DarknetData().locate(folder) is not None:
                    return True
                file = YoloYaml().locate(folder)
                if file is not None and leads_to_pictures(file):
                    return True
    return False
