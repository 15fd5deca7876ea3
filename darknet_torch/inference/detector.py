"""From pictures to detections: the one detector behind every command."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import torch

from darknet_torch.cfg.zoo import names_for
from darknet_torch.errors import CfgError, UsageError, nearest
from darknet_torch.heads.base import Predictions
from darknet_torch.inference.backends import Backend, find_backend
from darknet_torch.media.images import (
    RESIZE_METHODS,
    Picture,
    Placement,
    network_input,
    open_picture,
    place,
)
from darknet_torch.model.network import Network
from darknet_torch.results.boxes import cxcywh_to_xyxy, suppress
from darknet_torch.results.detections import Detections


@dataclass(frozen=True)
class Predicted:
    """What a network says of a batch of N pictures.

    Attributes:
        predictions: of all its boxes.
        placements: [N] where each picture lies in the network's input.
    """

    predictions: Predictions
    placements: list[Placement]


@dataclass(frozen=True)
class Selection:
    """The boxes of one picture that are above a threshold.

    Attributes:
        boxes: [A, 4] centre x, centre y, width, height in 0-1 of the picture; they may reach
            beyond it.
        scores: [A, C] 0-1, 0 at or below the threshold.
        kept: [A, C] the same behind the NMS, 0 where it dropped them.
    """

    boxes: np.ndarray
    scores: np.ndarray
    kept: np.ndarray


class Detector:
    """Finds objects in pictures.

    Args:
        network: a network with detection heads, in evaluation mode.
        names: the names of its classes, or a names file; by default the classes go by number.
        threshold: detections at or below this score are dropped, 0-1.
        nms_threshold: boxes of a class that overlap a better one more than this are
            dropped; 0 keeps all.
        letterbox: keep the aspect of pictures and fill up with grey, or stretch them. None:
            as the cfg says, else as the network's dialect does.
        backend: what runs the network: "torch", "onnxruntime", or a `Backend`.
        resize: "darknet", its own rule on floats, or "opencv", cv2's on bytes. None: as
            Darknet does, opencv for frames that are stretched, else darknet.
        exif: turn pictures given by path as their EXIF orientation says.
        only: names or ids of the classes to look for; all by default.
        max_detections: keep no more than these of a picture, the most certain ones.

    Raises:
        CfgError: the network has no detection heads, or they disagree on the classes.
        NamesError: there are fewer or more names than classes.
        UsageError: a threshold outside 0-1, max_detections below 0, an unknown backend, method
            or class.

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
        max_detections: int | None = None,
    ) -> None:
        self.network = network.eval()
        self.heads = network.heads
        self._check_heads()
        self.classes = self.heads[-1].classes
        self.names = names_for(names, self.classes, may_be_more=False)
        for key, value in (("threshold", threshold), ("nms_threshold", nms_threshold)):
            if not 0 <= value <= 1:
                raise UsageError(f"{key} is out of its bounds", expected="0 to 1", got=value)
        if max_detections is not None and max_detections < 0:
            raise UsageError(
                "max_detections is out of its bounds", expected="0 or more", got=max_detections
            )
        if resize not in (None, *RESIZE_METHODS):
            expected = " or ".join(RESIZE_METHODS)
            raise UsageError("unknown resize method", expected=expected, got=repr(resize))
        self.threshold, self.nms_threshold = threshold, nms_threshold
        default = network.net.letter_box or network.dialect.defaults.letterbox
        self.letterbox = default if letterbox is None else letterbox
        self.resize, self.exif = resize, exif
        self.only = None if only is None else [self._class_id(kind) for kind in only]
        self.max_detections = max_detections
        self.backend = find_backend(backend, network)

    @overload
    def __call__(self, pictures: Picture) -> Detections: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, pictures: Sequence[Picture]) -> list[Detections]: ...

    def __call__(self, pictures: Picture | Sequence[Picture]) -> Detections | list[Detections]:
        """Detect in one picture, or in a list of pictures as one batch.

        Args:
            pictures: a path, or BGR uint8 [H, W, 3] (also grey, BGRA and 16-bit arrays); or
                a list of these, of any sizes.

        Returns:
            What was found, per picture.

        Raises:
            ImageError: one of them cannot be read.
        """
        if isinstance(pictures, str | os.PathLike | np.ndarray):
            return self._detect([pictures])[0]
        return self._detect(list(pictures)) if len(pictures) else []

    def _detect(self, pictures: list[Picture]) -> list[Detections]:
        opened = [open_picture(picture, exif=self.exif) for picture in pictures]
        return self.detect_images([image for image, _ in opened], [name for _, name in opened])

    def detect_images(
        self, images: Sequence[np.ndarray], filenames: Sequence[str], *, moving: bool = False
    ) -> list[Detections]:
        """Detect in pictures that are open already, as one batch.

        Args:
            images: each BGR uint8 [H, W, 3].
            filenames: what to call them, in the same order.
            moving: they are frames of a video.
        """
        predicted = self.predict(images, moving=moving)
        return [
            self._finish(self.select(predicted, index), image, filenames[index])
            for index, image in enumerate(images)
        ]

    def predict(self, images: Sequence[np.ndarray], *, moving: bool = False) -> Predicted:
        """Run the network on pictures, each BGR uint8 [H, W, 3], as one batch."""
        net = self.network.net
        method = self.resize_method(moving=moving)
        placements = [
            place(image, net.height, net.width, letterbox=self.letterbox) for image in images
        ]
        inputs = [
            network_input(image, placement, channels=net.channels, method=method)
            for image, placement in zip(images, placements, strict=True)
        ]
        return Predicted(self.decode(self.backend.predict(np.stack(inputs))), placements)

    def resize_method(self, *, moving: bool) -> str:
        """How pictures, or frames of a video, are resized.

        Source: image_opencv.cpp get_image_from_stream_resize, get_image_from_stream_letterbox
        (AlexeyAB), demo.c fetch_in_thread (pjreddie).
        """
        return self.resize or ("opencv" if moving and not self.letterbox else "darknet")

    @torch.inference_mode()
    def decode(self, outputs: Sequence[torch.Tensor]) -> Predictions:
        """The heads' outputs as the predictions of the whole network."""
        height, width = self.network.net.height, self.network.net.width
        parts = [
            head.decode(output.float(), height, width)
            for head, output in zip(self.heads, outputs, strict=True)
        ]
        return Predictions.join(parts)

    def select(
        self, predicted: Predicted, index: int, threshold: float | None = None
    ) -> Selection:
        """Threshold, boxes of the picture, NMS.

        Args:
            predicted: of `predict`.
            index: of the picture in that batch.
            threshold: instead of the detector's.

        Source: network.c get_network_boxes, yolo_layer.c get_yolo_detections. The last
        head's kind of NMS governs the whole network, as in detector.c test_detector.
        Differs: boxes that are not finite are dropped; untrained networks give such.
        """
        threshold = self.threshold if threshold is None else threshold
        predictions = predicted.predictions
        scores = predictions.class_scores[index]
        candidates = predictions.objectness[index] > threshold
        candidates &= (scores > threshold).any(1)
        candidates &= predictions.boxes[index].isfinite().all(1)
        boxes = predictions.boxes[index][candidates].double().cpu().numpy()
        sure = scores[candidates].cpu().numpy()
        sure = np.where(sure > threshold, sure, 0)
        boxes = predicted.placements[index].to_picture(boxes)
        last = self.heads[-1]
        kept = suppress(
            boxes, sure, self.nms_threshold, nms_kind=last.nms_kind, beta_nms=last.beta_nms
        )
        return Selection(boxes, sure, kept)

    def propose(self, predicted: Predicted, index: int, threshold: float) -> np.ndarray:
        """Boxes of any class whose objectness is above a threshold, after an NMS by it.

        Args:
            predicted: of `predict`.
            index: of the picture in that batch.
            threshold: of the objectness, 0-1.

        Returns:
            [A, 4] centre x, centre y, width, height in 0-1 of the picture.

        Source: detector.c validate_detector_recall, box.c do_nms_obj.
        """
        objectness = predicted.predictions.objectness[index]
        boxes = predicted.predictions.boxes[index]
        candidates = (objectness > threshold) & boxes.isfinite().all(1)
        scores = objectness[candidates].cpu().numpy()[:, None]
        placed = predicted.placements[index].to_picture(boxes[candidates].double().cpu().numpy())
        kept = suppress(placed, scores, self.nms_threshold)
        return placed[kept[:, 0] > 0]

    def _finish(self, selection: Selection, image: np.ndarray, filename: str) -> Detections:
        kept = selection.kept
        rows, class_ids = np.nonzero(kept)
        order = np.argsort(-kept[rows, class_ids], kind="stable")
        rows, class_ids = rows[order], class_ids[order]
        height, width = image.shape[:2]
        corners = cxcywh_to_xyxy(selection.boxes[rows]) * (width, height, width, height)
        found = Detections(
            corners, kept[rows, class_ids], class_ids, height, width, self.names, filename
        )
        return found.visible(self.only).first(self.max_detections)

    def _class_id(self, kind: str | int) -> int:
        """The id of a class that is given by its name or its id."""
        if kind in self.names:
            return self.names.index(str(kind))
        number = int(kind) if str(kind).isdecimal() else -1
        if 0 <= number < self.classes:
            return number
        close = nearest(str(kind), self.names)
        raise UsageError(
            "no such class",
            where=kind,
            expected=f"a name, or a number from 0 to {self.classes - 1}",
            fix=f"did you mean {close!r}?" if close else None,
        )

    def _check_heads(self) -> None:
        if not self.heads:
            raise CfgError(
                "this network has no detection head",
                where=self.network.net.where,
                expected="[yolo] or [region]",
                got=f"[{self.network.layers[-1].section}] at its end",
            )
        classes = {head.classes for head in self.heads}
        if len(classes) > 1:
            raise CfgError(
                "the heads disagree on classes=",
                where=self.heads[-1].options.where,
                expected="the same number in every head",
                got=sorted(classes),
            )
