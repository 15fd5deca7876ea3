"""The loss of [contrastive] compared with reference loops, for pictures and for boxes."""

import numpy as np
import pytest
import torch

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.losses.base import CellLabels, Loss
from darknet_torch.losses.contrastive import contrastive_loss
from darknet_torch.model.network import build_network
from tests.losses import reference_contrastive
from tests.losses.cases import COLUMNS, HEIGHT, ROWS, WIDTH, assert_near, loss_context

FEATURES, COUNT = 5, 6


def build_for_pictures(options="", net=""):
    cfg = f"[net]\nwidth=1\nheight=1\nchannels={FEATURES}\n{net}\n[dropout]\n[contrastive]\n"
    network = build_network(parse_cfg(f"{cfg}classes=4\n{options}"))
    return network.layers[1], loss_context(network.layers[1], net=network.net)


def pictures(seed):
    random = np.random.default_rng(seed)
    return random.normal(0, 1, (COUNT, FEATURES)).astype(np.float32)


def clip(delta, options):
    delta = delta * np.float32(options.cls_normalizer)
    return delta.clip(-options.max_delta, options.max_delta)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    ("options", "net"),
    [
        ("", ""),
        ("temperature=.2\ncls_normalizer=.7", ""),
        ("temperature=.5\nmax_delta=.05", "label_smooth_eps=.1"),
        ("temperature=.5", "time_steps=2\nbatch=3"),
    ],
)
def test_delta_and_cost_of_pictures_equal_the_loops_of_c(options, net, seed):
    layer, context = build_for_pictures(options, net)
    x = pictures(seed)
    truths = np.zeros((COUNT, 4), np.float32)
    labels = [0, 2, 0, 0, 2, 3]
    truths[np.arange(COUNT), labels] = 1
    truths[:, 1] = 0.05 if "smooth" in net else 0
    inputs = torch.from_numpy(x)[..., None, None]
    loss = contrastive_loss(layer, inputs, layer(inputs), torch.from_numpy(truths), context)
    steps = [n // (3 if "steps" in net else 6) for n in range(COUNT)]
    reference = reference_contrastive.picture_delta(x, labels, steps, layer.options.temperature)
    delta = clip(reference, layer.options)
    assert_near(loss.delta.reshape(COUNT, -1), delta)
    assert loss.cost.item() == pytest.approx((delta.astype(float) ** 2).sum(), rel=1e-4)


def test_without_truths_two_pictures_in_turn_have_one_label():
    layer, context = build_for_pictures("temperature=.5")
    x = pictures(3)
    inputs = torch.from_numpy(x)[..., None, None]
    loss = contrastive_loss(layer, inputs, layer(inputs), torch.zeros(COUNT, 4), context)
    reference = reference_contrastive.picture_delta(x, [0, 0, 1, 1, 2, 2], [0] * COUNT, 0.5)
    assert_near(loss.delta.reshape(COUNT, -1), reference)


def build_for_boxes(options, net=""):
    """A [contrastive] of 5 features for each of the 2 boxes of a [yolo] on a map of 4x6."""
    cfg = f"""[net]
width={WIDTH}
height={HEIGHT}
channels=14
{net}
[maxpool]
stride=16
size=1
[yolo]
classes=2
num=2
anchors=8,8,20,20
[convolutional]
filters={2 * FEATURES}
[contrastive]
yolo_layer=-2
{options}"""
    network = build_network(parse_cfg(cfg))
    return network.layers[-1], network.net


def yolo_loss(track_ids, class_ids):
    """The loss of a [yolo] that has matched these ground truths with its boxes."""
    boxes = torch.nonzero(track_ids >= 0)[:, 0]
    labels = CellLabels(boxes, track_ids[boxes], class_ids[boxes])
    return Loss(torch.zeros(1), torch.tensor(0.0), cell_labels=labels)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("most", [1, 2, 3, 50])
@pytest.mark.parametrize("net", ["", "time_steps=2\nbatch=2"])
def test_delta_of_boxes_equals_the_loops_of_c(net, most, seed):
    options = f"temperature=.6\ncontrastive_neg_max={most}\ncls_normalizer=.5\nmax_delta=.4"
    layer, net_options = build_for_boxes(options, net)
    random = np.random.default_rng(seed)
    count = 4
    x = random.normal(0, 1, (count, 2 * FEATURES, ROWS, COLUMNS)).astype(np.float32)
    labels = np.full((count, 2, ROWS, COLUMNS), -1)
    classes = labels.copy()
    boxes = random.choice(labels.size, 14, replace=False)
    boxes.sort()
    labels.flat[boxes] = random.integers(0, 4, 14)
    classes.flat[boxes] = random.integers(0, 2, 14)
    found = (torch.from_numpy(ids.ravel()) for ids in (labels, classes))
    earlier = {layer.head_index: yolo_loss(*found)}
    context = loss_context(layer, net=net_options, earlier=earlier)
    inputs = torch.from_numpy(x)
    loss = contrastive_loss(layer, inputs, layer(inputs), torch.zeros(count, 1), context)

    flat = x.reshape(count, 2, FEATURES, ROWS, COLUMNS).transpose(0, 1, 3, 4, 2)
    picture = boxes // (2 * ROWS * COLUMNS)
    steps = picture // (2 if "steps" in net else 4)
    samples = flat.reshape(-1, FEATURES)[boxes]
    reference = reference_contrastive.box_delta(
        samples, labels.flat[boxes], classes.flat[boxes], steps, 0.6, most
    )
    found = loss.delta.numpy().reshape(flat.shape[0], 2, FEATURES, ROWS, COLUMNS)
    found = found.transpose(0, 1, 3, 4, 2).reshape(-1, FEATURES)
    assert_near(found[boxes], clip(reference, layer.options))
    assert np.count_nonzero(found.any(-1)) <= len(boxes)


def test_without_a_labelled_box_the_delta_is_zero():
    layer, net_options = build_for_boxes("")
    labels = torch.full((2 * 2 * ROWS * COLUMNS,), -1)
    earlier = {layer.head_index: yolo_loss(labels, labels)}
    context = loss_context(layer, net=net_options, earlier=earlier)
    x = torch.randn(2, 2 * FEATURES, ROWS, COLUMNS)
    loss = contrastive_loss(layer, x, layer(x), torch.zeros(2, 1), context)
    assert not loss.delta.any()
    assert loss.parts["accuracy"] == -1


def test_accuracy_is_the_percentage_most_similar_to_their_own_label():
    layer, context = build_for_pictures()
    x = torch.tensor([[1.0, 0.1], [1.0, 0.0], [0.0, 1.0], [0.9, 0.2], [-1.0, 0.0], [-1.0, 0.2]])
    x = torch.cat((x, torch.zeros(6, 3)), 1)[..., None, None]
    truths = torch.zeros(6, 4)
    truths[torch.arange(6), torch.tensor([0, 0, 1, 1, 2, 2])] = 1
    loss = contrastive_loss(layer, x, layer(x), truths, context)
    # The third is most similar to the fourth, which has its label; the fourth to the first.
    assert loss.parts["accuracy"].item() == pytest.approx(100 * 5 / 6)
