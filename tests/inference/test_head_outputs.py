"""What the heads returned: raw, activated, or decoded by a head of one's own."""

import numpy as np
import pytest
import torch

from darknet_torch import Detector, build_network
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.heads.base import Head, HeadOptions, Predictions
from darknet_torch.heads.yolo import Yolo
from darknet_torch.inference.backends import decodes_inputs
from darknet_torch.inference.backends.pytorch import TorchBackend
from darknet_torch.inference.description import describe_network
from darknet_torch.inference.head_outputs import DecodedOutput, MapOutput, read_outputs
from darknet_torch.model.registry import register_layer, unregister_layer

NET = "[net]\nwidth=64\nheight=32\nchannels=3\n"
STEM = "[convolutional]\nfilters={0}\nsize=3\nstride=8\npad=1\nactivation=linear\n"
YOLO = STEM.format(14) + "[{0}]\nclasses=2\nnum=2\nanchors=8,8, 16,12\n"
TWO_HEADS = (
    YOLO.format("yolo") + "[route]\nlayers=0\n[yolo]\nclasses=2\nnum=2\nanchors=9,30, 5,5\n"
)


class OnlyPredict:
    """A backend of somebody's own: it returns the heads' outputs."""

    def __init__(self, network):
        self.network = network

    def predict(self, images):
        with torch.inference_mode():
            return self.network(torch.from_numpy(images))


def build(cfg=TWO_HEADS):
    torch.manual_seed(3)
    network = build_network(parse_cfg(NET + cfg))
    with torch.no_grad():
        for _, slot in network.slots():
            slot.tensor.uniform_(-0.5, 0.5)  # some scores are high
    return network


def pictures(count=3):
    generator = np.random.default_rng(5)
    return [generator.integers(0, 256, (40, 90 - 7 * n, 3), np.uint8) for n in range(count)]


def detect(network, backend="torch", **options):
    return Detector(network, names=[], backend=backend, threshold=0.3, **options)(pictures())


def assert_same_detections(got, expected, *, at_least=1):
    assert sum(map(len, expected)) >= at_least
    for mine, theirs in zip(got, expected, strict=True):
        assert mine.class_ids.tolist() == theirs.class_ids.tolist()
        np.testing.assert_allclose(mine.boxes_xyxy, theirs.boxes_xyxy, rtol=1e-5, atol=1e-3)
        np.testing.assert_allclose(mine.scores, theirs.scores, rtol=1e-5)


def test_raw_and_activated_outputs_give_the_same_detections():
    network = build()
    assert network.raw_heads == (True, True)
    assert_same_detections(detect(network), detect(network, OnlyPredict(network)), at_least=10)


def test_pictures_of_a_batch_are_independent():
    network = build()
    detector = Detector(network, names=[], threshold=0.3)
    assert_same_detections(detector(pictures()), [detector(one) for one in pictures()])


def test_all_boxes_are_decoded_when_asked_for():
    network = build()
    detector = Detector(network, names=[])
    inputs, placements = detector.prepare_inputs(pictures())
    found = detector.predict_inputs(inputs, placements).predictions
    expected = detector.decode(detector.backend.predict(inputs))
    for field in ("boxes", "objectness", "class_scores"):
        torch.testing.assert_close(getattr(found, field), getattr(expected, field))


@pytest.mark.parametrize("index", range(3))
def test_one_picture_is_filtered_and_searched_as_plain_loops_do(index):
    detector = Detector(build(), names=[], nms_threshold=0)
    predicted = detector.predict(pictures())
    boxes, objectness, scores = (
        part[index].numpy() for part in vars(predicted.predictions).values()
    )
    filtered = detector.filter_boxes(predicted, index, 0.2)
    kept = (objectness > 0.2) & (scores > 0.2).any(1)
    assert 0 < kept.sum() < len(kept)
    placement = predicted.placements[index]
    np.testing.assert_allclose(filtered.boxes_cxcywh, placement.to_picture(boxes[kept]), rtol=1e-4)
    np.testing.assert_allclose(filtered.scores, np.where(scores > 0.2, scores, 0)[kept], rtol=1e-5)
    proposed = detector.propose_boxes(predicted, index, 0.4)
    np.testing.assert_allclose(proposed, placement.to_picture(boxes[objectness > 0.4]), rtol=1e-4)


