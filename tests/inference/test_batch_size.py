"""The size of batches that brings the most pictures per second."""

import numpy as np
import pytest
import torch

from darknet_torch.inference.backends import BackendSettings
from darknet_torch.inference.backends.pytorch import TorchBackend
from darknet_torch.inference.batch_size import choose_batch, free_memory
from darknet_torch.inference.description import describe_network
from darknet_torch.ops.precision import FULL_PRECISION
from tests.conversion.small_models import DETECTOR, NET, trained_network

PLENTY = 1 << 40


@pytest.fixture(scope="module")
def network():
    return trained_network(DETECTOR).eval()


def choose(network, seconds, memory=PLENTY, **options):
    """The choice where a batch of each size takes so many seconds."""
    options |= {"seconds": seconds.get, "memory": lambda device: memory}
    return choose_batch(describe_network(network), TorchBackend(network), **options)


@pytest.mark.parametrize(
    ("seconds", "size", "tried"),
    [
        ({1: 0.010, 2: 0.015, 4: 0.025, 8: 0.045, 16: 0.080}, 16, [1, 2, 4, 8, 16]),
        ({1: 0.010, 2: 0.015, 4: 0.0295}, 2, [1, 2, 4]),  # 1.7 % more of 4
        ({1: 0.010, 2: 0.015, 4: 0.0290, 8: 0.0580}, 4, [1, 2, 4, 8]),  # 3.4 % more, then none
        ({1: 0.010, 2: 0.021}, 1, [1, 2]),
        ({1: 0.200}, 1, [1]),  # 2 would take too long
        ({1: 0.040, 2: 0.060, 4: 0.100}, 4, [1, 2, 4]),  # 8 would take too long
    ],
)
def test_sizes_grow_while_they_bring_more_in_time(network, seconds, size, tried):
    choice = choose(network, seconds)
    assert choice.size == size
    assert list(choice.rates) == tried
    assert choice.rates[1] == 1 / seconds[1]


FAST = dict.fromkeys((1, 2, 4, 8, 16), 0.001)


@pytest.mark.parametrize(("most", "size"), [(1, 1), (3, 2), (8, 8), (100, 16)])
def test_no_batch_is_larger_than_makes_sense(network, most, size):
    assert choose(network, FAST, most=most).size == size


def test_sizes_stop_growing_where_memory_is_short(network):
    each = 8 * sum(layer.output_shape.count for layer in network.layers)
    assert choose(network, FAST, memory=5 * each).size == 4
    assert choose(network, FAST, memory=0).size == 1
    assert choose(network, FAST, memory=None).size == 16


def test_a_network_with_a_state_sees_one_picture_at_a_time():
    recurrent = trained_network(NET + "[rnn]\nhidden=2\noutput=2\nactivation=linear\n")
    assert choose(recurrent, FAST).size == 1


def test_by_default_the_network_is_timed_on_noise(network):
    shapes = []

    class Counting(TorchBackend):
        def predict(self, images):
            assert images.dtype == np.float32
            shapes.append(images.shape)
            return super().predict(images)

    choice = choose_batch(describe_network(network), Counting(network), most=2)
    net = network.net
    assert shapes == [(n, net.channels, net.height, net.width) for n in (1, 1, 2, 2)]
    assert all(rate > 0 for rate in choice.rates.values())


class Placed:
    """A backend that computes somewhere."""

    def __init__(self, device):
        self.device = torch.device(device)


def test_free_memory_is_that_of_the_machine():
    free = free_memory(Placed("cpu"))
    assert free is None or free > 0
    assert free_memory(Placed("mps")) is None
    assert (free_memory(object()) is None) == (free is None)


def test_memory_counts_for_a_network_whose_own_weights_were_freed():
    freed = trained_network(DETECTOR)
    backend = TorchBackend(freed, BackendSettings(FULL_PRECISION, keep_weights=False))
    assert next(freed.parameters()).device.type == "meta"
    assert (free_memory(backend) is None) == (free_memory(object()) is None)
