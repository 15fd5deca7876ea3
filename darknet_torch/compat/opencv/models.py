"""OpenCV 4's Model, DetectionModel and ClassificationModel for Darknet networks."""

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
    """A net together with the preprocessing of its pictures.

    Args:
        model: the path of the weight file or the cfg, or a `Net`.
        config: the path of the other file.

    Raises:
        DarknetError: the files cannot be read, see `readNet`.
        UnsupportedError: the net is one of OpenCV's own.

    Differs: without `setInputSize` the input has the cfg's size; OpenCV raises an error.
    """

    def __init__(self, model: Net | _Path, config: _Path = "") -> None:
        found = readNet(model, config) if isinstance(model, str | os.PathLike) else model
        if not isinstance(found, Net):
            raise UnsupportedError(
                "this net was not read from Darknet's files",
                got=type(found),
                fix=f"use OpenCV's own cv2.dnn.{type(self).__name__} for it",
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
        """Set size, scale, mean, swapRB and crop at once."""
        if all(size):
            self.setInputSize(size)
        self.setInputScale(scale).setInputMean(mean).setInputSwapRB(swapRB).setInputCrop(crop)

    def setInputSize(self, size: Sequence[int] | int, height: int | None = None) -> Model:
        """Set width and height of the input in pixels, given as one pair or two numbers."""
        sides = np.ravel(size if height is None else (size, height))
        return self._set(size=tuple(int(side) for side in sides))

    def setInputMean(self, mean: Sequence[float] | float) -> Model:
        """Set what is subtracted from the channels first."""
        return self._set(mean=_scalar(mean, rest=0.0))

    def setInputScale(self, scale: Sequence[float] | float) -> Model:
        """Set what the channels are then multiplied by, one number or one for each."""
        values = _scalar(scale, rest=0.0)
        return self._set(scalefactor=values if any(values[1:]) else values[:1] * 4)

    def setInputCrop(self, crop: bool) -> Model:
        """Set whether to crop the centre of a picture instead of stretching it."""
        mode = cv2.dnn.DNN_PMODE_CROP_CENTER if crop else cv2.dnn.DNN_PMODE_NULL
        return self._set(paddingmode=mode)

    def setInputSwapRB(self, swapRB: bool) -> Model:
        """Set whether the network gets RGB, with which Darknet trains."""
        return self._set(swapRB=bool(swapRB))

    def setOutputNames(self, outNames: Sequence[str]) -> Model:
        """Set the layers whose outputs `predict` returns."""
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
        """Has no effect: there is nothing to choose."""
        return self

    def predict(self, frame: np.ndarray) -> tuple[np.ndarray, ...]:
        """Compute the outputs of the net for a picture.

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

    It turns off the NMS inside the net, as in OpenCV.
    """

    def __init__(self, model: Net | _Path, config: _Path = "") -> None:
        super().__init__(model, config)
        self.net.disable_region_nms()
        self._across_classes = False

    def setNmsAcrossClasses(self, value: bool) -> DetectionModel:
        """Set whether a box can suppress boxes of other classes."""
        self._across_classes = bool(value)
        return self

    def getNmsAcrossClasses(self) -> bool:
        """Return what `setNmsAcrossClasses` set."""
        return self._across_classes

    def detect(
        self, frame: np.ndarray, confThreshold: float = 0.5, nmsThreshold: float = 0.0
    ) -> tuple[_Found, _Found, _Found]:
        """Find objects in a picture.

        Args:
            frame: BGR uint8 [H, W, 3].
            confThreshold: boxes with a lower confidence are dropped, 0-1; the net itself has
                already dropped those up to 0.2, unless the cfg has thresh=.
            nmsThreshold: a box is dropped if its IoU with a more confident one is larger; 0
                keeps all.

        Returns:
            Class ids int32 [K], confidences float32 [K] and boxes int32 [K, 4] as left, top,
            width, height in pixels of the picture; sorted by class, then by confidence. Three
            empty tuples if nothing was found, as in OpenCV.

        Raises:
            UnsupportedError: the last layer of the net is of another type.

        Source: model.cpp DetectionModel::detect (OpenCV 4.12).
        """
        if not self.net.is_detector():
            raise UnsupportedError(
                "the last layer of the net is neither [yolo] nor [region]",
                got=self.net.getLayer(self.net.getLayerNames()[-1]).type,
                fix="use ClassificationModel for classifiers",
            )
        rows = np.concatenate(self.predict(frame))
        class_ids = rows[:, 5:].argmax(1)
        confidences = rows[:, 5:].max(1)
        confident = confidences >= np.float32(confThreshold)
        boxes = _pixels(rows[confident, :4], *frame.shape[:2])
        class_ids, confidences = class_ids[confident].astype(np.int32), confidences[confident]
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
        """Return the indices of the boxes that remain, in OpenCV's order."""
        all_boxes = np.arange(len(class_ids))
        if not nms_threshold or not len(all_boxes):
            return all_boxes
        groups = (
            [all_boxes]
            if self._across_classes
            else [np.flatnonzero(class_ids == class_id) for class_id in np.unique(class_ids)]
        )
        kept = []
        for group in groups:
            best = cv2.dnn.NMSBoxes(
                boxes[group].tolist(), confidences[group].tolist(), threshold, nms_threshold
            )
            kept.append(group[np.asarray(best, int)])
        return np.concatenate(kept)


class ClassificationModel(Model):
    """`Model` for networks whose output is one vector of scores."""

    def __init__(self, model: Net | _Path, config: _Path = "") -> None:
        super().__init__(model, config)
        self._softmax = False

    def setEnableSoftmaxPostProcessing(self, enable: bool) -> ClassificationModel:
        """Set whether to apply a softmax to the net's output."""
        self._softmax = bool(enable)
        return self

    def getEnableSoftmaxPostProcessing(self) -> bool:
        """Return what `setEnableSoftmaxPostProcessing` set."""
        return self._softmax

    def classify(self, frame: np.ndarray) -> tuple[int, float]:
        """Return the most likely class of a picture, and its score.

        Args:
            frame: BGR uint8 [H, W, 3].

        Raises:
            UnsupportedError: the net has more than one output.

        Source: model.cpp ClassificationModel_Impl::classify (OpenCV 4.12).
        """
        outputs = self.predict(frame)
        if len(outputs) != 1:
            raise UnsupportedError(
                "a classifier must have exactly one output",
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
    """Return the four numbers of an OpenCV Scalar, filling up with `rest`."""
    given = tuple(values) if isinstance(values, Sequence | np.ndarray) else (values,)
    return tuple(float(value) for value in (*given, *[rest] * (4 - len(given))))


def _pixels(boxes: np.ndarray, height: int, width: int) -> np.ndarray:
    """Convert boxes to pixels inside a picture; every step truncates, as in C.

    Args:
        boxes: [K, 4] centre x, centre y, width, height in 0-1 of the picture.
        height, width: the size of the picture.

    Returns:
        int32 [K, 4] left, top, width, height.
    """
    scaled = boxes * np.array((width, height, width, height), np.float32)
    with np.errstate(invalid="ignore"):  # an infinite box becomes some number, as in C
        centre_x, centre_y, wide, high = scaled.astype(np.int32).astype(np.int64).T
    left = np.clip(centre_x - wide // 2, 0, width - 1)
    top = np.clip(centre_y - high // 2, 0, height - 1)
    wide = np.maximum(1, np.minimum(wide, width - left))
    high = np.maximum(1, np.minimum(high, height - top))
    return np.stack((left, top, wide, high), 1).astype(np.int32)
