"""A network prepared for a GPU, against the network itself."""

import gc
import warnings
import weakref
from functools import partial

import pytest
import torch

from darknet_torch.cfg.dialect import DIALECTS
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgNote, UsageError
from darknet_torch.heads.base import Predictions
from darknet_torch.inference.gpu.folded_network import FoldedNetwork, _compute
from darknet_torch.model.network import build_network
from darknet_torch.ops.precision import FULL_PRECISION, Precision
from darknet_torch.ops.precision_names import HALVES, PRECISIONS
from tests.conversion.small_models import DETECTOR, NET, trained_network
from tests.export.cases import HEADS, LAST, STEM, YOLO
from tests.inference.gpu.host_copies import no_host_copies

# Rounding moves a value of 0-1 by some ten times its own size: float32 has 24 bits, bfloat16 8.
BOUNDS = {"float32": 1e-5, "bfloat16": 3e-2, "float16": 3e-3}
RECURRENT = f"{STEM}[crnn]\nsize=3\npad=1\noutput=4\nhidden=4\nbatch_normalize=1\n{YOLO}"


def pictures(network, count=2):
    torch.manual_seed(0)
    net = network.net
    return torch.rand(count, net.channels, net.height, net.width, device=network.device)


@torch.inference_mode()
def decoded(network, images, precision=FULL_PRECISION):
    """The boxes of the network itself, with autocast."""
    with precision.computing(images.device), precision.autocast(images.device):
        outputs = network(images)
    size = network.net.height, network.net.width
    pairs = zip(network.heads, outputs, strict=True)
    return Predictions.join([head.decode(output.float(), *size) for head, output in pairs])


def run(prepared, images):
    return prepared(images.to(prepared.dtype).contiguous(memory_format=torch.channels_last))


def distance(found, expected):
    """The largest difference of scores, as a part of the largest score if that is above 1."""
    difference = (found.class_scores - expected.class_scores).abs().max()
    return float(difference / expected.class_scores.abs().max().clamp(min=1))


