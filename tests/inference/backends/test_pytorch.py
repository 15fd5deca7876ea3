"""The PyTorch backend."""

import pytest
import torch

from darknet_torch.inference.backends import BackendSettings, find_backend
from darknet_torch.inference.backends.pytorch import TorchBackend
from darknet_torch.model.weights import read_weights, write_weights
from darknet_torch.ops.precision import Precision
from tests.conversion.small_models import DETECTOR, pictures, trained_network

CUDA = torch.device("cuda")  # the object exists without a GPU


def test_torch_runs_the_network_in_its_own_precision():
    network = trained_network(DETECTOR)
    images = pictures(2, 3, 32, 32)
    (found,) = find_backend("torch", network, optimize=False).predict(images.numpy())
    with torch.inference_mode():
        torch.testing.assert_close(found, network(images)[0], rtol=0, atol=0)
    (double,) = find_backend("torch", network.double()).predict(images.numpy())
    assert double.dtype == torch.float64


@pytest.mark.parametrize(("precision", "bits"), [("bfloat16", 8), ("float16", 11)])
def test_layers_compute_in_16_bits_and_heads_in_32(precision, bits):
    network, images = trained_network(DETECTOR), pictures(2, 3, 32, 32)
    seen = []
    for layer in network.layers:
        layer.register_forward_hook(lambda *call: seen.append((call[1][0].dtype, call[2].dtype)))
    (exact,) = find_backend("torch", network).predict(images.numpy())
    seen.clear()
    (found,) = find_backend("torch", network, precision).predict(images.numpy())
    half = getattr(torch, precision)
    assert seen == [
        (torch.float32, half),
        (half, half),
        (torch.float32, torch.float32),
    ]
    assert not torch.equal(found, exact)
    # Two layers of values near 1 round some ten times to `bits` bits.
    torch.testing.assert_close(found, exact, rtol=0, atol=10 * 2**-bits)


def test_tf32_is_float32_on_a_cpu():
    network, images = trained_network(DETECTOR), pictures(2, 3, 32, 32).numpy()
    found, exact = (
        find_backend("torch", network, precision).predict(images)[0]
        for precision in ("tf32", "float32")
    )
    assert torch.equal(found, exact)


def test_an_autocast_of_the_program_does_not_change_float32():
    network, images = trained_network(DETECTOR), pictures(2, 3, 32, 32).numpy()
    (exact,) = find_backend("torch", network).predict(images)
    with torch.autocast("cpu", torch.bfloat16):
        (found,) = find_backend("torch", network).predict(images)
    assert torch.equal(found, exact)


def test_the_switches_of_a_gpu_are_those_of_each_backend(monkeypatch):
    """Two detectors in one program, whose own setting is left alone."""
    network, images = trained_network(DETECTOR), pictures(1, 3, 32, 32).numpy()
    seen = []
    conv = torch.backends.cudnn.conv
    network.layers[0].register_forward_hook(lambda *_: seen.append(conv.fp32_precision))
    computing = Precision.computing
    monkeypatch.setattr(Precision, "computing", lambda self, _: computing(self, CUDA))
    before = conv.fp32_precision
    exact, fast = (
        TorchBackend(network, BackendSettings(Precision(name), optimize=False))
        for name in ("float32", "tf32")
    )
    for backend in (exact, fast, exact):
        backend.predict(images)
        assert conv.fp32_precision == before
    assert seen == ["ieee", "tf32", "ieee"]


def test_changes_of_the_network_are_noticed():
    network, images = trained_network(DETECTOR), pictures(2, 3, 32, 32)
    backend = find_backend("torch", network)
    (before,) = backend.predict(images.numpy())
    with torch.no_grad():
        network.layers[0].convolution.weights.mul_(2)
    (after,) = backend.predict(images.numpy())
    (double,) = find_backend("torch", network.double()).predict(images.numpy())
    assert not torch.allclose(before, after)
    torch.testing.assert_close(after, double.float(), rtol=0, atol=1e-5)  # float32 of some tens


def test_weights_that_are_read_later_are_noticed(tmp_path):
    network, other = trained_network(DETECTOR), trained_network(DETECTOR)
    with torch.no_grad():
        other.layers[0].convolution.weights.mul_(2)
    write_weights(other, tmp_path / "other.weights")
    images = pictures(1, 3, 32, 32).numpy()
    backend = find_backend("torch", network)
    before = backend.predict(images)
    read_weights(network, tmp_path / "other.weights")
    expected = find_backend("torch", other).predict(images)
    assert not torch.allclose(before[0], expected[0])
    torch.testing.assert_close(backend.predict(images), expected, rtol=0, atol=0)


def test_the_networks_own_weights_can_be_freed():
    network, images = trained_network(DETECTOR), pictures(2, 3, 32, 32).numpy()
    expected = find_backend("torch", network).predict(images)
    backend = find_backend("torch", network, keep_weights=False)
    assert network.layers[0].convolution.weights.is_meta
    torch.testing.assert_close(backend.predict(images), expected, rtol=0, atol=0)
