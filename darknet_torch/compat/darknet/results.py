"""darknet.py's functions that detect objects in a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ctypes import c_int, pointer
from typing import Any

from darknet_torch.compat.darknet.boxes import do_nms_sort, free_detections, get_network_boxes
from darknet_torch.compat.darknet.listing import Bbox, Color, class_colors
from darknet_torch.compat.darknet.networks import (
    LoadedNetwork,
    load_meta,
    load_net_custom,
    predict_image,
)
from darknet_torch.compat.darknet.structures import DETECTION, IMAGE


def load_network(
    config_file: str, data_file: str, weights: str, batch_size: int = 1
) -> tuple[LoadedNetwork, list[str], dict[str, Color]]:
    """Load a network, the names of its classes, and a random colour for each class.

    Raises:
        DarknetError: one of the files cannot be read, or they do not fit each other.
    """
    network = load_net_custom(config_file, weights, 0, batch_size)
    meta = load_meta(data_file)
    names = [meta.names[index].decode() for index in range(meta.classes)]
    return network, names, class_colors(names)


def detect_image(
    network: LoadedNetwork,
    class_names: Sequence[str],
    image: IMAGE,
    thresh: float = 0.5,
    hier_thresh: float = 0.5,
    nms: float = 0.45,
) -> list[tuple[str, str, Bbox]]:
    """Find objects in a picture.

    Args:
        network: as `load_network` returns it.
        class_names: the names of its classes.
        image: the picture.
        thresh: boxes whose confidence is not above it are dropped, 0-1.
        hier_thresh: not used, as in AlexeyAB's code.
        nms: a box is dropped if its IoU with a more probable one of the class is larger; 0 keeps
            all.

    Returns:
        Name, confidence in percent as text, and centre x, centre y, width, height in pixels
        of `image`, sorted by the text of the confidence, as in darknet.py.

    Source: darknet.py detect_image (AlexeyAB).
    """
    count = pointer(c_int(0))
    predict_image(network, image)
    found = get_network_boxes(network, image.w, image.h, thresh, hier_thresh, None, 0, count, 0)
    if nms:
        do_nms_sort(found, count[0], len(class_names), nms)
    decoded = decode_detection(remove_negatives(found, class_names, count[0]))
    free_detections(found, count[0])
    return sorted(decoded, key=lambda detection: detection[1])


def remove_negatives(
    detections: Any, class_names: Sequence[str], num: int
) -> list[tuple[str, float, Bbox]]:
    """Return name, probability and box of every class with a probability above 0."""
    return [
        (name, detections[index].prob[class_id], _bbox(detections[index]))
        for index in range(num)
        for class_id, name in enumerate(class_names)
        if detections[index].prob[class_id] > 0
    ]


def remove_negatives_faster(
    detections: Any, class_names: Sequence[str], num: int
) -> list[tuple[str, float, Bbox]]:
    """Return what `remove_negatives` does for the best class of each detection only."""
    best = [(detections[index], detections[index].best_class_idx) for index in range(num)]
    return [
        (class_names[class_id], detection.prob[class_id], _bbox(detection))
        for detection, class_id in best
        if class_id != -1
    ]


def decode_detection(
    detections: Iterable[tuple[str, float, Bbox]],
) -> list[tuple[str, str, Bbox]]:
    """Convert the probabilities to percent with two digits, as text."""
    return [
        (str(label), str(round(confidence * 100, 2)), bbox)
        for label, confidence, bbox in detections
    ]


def _bbox(detection: DETECTION) -> Bbox:
    box = detection.bbox
    return box.x, box.y, box.w, box.h
