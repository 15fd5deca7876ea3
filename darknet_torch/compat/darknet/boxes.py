"""darknet.py's functions from what a network computed to DETECTIONs, and their NMS."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import cast
from typing import Any

import numpy as np

from darknet_torch.compat.darknet.networks import LoadedNetwork, network_predict
from darknet_torch.compat.darknet.structures import (
    BOX,
    DETECTION,
    DETNUMPAIR,
    IMAGE,
    DETECTIONPtr,
    keep,
    pointer_to,
    values_at,
)
from darknet_torch.errors import UnsupportedError, UsageError
from darknet_torch.media.images import Placement, letterbox_placement
from darknet_torch.results.boxes import apply_nms, order_after_nms


def get_network_boxes(
    net: LoadedNetwork,
    w: int,
    h: int,
    thresh: float,
    hier: float,
    class_map: object,
    relative: int,
    num: Any,
    letter: int,
) -> Any:
    """The boxes of the picture that ran last whose objectness is above `thresh`.

    Args:
        w, h: of the picture, pixels.
        hier: not used, as in AlexeyAB's code.
        class_map: None; Darknet's maps of class ids are not supported.
        relative: leave the boxes in 0-1 of the picture, else pixels.
        num: pointer to an int that becomes their number.
        letter: the picture was letterboxed.

    Returns:
        An array of DETECTION.

    Raises:
        UsageError: nothing ran yet, or the network has no detection heads.
        UnsupportedError: a map is given.

    Source: network.c get_network_boxes, yolo_layer.c get_yolo_detections (AlexeyAB).
    Differs: best_class_idx is set for [yolo] too, where C leaves 0.
    """
    detections = _detections(net, 0, (w, h), thresh, class_map, relative, letter)
    num[0] = len(detections)
    return detections


def network_predict_batch(
    net: LoadedNetwork,
    image: IMAGE,
    batch_size: int,
    w: int,
    h: int,
    thresh: float,
    hier: float,
    class_map: object,
    relative: int,
    letter: int,
) -> Any:
    """Run a batch and get the boxes of each of its pictures; see `get_network_boxes`.

    Args:
        image: its data are those of all pictures, one behind the other.
        batch_size: of the network, as it was loaded.

    Returns:
        An array of DETNUMPAIR.

    Raises:
        UsageError: the network was loaded with another batch_size.

    Source: network.c network_predict_batch (AlexeyAB).
    """
    if batch_size != net.batch:
        raise UsageError(
            "the network was loaded for another batch",
            expected=net.batch,
            got=batch_size,
            fix="say load_network(..., batch_size=N)",
        )
    network_predict(net, image.data)
    found = [
        _detections(net, index, (w, h), thresh, class_map, relative, letter)
        for index in range(batch_size)
    ]
    pairs = (DETNUMPAIR * batch_size)()
    for pair, detections in zip(pairs, found, strict=True):
        pair.num, pair.dets = len(detections), cast(detections, DETECTIONPtr)
    return keep(pairs, found)


def do_nms_sort(dets: Any, total: int, classes: int, thresh: float) -> None:
    """Per class, set the probability of boxes that overlap a better one to 0.

    The boxes end in the order that Darknet's sorting leaves, too.

    Source: box.c do_nms_sort.
    """
    if not total:
        return
    probabilities = _probabilities(dets, total, classes)
    kept = apply_nms(_boxes(dets, total), probabilities, thresh)
    for index, values in enumerate(kept):
        values_at(dets[index].prob, classes)[:] = values
    _reorder(dets, order_after_nms(probabilities))


def do_nms_obj(dets: Any, total: int, classes: int, thresh: float) -> None:
    """Whatever its class, set a box that overlaps one of a higher objectness to 0.

    Source: box.c do_nms_obj.
    """
    if not total:
        return
    objectness = np.array([[dets[index].objectness] for index in range(total)], np.float32)
    kept = apply_nms(_boxes(dets, total), objectness, thresh)
    for index in np.flatnonzero(kept[:, 0] == 0):
        dets[index].objectness = 0
        values_at(dets[index].prob, classes)[:] = 0
    _reorder(dets, order_after_nms(objectness))


def free_detections(dets: Any, num: int) -> None:
    """Nothing to do: the memory goes with the object."""


def free_batch_detections(pairs: Any, num: int) -> None:
    """Nothing to do: the memory goes with the object."""


def free_ptrs(pointers: Any, num: int) -> None:
    """Nothing to do: the memory goes with the object."""


def _detections(
    net: LoadedNetwork,
    index: int,
    size: tuple[int, int],
    thresh: float,
    class_map: object,
    relative: int,
    letter: int,
) -> Any:
    """The DETECTIONs of the picture `index` of the batch that ran last."""
    if class_map is not None:
        raise UnsupportedError("maps of class ids are not supported", fix="give None instead")
    if net.predictions is None:
        raise UsageError(
            "there are no boxes",
            fix="run predict_image first, on a network with detection heads",
        )
    found = net.predictions
    sure = found.objectness[index] > thresh
    scores = found.class_scores[index][sure].cpu().numpy().astype(np.float32)
    scores[scores <= thresh] = 0
    boxes = found.boxes[index][sure].double().cpu().numpy()
    width, height = size
    own = net.network.net
    placement = (
        letterbox_placement(height, width, own.height, own.width)
        if letter
        else Placement(own.height, own.width, own.height, own.width)
    )
    boxes = placement.to_picture(boxes) * (1 if relative else (width, height, width, height))
    return _structures(boxes, found.objectness[index][sure].tolist(), scores)


def _structures(boxes: np.ndarray, objectness: Sequence[float], scores: np.ndarray) -> Any:
    detections = (DETECTION * len(boxes))()
    for detection, box, certain, row in zip(detections, boxes, objectness, scores, strict=True):
        detection.bbox = BOX(*box)
        detection.objectness, detection.classes = certain, len(row)
        detection.best_class_idx = int(row.argmax()) if row.any() else -1
        detection.prob = pointer_to(row)
    return keep(detections, scores)


def _boxes(dets: Any, total: int) -> np.ndarray:
    found = (dets[index].bbox for index in range(total))
    return np.array([(box.x, box.y, box.w, box.h) for box in found])


def _probabilities(dets: Any, total: int, classes: int) -> np.ndarray:
    return np.stack([values_at(dets[index].prob, classes) for index in range(total)])


def _reorder(dets: Any, order: np.ndarray) -> None:
    copies = [DETECTION.from_buffer_copy(dets[int(index)]) for index in order]
    for index, copy in enumerate(copies):
        dets[index] = copy
