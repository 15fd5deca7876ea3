"""Detect with a model that `dtorch convert --nms model.weights model.onnx` wrote.

    python detect_onnx.py model.onnx photo.jpg [MORE.jpg ...]

It needs numpy, opencv-python and onnxruntime, and neither PyTorch nor darknet_torch.
"""

from __future__ import annotations

import json
import sys

import cv2
import numpy as np
import onnxruntime

OUTPUTS = ["boxes", "scores", "class_ids", "picture_ids"]


def main(model: str, *pictures: str) -> None:
    """Print a line for each object: picture, class, score, left, top, right, bottom in pixels."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    if [output.name for output in session.get_outputs()] != OUTPUTS:
        sys.exit(f"{model}: made without --nms: dtorch convert --nms WEIGHTS {model}")
    about = json.loads(session.get_modelmeta().custom_metadata_map["darknet_torch"])
    for path in pictures:
        picture = cv2.imread(path)
        if picture is None:
            sys.exit(f"{path}: is no picture")
        resized = cv2.resize(picture, (about["width"], about["height"]))
        images = resized[None, :, :, ::-1].transpose(0, 3, 1, 2).astype(np.float32) / 255
        boxes, scores, class_ids, _ = session.run(None, {"images": images})
        height, width = picture.shape[:2]
        for box, score, class_id in zip(boxes, scores, class_ids, strict=True):
            left, top, right, bottom = (box * (width, height, width, height)).round().astype(int)
            name = about["names"][class_id] if about["names"] else class_id
            print(f"{path}\t{name}\t{score:.2f}\t{left}\t{top}\t{right}\t{bottom}")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
