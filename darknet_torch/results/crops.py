"""Writing the part of a picture that each detection covers to a file of its own. No torch."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from darknet_torch.files import FreePaths, make_folder
from darknet_torch.media.frame_batches import Frame
from darknet_torch.media.images import write_picture
from darknet_torch.media.sources import safe_file_name
from darknet_torch.results.annotated_media import picture_suffix, source_stem
from darknet_torch.results.detections import Detections


class CropFolder:
    """Writes crops to ``<folder>/<class>/<picture>_<n>.jpg``, n from 1 for the best detection.

    Of videos they are ``<video>_<frame>_<n>.png``. JPEG and PNG pictures give files of their
    format, all others PNG. Names of classes are turned into names of folders by `folder_names`.

    Args:
        paths: gives the paths of the files.
    """

    def __init__(self, paths: FreePaths) -> None:
        self._paths = paths
        self._folders: dict[int, str] = {}

    def write(self, frame: Frame, detections: Detections) -> None:
        """Write a file for each detection, except for those outside of the picture."""
        stem, suffix = source_stem(frame.source), picture_suffix(frame.source)
        if frame.source.is_video:
            stem = f"{stem}_{frame.number}"
        for number, (box, class_id) in enumerate(
            zip(detections.boxes_xyxy, detections.class_ids.tolist(), strict=True), 1
        ):
            part = crop(frame.image, box)
            if part.size:
                folder = self._folder(class_id, detections)
                path = self._paths.take(f"{folder}/{stem}_{number}", suffix, frame.filename)
                make_folder(path.parent)
                write_picture(path, part)

    def _folder(self, class_id: int, detections: Detections) -> str:
        if class_id not in self._folders:
            ids = range(max(len(detections.names), class_id + 1))
            self._folders = dict(enumerate(folder_names([detections.name(i) for i in ids])))
        return self._folders[class_id]


def crop(image: np.ndarray, box_xyxy: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return the part of a picture that a box covers, without copying it.

    Args:
        image: [H, W, ...].
        box_xyxy: left, top, right, bottom in pixels; pixels that it covers in part count.

    Returns:
        [h, w, ...]; empty if the box is outside of the picture, or has no area.
    """
    height, width = image.shape[:2]
    left, top, right, bottom = (float(value) for value in box_xyxy)
    if not (left < right and top < bottom):
        return image[:0, :0]
    columns = slice(math.floor(max(left, 0)), math.ceil(min(max(right, 0), width)))
    rows = slice(math.floor(max(top, 0)), math.ceil(min(max(bottom, 0), height)))
    return image[rows, columns]


def folder_names(names: Sequence[str]) -> list[str]:
    """Return the name of a folder for each class.

    What no file name may have becomes an underscore, as in `safe_file_name`. Classes whose
    folders would be the same, capitals or not, have ``_<class id>`` at the end.

    Args:
        names: the names of all classes.
    """
    folders = [safe_file_name(name) for name in names]
    # A number may give a class the name of another one: a, A and a_0.
    while len(count := Counter(map(str.casefold, folders))) < len(folders):
        folders = [
            name if count[name.casefold()] == 1 else f"{name}_{class_id}"
            for class_id, name in enumerate(folders)
        ]
    return folders
