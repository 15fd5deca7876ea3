"""A picture, a video frame, and detections in them."""

import numpy as np

from darknet_torch.media.frame_batches import Frame
from darknet_torch.media.sources import PictureSource, SourceKind
from darknet_torch.results.detections import Detections
from tests.media.sample_videos import sample_frames

(PICTURE,) = sample_frames(1)
DETECTIONS = Detections(
    np.array([[48.0, 96, 144, 384]]), np.array([0.9]), np.array([1]), 480, 480, ("circle", "box")
)


def picture_frame(name):
    return Frame(PictureSource(name), 0, PICTURE)


def video_frame(name, number, kind=SourceKind.VIDEO):
    return Frame(PictureSource(name, kind), number, PICTURE, number, 10.0)


def written_files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
