"""What each of two processes does that train one network together."""

import os
from pathlib import Path

import torch
import torch.distributed

from darknet_torch.training.batches import TrainBatch
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.distributed import Processes
from darknet_torch.training.loop import TrainingLoop
from tests.training.small_networks import arrays, network

CFG = """[net]
width=3
height=3
channels=2
batch={batch}
subdivisions=2
momentum=.9
decay=.01
learning_rate={rate}
[convolutional]
filters=3
size=2
activation=leaky
{more}
[avgpool]
[softmax]"""
BATCHES, BATCH = 3, 4
DIALECT = "alexeyab-cuda"  # accumulates no deltas


def data():
    """Images and truths for both processes, `BATCHES` batches of `BATCH` each."""
    make = torch.Generator().manual_seed(4)
    count = 2 * BATCHES * BATCH
    truths = torch.zeros(count, 3)
    truths[torch.arange(count), torch.randint(3, (count,), generator=make)] = 1
    shape = (2, BATCHES, 2, BATCH // 2)  # process, batch, subdivision, picture
    images = torch.rand(count, 2, 3, 3, generator=make)
    return images.reshape(*shape, 2, 3, 3), truths.reshape(*shape, 3)


def in_one():
    """One process on both halves: twice the batch at twice the rate."""
    # The subdivisions are the same, so that normalisation sees the same pictures.
    cfg = CFG.format(batch=2 * BATCH, rate=0.2, more="batch_normalize=1")
    made = network(cfg.replace("subdivisions=2", "subdivisions=4"), DIALECT, seed=1)
    loop = TrainingLoop(made)
    images, truths = data()
    losses = []
    for batch in range(BATCHES):
        pairs = [
            TrainBatch(images[rank, batch, part], truths[rank, batch, part])
            for part in (0, 1)
            for rank in (0, 1)
        ]
        losses.append(loop.train_iteration(pairs).loss)
    return made, losses


def one_of_two(rank: int, folder: str, device: str = "cpu") -> None:
    """Train on the half of this process and save the result."""
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    torch.set_num_threads(1)
    where = f"file://{folder}/meeting"
    torch.distributed.init_process_group("gloo", init_method=where, rank=rank, world_size=2)
    # Different starts: the first one's weights are those of both.
    cfg = CFG.format(batch=BATCH, rate=0.1, more="batch_normalize=1")
    made = network(cfg, DIALECT, seed=1 + rank).to(device)
    processes = Processes(rank, 2)
    own_means = []

    class OwnMeans(Callback):
        """Keeps the rolling mean of this process, before both are averaged."""

        on_every_rank = True

        def on_mini_batch(self, loop, result):
            own_means.append(arrays(made, 0)["rolling_mean"].clone())

    loop = TrainingLoop(made, processes=processes, callbacks=[OwnMeans()])
    images, truths = data()
    losses = []
    for batch in range(BATCHES):
        pairs = zip(images[rank, batch], truths[rank, batch], strict=True)
        mini_batches = [TrainBatch(*pair).to(torch.device(device)) for pair in pairs]
        losses.append((loop.train_iteration(mini_batches) or loop.settle()).loss)
    result = {"arrays": {name: array.detach().cpu() for name, array in arrays(made, 0).items()}}
    result |= {"losses": losses, "own_mean": own_means[-1].cpu(), "first": processes.is_first}
    torch.save(result, Path(folder) / f"{rank}.pt")
    torch.distributed.destroy_process_group()
