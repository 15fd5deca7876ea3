"""Call what scripts use of cv2.dnn for Darknet's files, with OpenCV 4 or compat.opencv.

python tests/compat/opencv_script.py opencv|compat CFG WEIGHTS PICTURE OUT.npz [LAYER...]
"""

import sys
from pathlib import Path

import numpy as np

MEAN = (10, 20, 30)


def results(cv2, cfg, weights, picture, layers=()):
    """Name -> results of a net and of the models made from it.

    Args:
        cv2: OpenCV 4, or the stand-in.
        cfg, weights, picture: paths.
        layers: names of inner layers to compute.
    """
    net = cv2.dnn.readNetFromDarknet(str(cfg), str(weights))
    # OpenCV 4.12 overwrites some inner layers of nets whose layers it fuses.
    net.enableFusion(False)
    frame = cv2.imread(str(picture))
    size = input_size(cfg)
    names, ends = net.getLayerNames(), net.getUnconnectedOutLayersNames()
    found = {
        "names": np.array(names),
        "types": np.array([net.getLayer(name).type for name in names]),
        "ends": np.array(ends),
        "numbers": net.getUnconnectedOutLayers(),
    }
    blob = cv2.dnn.blobFromImage(frame, 1 / 255, size, swapRB=True, crop=False)
    net.setInput(blob)
    for name, output in zip(ends, net.forward(ends), strict=True):
        found[f"output {name}"] = output
    for name in layers:
        found[f"layer {name}"] = net.forward(name)
    if not layers:  # some kinds of layer fail on batches in OpenCV
        raw = cv2.dnn.blobFromImages([frame, frame[:, ::-1].copy()], 1, size)
        net.setInput(raw, "", 1 / 255, MEAN)
        found["batch"] = net.forward()
    look = detected if net.getLayer(names[-1]).type == "Region" else classified
    return found | look(cv2, net, frame, size)


def detected(cv2, net, frame, size):
    """Results of DetectionModel with several settings."""
    model = cv2.dnn_DetectionModel(net)
    model.setInputParams(scale=1 / 255, size=size, swapRB=True)
    found = {}
    for label, across, settings in (
        ("all", False, (0.3, 0.0)),
        ("nms", False, (0.3, 0.4)),
        ("across", True, (0.3, 0.4)),
        ("none", False, (1.1, 0.4)),
    ):
        model.setNmsAcrossClasses(across)
        parts = zip(("ids", "scores", "boxes"), model.detect(frame, *settings), strict=True)
        found |= {f"{label} {part}": np.asarray(values) for part, values in parts}
    model.setInputCrop(True)
    model.setInputMean(MEAN)
    outputs = model.predict(frame)
    return found | {f"cropped {number}": output for number, output in enumerate(outputs)}


def classified(cv2, net, frame, size):
    """Results of ClassificationModel, with and without its own softmax."""
    model = cv2.dnn_ClassificationModel(net)
    model.setInputParams(1 / 255, size, (0, 0, 0), True)
    plain = model.classify(frame)
    model.setEnableSoftmaxPostProcessing(True)
    return {"classified": np.array(plain), "softmax": np.array(model.classify(frame))}


def input_size(cfg):
    """Width and height in the [net] of a cfg, where the first of duplicate keys wins."""
    text = Path(cfg).read_text(encoding="latin-1")
    lines = ["".join(line.split()) for line in text.splitlines()]
    options = dict(line.split("=")[:2] for line in reversed(lines) if "=" in line)
    return int(options["width"]), int(options["height"])


if __name__ == "__main__":
    which, cfg, weights, picture, out, *layers = sys.argv[1:]
    if which == "compat":
        from darknet_torch.compat.opencv import cv2 as module
    else:
        import cv2 as module
    np.savez_compressed(out, **results(module, cfg, weights, picture, layers))
