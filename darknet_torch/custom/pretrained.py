"""What a custom network usually starts training from."""

from __future__ import annotations

# Definition -> the partial weight file that is published for it, as AlexeyAB's README and
# pjreddie's pages name them.
_PUBLISHED = {
    "yolov1": "extraction.conv.weights",
    "yolov2": "darknet19_448.conv.23",
    "yolov2-voc": "darknet19_448.conv.23",
    "yolov3": "darknet53.conv.74",
    "yolov3-voc": "darknet53.conv.74",
    "yolov3-spp": "darknet53.conv.74",
    "Gaussian-yolov3": "darknet53.conv.74",
    "yolov3-tiny": "yolov3-tiny.conv.11",
    "yolov3-tiny-prn": "yolov3-tiny.conv.11",
    "enet-coco": "enetb0-coco.conv.132",
    "csresnext50-panet-spp": "csresnext50-panet-spp.conv.112",
    "yolov4": "yolov4.conv.137",
    "yolov4-custom": "yolov4.conv.137",
    "yolov4-tiny": "yolov4-tiny.conv.29",
    "yolov4-tiny-3l": "yolov4-tiny.conv.29",
    "yolov4-csp": "yolov4-csp.conv.142",
    "yolov4x-mish": "yolov4x-mish.conv.166",
    "yolov4-p5": "yolov4-p5.conv.232",
    "yolov7": "yolov7.conv.132",
    "yolov7-tiny": "yolov7-tiny.conv.87",
}


def published_start(base: str) -> str | None:
    """The published partial weight file for the definition called `base`, if there is one."""
    return _PUBLISHED.get(base)


def own_start(base: str, layers: int) -> str:
    """What the first `layers` layers of the weights of `base` are called, cut off by hand."""
    return f"{base}.conv.{layers}"
