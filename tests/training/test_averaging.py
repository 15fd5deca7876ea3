"""ema_alpha: the moving average of what convolutions learn."""

import torch

from darknet_torch.training.averaging import WeightAverage
from tests.training.small_networks import arrays, network

ALPHA = 0.75
CFG = """[net]
width=2
height=2
channels=1
max_batches=2010
ema_alpha={alpha}
[convolutional]
batch_normalize=1
filters=2
size=1
[batchnorm]
[connected]
output=2
[softmax]"""


def made(alpha=ALPHA):
    return network(CFG.format(alpha=alpha))


def learn(net, value):
    for _, slot in net.slots():
        slot.tensor.data.fill_(value)


def run(net, average, values, start):
    """Weights become each of `values` in turn, from iteration `start` on."""
    for iteration, value in enumerate(values, start):
        learn(net, value)
        average.update(iteration)


def test_it_starts_with_the_weights_at_half_of_the_training():
    net = made()
    average = WeightAverage.of_network(net)
    run(net, average, [5.0], 1004)
    assert average.averages == []
    run(net, average, [1.0, 2.0, 4.0], 1005)
    expected = 1.0
    for value in (1.0, 2.0, 4.0):
        expected = ALPHA * expected + (1 - ALPHA) * value
    assert len(average.averages) == 3  # biases, scales and weights of the convolution
    for array in average.averages:
        torch.testing.assert_close(array, torch.full_like(array, expected))


def test_it_becomes_the_weights_of_convolutions_a_thousand_updates_before_the_end():
    net = made()
    average = WeightAverage.of_network(net)
    run(net, average, [1.0, 2.0, 2.0, 2.0, 2.0], 1005)
    wanted = average.averages[0].flatten()[0].item()
    assert 1 < wanted < 2
    run(net, average, [3.0], 1010)
    for name, array in arrays(net, 0).items():
        trained = name in ("biases", "scales", "weights")
        value = wanted if trained else 3.0  # the rolling statistics are of later batches
        torch.testing.assert_close(array, torch.full_like(array, value))
    for index in (1, 2):
        for array in arrays(net, index).values():
            assert torch.equal(array, torch.full_like(array, 3.0))
    run(net, average, [7.0], 1011)
    assert arrays(net, 0)["weights"].flatten()[0].item() == 7
    assert average.averages[0].flatten()[0].item() == wanted


def test_a_swap_is_undone_by_a_second_one():
    net = made()
    average = WeightAverage.of_network(net)
    run(net, average, [1.0, 2.0], 1005)
    mean = average.averages[0].clone()
    average.swap()
    assert torch.equal(arrays(net, 0)["biases"].detach(), mean)
    assert arrays(net, 1)["biases"].flatten()[0].item() == 2
    average.swap()
    assert arrays(net, 0)["biases"].flatten()[0].item() == 2
    assert torch.equal(average.averages[0], mean)


def test_without_ema_alpha_there_is_none():
    net = made(alpha=0)
    average = WeightAverage.of_network(net)
    run(net, average, [1.0, 2.0], 1005)
    average.swap()
    assert average.averages == []
    assert arrays(net, 0)["weights"].flatten()[0].item() == 2
