"""The pictures of a detection run's page. No torch."""

from __future__ import annotations

from darknet_torch.media.frame_batches import Frame
from darknet_torch.report.content import Box, BoxKind, PagePicture
from darknet_torch.report.relative_boxes import MOST_BOXES, clipped_corners
from darknet_torch.report.thumbnails import thumbnail
from darknet_torch.results.detections import Detections

_DETECTED = "detected"
BOX_KINDS = (BoxKind(_DETECTED, "detected", "A detection.", False),)


def detection_picture(frame: Frame, detections: Detections) -> PagePicture:
    """Return a picture or frame with its best detections, at most `MOST_BOXES`."""
    best = detections.first(MOST_BOXES)
    boxes = [
        Box(corners, class_id, _DETECTED, score)
        for corners, class_id, score in zip(
            clipped_corners(best.boxes_cxcywh_relative),
            best.class_ids.tolist(),
            best.scores.astype("float32").tolist(),
            strict=True,
        )
    ]
    name = frame.filename
    if frame.source.is_video:
        name += f", frame {frame.number}"
    height, width = frame.image.shape[:2]
    left_out = len(detections) - len(best)
    return PagePicture(name, width, height, thumbnail(frame.image), boxes, left_out)
