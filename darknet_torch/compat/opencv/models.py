"""OpenCV 4's Model, DetectionModel and ClassificationModel for Darknet's networks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from darknet_torch.compat.opencv.net import Net
from darknet_torch.compat.opencv.reading import readNet
from darknet_torch.errors import UnsupportedError

_Path = str | os.PathLike[str]
_Found = np.ndarray | tuple[()]


class Model:
    """A net with the way its pictures go in.

    Args:
        model: the weight file or the cfg, in either order; or a `Net`.
        config: the other of the two.

    Raises:
        DarknetError: the files cannot be read, see `readNet`.
        UnsupportedError: the net is OpenCV's own.

    Differs: without `setInputSize` the input has the cfg's size, where OpenCV refuses.
    """

    def __init__(self, model: Net | _Path, config: _Path = "") -> None:
        found = readNet(model, config) if isinstance(model, str | os.PathLike) else model
        if not isinstance(found, Net):
            raise UnsupportedError(
                "this is no net of Darknet's",
                got=type(found),
                fix=f"take OpenCV's own cv2.dnn.{type(self).__name__} for it",
            )
        self.net = found
        net = self.net.network.net
        self._params: dict[str, Any] = {"size": (net.width, net.height)}
        self._outputs: Sequence[str] = self.net.getUnconnectedOutLayersNames()

    def setInputParams(
        self,
        scale: float = 1.0,
        size: Sequence[int] = (0, 0),
        mean: Sequence[float] | float = (0, 0, 0, 0),
        swapRB: bool = False,
        crop: bool = False,
    ) -> None:
        """All of the settings below at once."""
        if all(size):
            self.setInputSize(size)
        self.setInputScale(scale).setInputMean(mean).setInputSwapRB(swapRB).setInputCrop(crop)

    def setInputSize(self, size: Sequence[int] | int, height: int | None = None) -> Model:
        """Width and height of the input, pixels: one pair or two numbers."""
        sides = np.ravel(size if height is None else (size, height))
        return self._set(size=tuple(int(side) for side in sides))

    def setInputMean(self, mean: Sequence[float] | float) -> Model:
        """What is subtracted from the channels first."""
        return self._set(mean=_scalar(mean, rest=0.0))

    def setInputScale(self, scale: Sequence[float] | float) -> Model:
        """What the channels are then multiplied with, one number or one for each."""
        values = _scalar(scale, rest=0.0)
        return self._set(scalefactor=values if any(values[1:]) else values[:1] * 4)

    def setInputCrop(self, crop: bool) -> Model:
        """Whether to cut the middle out of a picture rather than stretch it."""
        mode = cv2.dnn.DNN_PMODE_CROP_CENTER if crop else cv2.dnn.DNN_PMODE_NULL
        return self._set(paddingmode=mode)

    def setInputSwapRB(self, swapRB: bool) -> Model:
        """Whether to give the network RGB, as Darknet's are trained with."""
        return self._set(swapRB=bool(swapRB))

    def setOutputNames(self, outNames: Sequence[str]) -> Model:
        """The layers whose outputs `predict` gives."""
        self._outputs = outNames
        return self

    def setPreferableBackend(self, backendId: int) -> Model:
        """See `Net.setPreferableBackend`."""
        self.net.setPreferableBackend(backendId)
        return self

    def setPreferableTarget(self, targetId: int) -> Model:
        """See `Net.setPreferableTarget`."""
        self.net.setPreferableTarget(targetId)
        return self

    def enableWinograd(self, useWinograd: bool) -> Model:
        """Accepted; nothing to choose."""
        return self

    def predict(self, frame: np.ndarray) -> tuple[np.ndarray, ...]:
        """What the net's output layers give for a picture.

        Args:
            frame: BGR uint8 [H, W, 3].

        Source: model.cpp Model::Impl::processFrame (OpenCV 4.12).
        """
        params = cv2.dnn.Image2BlobParams()
        for name, value in self._params.items():
            setattr(params, name, value)
        self.net.setInput(cv2.dnn.blobFromImageWithParams(frame, params))
        return tuple(self.net.forward(self._outputs))

    def _set(self, **params: Any) -> Model:
        self._params |= params
        return self


