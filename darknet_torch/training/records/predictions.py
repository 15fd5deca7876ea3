"""Truths and predictions of a few pictures of the evaluation: ``<cfg>_predictions.png``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from darknet_torch.datasets.classification import ClassifiedPictures
from darknet_torch.datasets.examples import Example, Labels
from darknet_torch.errors import ImageError, counted
from darknet_torch.evaluation.classification import true_class_ids
from darknet_torch.inference.classifier import Classifier
from darknet_torch.inference.detector import Detector
from darknet_torch.media.drawing import draw_boxes
from darknet_torch.media.images import read_image
from darknet_torch.media.picture_grid import fitted, picture_grid
from darknet_torch.model.network import Network
from darknet_torch.results.boxes import cxcywh_to_xyxy
from darknet_torch.training.data import TrainingData
from darknet_torch.training.records.batch_pictures import Sink
from darknet_torch.training.records.looked_at import LookedAt

if TYPE_CHECKING:
    from darknet_torch.training.evaluation import Score
    from darknet_torch.training.loop import TrainingLoop

_T = TypeVar("_T")
PREDICTIONS = "predictions"  # the name of the picture
_PICTURES = 8
_COLUMNS = 4
_SIZE, _SMALL = 400, 280  # pixels of the longer side of a picture, and of a classifier's

Tiles = list[tuple[str, np.ndarray]]  # captions and pictures
Predict = Callable[[Network], Tiles]


class Predictions(LookedAt):
    """Draws what the network finds in a few pictures, the same ones after each evaluation.

    Args:
        predict: draws the pictures with a network in evaluation mode.
        sinks: get the picture, whose name is `PREDICTIONS`.
    """

    what = "the picture of predictions"

    def __init__(self, predict: Predict, sinks: Sequence[Sink]) -> None:
        super().__init__()
        self._predict, self._sinks = predict, sinks

    def on_evaluation(self, loop: TrainingLoop, score: Score) -> None:
        title = f"iteration {loop.iteration}: {score.measure} {score.value:.1%}"
        with self.tolerating(loop):
            try:
                tiles = self._predict(loop.network.eval())
            finally:
                loop.network.train()
            if tiles:
                sheet = picture_grid(tiles, columns=_COLUMNS, title=title)
                for sink in self._sinks:
                    sink(PREDICTIONS, sheet, loop.iteration)


def find_prediction(data: TrainingData) -> Predict | None:
    """What draws predictions on the validation pictures of `data`; None if there are none."""
    if data.valid is not None:
        chosen, names = _spread(data.valid.examples), data.valid.names
        return lambda network: detected_tiles(network, chosen, names)
    pictures = data.valid_pictures
    return None if pictures is None else lambda network: classified_tiles(network, pictures)


def detected_tiles(network: Network, examples: Sequence[Example], names: Sequence[str]) -> Tiles:
    """Each picture twice: with its truths, and with what a detector finds in it."""
    detector, tiles = Detector(network, names=names), Tiles()
    for example in examples:
        try:
            image = read_image(example.path, exif=example.exif)
        except ImageError:  # the evaluation has said so
            continue
        (found,) = detector.detect_images([image], [example.path.name])
        small = fitted(image, _SIZE, enlarge=True)
        sides = np.array((small.shape[1], small.shape[0]) * 2)
        labels = Labels.empty() if example.labels is None else example.labels
        truths = cxcywh_to_xyxy(labels.boxes) * sides
        scale = sides / ((image.shape[1], image.shape[0]) * 2)
        kinds = [found.names[index] for index in found.class_ids]
        known = [_name(found.names, int(index)) for index in labels.class_ids]
        drawn = draw_boxes(
            small, found.boxes_xyxy * scale, kinds, found.class_ids, scores=found.scores
        )
        tiles += [
            (f"truth: {example.path.name}", draw_boxes(small, truths, known, labels.class_ids)),
            (f"predicted: {counted(len(found), 'box')}, labelled: {len(labels)}", drawn),
        ]
    return tiles


def classified_tiles(network: Network, pictures: ClassifiedPictures) -> Tiles:
    """Each picture with its class and the classifier's guess."""
    classifier, tiles = Classifier(network, names=None, top=1), Tiles()
    known = true_class_ids(pictures)
    for place in _spread(range(len(pictures.paths)), 2 * _PICTURES):
        try:
            image = read_image(pictures.paths[place], exif=pictures.exif)
        except ImageError:  # the evaluation has said so
            continue
        (guess,) = classifier.classify_images([image], [""])
        truth, best = known[place], guess.class_ids[0]
        verdict = "right" if truth == best else f"wrong, it is {_name(pictures.names, truth)}"
        text = f"{_name(pictures.names, best)} {guess.scores[0]:.0%}: {verdict}"
        tiles.append((text, fitted(image, _SMALL, enlarge=True)))
    return tiles


def _spread(items: Sequence[_T], count: int = _PICTURES) -> list[_T]:
    """Up to `count` of the items, evenly over all of them."""
    places = np.linspace(0, len(items) - 1, min(count, len(items)))
    return [items[round(float(place))] for place in places]


def _name(names: Sequence[str], class_id: int) -> str:
    return names[class_id] if 0 <= class_id < len(names) else f"class {class_id}"
