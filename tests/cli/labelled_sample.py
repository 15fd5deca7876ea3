"""A labelled data set for the toy model."""

import cv2
import numpy as np

from darknet_torch import Detector, load
from darknet_torch.media.images import read_image
from tests.toy.files import CFG, NAMES, PICTURE, WEIGHTS

COUNT = 6


def make_data(root):
    """Views of the picture, labelled with the model's confident detections except one box each."""
    picture = read_image(PICTURE)
    detector = Detector(load(CFG, WEIGHTS), names=NAMES, threshold=0.1)
    lines = []
    for number in range(COUNT):
        image = np.roll(picture, 16 * number, (0, 1))
        path = root / f"view_{number}.png"
        cv2.imwrite(str(path), image)
        found = detector(image)
        rows = zip(found.class_ids[:-1], found.boxes_cxcywh_relative[:-1], strict=True)
        labels = [f"{kind} {' '.join(f'{v:.6f}' for v in box)}\n" for kind, box in rows]
        path.with_suffix(".txt").write_text("".join(labels))
        lines.append(f"{path}\n")
    (root / "valid.txt").write_text("".join(lines))
    file = root / "shapes.data"
    text = f"classes=3\nvalid={root / 'valid.txt'}\nnames={NAMES}\nresults={root / 'results'}\n"
    file.write_text(text)
    return file
