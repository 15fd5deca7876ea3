"""A picture, a frame, and what was found in them."""

import numpy as np

from darknet_torch.media.frame_batches import Frame
from darknet_torch.media.sources import Kind, PictureSource
from darknet_torch.results.detections import Detections
from tests.media.videos import sample_frames

(PICTURE,) = sample_frames(1)
FOUND = Detections(
    np.array([[48.0, 96, 144, 384]]), np.array([0.9]), np.array([1]), 480, 480, ("circle", "box")
)


def still(name):
    return Frame(PictureSource(name), 0, PICTURE)


def frame(name, number, kind=Kind.VIDEO):
    return Frame(PictureSource(name, kind), number, PICTURE, number, 10.0)


def written(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
