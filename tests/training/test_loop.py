"""One iteration of the training loop: subdivisions, rates, a broken loss, events."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from darknet_torch.errors import TrainingError
from darknet_torch.ops.precision import Precision
from darknet_torch.training.batches import TrainBatch
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.forward import ForwardPass
from darknet_torch.training.loop import TrainingLoop
from tests.training.small_networks import arrays, loss_context, network

CFG = """[net]
width=4
height=4
channels=2
batch=4
subdivisions={subdivisions}
momentum=.9
decay=.001
learning_rate=.1
policy={policy}
max_batches=10
{net}
[convolutional]
filters=3
size=3
pad=1
activation=leaky
[avgpool]
[softmax]"""


def cfg(subdivisions=2, policy="poly", net="power=1"):
    return CFG.format(subdivisions=subdivisions, policy=policy, net=net)


def built(text, arithmetic="fast"):
    """A network in the dialect that accumulates no deltas."""
    return network(text, "alexeyab-cuda", arithmetic=arithmetic)


def data(count=8, seed=2):
    make = torch.Generator().manual_seed(seed)
    truths = torch.zeros(count, 3)
    truths[torch.arange(count), torch.randint(3, (count,), generator=make)] = 1
    return torch.rand(count, 2, 4, 4, generator=make), truths


def parts(images, truths, size):
    """The mini-batches of `size`, with names."""
    for start in range(0, len(images), size):
        names = [f"{index}.jpg" for index in range(start, start + size)]
        yield TrainBatch(images[start : start + size], truths[start : start + size], names)


def test_the_gradients_of_subdivisions_add_up_in_their_order():
    images, truths = data(4)
    whole = built(cfg())
    each, sums = [], []

    class Gradients(Callback):
        def on_mini_batch(self, loop, result):
            sums.append({name: x.grad.clone() for name, x in arrays(loop.network, 0).items()})

    for start in (0, 2):
        part = slice(start, start + 2)
        alone = built(cfg())
        ForwardPass(alone)(images[part], truths[part], loss_context(alone)).root.backward()
        each.append({name: array.grad for name, array in arrays(alone, 0).items()})
    loop = TrainingLoop(whole, callbacks=[Gradients()])
    loop.train_iteration(parts(images, truths, 2))
    assert len(sums) == 2
    for name, gradient in sums[1].items():
        assert torch.equal(gradient, each[0][name] + each[1][name])


@pytest.mark.parametrize("subdivisions", [1, 2, 4])
def test_subdivisions_do_not_change_an_update(subdivisions):
    images, truths = data(8)
    made, one = built(cfg(subdivisions)), built(cfg(1))
    loop, other = TrainingLoop(made), TrainingLoop(one)
    for start in (0, 4):
        batch = images[start : start + 4], truths[start : start + 4]
        update = loop.train_iteration(parts(*batch, 4 // subdivisions))
        expected = other.train_iteration(parts(*batch, 4))
        assert update.loss == pytest.approx(expected.loss, rel=1e-5)  # float32
        assert update.rate == expected.rate
    for name, array in arrays(made, 0).items():
        # Sums of float32 in another order.
        torch.testing.assert_close(array, arrays(one, 0)[name], rtol=1e-4, atol=1e-6)


def test_an_update_has_its_number_rate_and_loss():
    images, truths = data(8)
    loop = TrainingLoop(built(cfg(net="power=1")))
    updates = [
        loop.train_iteration(parts(images[s : s + 4], truths[s : s + 4], 2)) for s in (0, 4)
    ]
    assert [update.iteration for update in updates] == [1, 2]
    assert [update.rate for update in updates] == pytest.approx([0.09, 0.08])
    assert loop.seen == 8
    # Cross entropy of three classes, per picture.
    assert 0.5 < updates[0].loss < 3
    assert set(updates[0].parts) == {2}


def test_the_iteration_follows_from_the_seen_count_of_the_weights():
    made = built(cfg())
    made.header = replace(made.header, seen=5 * 4)
    loop = TrainingLoop(made)
    assert loop.iteration == 5
    images, truths = data(4)
    update = loop.train_iteration(parts(images, truths, 2))
    assert update.iteration == 6
    assert update.rate == pytest.approx(0.04)


def test_a_random_rate_depends_on_seed_and_iteration_alone():
    rates = []
    for seed in (1, 1, 2):
        images, truths = data(4)
        loop = TrainingLoop(built(cfg(policy="random")), seed=seed)
        rates.append([loop.train_iteration(parts(images, truths, 2)).rate for _ in range(3)])
    assert rates[0] == rates[1] != rates[2]
    assert len(set(rates[0])) == 3


def test_a_loss_that_is_not_finite_names_iteration_layer_and_pictures():
    images, truths = data(8)
    made = built(cfg())
    loop = TrainingLoop(made)
    loop.train_iteration(parts(images[:4], truths[:4], 2))
    before = {name: array.detach().clone() for name, array in arrays(made, 0).items()}
    images[6, 0, 0, 0] = float("nan")
    with pytest.raises(TrainingError) as caught:
        loop.train_iteration(parts(images[4:], truths[4:], 2))
    message = str(caught.value)
    for words in ("iteration 2", "[softmax], layer 2", "2.jpg, 3.jpg", "nan", "learning_rate="):
        assert words in message
    assert "0.jpg" not in message
    for name, array in arrays(made, 0).items():
        assert torch.equal(array, before[name])


def test_layers_are_called_with_each_iteration():
    made = network(
        "[net]\nwidth=8\nheight=8\nchannels=1\nbatch=1\nmax_batches=100\n"
        "[convolutional]\nfilters=3\nsize=1\n"
        "[dropout]\ndropblock=1\ndropblock_size_abs=2\n[avgpool]\n[softmax]"
    )
    loop = TrainingLoop(made)
    images, truths = torch.rand(1, 1, 8, 8), torch.tensor([[0.0, 1.0, 0.0]])
    progress = []
    for _ in range(3):
        loop.train_iteration([TrainBatch(images, truths)])
        progress.append(made.layers[1].progress)
    assert progress == pytest.approx([0, 1 / 85, 2 / 85])


def test_c_order_gives_nearly_the_same_weights():
    images, truths = data(8)
    ends = []
    for arithmetic in ("fast", "c_order"):
        made = built(cfg(net="power=1"), arithmetic)
        loop = TrainingLoop(made)
        for start in (0, 4):
            loop.train_iteration(parts(images[start : start + 4], truths[start : start + 4], 2))
        ends.append(arrays(made, 0)["weights"].detach().numpy())
    np.testing.assert_allclose(*ends, rtol=1e-4, atol=1e-6)


def trained_in(precision, iterations=3):
    """The weights of the first layer after a training in that precision, and its loop."""
    made = built(cfg())
    loop = TrainingLoop(made, precision=Precision.named(precision))
    images, truths = data(4)
    for _ in range(iterations):
        loop.train_iteration(parts(images, truths, 2))
    return arrays(made, 0)["weights"].detach(), loop


@pytest.mark.parametrize(("precision", "bits"), [("bfloat16", 8), ("float16", 11)])
def test_16_bits_give_nearly_the_same_weights(precision, bits):
    exact, _ = trained_in("float32")
    rough, loop = trained_in(precision)
    assert rough.dtype == torch.float32
    assert not torch.equal(rough, exact)
    # Each update moves the weights by some tenths of their size, and is rounded to `bits` bits in
    # some ten operations; none is left out, since gradients of this size do not overflow.
    torch.testing.assert_close(rough, exact, rtol=0, atol=10 * 2**-bits)
    assert (loop.scaler is not None) == (precision == "float16")
    assert loop.scaler is None or loop.scaler.is_enabled()


def test_tf32_is_float32_on_a_cpu():
    assert torch.equal(trained_in("tf32")[0], trained_in("float32")[0])


@pytest.mark.parametrize(("precision", "wanted"), [("float32", "ieee"), ("tf32", "tf32")])
def test_the_switches_of_a_gpu_hold_through_the_iteration_alone(precision, wanted, monkeypatch):
    """Also in the backward pass, but not in callbacks, which may be the program's own code."""
    seen = []

    def record(*_):
        seen.append(torch.backends.cudnn.conv.fp32_precision)

    class After(Callback):
        def on_iteration(self, loop, update):
            record()

    made = built(cfg(subdivisions=1))
    made.layers[0].register_forward_hook(record)
    arrays(made, 0)["weights"].register_hook(record)
    monkeypatch.setattr(TrainingLoop, "device", torch.device("cuda"))
    before = torch.backends.cudnn.conv.fp32_precision
    loop = TrainingLoop(made, precision=Precision(precision), callbacks=[After()])
    loop.train_iteration(parts(*data(4), 4))
    assert seen == [wanted, wanted, before]


def test_the_switches_are_restored_when_the_loss_breaks(monkeypatch):
    monkeypatch.setattr(TrainingLoop, "device", torch.device("cuda"))
    before = torch.backends.cudnn.conv.fp32_precision
    loop = TrainingLoop(built(cfg(subdivisions=1)), precision=Precision("float32"))
    loop.reads_late = False
    images, truths = data(4)
    with pytest.raises(TrainingError):
        loop.train_iteration(parts(images * torch.nan, truths, 4))
    assert torch.backends.cudnn.conv.fp32_precision == before
