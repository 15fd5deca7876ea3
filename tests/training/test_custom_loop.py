"""A training loop of one's own."""

import warnings
from itertools import pairwise

import pytest
import torch

import darknet_torch as dt
from tests.training.runs import CLASSIFIER, DETECTOR, classifier_data, detector_data, written

RATE = 0.01
# Without what a plain optimizer does not do: burn-in, steps, decay of the weights alone.
PLAIN = (
    DETECTOR.replace("policy=steps\nsteps=5\nscales=.1\n", "policy=constant\n")
    .replace("decay=0.0005\nburn_in=2\nmax_batches=6", "decay=0\nmax_batches=3")
    .replace("subdivisions=2", "subdivisions=1")
    .replace("[dropout]\nprobability=.1\n", "")
)


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return written(tmp_path, PLAIN), detector_data(tmp_path / "data")


@pytest.fixture
def network(files):
    torch.manual_seed(0)
    return dt.load_to_train(files[0])


def boxes(*rows):
    return torch.tensor([list(rows)])


def test_it_makes_the_steps_of_a_training(files):
    cfg, data = files
    torch.manual_seed(0)
    dt.write_weights(dt.load(cfg), "start.weights")
    whole = dt.train(cfg, data, weights="start.weights", workers=0, seed=3)
    network = dt.load_to_train(cfg, "start.weights")
    loss_of, losses = dt.NetworkLoss(network), []
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE, momentum=0.9)
    for batch in dt.training_batches(network, data, mini_batches=3, seed=3, workers=0):
        optimizer.zero_grad()
        loss = loss_of(batch.images, batch.truths)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses == pytest.approx(whole.losses, rel=1e-4)
    assert network.header.seen == whole.network.header.seen == 12
    for own, theirs in zip(network.parameters(), whole.network.parameters(), strict=True):
        assert torch.allclose(own, theirs, rtol=1e-4, atol=1e-6)


def test_it_learns_boxes_given_by_hand(network):
    loss_of = dt.NetworkLoss(network)
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE, momentum=0.9)
    images, truths = (
        torch.rand(1, 3, 64, 64),
        boxes([0.5, 0.5, 0.3, 0.3, 1], [0.2, 0.7, 0.2, 0.2, 0]),
    )
    losses = []
    for _ in range(12):
        optimizer.zero_grad()
        loss = loss_of(images, truths)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
    assert loss_of.seen == network.header.seen == 12


def test_rows_of_zeros_are_no_boxes_and_losses_scale(network):
    loss_of, images = dt.NetworkLoss(network), torch.rand(1, 3, 64, 64)
    padded = boxes([0.5, 0.5, 0.3, 0.3, 1], [0, 0, 0, 0, 0])
    found = []
    for truths, factor in ((padded[:, :1], 1), (padded, 1), (padded, 2)):
        network.zero_grad()
        (loss_of(images, truths) * factor).backward()
        found.append(next(network.parameters()).grad.clone())
    for (first, second), factor in zip(pairwise(found), (1, 2), strict=True):
        assert torch.allclose(first * factor, second)


def test_a_classifier_is_trained_too(tmp_path):
    data = classifier_data(tmp_path / "colours", 4)
    network = dt.load_to_train(written(tmp_path, CLASSIFIER))
    loss_of = dt.NetworkLoss(network)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dt.CfgNote)  # which folders are which classes
        (batch,) = dt.training_batches(network, data, mini_batches=1, workers=0)
    assert (batch.images.shape, batch.truths.shape) == ((6, 3, 24, 24), (6, 3))
    loss_of(batch.images, batch.truths).backward()
    assert any(parameter.grad.abs().max() > 0 for parameter in network.parameters())


def test_faults_in_the_data_are_warnings_once(network, files, tmp_path):
    (tmp_path / "data/train_0.png").write_bytes(b"no picture")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        list(dt.training_batches(network, files[1], mini_batches=6, workers=0))
    assert sum("train_0.png" in str(one.message) for one in caught) == 1


