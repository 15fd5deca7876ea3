"""What evaluates a detector or a classifier during its training, its share of the pictures."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from darknet_torch.augment.class_truths import ClassTruthEncoder
from darknet_torch.augment.classification import ClassificationSource
from darknet_torch.augment.labelled import LabelledPictures, LabelledSource
from darknet_torch.datasets.classification import ClassifiedPictures
from darknet_torch.datasets.examples import DataSet
from darknet_torch.errors import UsageError
from darknet_torch.evaluation.classification import UNKNOWN, score_classifier, true_class_ids
from darknet_torch.evaluation.coco import coco_ap
from darknet_torch.evaluation.darknet import NMS_THRESHOLD, DarknetMap, match
from darknet_torch.evaluation.detector_map import (
    BATCH,
    DetectedPictures,
    detect_in,
    places_of_share,
)
from darknet_torch.inference.batch_predictions import BatchPredictions
from darknet_torch.inference.classifier import Classifier
from darknet_torch.inference.detector import Detector
from darknet_torch.media.frame_batches import picture_batches
from darknet_torch.model.network import Network
from darknet_torch.results.filtered_boxes import FilteredBoxes
from darknet_torch.training.choices.evaluation import MAP_50, MAP_50_95
from darknet_torch.training.data import TrainingData
from darknet_torch.training.evaluation import Evaluator, OnProgress, Score
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.validation_loss import SummedLoss, ValidationLoss

if TYPE_CHECKING:
    from darknet_torch.training.loop import TrainingLoop

_COCO_AP = "mAP@0.50:0.95"
_DARKNETS_IOU = 0.5
_TOP = 5  # Source: classifier.c train_classifier, its topk_data (AlexeyAB)
_TOP_1, _TOP_5 = "top-1 accuracy", f"top-{_TOP} accuracy"


@dataclass(frozen=True)
class DetectorShare:
    """What a process found in its share of the pictures, and their loss."""

    found: DetectedPictures
    loss: SummedLoss


@dataclass
class DetectorEvaluator:
    """Evaluates a detector as Darknet's map does, and the loss of the same pictures.

    Args:
        data_set: pictures with their boxes.
        source: that of the training, whose form the truths of a loss have.
        classes: of the network.
        iou: overlap from which a detection counts, 0-1.
        criterion: what the score is; see `EvaluationChoices`.
        workers: threads that read pictures.

    Source: detector.c validate_detector_map (AlexeyAB).
    """

    data_set: DataSet
    source: LabelledSource
    classes: int
    iou: float = _DARKNETS_IOU
    criterion: str | None = None
    workers: int = 2

    def share(self, loop: TrainingLoop, on_progress: OnProgress) -> DetectorShare:
        """See `Evaluator.share`."""
        processes = loop.processes
        places = places_of_share(len(self.data_set.examples), processes.rank, processes.count)
        detector = _KeepsInputs(
            Detector(loop.network, names=self._names, nms_threshold=NMS_THRESHOLD)
        )
        loss = ValidationLoss(loop)
        found = detect_in(
            detector,
            self.data_set,
            places,
            workers=self.workers,
            advance=_adding_up(on_progress, len(places)),
            on_batch=lambda batch: loss.add(detector.inputs, self._truths(batch, detector)),
        )
        return DetectorShare(found, loss.sums)

    def score(self, shares: Sequence[DetectorShare]) -> Score:
        """See `Evaluator.score`."""
        found = DetectedPictures.join([share.found for share in shares])
        detections, truth = found.with_truth(self.data_set, self._names)
        measures, results = {}, {}
        for iou in {self.iou: None, _DARKNETS_IOU: None}:  # in this order, each once
            matched = match(detections, truth.truths, self.classes, iou)
            results[iou] = matched.result(self._names)
            measures[_map_at(iou)] = results[iou].mean
        lines, measure = results[self.iou].lines(), _map_at(self.iou)
        if self.criterion == MAP_50:
            measure = _map_at(_DARKNETS_IOU)
        elif self.criterion == MAP_50_95:
            measure = _COCO_AP
            measures[_COCO_AP] = coco_ap(detections, truth).statistics["AP"] or 0.0
            lines.append(f" {_COCO_AP} of COCO = {measures[_COCO_AP]:f}")
        measures |= _measures_of(results[self.iou])
        return _with_loss(measure, measures, lines, [share.loss for share in shares])

    @property
    def _names(self) -> tuple[str, ...]:
        return self.data_set.names or _numbered(self.classes)

    @cached_property
    def _labelled(self) -> LabelledSource:
        """Makes the truths; only now, since the pictures are checked before."""
        pictures = LabelledPictures.from_examples(self.data_set.examples, self.classes)
        return replace(self.source, pictures=pictures)

    def _truths(self, places: Iterable[int], detector: _KeepsInputs) -> list[np.ndarray]:
        height, width = detector.size
        return [
            self._labelled.truth_of(place, placement, height, width)
            for place, placement in zip(places, detector.placements, strict=True)
        ]


class _KeepsInputs:
    """A detector that keeps what it gave its network last.

    Attributes:
        inputs, placements: what `Detector.prepare_inputs` returned.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self.threshold, self.nms_threshold = detector.threshold, detector.nms_threshold

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the network's input."""
        return self._detector.model.height, self._detector.model.width

    def predict(self, images: Sequence[np.ndarray]) -> BatchPredictions:
        self.inputs, self.placements = self._detector.prepare_inputs(images)
        return self._detector.predict_inputs(self.inputs, self.placements)

    def filter_boxes(
        self, predicted: BatchPredictions, index: int, threshold: float | None = None
    ) -> FilteredBoxes:
        return self._detector.filter_boxes(predicted, index, threshold)


