"""The named numbers of the losses of several layers as one number each. No torch."""

from __future__ import annotations

from collections.abc import Mapping

_COUNT = "count"
_MEANS = ("iou", "recall")  # of all matched boxes, which may be none


def combine_parts(layers: Mapping[int, Mapping[str, float]]) -> dict[str, float]:
    """The parts of the losses of all layers together.

    Args:
        layers: layer index -> the named numbers of its loss, see `Loss.parts`.

    Returns:
        Part -> its sum over the layers; for IoU and recall the mean over all matched boxes, left
        out if there are none; for other fractions, such as an accuracy, the mean.
    """
    names = dict.fromkeys(name for parts in layers.values() for name in parts)
    combined = {}
    for name in names:
        having = [parts for parts in layers.values() if name in parts]
        if name in _MEANS:
            count = sum(parts.get(_COUNT, 0.0) for parts in having)
            if count:
                total = sum(parts[name] * parts.get(_COUNT, 0.0) for parts in having)
                combined[name] = total / count
        elif name == _COUNT or name.endswith("loss"):
            combined[name] = sum(parts[name] for parts in having)
        else:
            combined[name] = sum(parts[name] for parts in having) / len(having)
    return combined
