"""Updates rounded as C's, to the bit."""

import numpy as np
import torch

from darknet_torch.training.sgd import SGD

F = np.float32
RATE, DECAY, MOMENTUM = 0.003, 0.0005 * 4, 0.9


def drawn(seed):
    return torch.randn(50, generator=torch.Generator().manual_seed(seed))


def made():
    weights = torch.nn.Parameter(drawn(0))
    optimizer = SGD([weights], lr=RATE, momentum=MOMENTUM, weight_decay=DECAY)
    return weights, optimizer


def learn(weights, optimizer, seed):
    weights.backward(drawn(seed))
    optimizer.step()
    optimizer.zero_grad()


def test_gradients_are_added_to_what_momentum_leaves():
    weights, optimizer = made()
    expected, sums = weights.detach().numpy().copy(), np.zeros(50, F)
    for seed in (1, 2, 3):
        learn(weights, optimizer, seed)
        sums = sums - drawn(seed).numpy()
        sums = sums + F(-DECAY) * expected
        expected = expected + F(RATE) * sums
        sums = F(MOMENTUM) * sums
    np.testing.assert_array_equal(weights.detach().numpy(), expected)


def test_it_updates_as_pytorchs_does():
    weights, optimizer = made()
    peer = torch.nn.Parameter(drawn(0))
    other = torch.optim.SGD([peer], lr=RATE, momentum=MOMENTUM, weight_decay=DECAY)
    for seed in (1, 2, 3):
        learn(weights, optimizer, seed)
        learn(peer, other, seed)
    torch.testing.assert_close(weights, peer)


def test_it_goes_on_from_the_state_of_either():
    weights, optimizer = made()
    learn(weights, optimizer, 1)
    for kind in (SGD, torch.optim.SGD):
        copy = torch.nn.Parameter(weights.detach().clone())
        other = kind([copy], lr=1.0)
        other.load_state_dict(optimizer.state_dict())
        other.zero_grad()
        learn(copy, other, 2)
        wanted, again = made()
        learn(wanted, again, 1)
        learn(wanted, again, 2)
        torch.testing.assert_close(copy, wanted)


def test_what_has_no_gradient_stays():
    weights, optimizer = made()
    optimizer.step()
    optimizer.zero_grad()
    assert torch.equal(weights, drawn(0))
    assert weights.grad is None