def test_a_network_with_the_bugs_of_the_c_code_is_noted(files):
    with pytest.warns(dt.CfgNote, match=r"bugs of the C code.*load_to_train"):
        dt.NetworkLoss(dt.load(files[0]).train())


IMAGES = torch.rand(2, 3, 64, 64)


@pytest.mark.parametrize(
    ("images", "truths", "parts"),
    [
        (IMAGES, torch.zeros(1, 4, 5), ("expected [2, T, 5]", "got [1, 4, 5]")),
        (IMAGES, torch.zeros(2, 4), ("expected [2, T, 5]", "got [2, 4]")),
        (IMAGES, torch.zeros(2, 3, 4), ("expected [2, T, 5]", "got [2, 3, 4]")),
        (IMAGES[:, :1], torch.zeros(2, 4, 5), ("expected [N, 3, 64, 64]", "got [2, 1, 64, 64]")),
        (IMAGES, torch.zeros(2, 4, 5).long(), ("truths", "a tensor of floats", "torch.int64")),
        (IMAGES.byte(), torch.zeros(2, 4, 5), ("images", "a tensor of floats", "torch.uint8")),
        (IMAGES.numpy(), torch.zeros(2, 4, 5), ("images", "a tensor of floats", "got ndarray")),
    ],
)
def test_tensors_that_do_not_fit_are_refused(network, images, truths, parts):
    with pytest.raises(dt.UsageError) as error:
        dt.NetworkLoss(network)(images, truths)
    for part in parts:
        assert part in str(error.value)
    assert network.header.seen == 0


def test_what_cannot_be_trained_is_refused(network, files, tmp_path):
    loss_of = dt.NetworkLoss(network)
    network.eval()
    with pytest.raises(dt.UsageError, match=r"evaluation mode.*call network.train\(\)"):
        loss_of(IMAGES, torch.zeros(2, 4, 5))
    with pytest.raises(dt.ArgumentError, match=r"expected a darknet_torch.Network.*got str"):
        dt.NetworkLoss("small.cfg")
    with pytest.raises(dt.ArgumentError, match=r"expected a darknet_torch.Network.*got str"):
        next(dt.training_batches("small.cfg", files[1]))
    headless = written(tmp_path, PLAIN[: PLAIN.index("[yolo]")], "headless.cfg")
    with pytest.raises(dt.CfgError, match="no layer with a loss"):
        dt.NetworkLoss(dt.load_to_train(headless))
    with pytest.raises(dt.UsageError, match=r"seed= is out of its bounds"):
        next(dt.training_batches(network, files[1], seed=-1))


def test_layers_compute_in_the_precision_of_the_loss(files):
    images = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    truths = torch.tensor([[[0.5, 0.5, 0.5, 0.5, 0.0]]])
    types = []
    for precision in ("float32", "bfloat16"):
        network = dt.load_to_train(files[0])
        network.layers[0].register_forward_hook(lambda *call: types.append(call[2].dtype))
        loss = dt.NetworkLoss(network, precision=precision)(images, truths)
        assert loss.dtype == torch.float32
        loss.backward()
        assert all(p.grad is None or p.grad.dtype == torch.float32 for p in network.parameters())
    assert types == [torch.float32, torch.bfloat16]


def test_an_unknown_precision_is_refused(network):
    with pytest.raises(dt.ArgumentError, match=r"unknown precision: .*got 'half'"):
        dt.NetworkLoss(network, precision="half")


def test_the_switches_of_a_gpu_are_set_inside_computing_alone(network, monkeypatch):
    monkeypatch.setattr(dt.Network, "device", torch.device("cuda"))
    conv = torch.backends.cudnn.conv
    before = conv.fp32_precision
    loss_of = dt.NetworkLoss(network, precision="tf32")
    assert conv.fp32_precision == before
    with loss_of.computing():
        assert conv.fp32_precision == "tf32"
    assert conv.fp32_precision == before