@dataclass(frozen=True)
class ClassifierShare:
    """What a process saw in its share of the pictures, and their loss.

    Attributes:
        guesses: for each picture that could be read, the best classes.
        truths: its class, or `UNKNOWN`.
        loss: of the pictures of known classes.
    """

    guesses: list[tuple[int, ...]]
    truths: list[int]
    loss: SummedLoss


@dataclass(frozen=True)
class ClassifierEvaluator:
    """Evaluates a classifier: its accuracy, and the loss of the same pictures.

    Args:
        pictures: with their classes.
        encoder: makes the truth of a class.
        workers: threads that read pictures.

    Source: classifier.c validate_classifier_single (AlexeyAB).
    """

    pictures: ClassifiedPictures
    encoder: ClassTruthEncoder
    workers: int = 2

    def share(self, loop: TrainingLoop, on_progress: OnProgress) -> ClassifierShare:
        """See `Evaluator.share`."""
        pictures, processes = self.pictures, loop.processes
        places = places_of_share(len(pictures.paths), processes.rank, processes.count)
        classifier = Classifier(loop.network, names=None, top=_TOP)
        known, loss = true_class_ids(pictures), ValidationLoss(loop)
        advance = _adding_up(on_progress, len(places))
        share = ClassifierShare([], [], loss.sums)
        paths = [pictures.paths[place] for place in places]
        for batch in picture_batches(paths, size=BATCH, workers=self.workers, exif=pictures.exif):
            if batch.images:
                inputs = classifier.prepare_inputs(batch.images)
                output = classifier.predict_inputs(inputs)
                ranked = classifier.rank_classes(output, [""] * len(inputs))
                truths = [known[places[index]] for index in batch.indices]
                share.guesses.extend(one.class_ids for one in ranked)
                share.truths.extend(truths)
                rows = [row for row, class_id in enumerate(truths) if self._is_known(class_id)]
                if rows:
                    loss.add(inputs[rows], [self.encoder.encode(truths[row]) for row in rows])
            advance(len(batch))
        return share

    def score(self, shares: Sequence[ClassifierShare]) -> Score:
        """See `Evaluator.score`."""
        guesses = [guess for share in shares for guess in share.guesses]
        if not guesses:
            raise UsageError("no picture can be read", where=self.pictures.origin)
        truths = [class_id for share in shares for class_id in share.truths]
        classes, names = self.encoder.classes, self.pictures.names
        names = (*names, *_numbered(classes)[len(names) :])
        found = score_classifier(np.array(guesses), truths, names)
        measures = {_TOP_1: float(found.top_1.sum() / found.total)}
        if classes >= _TOP:
            measures[_TOP_5] = float(found.top_k.sum() / found.total)
        return _with_loss(_TOP_1, measures, found.lines(), [share.loss for share in shares])

    def _is_known(self, class_id: int) -> bool:
        return class_id != UNKNOWN and class_id < self.encoder.classes


def find_evaluator(network: Network, data: TrainingData, plan: TrainPlan) -> Evaluator | None:
    """What evaluates `network` on the validation part of `data`, if there is one."""
    source = data.source
    if data.valid is not None and isinstance(source, LabelledSource):
        return DetectorEvaluator(
            data.valid,
            source,
            network.heads[-1].classes,
            iou=plan.iou,
            criterion=plan.criterion,
            workers=plan.workers,
        )
    pictures = data.valid_pictures
    if pictures is not None and isinstance(source, ClassificationSource):
        return ClassifierEvaluator(pictures, source.settings.truth_encoder, plan.workers)
    return None


def _map_at(iou: float) -> str:
    return f"mAP@{iou:.2f}"


def _measures_of(result: DarknetMap) -> Mapping[str, float]:
    """The numbers of Darknet's map by name, without those that are undefined."""
    total = result.total
    numbers = {
        **{f"AP {name}": ap for name, ap in zip(result.names, result.aps, strict=True)},
        "precision": total.precision,
        "recall": total.recall,
        "F1": total.f1,
        "average IoU": total.average_iou,
    }
    return {name: float(value) for name, value in numbers.items() if math.isfinite(value)}


def _with_loss(
    measure: str, measures: Mapping[str, float], lines: Sequence[str], losses: list[SummedLoss]
) -> Score:
    """A score, with the mean loss of a picture at the end of its lines and numbers."""
    loss, numbers = SummedLoss.mean(losses), dict(measures)
    printed = list(lines)
    if loss is not None:
        printed.append(f" validation loss = {loss:f} ")
        if math.isfinite(loss):
            numbers["validation loss"] = loss
    return Score(measures[measure], printed, measure, numbers)


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