class DetectionModel(Model):
    """`Model` for networks that end in [yolo] or [region].

    As OpenCV's does, it turns off the NMS inside the net it is made of.
    """

    def __init__(self, model: Net | _Path, config: _Path = "") -> None:
        super().__init__(model, config)
        self.net.disable_region_nms()
        self._across_classes = False

    def setNmsAcrossClasses(self, value: bool) -> DetectionModel:
        """Whether a box may suppress one of another class."""
        self._across_classes = bool(value)
        return self

    def getNmsAcrossClasses(self) -> bool:
        """See `setNmsAcrossClasses`."""
        return self._across_classes

    def detect(
        self, frame: np.ndarray, confThreshold: float = 0.5, nmsThreshold: float = 0.0
    ) -> tuple[_Found, _Found, _Found]:
        """Find objects in a picture.

        Args:
            frame: BGR uint8 [H, W, 3].
            confThreshold: boxes below it are dropped, 0-1; those up to 0.2 the net has
                dropped already, unless the cfg says thresh=.
            nmsThreshold: boxes that overlap a better one more are dropped; 0 keeps all.

        Returns:
            Class ids int32 [K], confidences float32 [K] and boxes int32 [K, 4] of left, top,
            width, height in pixels of the picture; by class, then by confidence. Three empty
            tuples if nothing was found, as OpenCV gives.

        Raises:
            UnsupportedError: the net ends in another layer.

        Source: model.cpp DetectionModel::detect (OpenCV 4.12).
        """
        if not self.net.is_detector():
            raise UnsupportedError(
                "the net ends in no [yolo] or [region]",
                got=f"{self.net.getLayer(self.net.getLayerNames()[-1]).type} at its end",
                fix="use ClassificationModel for classifiers",
            )
        rows = np.concatenate(self.predict(frame))
        class_ids = rows[:, 5:].argmax(1)
        confidences = rows[:, 5:].max(1)
        sure = confidences >= np.float32(confThreshold)
        boxes = _pixels(rows[sure, :4], *frame.shape[:2])
        class_ids, confidences = class_ids[sure].astype(np.int32), confidences[sure]
        kept = self._suppress(class_ids, confidences, boxes, confThreshold, nmsThreshold)
        if not len(kept):
            return (), (), ()
        return class_ids[kept], confidences[kept], boxes[kept]

    def _suppress(
        self,
        class_ids: np.ndarray,
        confidences: np.ndarray,
        boxes: np.ndarray,
        threshold: float,
        nms_threshold: float,
    ) -> np.ndarray:
        """The places of the boxes that stay, in OpenCV's order."""
        everything = np.arange(len(class_ids))
        if not nms_threshold or not len(everything):
            return everything
        groups = (
            [everything]
            if self._across_classes
            else [np.flatnonzero(class_ids == class_id) for class_id in np.unique(class_ids)]
        )
        kept = [
            group[
                np.asarray(
                    cv2.dnn.NMSBoxes(
                        boxes[group].tolist(),
                        confidences[group].tolist(),
                        threshold,
                        nms_threshold,
                    ),
                    int,
                )
            ]
            for group in groups
        ]
        return np.concatenate(kept)


class ClassificationModel(Model):
    """`Model` for networks with one vector of scores as their output."""

    def __init__(self, model: Net | _Path, config: _Path = "") -> None:
        super().__init__(model, config)
        self._softmax = False

    def setEnableSoftmaxPostProcessing(self, enable: bool) -> ClassificationModel:
        """Whether to apply a softmax to the net's output."""
        self._softmax = bool(enable)
        return self

    def getEnableSoftmaxPostProcessing(self) -> bool:
        """See `setEnableSoftmaxPostProcessing`."""
        return self._softmax

    def classify(self, frame: np.ndarray) -> tuple[int, float]:
        """The most likely class of a picture, and its score.

        Args:
            frame: BGR uint8 [H, W, 3].

        Raises:
            UnsupportedError: the net has several outputs.

        Source: model.cpp ClassificationModel_Impl::classify (OpenCV 4.12).
        """
        outputs = self.predict(frame)
        if len(outputs) != 1:
            raise UnsupportedError(
                "a classifier has one output",
                got=", ".join(self._outputs),
                fix="use DetectionModel for detectors",
            )
        scores = outputs[0].ravel()
        if self._softmax:
            raised = np.exp(scores - scores.max())
            scores = raised / raised.sum()
        best = int(scores.argmax())
        return best, float(scores[best])


def _scalar(values: Sequence[float] | float, *, rest: float) -> tuple[float, ...]:
    """OpenCV's Scalar, four numbers."""
    given = tuple(values) if isinstance(values, Sequence | np.ndarray) else (values,)
    return tuple(float(value) for value in (*given, *[rest] * (4 - len(given))))


def _pixels(boxes: np.ndarray, height: int, width: int) -> np.ndarray:
    """Centre x, centre y, width, height in 0-1 as left, top, width, height inside a picture.

    Every step cuts its fraction off, as in C.
    """
    scaled = boxes * np.array((width, height, width, height), np.float32)
    with np.errstate(invalid="ignore"):  # an infinite box becomes some number, as in C
        centre_x, centre_y, wide, high = scaled.astype(np.int32).astype(np.int64).T
    left = np.clip(centre_x - wide // 2, 0, width - 1)
    top = np.clip(centre_y - high // 2, 0, height - 1)
    wide = np.maximum(1, np.minimum(wide, width - left))
    high = np.maximum(1, np.minimum(high, height - top))
    return np.stack((left, top, wide, high), 1).astype(np.int32)
