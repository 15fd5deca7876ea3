"""A training on the device that is stopped and goes on ends as one that was not stopped."""

import pytest
import torch

pytest.importorskip("yaml", reason="PyYAML reads data sets")
pytest.importorskip("filelock", reason="filelock locks the folder of a run")

from darknet_torch.loading.load import load
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.setup import prepare
from tests.training.differences import FLOAT32, largest_difference
from tests.training.runs import changed, small_plan

pytestmark = pytest.mark.cuda


class _Stop(Callback):
    """Stops a training as Ctrl-C does, after some iterations."""

    def __init__(self, iteration):
        self.iteration = iteration

    def on_iteration(self, loop, update):
        if update.iteration == self.iteration:
            raise KeyboardInterrupt


class _OtherDropout(Callback):
    """Draws a random number on the device, so that those of [dropout] are others from then on."""

    def on_iteration(self, loop, update):
        torch.rand(5, device=next(loop.network.parameters()).device)


@pytest.fixture(autouse=True)
def _deterministic():
    """Let cuDNN sum in the same order each time."""
    before = torch.backends.cudnn.deterministic
    torch.backends.cudnn.deterministic = True
    yield
    torch.backends.cudnn.deterministic = before


def arrays_after(plan):
    """Train to the end, and return the arrays."""
    prepare(plan).run()
    return arrays_in(plan)


def arrays_in(plan):
    return [
        slot.tensor for slot in load(plan.path(".cfg"), plan.path("_final.weights")).saved_slots()
    ]


def difference(found, expected):
    return max(map(largest_difference, found, expected))


# The network has a [dropout], whose random numbers are those of the device.
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_it_goes_on_with_weights_momentum_and_random_numbers(precision, device, tmp_path):
    folders = tmp_path / "one", tmp_path / "two", tmp_path / "other"
    for folder in folders:
        folder.mkdir()
    whole, parts, other = (
        changed(small_plan(folder), device=str(device), precision=precision) for folder in folders
    )
    expected = arrays_after(whole)
    with pytest.raises(KeyboardInterrupt):
        prepare(parts, [_Stop(3)]).run()
    torch.rand(5, device=device)
    # What remains are sums by atomic additions, in float32.
    assert difference(arrays_after(changed(parts, resume=True)), expected) <= FLOAT32
    prepare(other, [_OtherDropout()]).run()
    assert difference(arrays_in(other), expected) > 10 * FLOAT32
