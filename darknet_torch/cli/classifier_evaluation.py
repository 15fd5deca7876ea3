"""How often a classifier is right, for the commands that tell it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from darknet_torch.cfg.data_file import read_data_file
from darknet_torch.cli.dataset_loading import find_data
from darknet_torch.cli.detector_evaluation import SOME_FAILED, SPLIT, print_result
from darknet_torch.cli.source_run import progress
from darknet_torch.errors import DarknetError, UsageError

if TYPE_CHECKING:
    from darknet_torch.model.network import Network

_FOLDER_TOP = 5  # of a tree of folders, which cannot say it


def evaluate_classifier(network: Network, arguments: dict[str, Any]) -> None:
    """Classify the pictures of --data, print how often that was right; exit 1 if some failed.

    Pictures are resized by their shorter side and cut, as Darknet does here, unless
    --letterbox says otherwise.
    """
    import numpy as np

    from darknet_torch.datasets.classification import open_classification
    from darknet_torch.evaluation.classification import class_ids_of, classifier_score
    from darknet_torch.inference.classifier import Classifier
    from darknet_torch.media.frame_batches import opened_batches

    data = find_data(arguments["data"], arguments["cfg"])
    pictures = open_classification(data, split=_split(data, arguments["split"]))
    classifier = Classifier(
        network,
        names=arguments["names"] or list(pictures.names),
        top=_top(data),
        letterbox=bool(arguments["letterbox"]),
        backend=arguments["backend"],
        exif=arguments["exif"],
    )
    guesses: list[tuple[int, ...]] = []
    seen: list[int] = []
    errors: list[DarknetError] = []
    with progress(len(pictures.paths), quiet=arguments["quiet"]) as advance:
        for batch in opened_batches(
            pictures.paths,
            size=arguments["batch"],
            workers=arguments["workers"],
            exif=arguments["exif"],
        ):
            errors += batch.errors
            if batch.images:
                found = classifier.classify_images(batch.images, [""] * len(batch.images))
                guesses += [one.class_ids for one in found]
                seen += batch.places
            advance(len(batch))
    for error in errors:
        click.echo(f"dtorch: {error}", err=True)
    if not seen:
        raise UsageError("no picture can be read", where=pictures.origin)
    truths = class_ids_of(pictures)
    names = classifier.names[: classifier.classes]
    score = classifier_score(np.array(guesses), [truths[place] for place in seen], names)
    print_result(score.lines(), score.to_dict(), arguments)
    if errors:
        click.echo(f"dtorch: {len(errors)} of {len(pictures.paths)} pictures failed", err=True)
        sys.exit(SOME_FAILED)


def _split(data: str, split: str | None) -> str | None:
    """The split to judge: that of a .data file is valid= by default; a folder may have none."""
    if split or not Path(data).is_dir():
        return split or SPLIT
    return next((name for name in (SPLIT, "val") if (Path(data) / name).is_dir()), None)


def _top(data: str) -> int:
    """How many guesses: the .data file's top=, 1 without it."""
    if Path(data).is_dir():
        return _FOLDER_TOP
    text = read_data_file(data).get("top", "")
    return max(1, int(text)) if text.isdecimal() else 1
