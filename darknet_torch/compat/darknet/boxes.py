"""darknet.py's functions that turn a network's output into DETECTIONs, and NMS."""

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
from darknet_torch.decoding.candidates import Candidates
from darknet_torch.errors import UnsupportedError, UsageError
from darknet_torch.media.images import Placement, letterbox_placement
from darknet_torch.results.boxes import order_after_nms
from darknet_torch.results.suppression import apply_nms


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
    """Return the boxes of the last picture whose objectness is above `thresh`.

    Args:
        net: the network that ran.
        w, h: width and height of the picture, pixels.
        thresh: probabilities that are not above it become 0, too.
        hier: not used, as in AlexeyAB's code.
        class_map: must be None; Darknet's maps of class ids are not supported.
        relative: nonzero for boxes in 0-1 of the picture, 0 for pixels.
        num: pointer to an int that is set to the number of boxes.
        letter: nonzero if the picture was letterboxed.

    Returns:
        An array of DETECTION.

    Raises:
        UsageError: no picture was run yet, or the network has no detection heads.
        UnsupportedError: `class_map` is not None.

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
    """Run a batch and return the boxes of each of its pictures; see `get_network_boxes`.

    Args:
        image: its data hold all pictures, one after the other.
        batch_size: the batch size that the network was loaded with.

    Returns:
        An array of DETNUMPAIR.

    Raises:
        UsageError: the network was loaded with a different batch size.

    Source: network.c network_predict_batch (AlexeyAB).
    """
    if batch_size != net.batch:
        raise UsageError(
            "the network was loaded with a different batch size",
            expected=net.batch,
            got=batch_size,
            fix="load it with load_network(..., batch_size=N)",
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
    """Set probabilities of boxes that overlap a more probable one of the class to 0, in place.

    The boxes are also put into the order that Darknet's sorting leaves them in.

    Source: box.c do_nms_sort.
    """
    if not total:
        return
    probabilities = _read_probabilities(dets, total, classes)
    kept = apply_nms(_read_boxes(dets, total), probabilities, thresh)
    for index, values in enumerate(kept):
        values_at(dets[index].prob, classes)[:] = values
    _reorder(dets, order_after_nms(probabilities))


def do_nms_obj(dets: Any, total: int, classes: int, thresh: float) -> None:
    """Set boxes that overlap one with a higher objectness to 0 in place, whatever the class.

    Source: box.c do_nms_obj.
    """
    if not total:
        return
    objectness = np.array([[dets[index].objectness] for index in range(total)], np.float32)
    kept = apply_nms(_read_boxes(dets, total), objectness, thresh)
    for index in np.flatnonzero(kept[:, 0] == 0):
        dets[index].objectness = 0
        values_at(dets[index].prob, classes)[:] = 0
    _reorder(dets, order_after_nms(objectness))


def free_detections(dets: Any, num: int) -> None:
    """Has no effect: the memory is freed with the object."""


def free_batch_detections(pairs: Any, num: int) -> None:
    """Has no effect: the memory is freed with the object."""


def free_ptrs(pointers: Any, num: int) -> None:
    """Has no effect: the memory is freed with the object."""


def _detections(
    net: LoadedNetwork,
    index: int,
    size: tuple[int, int],
    thresh: float,
    class_map: object,
    relative: int,
    letter: int,
) -> Any:
    """Return the DETECTIONs of picture `index` of the last batch."""
    if class_map is not None:
        raise UnsupportedError("maps of class ids are not supported", fix="pass None instead")
    if not net.outputs:
        raise UsageError(
            "there are no predictions to take boxes from",
            fix="call predict_image first, on a network with detection heads",
        )
    found = Candidates.join(
        [output.of_picture(index).candidates(thresh) for output in net.outputs]
    )
    scores = np.where(found.class_scores > thresh, found.class_scores, np.float32(0))
    width, height = size
    input_size = net.network.net
    placement = (
        letterbox_placement(height, width, input_size.height, input_size.width)
        if letter
        else Placement(input_size.height, input_size.width, input_size.height, input_size.width)
    )
    boxes = placement.to_picture(found.boxes.astype(np.float64)) * (
        1 if relative else (width, height, width, height)
    )
    return _make_detections(boxes, found.objectness.tolist(), scores)


def _make_detections(boxes: np.ndarray, objectness: Sequence[float], scores: np.ndarray) -> Any:
    detections = (DETECTION * len(boxes))()
    for detection, box, certainty, row in zip(detections, boxes, objectness, scores, strict=True):
        detection.bbox = BOX(*box)
        detection.objectness, detection.classes = certainty, len(row)
        detection.best_class_idx = int(row.argmax()) if row.any() else -1
        detection.prob = pointer_to(row)
    return keep(detections, scores)


def _read_boxes(dets: Any, total: int) -> np.ndarray:
    found = (dets[index].bbox for index in range(total))
    return np.array([(box.x, box.y, box.w, box.h) for box in found])


def _read_probabilities(dets: Any, total: int, classes: int) -> np.ndarray:
    return np.stack([values_at(dets[index].prob, classes) for index in range(total)])


def _reorder(dets: Any, order: np.ndarray) -> None:
    copies = [DETECTION.from_buffer_copy(dets[int(index)]) for index in order]
    for index, copy in enumerate(copies):
        dets[index] = copy
