"""The evaluation of a network during its training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from darknet_torch.datasets.classification import ClassifiedPictures
from darknet_torch.datasets.examples import DataSet
from darknet_torch.errors import DarknetError, UsageError, format_message
from darknet_torch.evaluation.classification import score_classifier, true_class_ids
from darknet_torch.evaluation.darknet import NMS_THRESHOLD
from darknet_torch.evaluation.detector_map import detector_map
from darknet_torch.inference.classifier import Classifier
from darknet_torch.inference.detector import Detector
from darknet_torch.media.frame_batches import picture_batches
from darknet_torch.model.network import Network
from darknet_torch.training.callbacks import Callback, State
from darknet_torch.training.data import CLASSIFIER, DETECTOR, TrainingData
from darknet_torch.training.plan import MAP_EPOCHS, TrainPlan

if TYPE_CHECKING:
    from darknet_torch.training.loop import TrainingLoop
    from darknet_torch.training.updates import Update

_MIN_INTERVAL = 100  # iterations between two evaluations

OnProgress = Callable[[int, int], None]  # gets how many pictures are done, and how many there are
Evaluator = Callable[[Network, OnProgress], "Score"]


@dataclass(frozen=True)
class Score:
    """The result of an evaluation.

    Attributes:
        value: what evaluations are compared by, 0-1: mAP or accuracy.
        lines: what Darknet prints.
        measure: what the value is, such as mAP@0.50.
        measures: all numbers of the evaluation by their names, for logs and charts: fractions,
            or a loss.
    """

    value: float
    lines: list[str]
    measure: str = "mAP"
    measures: Mapping[str, float] = field(default_factory=dict)


def _not_shown(done: int, total: int) -> None:
    """An `OnProgress` that does nothing."""


def detector_score(
    network: Network,
    data_set: DataSet,
    on_progress: OnProgress = _not_shown,
    *,
    iou: float,
    workers: int,
) -> Score:
    """Compute Darknet's mAP of a detector; the network ends in evaluation mode.

    Args:
        data_set: pictures with their boxes.
        on_progress: called after each batch of pictures.
        iou: overlap from which a detection counts, 0-1.
        workers: threads that read pictures.

    Raises:
        UsageError: not one picture can be read.

    Source: detector.c validate_detector_map (AlexeyAB).
    """
    network.eval()
    classes = network.heads[-1].classes
    names = data_set.names or _numbered(classes)
    result = detector_map(
        Detector(network, names=names, nms_threshold=NMS_THRESHOLD),
        data_set,
        names,
        iou=iou,
        workers=workers,
        advance=_adding_up(on_progress, len(data_set.examples)),
    )
    return Score(result.mean, result.lines(), f"mAP@{iou:.2f}")


def classifier_score_of(
    network: Network,
    pictures: ClassifiedPictures,
    on_progress: OnProgress = _not_shown,
    *,
    workers: int,
) -> Score:
    """Compute the accuracy of a classifier; the network ends in evaluation mode.

    Raises:
        UsageError: not one picture can be read.
    """
    network.eval()
    classifier = Classifier(network, names=None, top=1)
    guesses: list[tuple[int, ...]] = []
    truths: list[int] = []
    known = true_class_ids(pictures)
    advance = _adding_up(on_progress, len(pictures.paths))
    for batch in picture_batches(pictures.paths, size=1, workers=workers, exif=pictures.exif):
        if batch.images:
            found = classifier.classify_images(batch.images, [""] * len(batch.images))
            guesses += [one.class_ids for one in found]
            truths += [known[place] for place in batch.indices]
        advance(len(batch))
    if not guesses:
        raise UsageError("no picture can be read", where=pictures.origin)
    names = (*pictures.names, *_numbered(classifier.classes)[len(pictures.names) :])
    score = score_classifier(np.array(guesses), truths, names)
    return Score(float(score.top_1.sum() / score.total), score.lines(), "accuracy")


def _adding_up(on_progress: OnProgress, total: int) -> Callable[[int], None]:
    """A function that takes the number of pictures since its last call."""
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        on_progress(done, total)

    return advance


def _numbered(classes: int) -> tuple[str, ...]:
    return tuple(f"class {number}" for number in range(classes))


def find_evaluator(data: TrainingData, plan: TrainPlan) -> Evaluator | None:
    """The function that evaluates a network on the validation part of `data`, if there is one."""
    if data.kind == DETECTOR and data.valid is not None:
        valid = data.valid
        return lambda network, on_progress: detector_score(
            network, valid, on_progress, iou=plan.iou, workers=plan.workers
        )
    if data.kind == CLASSIFIER and data.valid_pictures is not None:
        pictures = data.valid_pictures
        return lambda network, on_progress: classifier_score_of(
            network, pictures, on_progress, workers=plan.workers
        )
    return None


class PeriodicEvaluation(Callback):
    """Evaluates the network every few epochs and at the end; one that fails ends nothing.

    Args:
        evaluate: computes the score.
        pictures: how many the training set has.
        epochs: between two evaluations, at least 100 iterations.

    Attributes:
        last: the last score, None before the first.

    Source: detector.c train_detector (AlexeyAB), its calc_map_for_each.
    """

    def __init__(self, evaluate: Evaluator, pictures: int, epochs: int = MAP_EPOCHS) -> None:
        self.evaluate, self.pictures, self.epochs = evaluate, pictures, epochs
        self.last: Score | None = None
        self._evaluated_at: int | None = None

    def on_start(self, loop: TrainingLoop) -> None:
        """Make up for the evaluation at which the run was stopped, if it is resumed."""
        if self._evaluated_at is None:
            self._evaluated_at = loop.iteration
        elif self.is_due(loop):
            self._evaluate(loop)

    def on_iteration(self, loop: TrainingLoop, update: Update) -> None:
        # The network of an update that is reported late is a later one.
        if update.iteration == loop.iteration and self.is_due(loop):
            self._evaluate(loop)

    def state_dict(self) -> State:
        return {"evaluated_at": self._evaluated_at}

    def load_state_dict(self, state: State) -> None:
        self._evaluated_at = state.get("evaluated_at")

    def _evaluate(self, loop: TrainingLoop) -> None:
        """Evaluate the network, or say why that failed: the weights come first."""
        try:
            with loop.interruptible():
                score = self.evaluate(
                    loop.network, partial(loop.events.on_evaluation_progress, loop)
                )
        except Exception as error:  # noqa: BLE001 (readers, OpenCV, memory: all end here)
            self._evaluated_at = loop.iteration
            loop.events.on_warning(loop, _failure(error, loop.iteration))
            return
        finally:
            loop.network.train()
        self._evaluated_at = loop.iteration
        self.last = score
        loop.scores.add(score.value, loop.iteration, score.measure)
        loop.events.on_evaluation(loop, score)

    def is_due(self, loop: TrainingLoop) -> bool:
        net = loop.network.net
        per_iteration = loop.images_per_iteration
        interval = max(self.epochs * self.pictures // per_iteration, _MIN_INTERVAL)
        due = max((self._evaluated_at or 0) + interval, net.burn_in)
        return loop.iteration >= due or loop.iteration == net.max_batches


def _failure(error: Exception, iteration: int) -> str:
    """The message for an evaluation that failed, in one line."""
    reason = str(error) if isinstance(error, DarknetError) else f"{type(error).__name__}: {error}"
    return format_message(
        "the evaluation failed; training goes on, and its weights are saved as before",
        where=f"iteration {iteration}",
        expected="a score",
        got=" ".join(reason.split()),
        fix="evaluate saved weights with dtorch map; a smaller --valid-split or fewer --workers "
        "take less memory",
    )
