"""Small networks with every kind of head and output, and comparisons of their outputs."""

import numpy as np
import pytest
import torch

import darknet_torch as dt
from darknet_torch.export.graphs import Graph, GraphOptions
from darknet_torch.export.onnx import writes_loops
from darknet_torch.heads.base import Predictions
from darknet_torch.media.images import input_placement, network_input, read_image
from tests.checkpoints.port_modules import CFG as TWO_HEADS
from tests.conversion.small_models import NET
from tests.toy.files import CFG, PICTURE, WEIGHTS

CONVOLUTION = "[convolutional]\nsize=3\nstride=8\npad=1\nbatch_normalize=1\nactivation=leaky\n"
STEM = f"{NET}{CONVOLUTION}filters=8\n"
LAST = "[convolutional]\nactivation={}\nfilters={}\n"
ANCHORS = "classes=2\nnum=2\nanchors="
SPP = (
    "[maxpool]\nsize=5\nstride=1\n[route]\nlayers=-2\n[maxpool]\nsize=9\nstride=1\n"
    "[route]\nlayers=-4\n[maxpool]\nsize=13\nstride=1\n[route]\nlayers=-1,-3,-5,-6\n"
)
YOLO = f"{LAST.format('linear', 14)}[yolo]\n{ANCHORS}8,8, 16,12\n"
NEW_COORDS = f"{YOLO.replace('linear', 'logistic')}new_coords=1\nscale_x_y=2\n"
REGION = f"{LAST.format('linear', 14)}[region]\n{ANCHORS}1,1, 2,1.5\nsoftmax=1\n"
GAUSSIAN = f"{LAST.format('linear', 22)}[Gaussian_yolo]\n{ANCHORS}8,8, 16,12\nscale_x_y=1.1\n"
HEADS = {
    "yolo": TWO_HEADS,
    "yolo of new_coords": STEM + NEW_COORDS,
    "region": STEM + REGION,
    "gaussian": STEM + GAUSSIAN,
    "all": STEM + "[route]\nlayers=0\n".join((YOLO, NEW_COORDS, REGION, GAUSSIAN)),
    "detection": f"{STEM}[connected]\noutput=48\nactivation=linear\n"
    "[detection]\nclasses=2\ncoords=4\nside=2\nnum=2\nsqrt=1\n",
}
FIXED = {"detection"}  # a [connected] takes pictures of one size only
SIZES = [(1, 32, 32), (3, 32, 32), (1, 64, 96), (2, 96, 32)]

WITH_SPP = STEM + SPP + YOLO
# Widths in cells: AlexeyAB's vectorised [maxpool] treats the borders of some of them differently.
SPP_CELLS = (4, 10, 13, 14, 17, 19, 21, 24)

NMS_KINDS = ("default", "greedynms", "diounms\nbeta_nms=0.8")
GREY = 128  # the toy model finds nothing in a grey picture
NO_DETECTIONS = [[0, 4], [0], [0], [0]]  # shapes of the outputs
# Float32 through six convolutions; onnxruntime and fused loops add in another order.
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def sizes_of(name):
    """The input sizes (N, H, W) that the network of `HEADS[name]` takes."""
    return [size for size in SIZES if name not in FIXED or size[1:] == SIZES[0][1:]]


def assert_close(got, expected):
    assert len(got) == len(expected)
    for mine, theirs in zip(got, expected, strict=True):
        torch.testing.assert_close(torch.as_tensor(mine), theirs, **CLOSE)


def raw_outputs(network, images):
    with torch.inference_mode():
        return network(images)


def decoded_boxes(network, images):
    """The boxes and scores of all heads, decoded without a graph."""
    with torch.inference_mode():
        found = Predictions.join(
            [
                head.decode(output, *images.shape[-2:])
                for head, output in zip(network.heads, network(images), strict=True)
            ]
        )
    return found.boxes, found.class_scores


EXPECTED = {"raw": raw_outputs, "boxes": decoded_boxes}


def toy_graph(folder, nms_kind):
    """The toy network with a kind of NMS in its cfg, and its graph that returns detections."""
    cfg = folder / "toy.cfg"
    cfg.write_text(f"{CFG.read_text()}\nnms_kind={nms_kind}\n")
    network = dt.load(cfg, WEIGHTS)
    return network, Graph(network, GraphOptions("detections", threshold=0.1, nms_threshold=0.3))


def stretched_inputs(network, *images):
    """[N, 3, H, W]: pictures stretched to the input of `network`."""
    net = network.net
    return torch.from_numpy(
        np.stack(
            [
                network_input(
                    image, input_placement(image, net.height, net.width, letterbox=False)
                )
                for image in images
            ]
        )
    )


def grey_input(network):
    return stretched_inputs(network, np.full((64, 64, 3), GREY, np.uint8))


def needs_loops_in_onnx():
    """Skip the test where PyTorch cannot write suppression, a loop, into an ONNX model."""
    if not writes_loops():
        pytest.skip("PyTorch 2.9 writes no loops into ONNX")


def assert_detections_of_picture(got, found, picture):
    """The rows of a graph's detections that belong to a picture equal those of `Detector`."""
    corners, scores, class_ids, picture_ids = (part.numpy() for part in got)
    mine = picture_ids == picture
    scale = (found.width, found.height) * 2
    np.testing.assert_array_equal(class_ids[mine], found.class_ids)
    # Float32 against float64 boxes, in pixels of a picture of 500 or so.
    np.testing.assert_allclose(corners[mine] * scale, found.boxes_xyxy, atol=1e-2)
    np.testing.assert_allclose(scores[mine], found.scores, atol=1e-5)


def assert_detections_of_batch(network, run):
    """A graph finds in a batch of three pictures what `Detector` finds in each of them."""
    image = read_image(PICTURE)
    batch = [image, np.full_like(image, GREY), image[:, ::-1].copy()]
    detector = dt.Detector(network, threshold=0.1, nms_threshold=0.3, letterbox=False)
    got = run(stretched_inputs(network, *batch))
    assert {int(picture) for picture in got[3]} == {0, 2}
    for picture, found in enumerate(detector(batch)):
        assert_detections_of_picture(got, found, picture)
    unsuppressed = dt.Detector(network, threshold=0.1, nms_threshold=0, letterbox=False)
    assert 4 <= len(detector(image)) < len(unsuppressed(image))
