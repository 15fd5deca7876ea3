"""Loops that train nothing, to call callbacks with."""

from types import SimpleNamespace

from darknet_torch.training.callbacks import CallbackList
from darknet_torch.training.evaluation import Score
from darknet_torch.training.phases import Phases
from darknet_torch.training.updates import Update
from tests.training.runs import Recorder


class Warnings(Recorder):
    """Keeps warnings."""

    def __init__(self):
        super().__init__()
        self.warnings = []

    def on_warning(self, loop, text):
        self.warnings.append(text)


def fake_loop(*callbacks, max_batches=100, iteration=0):
    """A loop with `callbacks`, then `loop.log`, which keeps messages and warnings."""
    log = Warnings()
    net = SimpleNamespace(max_batches=max_batches, subdivisions=1, is_picture=True)
    return SimpleNamespace(
        network=SimpleNamespace(net=net),
        iteration=iteration,
        epochs=None,
        phases=Phases(),
        images_per_iteration=4,
        problems=SimpleNamespace(counts={}),
        processes=SimpleNamespace(count=1),
        events=CallbackList([*callbacks, log]),
        log=log,
    )


def step(loop, *, loss=1.0, parts=None):
    """An iteration of a fake loop."""
    loop.iteration += 1
    update = Update(loop.iteration, loss, loss, 0.1, parts or {})
    loop.events.on_iteration(loop, update)


def score(value=0.5, **measures):
    return Score(value, [], "mAP@0.50", measures)
