"""A labelled data set for the bundled model."""

import cv2
import numpy as np

from darknet_torch import Detector, load
from darknet_torch.cfg.zoo import sample_folder
from darknet_torch.media.images import read_image

CFG = sample_folder() / "toy-shapes.cfg"
COUNT = 6


def make_data(root):
    """Views of the sample, labelled with the model's confident detections except one box each."""
    sample = read_image(sample_folder() / "shapes.png")
    names = sample_folder() / "toy-shapes.names"
    detector = Detector(load(CFG, CFG.with_suffix(".weights")), names=names, threshold=0.1)
    lines = []
    for number in range(COUNT):
        image = np.roll(sample, 16 * number, (0, 1))
        path = root / f"view_{number}.png"
        cv2.imwrite(str(path), image)
        found = detector(image)
        rows = zip(found.class_ids[:-1], found.boxes_cxcywh_relative[:-1], strict=True)
        labels = [f"{kind} {' '.join(f'{v:.6f}' for v in box)}\n" for kind, box in rows]
        path.with_suffix(".txt").write_text("".join(labels))
        lines.append(f"{path}\n")
    (root / "valid.txt").write_text("".join(lines))
    file = root / "shapes.data"
    text = f"classes=3\nvalid={root / 'valid.txt'}\nnames={names}\nresults={root / 'results'}\n"
    file.write_text(text)
    return file
