"""Training in several processes."""

import numpy as np

from darknet_torch import load
from darknet_torch.training.launch import launch
from tests.training.runs import DETECTOR, changed, written


def no_callbacks():
    return ()


def test_two_processes_train_one_network(plan, tmp_path):
    text = DETECTOR.replace("[dropout]\nprobability=.1\n", "")
    plan = changed(plan, cfg=str(written(tmp_path, text)), augment=False)
    launch(plan, ["cpu", "cpu"], no_callbacks, print)
    network = load(plan.path(".cfg"), plan.path("_final.weights"))
    assert all(np.isfinite(value.numpy()).all() for value in network.state_dict().values())
    assert network.header.seen == 6 * 4
