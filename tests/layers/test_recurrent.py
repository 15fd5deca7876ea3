"""The state of every recurrent layer: kept, reset, and carried through training batches."""

import pytest
import torch

from darknet_torch.errors import DarknetError
from tests.layers.plain_recurrent import (
    build,
    steps,
)

KINDS = {
    "rnn": "rnn output=3 hidden=4 activation=tanh",
    "gru": "gru output=3",
    "lstm": "lstm output=3",
    "crnn": "crnn output=3 hidden=4 pad=1 activation=tanh",
    "conv_lstm": "conv_lstm output=3 pad=1 peephole=1",
    "history": "history history_size=3",
}


RESET_EACH_BATCH = ("rnn", "crnn")  # their state is zeroed at the start of every training batch


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def random_network(kind, time_steps=1):
    network = build(KINDS[kind], time_steps=time_steps)
    generator = torch.Generator().manual_seed(2)
    for _, slot in network.slots():
        slot.tensor.data.uniform_(-0.3, 0.4, generator=generator)
    return network


def outputs(network, inputs):
    return [network(x)[0].detach() for x in inputs]


def check_same(found, expected):
    """PyTorch may add up in another order for another number of pictures."""
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def differ(one, other):
    return (one - other).abs().max() > 1e-3


def test_the_state_is_kept_for_the_next_call_until_it_is_reset(kind):
    network, (x, *_) = random_network(kind), steps(1)
    first, second = outputs(network, [x, x])
    assert differ(first, second)
    network.layers[0].reset_state()
    check_same(outputs(network, [x, x]), [first, second])


def test_another_batch_size_starts_from_the_initial_state(kind):
    network, (x, *_) = random_network(kind), steps(1, batch=3)
    (fresh,) = outputs(network, [x])
    network.layers[0].reset_state()
    outputs(network, [x[:1], x[:1]])
    check_same(outputs(network, [x]), [fresh])


def test_sequences_of_a_batch_do_not_mix(kind):
    network, inputs = random_network(kind), steps(3)
    together = outputs(network, inputs)
    alone = random_network(kind)
    check_same([out[1:] for out in together], outputs(alone, [x[1:] for x in inputs]))


def test_a_training_batch_holds_its_steps_one_after_the_other(kind):
    inputs = steps(3)
    stepwise = outputs(random_network(kind), inputs)
    network = random_network(kind, time_steps=3).train()
    check_same(outputs(network, [torch.cat(inputs)]), [torch.cat(stepwise)])


def test_the_next_training_batch_continues_unless_darknets_layer_resets_its_state(kind):
    inputs = steps(4)
    network = random_network(kind, time_steps=2).train()
    pairs = [torch.cat(inputs[:2]), torch.cat(inputs[2:])]
    _, second = outputs(network, pairs)
    stepwise = random_network(kind)
    continued = torch.cat(outputs(stepwise, inputs)[2:])
    stepwise.layers[0].reset_state()
    restarted = torch.cat(outputs(stepwise, inputs[2:]))
    assert differ(continued, restarted)
    check_same([second], [restarted if kind in RESET_EACH_BATCH else continued])


def test_a_training_batch_that_does_not_divide_into_steps_is_refused(kind):
    network, (x,) = random_network(kind, time_steps=2).train(), steps(1, batch=3)
    with pytest.raises(DarknetError):
        network(x)


def test_time_steps_do_not_matter_at_inference(kind):
    inputs = steps(2)
    check_same(
        outputs(random_network(kind, time_steps=2), inputs), outputs(random_network(kind), inputs)
    )


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"history"}))
def test_gradients_reach_back_through_the_steps_of_a_batch_and_no_further(kind):
    network = random_network(kind, time_steps=3).train()
    for _ in range(2):  # the second would fail if it reached into the first
        x = torch.cat(steps(3)).requires_grad_()
        network(x)[0][-2:].sum().backward()
        by_step = x.grad.unflatten(0, (3, 2)).abs().amax((2, 3, 4))
        assert (by_step > 0).all()
