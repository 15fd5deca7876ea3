"""The three steps on the device, against those of `Detector` on a CPU."""

import copy
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from darknet_torch.errors import ImageError
from darknet_torch.inference.batch_predictions import BatchPredictions
from darknet_torch.inference.detector import Detector
from darknet_torch.inference.gpu.pipeline import DeviceDetector
from darknet_torch.loading.load import load
from darknet_torch.media.images import read_image
from darknet_torch.media.pipeline import Pipeline
from darknet_torch.ops.precision import Precision
from darknet_torch.results.boxes import cxcywh_to_xyxy
from tests.conversion.small_models import DETECTOR, trained_network
from tests.export.cases import HEADS, NMS_KINDS, YOLO
from tests.toy.files import CFG, PICTURE, WEIGHTS

# Scores of the networks lie above and below it, none so near that rounding moves it across.
THRESHOLD, NMS_THRESHOLD = 0.3, 0.45
FLOAT32 = 1e-5  # of values in 0-1, after some layers; larger than measured by 10


def pictures(*sizes):
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (*size, 3), np.uint8) for size in sizes]


def detected(detector, own, images, *, from_video=False):
    """What the steps on the device find; placements are the detector's."""
    method = detector.resize_method(from_video=from_video)
    inputs = own.prepare_inputs(images, detector.prepare_inputs(images)[1], method)
    return find(own, own.predict_inputs(inputs))


def find(own, predicted):
    return own.find_detections(predicted, threshold=THRESHOLD, nms_threshold=NMS_THRESHOLD)


def assert_same(found, expected, bound=FLOAT32):
    """Assert that boxes of the device are a detector's detections; return how many there are."""
    for boxes, theirs in zip(found, expected, strict=True):
        size = theirs.width, theirs.height
        corners = cxcywh_to_xyxy(boxes.boxes_cxcywh) * (*size, *size)
        np.testing.assert_array_equal(boxes.class_ids, theirs.class_ids)
        np.testing.assert_allclose(boxes.scores, theirs.scores, rtol=0, atol=bound)
        np.testing.assert_allclose(corners, theirs.boxes_xyxy, rtol=1e-4, atol=bound * max(size))
    return sum(map(len, expected))


def both(network, device, **options):
    """A detector on the CPU, and the steps on the device with a network of the same weights."""
    detector = Detector(
        network, threshold=THRESHOLD, nms_threshold=NMS_THRESHOLD, optimize=False, **options
    )
    return detector, DeviceDetector(copy.deepcopy(network).to(device))


@pytest.mark.parametrize("letterbox", [False, True])
@pytest.mark.parametrize("cfg", HEADS.values(), ids=HEADS)
def test_every_kind_of_head_finds_the_same(device, cfg, letterbox):
    images = pictures((40, 50), (40, 50), (30, 20))
    detector, own = both(trained_network(cfg), device, letterbox=letterbox)
    expected = detector.detect_images(images, 3 * [""])
    assert_same(detected(detector, own, images), expected)


@pytest.mark.parametrize("kind", NMS_KINDS)
def test_every_kind_of_nms_drops_the_same(device, kind):
    cfg = HEADS["yolo of new_coords"] + f"nms_kind={kind}\n"
    detector, own = both(trained_network(cfg), device)
    images = pictures((40, 50), (30, 20))
    found = detected(detector, own, images, from_video=True)
    expected = detector.detect_images(images, 2 * [""], from_video=True)
    assert assert_same(found, expected) > 20


def test_the_sample_is_detected_in_every_precision(device):
    network = load(CFG, WEIGHTS)
    image = read_image(PICTURE)
    detector, _ = both(network, device)
    expected = detector.detect_images([image], [""])
    # Rounding moves a score by some ten times its own size, see tests/gpu/test_detection.py.
    for precision, bound in (("float32", FLOAT32), ("float16", 3e-3), ("bfloat16", 3e-2)):
        own = DeviceDetector(copy.deepcopy(network).to(device), Precision.named(precision))
        assert assert_same(detected(detector, own, [image]), expected, bound) > 3


def test_predictions_serve_what_a_detector_does_with_them(device):
    detector, own = both(trained_network(DETECTOR), device)
    images = pictures((40, 50), (30, 20))
    inputs = own.prepare_inputs(images, detector.prepare_inputs(images)[1], "darknet")
    predicted = own.predict_inputs(inputs)
    seen = BatchPredictions(predicted.outputs, predicted.placements)
    theirs = detector.predict(images)
    for index in range(2):
        found = detector.filter_boxes(seen, index)
        expected = detector.filter_boxes(theirs, index)
        np.testing.assert_allclose(found.scores, expected.scores, rtol=0, atol=FLOAT32)
        np.testing.assert_allclose(
            found.boxes_cxcywh, expected.boxes_cxcywh, rtol=1e-4, atol=FLOAT32
        )


def test_the_steps_overlap_in_threads(device):
    detector, own = both(trained_network(DETECTOR), device)
    batches = [pictures((40, 50), (30, 20 + index)) for index in range(6)]
    placed = [detector.prepare_inputs(images)[1] for images in batches]
    steps = Pipeline(
        lambda index: own.prepare_inputs(batches[index], placed[index], "darknet"),
        own.predict_inputs,
        lambda predicted: find(own, predicted),
    )
    found = [result.result() for result in list(steps.run(index for index in range(6)))]
    for images, boxes in zip(batches, found, strict=True):
        assert assert_same(boxes, detector.detect_images(images, 2 * [""])) > 0


def test_changes_of_the_network_are_noticed_between_the_steps(device):
    network = trained_network(DETECTOR)
    detector, _ = both(network, device)
    own = DeviceDetector(network)  # on the CPU
    images = pictures((40, 50))
    inputs = own.prepare_inputs(images, detector.prepare_inputs(images)[1], "darknet")
    before = detector.detect_images(images, [""])
    assert_same(find(own, own.predict_inputs(inputs)), before)
    with torch.no_grad():
        network.layers[-2].convolution.biases.add_(0.5)
    after = detector.detect_images(images, [""])
    assert len(after[0]) != len(before[0])
    network.to(device)
    assert_same(find(own, own.predict_inputs(inputs)), after)
    assert own.device.type == device.type


def test_what_was_begun_on_a_device_ends_there():
    """The network is moved by another thread while its pictures are resized."""
    detector, own = both(trained_network(DETECTOR), torch.device("cpu"))
    begun, moved = own._setup, SimpleNamespace(prepared=SimpleNamespace(device="meta"))

    def resize(*arguments):
        own._setup = moved
        return begun.resizer(*arguments)

    own._setup = replace(begun, resizer=resize)
    images = pictures((40, 60))
    inputs = own.prepare_inputs(images, detector.prepare_inputs(images)[1], "darknet")
    assert own._setup is moved
    assert inputs.placing.device == inputs.images.device == torch.device("cpu")


def test_a_network_that_takes_no_pictures_is_refused(device):
    network = trained_network(f"[net]\nwidth=32\nheight=32\nchannels=4\n[convolutional]\n{YOLO}")
    with pytest.raises(ImageError, match="takes no pictures"):
        DeviceDetector(network.to(device))
