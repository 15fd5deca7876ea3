"""What the commands of experiments read, put into the folder in which they run."""

from __future__ import annotations

import shutil
from pathlib import Path

from darknet_torch.errors import UsageError
from darknet_torch.model.weights import write_weights
from tools.experiments.declaration import Sources

PHOTOS = "bccd"
CELLS = "bccd.cfg"
COCO_WEIGHTS = "yolo-fastest.conv.109"
_COCO_MODEL = "yolo-fastest-1.1"
_BEFORE_HEADS = 109  # layers


def photos(folder: Path, sources: Sources) -> None:
    """Put the photos of blood cells, as a link, and their cfg into `folder`.

    Raises:
        UsageError: they are not where `sources` says.
    """
    link = folder / PHOTOS
    if not link.exists():
        link.unlink(missing_ok=True)
        link.symlink_to(_existing(sources.photos).resolve(), target_is_directory=True)
    if not (folder / CELLS).exists():
        shutil.copyfile(_existing(sources.models / CELLS), folder / CELLS)


def coco_weights(folder: Path, sources: Sources) -> None:
    """Cut YOLO-Fastest's COCO weights before its heads.

    Raises:
        UsageError: they are not where `sources` says.
    """
    from darknet_torch.loading.load import load

    if not (folder / COCO_WEIGHTS).exists():
        model = sources.models / _COCO_MODEL
        network = load(
            _existing(model.with_name(f"{_COCO_MODEL}.cfg")),
            _existing(model.with_name(f"{_COCO_MODEL}.weights")),
        )
        write_weights(network, folder / COCO_WEIGHTS, cutoff=_BEFORE_HEADS)


def _existing(path: Path) -> Path:
    if not path.exists():
        raise UsageError(
            "an input of the experiment is missing",
            where=path,
            fix="name its folder with --photos or --models; docs/experiments.md says where to "
            "get it",
        )
    return path
