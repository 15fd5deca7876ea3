"""The accuracy of a classifier, for `dtorch eval` and `classifier valid`."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from darknet_torch.cfg.data_file import read_data_file
from darknet_torch.cli.batch_choice import choose_batch_size
from darknet_torch.cli.dataset_loading import find_data, protect_data_set
from darknet_torch.cli.detector_evaluation import (
    DEFAULT_SPLIT,
    SOME_FAILED,
    EvaluationOptions,
    print_result,
)
from darknet_torch.cli.input_protection import protect_inputs
from darknet_torch.cli.progress import progress_bar
from darknet_torch.cli.reporting import report_warnings, warn_of_problems
from darknet_torch.cli.terminal import echo
from darknet_torch.errors import DarknetError, UsageError
from darknet_torch.text import is_folder

if TYPE_CHECKING:
    from darknet_torch.datasets.classification import ClassifiedPictures
    from darknet_torch.engines.model import EngineModel
    from darknet_torch.inference.classifier import Classifier
    from darknet_torch.model.network import Network

_FOLDER_TOP = 5  # guesses for a folder of folders, which has no top=


@dataclass
class _Guesses:
    """The guesses of a classifier.

    Attributes:
        class_ids: for each picture that could be read, the likeliest first.
        indices: the indices of those pictures in the data set.
        errors: the errors of the other pictures.
    """

    class_ids: list[tuple[int, ...]] = field(default_factory=list)
    indices: list[int] = field(default_factory=list)
    errors: list[DarknetError] = field(default_factory=list)


def evaluate_classifier(network: Network | EngineModel, options: EvaluationOptions) -> None:
    """Classify the pictures of --data and print the accuracy; exit with 1 if some failed.

    Pictures are resized by their shorter side and cropped, as Darknet does here, unless
    --letterbox says otherwise.
    """
    import numpy as np

    from darknet_torch.datasets.classification import open_classification
    from darknet_torch.evaluation.classification import score_classifier, true_class_ids
    from darknet_torch.inference.classifier import Classifier

    data = find_data(options.data, options.cfg)
    with report_warnings(options):
        pictures = open_classification(
            data, split=_choose_split(data, options.split), exif=options.exif
        )
        pictures.warn_of_folders()
        warn_of_problems(pictures.problems, pictures.origin)
    protect_data_set([data], [])
    protect_inputs(pictures.paths)
    classifier = Classifier(
        network,
        names=options.names or list(pictures.names),
        top=_read_top(data),
        letterbox=bool(options.letterbox),
        backend=options.backend,
        precision=options.precision,
        optimize=options.optimize,
        keep_weights=False,
        exif=options.exif,
    )
    guesses = _classify_all(classifier, pictures, options)
    for error in guesses.errors:
        echo(f"dtorch: {error}", err=True)
    if not guesses.indices:
        raise UsageError("no picture can be read", where=pictures.origin)
    all_truths = true_class_ids(pictures)
    truths = [all_truths[index] for index in guesses.indices]
    names = classifier.names[: classifier.classes]
    score = score_classifier(np.array(guesses.class_ids), truths, names)
    print_result(score.lines(), score.to_dict(), options)
    if guesses.errors:
        failed, total = len(guesses.errors), len(pictures.paths)
        echo(f"dtorch: {failed} of {total} pictures failed", err=True)
        sys.exit(SOME_FAILED)


def _classify_all(
    classifier: Classifier, pictures: ClassifiedPictures, options: EvaluationOptions
) -> _Guesses:
    from darknet_torch.media.frame_batches import picture_batches

    guesses, size = _Guesses(), choose_batch_size(options, classifier, len(pictures.paths))
    with progress_bar(len(pictures.paths), quiet=options.quiet) as advance:
        for batch in picture_batches(
            pictures.paths,
            size=size,
            workers=options.workers,
            exif=options.exif,
            report=options.print_remark,
        ):
            guesses.errors += batch.errors
            if batch.images:
                found = classifier.classify_images(batch.images, [""] * len(batch.images))
                guesses.class_ids += [one.class_ids for one in found]
                guesses.indices += batch.indices
            advance(len(batch))
    return guesses


def _choose_split(data: str, split: str | None) -> str | None:
    """Return the split to evaluate.

    Without --split it is ``valid`` for a .data file, and for a folder ``valid`` or ``val`` if
    it has such a folder; else None, for a folder without splits.
    """
    if split or not is_folder(data):
        return split or DEFAULT_SPLIT
    return next((name for name in (DEFAULT_SPLIT, "val") if is_folder(Path(data) / name)), None)


def _read_top(data: str) -> int:
    """Return how many guesses count: top= of the .data file, 1 without it."""
    if is_folder(data):
        return _FOLDER_TOP
    top = read_data_file(data).get("top")
    return 1 if top is None or top.number is None else max(1, top.number)
