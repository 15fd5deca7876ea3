"""The weights from which the training of a cfg for other classes usually starts. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from darknet_torch.cfg.zoo import companion, definitions_folder, find_cfg
from darknet_torch.downloads.finding import downloaded
from darknet_torch.downloads.published import Published, published_by_name, usual_start
from darknet_torch.text import path_exists

# Shipped definitions, and torchvision's models whose checkpoints `dtorch convert` reads for them.
_TORCHVISION = {
    "resnet18-torch": "resnet18",
    "resnet34-torch": "resnet34",
    "resnet50-torch": "resnet50",
    "densenet201-torch": "densenet201",
    "vgg16-torch": "vgg16",
    "yolov3-mobilenetv3-large": "mobilenet_v3_large",
    "yolov3-mobilenetv3-small": "mobilenet_v3_small",
}


@dataclass(frozen=True)
class TrainingStart:
    """The weights to start a training from.

    Attributes:
        weights: the path or the name of a file; None to start from random numbers.
        commands: those that fetch or make the file, in order, as lists of words.
        note: a sentence about it; "" if there is nothing to say.
    """

    weights: str | None
    commands: Sequence[Sequence[str]] = ()
    note: str = ""


def find_training_start(base: str, layers: int) -> TrainingStart:
    """Find the weights to start training from, and the commands that make or fetch them.

    Args:
        base: the cfg that was changed, or the name of a shipped one.
        layers: how many of its layers, from the first, can be kept.
    """
    cfg = find_cfg(base)
    stem, is_shipped = cfg.stem, cfg.parent == definitions_folder()
    start = usual_start(stem)
    if start is not None:
        return TrainingStart(start.name, _fetch(start))
    whole = published_by_name(stem) if is_shipped else None
    candidates = [companion(cfg, ".weights"), *([Path(f"{stem}.weights")] if is_shipped else [])]
    weights = next((str(path) for path in candidates if path_exists(path)), None)
    if weights is None and whole is None:
        return TrainingStart(None, note=_explain(stem))
    fetch = _fetch(whole) if weights is None and whole else []
    part = f"{stem}.conv.{layers}"
    file = weights or (whole.name if whole else "")
    cut = ["dtorch", "partial", base, file, part, str(layers)]
    return TrainingStart(part, [*fetch, cut])


def _fetch(published: Published) -> list[list[str]]:
    """The command that fetches a published file, unless it is there."""
    there = path_exists(published.name) or downloaded(published)
    return [] if there else [["dtorch", "download", published.name]]


def _explain(stem: str) -> str:
    note = f"no weights of {stem} are here or published, so training starts from random numbers"
    model = _TORCHVISION.get(stem)
    if model is None:
        return note
    return (
        f"{note}; to start from torchvision's {model}, first run "
        f"dtorch convert {model}.pth {stem}.weights, and this command again"
    )
