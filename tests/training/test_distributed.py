"""Two processes on the CPU, compared with one that does the work of both."""

import pytest
import torch
import torch.multiprocessing

from darknet_torch.training.distributed import Processes
from darknet_torch.training.freezing import learning_buffers
from tests.training.other_processes import FORK_SERVER
from tests.training.small_networks import arrays, network
from tests.training.two_processes import BATCH, CFG, in_one, one_of_two


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    if not torch.distributed.is_available():
        pytest.skip("this PyTorch has no torch.distributed")
    folder = tmp_path_factory.mktemp("together")
    torch.multiprocessing.start_processes(
        one_of_two, args=(str(folder),), nprocs=2, start_method=FORK_SERVER
    )
    return [torch.load(folder / f"{rank}.pt") for rank in (0, 1)]


def test_both_end_with_the_weights_of_a_single_process(results):
    made, _ = in_one()
    for name in ("biases", "scales", "weights"):
        ours = [result["arrays"][name] for result in results]
        assert torch.equal(*ours)
        # Sums of float32 in another order.
        torch.testing.assert_close(ours[0], arrays(made, 0)[name].detach(), rtol=1e-5, atol=1e-6)


def test_the_loss_is_the_mean_over_both(results):
    _, losses = in_one()
    assert results[0]["losses"] == results[1]["losses"] == pytest.approx(losses, rel=1e-5)


def test_rolling_statistics_become_the_mean_of_both(results):
    own = [result["own_mean"] for result in results]
    assert not torch.equal(*own)
    for result in results:
        torch.testing.assert_close(result["arrays"]["rolling_mean"], (own[0] + own[1]) / 2)


def test_the_first_alone_writes(results):
    assert [result["first"] for result in results] == [True, False]


def test_one_process_alone_needs_no_others():
    made = network(CFG.format(batch=BATCH, rate=0.1, more=""))
    processes = Processes()
    before = {name: array.detach().clone() for name, array in arrays(made, 0).items()}
    processes.share(made)
    processes.sum_gradients(made.parameters())
    processes.average_statistics(made.buffers())
    assert processes.mean(torch.tensor(3.0)) == 3
    for name, array in arrays(made, 0).items():
        assert torch.equal(array, before[name])
        assert array.grad is None


def test_the_constants_of_the_input_are_not_averaged(monkeypatch):
    cfg = CFG.format(batch=BATCH, rate=0.1, more="batch_normalize=1")
    cfg = cfg.replace("channels=2", "channels=3\nnormalize=imagenet")
    made, reduced = network(cfg), []
    monkeypatch.setattr("torch.distributed.all_reduce", reduced.append)
    before = made.input_normalization.mean.clone()
    Processes(0, 3).average_statistics(learning_buffers(made))
    assert len(reduced) == sum(len(list(layer.buffers())) for layer in made.layers) > 0
    assert torch.equal(made.input_normalization.mean, before)
