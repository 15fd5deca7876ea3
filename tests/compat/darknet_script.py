"""Call what scripts use of darknet.py, with AlexeyAB's module or with compat.darknet.

    python tests/compat/darknet_script.py FOLDER|compat CFG DATA WEIGHTS PICTURE OUT.json

FOLDER holds AlexeyAB's darknet.py with its libdarknet.so.
"""

import contextlib
import ctypes
import io
import json
import random
import sys
from pathlib import Path

import cv2
import numpy as np


def results(darknet, cfg, data, weights, picture):
    """Name -> what darknet.py returns for one picture, as JSON can hold it."""
    random.seed(3)
    network, names, colors = darknet.load_network(str(cfg), str(data), str(weights))
    found = {"names": names, "colors": colors}
    size = darknet.network_width(network), darknet.network_height(network)
    resized = cv2.resize(cv2.cvtColor(cv2.imread(str(picture)), cv2.COLOR_BGR2RGB), size)
    image = darknet.make_image(*size, 3)
    darknet.copy_image_from_bytes(image, resized.tobytes())
    for label, settings in (("usual", {}), ("low", {"thresh": 0.1}), ("raw", {"nms": 0})):
        found[label] = darknet.detect_image(network, names, image, **settings)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        darknet.print_detections(found["usual"], True)
        darknet.print_detections(found["usual"])
    found["printed"] = printed.getvalue()
    drawn = darknet.draw_boxes(found["usual"], resized.copy(), colors)
    found["drawn"] = int((drawn != resized).any(2).sum())
    darknet.free_image(image)
    found |= from_file(darknet, network, names, picture)
    found["batch"] = batch(darknet, (cfg, data, weights), resized)
    return found


def from_file(darknet, network, names, picture):
    """Results for pictures that darknet.py reads, and of the functions that detect_image calls."""
    picture = str(picture).encode()
    found = {}
    image = darknet.load_image(picture, 0, 0)
    found["read"] = summary(image)
    found["resized"] = summary(darknet.load_image(picture, 50, 30))
    found["letterboxed"] = summary(darknet.letterbox_image(image, 50, 30))
    found["stretched"] = darknet.detect_image(network, names, image, 0.25)
    count = ctypes.pointer(ctypes.c_int(0))
    output = darknet.predict_image_letterbox(network, image)
    found["output"] = [output[place] for place in range(0, 200, 7)]
    for label, relative, suppress in (
        ("pixels", 0, darknet.do_nms_sort),
        ("relative", 1, darknet.do_nms_sort),
        ("by objectness", 0, darknet.do_nms_obj),
    ):
        boxes = darknet.get_network_boxes(
            network, image.w, image.h, 0.1, 0.5, None, relative, count, 1
        )
        suppress(boxes, count[0], len(names), 0.45)
        found[label] = darknet.remove_negatives(boxes, names, count[0])
        darknet.free_detections(boxes, count[0])
    darknet.rgbgr_image(image)
    found["swapped"] = summary(image)
    darknet.free_image(image)
    return found


def batch(darknet, files, picture):
    """Results for two pictures at once, as batch_detection of darknet_images.py runs them."""
    network, names, _ = darknet.load_network(*map(str, files), batch_size=2)
    planes = [picture.transpose(2, 0, 1), picture[:, ::-1].transpose(2, 0, 1)]
    values = np.ascontiguousarray(np.concatenate(planes).flat, dtype=np.float32) / 255.0
    height, width = picture.shape[:2]
    pointer = values.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
    images = darknet.IMAGE(width, height, 3, pointer)
    pairs = darknet.network_predict_batch(network, images, 2, width, height, 0.25, 0.5, None, 0, 0)
    found = []
    for index in range(2):
        count, boxes = pairs[index].num, pairs[index].dets
        darknet.do_nms_obj(boxes, count, len(names), 0.45)
        found.append(darknet.remove_negatives(boxes, names, count))
    darknet.free_batch_detections(pairs, 2)
    return found


def summary(image):
    """The size of a picture, and some of its values."""
    count = image.w * image.h * image.c
    places = range(0, count, max(1, count // 50))
    return [image.w, image.h, image.c, [image.data[place] for place in places]]


if __name__ == "__main__":
    folder, *files, out = sys.argv[1:]
    if folder == "compat":
        from darknet_torch.compat import darknet as module
    else:
        sys.path.insert(0, folder)
        import darknet as module
    Path(out).write_text(json.dumps(results(module, *files)))
