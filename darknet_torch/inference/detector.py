"""The detector: from pictures to detections; every command that detects uses it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import torch

from darknet_torch.cfg.zoo import resolve_names
from darknet_torch.errors import CfgError, UsageError, nearest
from darknet_torch.heads.base import Head, Predictions
from darknet_torch.inference.backends import Backend, find_backend
from darknet_torch.media.images import (
    RESIZE_METHODS,
    Picture,
    Placement,
    input_placement,
    network_input,
    open_picture,
)
from darknet_torch.model.network import Network
from darknet_torch.results.boxes import apply_nms, cxcywh_to_xyxy
from darknet_torch.results.detections import Detections
from darknet_torch.results.filtered_boxes import FilteredBoxes


@dataclass(frozen=True)
class BatchPredictions:
    """A network's predictions for a batch of N pictures.

    Attributes:
        predictions: all boxes of all heads.
        placements: [N] where each picture lies in the network's input.
    """

    predictions: Predictions
    placements: list[Placement]


class Detector:
    """Finds objects in pictures.

    Args:
        network: a network with detection heads; it is put into evaluation mode.
        names: the names of its classes, or a names file; without names a class is called
            "class N".
        threshold: detections with a score at or below this are dropped, 0-1.
        nms_threshold: a box that overlaps a box of the same class with a higher score by more
            than this is dropped, 0-1; 0 keeps all.
        letterbox: keep the aspect ratio of pictures and pad with grey, or stretch them. None:
            as the cfg says, otherwise as the network's dialect does.
        backend: what runs the network: the name of a backend, see `BACKENDS`, or a `Backend`.
        resize: "darknet", its own rule on floats, or "opencv", cv2.resize on bytes. None: as
            Darknet does, which is opencv for video frames that are stretched, else darknet.
        exif: rotate pictures given by path according to their EXIF orientation.
        only: names or ids of the classes to detect; all by default.
        skip: names or ids of classes to leave out; none by default.
        max_detections: keep at most this many detections per picture, those with the highest
            scores; None keeps all.

    Raises:
        CfgError: the network has no detection heads, or their numbers of classes differ.
        NamesError: there are fewer or more names than classes.
        UsageError: a threshold outside 0-1, max_detections below 0, an unknown backend, resize
            method or class.

    Source: detector.c test_detector (AlexeyAB).
    """

    def __init__(
        self,
        network: Network,
        *,
        names: Sequence[str] | str | os.PathLike[str] | None = None,
        threshold: float = 0.25,
        nms_threshold: float = 0.45,
        letterbox: bool | None = None,
        backend: str | Backend = "torch",
        resize: str | None = None,
        exif: bool = True,
        only: Sequence[str | int] | None = None,
        skip: Sequence[str | int] = (),
        max_detections: int | None = None,
    ) -> None:
        self.network: Network = network.eval()
        self.heads: list[Head] = network.heads
        _check_heads(network)
        self.classes: int = self.heads[-1].classes
        self.names: tuple[str, ...] = resolve_names(names, self.classes, allow_more=False)
        _check_fraction("threshold", threshold)
        _check_fraction("nms_threshold", nms_threshold)
        if max_detections is not None and max_detections < 0:
            raise UsageError(
                "max_detections is out of its bounds", expected="0 or more", got=max_detections
            )
        if resize not in (None, *RESIZE_METHODS):
            expected = " or ".join(RESIZE_METHODS)
            raise UsageError("unknown resize method", expected=expected, got=repr(resize))
        self.threshold: float = threshold
        self.nms_threshold: float = nms_threshold
        default = network.net.letter_box or network.dialect.defaults.letterbox
        self.letterbox: bool = default if letterbox is None else letterbox
        self.resize: str | None = resize
        self.exif: bool = exif
        self.only: list[int] | None = self._choose_class_ids(only, skip)
        self.max_detections: int | None = max_detections
        self.backend: Backend = find_backend(backend, network)

    @overload
    def __call__(self, pictures: Picture) -> Detections: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, pictures: Sequence[Picture]) -> list[Detections]: ...

    def __call__(self, pictures: Picture | Sequence[Picture]) -> Detections | list[Detections]:
        """Detect objects in one picture, or in a list of pictures as one batch.

        Args:
            pictures: a path, or BGR uint8 [H, W, 3] (also grey, BGRA and 16-bit arrays); or
                a list of these, of any sizes.

        Returns:
            The detections in the picture, or a list of them.

        Raises:
            ImageError: a picture cannot be read.
        """
        if isinstance(pictures, str | os.PathLike | np.ndarray):
            return self._detect([pictures])[0]
        return self._detect(list(pictures)) if len(pictures) else []

    def _detect(self, pictures: list[Picture]) -> list[Detections]:
        opened = [open_picture(picture, exif=self.exif) for picture in pictures]
        return self.detect_images([image for image, _ in opened], [name for _, name in opened])

    def detect_images(
        self, images: Sequence[np.ndarray], filenames: Sequence[str], *, from_video: bool = False
    ) -> list[Detections]:
        """Detect objects in images in memory, as one batch.

        Args:
            images: each BGR uint8 [H, W, 3].
            filenames: `Detections.filename` of each image.
            from_video: whether the images are video frames, see `resize_method`.

        Returns:
            The detections in each image.
        """
        predicted = self.predict(images, from_video=from_video)
        return [
            self._to_detections(self.filter_boxes(predicted, index), image, filenames[index])
            for index, image in enumerate(images)
        ]

    def predict(
        self, images: Sequence[np.ndarray], *, from_video: bool = False
    ) -> BatchPredictions:
        """Run the network on images as one batch, without applying thresholds.

        Args:
            images: each BGR uint8 [H, W, 3], of any size.
            from_video: whether the images are video frames, see `resize_method`.

        Returns:
            All boxes of all heads, in 0-1 of the network's input, and where each image lies in
            that input.
        """
        inputs, placements = self.prepare_inputs(images, from_video=from_video)
        outputs = self.backend.predict(inputs)
        return BatchPredictions(self.decode(outputs), placements)

    def prepare_inputs(
        self, images: Sequence[np.ndarray], *, from_video: bool = False
    ) -> tuple[np.ndarray, list[Placement]]:
        """Letterbox or stretch images to the size of the network's input.

        Args:
            images: each BGR uint8 [H, W, 3].
            from_video: whether the images are video frames, see `resize_method`.

        Returns:
            [N, C, height, width] float32 in 0-1, RGB or grey; and where each image lies in it.
        """
        net, method = self.network.net, self.resize_method(from_video=from_video)
        placements = [
            input_placement(image, net.height, net.width, letterbox=self.letterbox)
            for image in images
        ]
        inputs = [
            network_input(image, placement, channels=net.channels, method=method)
            for image, placement in zip(images, placements, strict=True)
        ]
        return np.stack(inputs), placements

    def resize_method(self, *, from_video: bool) -> str:
        """Return how pictures are resized to the size of the network's input.

        Args:
            from_video: whether the pictures are video frames; those Darknet resizes with
                OpenCV, unless they are letterboxed.

        Returns:
            "darknet" or "opencv".

        Source: image_opencv.cpp get_image_from_stream_resize, get_image_from_stream_letterbox
        (AlexeyAB), demo.c fetch_in_thread (pjreddie).
        """
        return self.resize or ("opencv" if from_video and not self.letterbox else "darknet")

    @torch.inference_mode()
    def decode(self, outputs: Sequence[torch.Tensor]) -> Predictions:
        """Decode the raw outputs of all heads and join them.

        Args:
            outputs: the output of each head, in the order of `heads`.
        """
        height, width = self.network.net.height, self.network.net.width
        parts = [
            head.decode(output.float(), height, width)
            for head, output in zip(self.heads, outputs, strict=True)
        ]
        return Predictions.join(parts)

    def filter_boxes(
        self, predicted: BatchPredictions, index: int, threshold: float | None = None
    ) -> FilteredBoxes:
        """Apply the threshold and NMS to one picture's boxes, and place them in the picture.

        Args:
            predicted: the result of `predict`.
            index: index of the picture in that batch.
            threshold: the score threshold, 0-1; the detector's by default.

        Source: network.c get_network_boxes, yolo_layer.c get_yolo_detections. The last
        head's kind of NMS is used for the whole network, as in detector.c test_detector.
        Differs: boxes that are not finite, which untrained networks give, are dropped.
        """
        threshold = self.threshold if threshold is None else threshold
        predictions = predicted.predictions
        scores = predictions.class_scores[index]
        candidates = predictions.objectness[index] > threshold
        candidates &= (scores > threshold).any(1)
        candidates &= predictions.boxes[index].isfinite().all(1)
        boxes = _boxes_in_picture(predicted, index, candidates)
        candidate_scores = scores[candidates].cpu().numpy()
        candidate_scores = np.where(candidate_scores > threshold, candidate_scores, 0)
        last = self.heads[-1]
        scores_after_nms = apply_nms(
            boxes,
            candidate_scores,
            self.nms_threshold,
            nms_kind=last.nms_kind,
            beta_nms=last.beta_nms,
        )
        return FilteredBoxes(boxes, candidate_scores, scores_after_nms)

    def propose_boxes(
        self, predicted: BatchPredictions, index: int, threshold: float
    ) -> np.ndarray:
        """Return the boxes of any class above an objectness threshold, after NMS by objectness.

        Args:
            predicted: the result of `predict`.
            index: index of the picture in that batch.
            threshold: the objectness threshold, 0-1.

        Returns:
            [A, 4] centre x, centre y, width, height in 0-1 of the picture.

        Source: detector.c validate_detector_recall, box.c do_nms_obj.
        """
        objectness = predicted.predictions.objectness[index]
        finite = predicted.predictions.boxes[index].isfinite().all(1)
        candidates = (objectness > threshold) & finite
        scores = objectness[candidates].cpu().numpy()[:, None]
        boxes = _boxes_in_picture(predicted, index, candidates)
        kept = apply_nms(boxes, scores, self.nms_threshold)
        return boxes[kept[:, 0] > 0]

    def _to_detections(
        self, filtered: FilteredBoxes, image: np.ndarray, filename: str
    ) -> Detections:
        """List the boxes of a picture by score, in pixels."""
        scores = filtered.scores_after_nms
        rows, class_ids = np.nonzero(scores)
        order = np.argsort(-scores[rows, class_ids], kind="stable")
        rows, class_ids = rows[order], class_ids[order]
        height, width = image.shape[:2]
        boxes_xyxy = cxcywh_to_xyxy(filtered.boxes_cxcywh[rows]) * (width, height, width, height)
        detections = Detections(
            boxes_xyxy, scores[rows, class_ids], class_ids, height, width, self.names, filename
        )
        return detections.visible(self.only).first(self.max_detections)

    def _choose_class_ids(
        self, only: Sequence[str | int] | None, skip: Sequence[str | int]
    ) -> list[int] | None:
        """Return the ids of the classes to detect; None for all."""
        if only is None and not skip:
            return None
        chosen = range(self.classes) if only is None else map(self._find_class_id, only)
        skipped = {self._find_class_id(one) for one in skip}
        return [class_id for class_id in chosen if class_id not in skipped]

    def _find_class_id(self, name_or_id: str | int) -> int:
        if name_or_id in self.names:
            return self.names.index(str(name_or_id))
        number = int(name_or_id) if str(name_or_id).isdecimal() else -1
        if 0 <= number < self.classes:
            return number
        close = nearest(str(name_or_id), self.names)
        raise UsageError(
            "no such class",
            where=name_or_id,
            expected=f"a name, or a number from 0 to {self.classes - 1}",
            fix=f"did you mean {close!r}?" if close else None,
        )


def _boxes_in_picture(
    predicted: BatchPredictions, index: int, candidates: torch.Tensor
) -> np.ndarray:
    """Return the boxes of some candidates, [A] bool, in 0-1 of the picture."""
    boxes = predicted.predictions.boxes[index][candidates].double().cpu().numpy()
    return predicted.placements[index].to_picture(boxes)


def _check_fraction(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise UsageError(f"{name} is out of its bounds", expected="0 to 1", got=value)


def _check_heads(network: Network) -> None:
    if not network.heads:
        raise CfgError(
            "this network has no detection head",
            where=network.net.where,
            expected="[yolo] or [region]",
            got=f"[{network.layers[-1].section}] at its end",
        )
    classes = {head.classes for head in network.heads}
    if len(classes) > 1:
        raise CfgError(
            "the heads disagree on classes=",
            where=network.heads[-1].options.where,
            expected="the same number in every head",
            got=sorted(classes),
        )
