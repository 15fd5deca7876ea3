"""What the commands of experiments read, put into the folder in which they run."""

from __future__ import annotations

from pathlib import Path

from darknet_torch.errors import UsageError
from tools.experiments.declaration import Make, Sources

PHOTOS = "bccd"
CELLS = "bccd.cfg"
SEVEN_LAYERS = "seven-layers.cfg"
COCO_WEIGHTS = "yolo-fastest.conv.109"
_COCO_MODEL = ("yolo-fastest-1.1.cfg", "yolo-fastest-1.1.weights")
BEFORE_HEADS = "109"  # layers
# YOLO-Fastest's COCO weights, without its heads.
CUT_COCO = Make(("partial", *_COCO_MODEL, COCO_WEIGHTS, BEFORE_HEADS), COCO_WEIGHTS)


def photos(folder: Path, sources: Sources) -> None:
    """Put the photos of blood cells and their cfg into `folder`.

    Raises:
        UsageError: they are not where `sources` says.
    """
    _link(folder / PHOTOS, sources.photos)
    _link(folder / CELLS, sources.models / CELLS)


def seven_layers(folder: Path, sources: Sources) -> None:
    """Put the cfg of a network that learns from random numbers in a minute into `folder`."""
    _link(folder / SEVEN_LAYERS, Path(__file__).with_name(SEVEN_LAYERS))


def coco_model(folder: Path, sources: Sources) -> None:
    """Put YOLO-Fastest's cfg and its COCO weights into `folder`.

    Raises:
        UsageError: they are not where `sources` says.
    """
    for name in _COCO_MODEL:
        _link(folder / name, sources.models / name)


def _link(link: Path, target: Path) -> None:
    if not link.exists():
        link.unlink(missing_ok=True)  # to something that is gone
        link.symlink_to(_existing(target).resolve())


def _existing(path: Path) -> Path:
    if not path.exists():
        raise UsageError(
            "an input of the experiment is missing",
            where=path,
            fix="name its folder with --photos or --models; docs/experiments.md says where to "
            "get it",
        )
    return path