def test_boxes_that_are_not_finite_are_dropped():
    network = build(YOLO.format("yolo"))
    head, maps = network.heads[0], torch.zeros(1, 14, 4, 8)
    head.per_box(maps)[:, :, 5:] = 9  # objectness is a half, scores are nearly so
    head.per_box(maps)[0, 0, 2, 1, 1] = 1000
    detector = Detector(network, names=[], nms_threshold=0)
    (read,) = read_outputs(describe_network(network), [maps], raw=True)
    assert len(read.candidates(0.3)) == 64
    detector.backend.predict_for_decoding = lambda inputs: (maps,)
    assert len(detector(pictures(1)[0])) == 63 * 2


class Replaced(TorchBackend):
    def predict(self, images):
        return super().predict(images)


def test_a_backend_that_replaces_predict_is_asked_for_outputs():
    network = build()
    backend = TorchBackend(network)
    assert decodes_inputs(backend)
    backend.predict = backend.predict
    assert not decodes_inputs(backend)
    assert not decodes_inputs(Replaced(network))
    assert not decodes_inputs(OnlyPredict(network))


class OwnDecode(Yolo):
    """Every box lies in the middle of the picture."""

    section_names = ("own_decode",)
    example_cfg = YOLO.format("own_decode")

    def decode(self, output, height, width):
        found = super().decode(output, height, width)
        return Predictions(torch.full_like(found.boxes, 0.5), *list(vars(found).values())[1:])


class OwnForward(Yolo):
    """No class but the first."""

    section_names = ("own_forward",)
    example_cfg = YOLO.format("own_forward")

    def forward(self, x):
        out = super().forward(x)
        self.per_box(out)[:, :, 6] = 0
        return out


class OwnHead(Head):
    """Derived from `Head` alone: a box for each channel and position."""

    section_names = ("own_head",)
    example_cfg = "[own_head]\n"
    Options = HeadOptions

    def __init__(self, options, context):
        super().__init__(options, context)
        self.classes, self.boxes_per_position, self.values_per_box = 2, 14, 1

    def forward(self, x):
        return x.sigmoid()

    def decode(self, output, height, width):
        objectness = output.flatten(1)
        boxes = objectness[..., None] * torch.tensor([1, 1, 0.1, 0.1])
        return Predictions(boxes, objectness, torch.stack((objectness, objectness / 2), -1))


@pytest.fixture(params=[OwnDecode, OwnForward, OwnHead])
def own(request):
    register_layer(request.param)
    yield request.param
    unregister_layer(request.param)


def test_a_head_of_ones_own_is_asked(own):
    options = "" if own is OwnHead else "classes=2\nnum=2\nanchors=8,8, 16,12\n"
    network = build(STEM.format(14) + f"[{own.section_names[0]}]\n{options}")
    assert network.raw_heads == (False,)
    detector = Detector(network, names=[], threshold=0.2, nms_threshold=0)
    inputs, placements = detector.prepare_inputs(pictures())
    predicted = detector.predict_inputs(inputs, placements)
    kind = MapOutput if own is OwnForward else DecodedOutput
    assert [type(read) for read in predicted.outputs] == [kind]
    expected = network.heads[0].decode(network(torch.from_numpy(inputs))[0], 32, 64)
    for index in range(3):
        scores = expected.class_scores[index].detach()
        scores = scores[(scores > 0.2).any(1) & (expected.objectness[index] > 0.2)].numpy()
        assert len(scores)
        filtered = detector.filter_boxes(predicted, index)
        np.testing.assert_allclose(filtered.scores, np.where(scores > 0.2, scores, 0), rtol=1e-5)
