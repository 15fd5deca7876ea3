"""Two processes that train on one GPU together, through gloo: NCCL refuses to share a GPU."""

import pytest
import torch
import torch.multiprocessing

from tests.training.small_networks import arrays
from tests.training.two_processes import in_one, one_of_two

pytestmark = pytest.mark.cuda


def test_both_end_with_the_weights_of_one_process_on_the_cpu(device, tmp_path):
    torch.multiprocessing.start_processes(
        one_of_two, args=(str(tmp_path), str(device)), nprocs=2, start_method="spawn"
    )
    results = [torch.load(tmp_path / f"{rank}.pt") for rank in (0, 1)]
    network, losses = in_one()
    assert results[0]["losses"] == results[1]["losses"] == pytest.approx(losses, rel=1e-5)
    for name in ("biases", "scales", "weights"):
        ours = [result["arrays"][name] for result in results]
        assert torch.equal(*ours)
        # Sums of float32 in another order.
        expected = arrays(network, 0)[name].detach()
        torch.testing.assert_close(ours[0], expected, rtol=1e-5, atol=1e-6)
