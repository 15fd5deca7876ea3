"""How good a network is while it learns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from darknet_torch.datasets.classification import ClassifiedPictures
from darknet_torch.datasets.model import DataSet
from darknet_torch.errors import UsageError
from darknet_torch.evaluation.classification import score_classifier, true_class_ids
from darknet_torch.evaluation.darknet import MIN_SCORE, NMS_THRESHOLD, match
from darknet_torch.evaluation.detection_pass import detect_all
from darknet_torch.evaluation.ground_truth import GroundTruth
from darknet_torch.inference.classifier import Classifier
from darknet_torch.inference.detector import Detector
from darknet_torch.media.frame_batches import picture_batches
from darknet_torch.model.network import Network

_AT_ONCE = 8  # pictures


@dataclass(frozen=True)
class Score:
    """A number to compare by, 0-1, and what Darknet prints of it."""

    value: float
    lines: list[str]


def detector_score(network: Network, data_set: DataSet, *, iou: float, workers: int) -> Score:
    """Darknet's map of a detector; the network is in training mode again afterwards.

    Raises:
        UsageError: not one picture can be read.

    Source: detector.c validate_detector_map (AlexeyAB).
    """
    network.eval()
    classes = network.heads[-1].classes
    names = data_set.names or _numbered(classes)
    detector = Detector(network, names=names, nms_threshold=NMS_THRESHOLD)
    paths = [example.path for example in data_set.examples]
    passed = detect_all(detector, paths, thresholds=[MIN_SCORE], batch=_AT_ONCE, workers=workers)
    network.train()
    if not passed.readable:
        raise UsageError("no picture can be read", where=data_set.origin)
    seen = tuple(data_set.examples[place] for place in passed.readable)
    truth = GroundTruth.from_data_set(DataSet(seen, names, data_set.origin))
    result = match(passed.detections, truth.truths, classes, iou).result(names)
    return Score(result.mean, result.lines())


def classifier_score_of(network: Network, pictures: ClassifiedPictures, *, workers: int) -> Score:
    """How often a classifier is right; the network is in training mode again afterwards."""
    network.eval()
    classifier = Classifier(network, names=None, top=1)
    guesses: list[tuple[int, ...]] = []
    truths: list[int] = []
    known = true_class_ids(pictures)
    for batch in picture_batches(pictures.paths, size=1, workers=workers):
        if batch.images:
            found = classifier.classify_images(batch.images, [""] * len(batch.images))
            guesses += [one.class_ids for one in found]
            truths += [known[place] for place in batch.indices]
    network.train()
    if not guesses:
        raise UsageError("no picture can be read", where=pictures.origin)
    names = (*pictures.names, *_numbered(classifier.classes)[len(pictures.names) :])
    score = score_classifier(np.array(guesses), truths, names)
    return Score(float(score.top_1.sum() / score.total), score.lines())


def _numbered(classes: int) -> tuple[str, ...]:
    return tuple(f"class {number}" for number in range(classes))
