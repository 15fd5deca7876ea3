"""What an unfinished iteration has changed is taken back."""

import torch

from darknet_torch.training.forward import ForwardPass
from darknet_torch.training.iteration_start import IterationStart
from tests.training.small_networks import arrays, loss_context, network

CFG = """[net]
inputs=4
batch=2
time_steps=2
[rnn]
output=3
hidden=3
batch_normalize=1
activation=tanh
[dropout]
probability=.5
[connected]
output=4
activation=linear
[softmax]"""


def mini_batch(made, forward):
    images = torch.rand(4, 4, 1, 1)
    truths = torch.eye(4)
    forward(images, truths, loss_context(made)).root.backward()


def outliving(made, forward):
    """Everything that a mini-batch leaves behind, as numbers."""
    statistics = [buffer.clone() for buffer in made.buffers()]
    states = [part for layer in made.layers for part in layer.state]
    return [*statistics, *states, torch.get_rng_state()]


def test_rolling_statistics_recurrent_states_and_random_numbers_are_restored():
    torch.manual_seed(3)
    made = network(CFG)
    forward = ForwardPass(made)
    mini_batch(made, forward)
    before = outliving(made, forward)
    start = IterationStart(made, forward)
    mini_batch(made, forward)
    changed = outliving(made, forward)
    assert not any(torch.equal(old, new) for old, new in zip(before, changed, strict=True))
    start.restore()
    after = outliving(made, forward)
    assert all(torch.equal(old, new) for old, new in zip(before, after, strict=True))


def test_accumulated_deltas_are_restored():
    """AlexeyAB's CPU code never zeroes the delta of [softmax]'s neighbours without train."""
    made = network(
        "[net]\nwidth=4\nheight=4\nchannels=2\nbatch=2\n[maxpool]\nsize=2\nstride=2\n"
        "[connected]\noutput=3\nactivation=linear\n[avgpool]\n[softmax]"
    )
    forward = ForwardPass(made)
    images, truths = torch.rand(2, 2, 4, 4), torch.eye(3)[:2]
    forward(images, truths, loss_context(made)).root.backward()
    before = forward.state_dict()["accumulated"]
    start = IterationStart(made, forward)
    forward(images, truths, loss_context(made)).root.backward()
    assert before
    assert any(
        not torch.equal(before[index], delta)
        for index, delta in forward.state_dict()["accumulated"].items()
    )
    start.restore()
    assert all(
        torch.equal(before[index], delta)
        for index, delta in forward.state_dict()["accumulated"].items()
    )
    assert arrays(made, 1)
