"""Batch after batch: subdivisions, what a broken loss says, what a seen count means."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from darknet_torch.errors import TrainingError
from darknet_torch.training.passes import TrainingPass
from darknet_torch.training.trainer import Trainer
from tests.training.small import around, arrays, network

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


def made_of(text):
    """In the dialect that keeps no delta of a mini-batch for the next one."""
    return network(text, "alexeyab-cuda")


def data(count=8, seed=2):
    make = torch.Generator().manual_seed(seed)
    truths = torch.zeros(count, 3)
    truths[torch.arange(count), torch.randint(3, (count,), generator=make)] = 1
    return torch.rand(count, 2, 4, 4, generator=make), truths


def parts(images, truths, size):
    """The mini-batches of `size`, with names."""
    for start in range(0, len(images), size):
        names = [f"{index}.jpg" for index in range(start, start + size)]
        yield images[start : start + size], truths[start : start + size], names


def test_the_gradients_of_subdivisions_add_up_in_their_order():
    images, truths = data(4)
    whole = made_of(cfg())
    trainer = Trainer(whole)
    each = []
    for start in (0, 2):
        part = slice(start, start + 2)
        alone = made_of(cfg())
        TrainingPass(alone)(images[part], truths[part], around(alone)).root.backward()
        each.append({name: array.grad for name, array in arrays(alone, 0).items()})
        trainer.mini_batch(images[part], truths[part])
    for name, array in arrays(whole, 0).items():
        assert torch.equal(array.grad, each[0][name] + each[1][name])


@pytest.mark.parametrize("subdivisions", [1, 2, 4])
def test_an_update_is_that_of_the_batch_however_it_is_divided(subdivisions):
    images, truths = data(8)
    made, one = made_of(cfg(subdivisions)), made_of(cfg(1))
    trainer, other = Trainer(made), Trainer(one)
    for start in (0, 4):
        batch = images[start : start + 4], truths[start : start + 4]
        update = trainer.train_batch(parts(*batch, 4 // subdivisions))
        expected = other.train_batch(parts(*batch, 4))
        assert update.loss == pytest.approx(expected.loss, rel=1e-5)  # float32
        assert update.rate == expected.rate
    for name, array in arrays(made, 0).items():
        # Sums of float32 in another order.
        torch.testing.assert_close(array, arrays(one, 0)[name], rtol=1e-4, atol=1e-6)


def test_an_update_tells_its_number_rate_and_loss():
    images, truths = data(8)
    trainer = Trainer(made_of(cfg(net="power=1")))
    updates = [trainer.train_batch(parts(images[s : s + 4], truths[s : s + 4], 2)) for s in (0, 4)]
    assert [update.iteration for update in updates] == [1, 2]
    assert [update.rate for update in updates] == pytest.approx([0.09, 0.08])
    assert trainer.seen == 8
    # Cross entropy of three classes, per picture.
    assert 0.5 < updates[0].loss < 3
    assert set(updates[0].parts) == {2}


def test_a_training_goes_on_from_the_pictures_its_weights_have_seen():
    made = made_of(cfg())
    made.header = replace(made.header, seen=5 * 4)
    trainer = Trainer(made)
    assert trainer.iteration == 5
    images, truths = data(4)
    update = trainer.train_batch(parts(images, truths, 2))
    assert update.iteration == 6
    assert update.rate == pytest.approx(0.04)


def test_a_random_rate_is_that_of_its_seed_and_iteration():
    rates = []
    for seed in (1, 1, 2):
        images, truths = data(4)
        trainer = Trainer(made_of(cfg(policy="random")), seed=seed)
        rates.append([trainer.train_batch(parts(images, truths, 2)).rate for _ in range(3)])
    assert rates[0] == rates[1] != rates[2]
    assert len(set(rates[0])) == 3


def test_a_loss_that_is_no_number_names_iteration_layer_and_pictures():
    images, truths = data(8)
    made = made_of(cfg())
    trainer = Trainer(made)
    trainer.train_batch(parts(images[:4], truths[:4], 2))
    before = {name: array.detach().clone() for name, array in arrays(made, 0).items()}
    images[6, 0, 0, 0] = float("nan")
    with pytest.raises(TrainingError) as caught:
        trainer.train_batch(parts(images[4:], truths[4:], 2))
    message = str(caught.value)
    for words in ("iteration 2", "[softmax], layer 2", "2.jpg, 3.jpg", "nan", "learning_rate="):
        assert words in message
    assert "0.jpg" not in message
    for name, array in arrays(made, 0).items():
        assert torch.equal(array, before[name])


def test_layers_are_told_of_each_iteration():
    made = network(
        "[net]\nwidth=8\nheight=8\nchannels=1\nbatch=1\nmax_batches=100\n"
        "[convolutional]\nfilters=3\nsize=1\n"
        "[dropout]\ndropblock=1\ndropblock_size_abs=2\n[avgpool]\n[softmax]"
    )
    trainer = Trainer(made)
    images, truths = torch.rand(1, 1, 8, 8), torch.tensor([[0.0, 1.0, 0.0]])
    progress = []
    for _ in range(3):
        trainer.train_batch([(images, truths, ())])
        progress.append(made.layers[1].progress)
    assert progress == pytest.approx([0, 1 / 85, 2 / 85])


def test_sums_in_cs_order_give_nearly_the_same():
    images, truths = data(8)
    ends = []
    for in_order in (False, True):
        made = made_of(cfg(net="power=1"))
        trainer = Trainer(made, in_order=in_order)
        for start in (0, 4):
            trainer.train_batch(parts(images[start : start + 4], truths[start : start + 4], 2))
        ends.append(arrays(made, 0)["weights"].detach().numpy())
    np.testing.assert_allclose(*ends, rtol=1e-4, atol=1e-6)