@pytest.mark.parametrize("cfg", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("precision", BOUNDS)
def test_boxes_differ_by_rounding(device, precision, cfg):
    network, chosen = trained_network(cfg).to(device), Precision.named(precision)
    images = pictures(network)
    prepared = FoldedNetwork(network, chosen)
    before, after = run(prepared, images), run(prepared, images)
    assert distance(before, after) == 0
    assert before.boxes.dtype == torch.float32
    assert distance(before, decoded(network, images, chosen)) <= BOUNDS[precision]
    torch.testing.assert_close(before.boxes, decoded(network, images).boxes, rtol=0.1, atol=0.1)


@pytest.mark.parametrize("precision", HALVES)
def test_rounded_weights_are_no_less_exact_than_those_of_autocast(device, precision):
    """The distance from float32 is that of the same network with autocast, or about that."""
    network, chosen = trained_network(HEADS["yolo"]).to(device), Precision.named(precision)
    images = pictures(network, 8)
    exact = decoded(network, images)
    found = distance(run(FoldedNetwork(network, chosen), images), exact)
    assert 0 < found <= 1.5 * distance(decoded(network, images, chosen), exact)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_maps_are_channels_last_where_units_for_matrices_compute(device, precision):
    orders = []
    network = trained_network(DETECTOR).to(device)
    prepared = FoldedNetwork(network, Precision.named(precision))
    convolutions = [one for one in prepared._prepared.layers if one.section == "convolutional"]
    for one in convolutions:
        one.register_forward_hook(
            lambda layer, given, out: orders.extend(map(is_channels_last, (*given, out)))
        )
    run(prepared, pictures(network))
    assert set(orders) == {precision != "float32"}
    assert len(orders) == 2 * len(convolutions) > 2


def is_channels_last(values):
    return not values.is_contiguous() and values.is_contiguous(memory_format=torch.channels_last)


def test_the_network_is_not_changed_and_its_changes_are_noticed(device):
    network = trained_network(DETECTOR).to(device)
    images = pictures(network)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    prepared = FoldedNetwork(network, Precision("bfloat16"))
    run(prepared, images)
    assert prepared.is_current
    assert before.keys() == network.state_dict().keys()
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    with torch.no_grad():
        next(network.parameters()).mul_(2)
    assert not prepared.is_current


def test_a_network_of_another_type_is_noticed(device):
    network = trained_network(DETECTOR).to(device)
    prepared = FoldedNetwork(network)
    network.double()
    assert not prepared.is_current
    assert FoldedNetwork(network).dtype == torch.float64


def test_the_arrays_of_the_network_can_be_freed(device):
    network = trained_network(DETECTOR).to(device)
    images = pictures(network)
    expected = decoded(network, images)
    first = weakref.ref(next(network.parameters()))
    prepared = FoldedNetwork(network, keep_weights=False)
    assert all(array.is_meta for array in network.parameters())
    assert first() is None
    assert prepared.is_current
    assert distance(run(prepared, images), expected) <= BOUNDS["float32"]
    with pytest.raises(UsageError, match="weights were freed"):
        FoldedNetwork(network)


def test_its_memory_is_free_as_soon_as_nobody_uses_it(device):
    """A training goes on after an evaluation, and needs it then; the collector comes later."""
    network = trained_network(DETECTOR).to(device)
    prepared = FoldedNetwork(network, capture=lambda compute, images: partial(compute, images))
    run(prepared, pictures(network))
    copied = weakref.ref(next(prepared._prepared.parameters()))
    before = gc.isenabled()
    gc.disable()
    try:
        del prepared
        assert copied() is None
    finally:
        if before:
            gc.enable()


def test_folded_weights_that_float16_cannot_hold_stay_unfolded(device):
    """As of filters that never varied: what they are multiplied with, here black, is small."""
    network, half = trained_network(STEM + YOLO).to(device), Precision("float16")
    convolution = network.layers[0].convolution
    with torch.no_grad():
        convolution.normalization.rolling_variance.zero_()
        convolution.normalization.rolling_mean.zero_()
        convolution.normalization.scales.fill_(1e3)
    assert convolution.folded()[0].half().isinf().any()
    images = torch.zeros_like(pictures(network))
    found = run(FoldedNetwork(network, half), images)
    assert found.class_scores.isfinite().all()
    assert distance(found, decoded(network, images, half)) <= BOUNDS["float16"]


def test_a_network_with_a_state_computes_itself(device):
    torch.manual_seed(0)
    network = build_network(parse_cfg(RECURRENT.replace(NET, f"{NET}time_steps=2\n")))
    network = network.to(device)
    images = pictures(network)
    prepared = FoldedNetwork(network, keep_weights=False)
    first = run(prepared, images)
    assert distance(run(prepared, images), first) > 0
    network.reset_state()
    assert distance(run(prepared, images), first) == 0


def test_graphs_are_recorded_of_the_whole_computation(device):
    """Heads decode inside the graph: a replay returns boxes, objectness and scores."""
    recorded = []

    def capture(compute, images):
        outputs = compute(images)
        recorded.append([tuple(output.shape) for output in outputs])
        return lambda images: outputs

    network = trained_network(HEADS["yolo"]).to(device)
    prepared = FoldedNetwork(network, capture=capture)
    images = pictures(network)
    found = [run(prepared, images) for _ in range(3)]
    assert recorded == [[tuple(part.shape) for part in vars(found[0]).values()]]
    assert found[1].boxes is found[2].boxes


def tree_network(folder, dialect):
    (folder / "own.tree").write_text("a -1\nb -1\nc 0\nd 0\ne 2\nf 2\n")
    region = f"[region]\nclasses=6\nanchors=1,1\nsoftmax=1\ntree={folder}/own.tree\n"
    text = STEM + LAST.format("linear", 11) + region
    return build_network(parse_cfg(text), dialect=DIALECTS[dialect])


def assert_recordable(network):
    """Compute without numbers: a second time nothing may come from the host, or go to it."""
    network = network.to("meta")
    images = pictures(network)
    device = torch.device("cpu")  # which has an autocast
    with torch.inference_mode():
        _compute(network, device, FULL_PRECISION, torch.contiguous_format, images)
        with no_host_copies():
            _compute(network, device, FULL_PRECISION, torch.contiguous_format, images)


@pytest.mark.parametrize("cfg", HEADS.values(), ids=HEADS)
def test_what_is_recorded_copies_nothing_from_or_to_the_host(cfg):
    assert_recordable(trained_network(cfg))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_trees_of_classes_can_be_recorded(dialect, tmp_path):
    assert_recordable(tree_network(tmp_path, dialect))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_boxes_of_trees_are_those_of_the_network_and_nothing_is_noted(device, dialect, tmp_path):
    network = tree_network(tmp_path, dialect).to(device)
    images = pictures(network)
    prepared, expected = FoldedNetwork(network), decoded(network, images)
    with warnings.catch_warnings():
        warnings.simplefilter("error", CfgNote)  # that a graph cannot be recorded
        for _ in range(3):
            assert distance(run(prepared, images), expected) <= BOUNDS["float32"]


@pytest.mark.parametrize(
    "copying",
    [
        lambda x: torch.tensor([1.0, 2.0], device=x.device),
        lambda x: torch.ones(2).to(x.device),
        lambda x: x.copy_(torch.ones(2)),
        lambda x: x.sum().item(),
        lambda x: x.nonzero(),
        lambda x: x.cpu(),
    ],
)
def test_copies_are_seen(copying):
    with pytest.raises((AssertionError, RuntimeError, NotImplementedError)), no_host_copies():
        copying(torch.empty(2, device="meta"))
