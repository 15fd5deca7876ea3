"""How many inputs an update and a mini-batch take, and how many are refused."""

from __future__ import annotations

import pytest

from darknet_torch.cfg.dialect import ALEXEYAB
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.cfg.net import read_net
from darknet_torch.cfg.size_limits import allowing_large_networks
from darknet_torch.errors import CfgError
from darknet_torch.training import batch_sizes
from darknet_torch.training.batch_sizes import check_batch


def net(keys):
    (section,) = parse_cfg(f"[net]\nwidth=8\nheight=8\nchannels=4\n{keys}\n")
    return read_net(section, ALEXEYAB)


@pytest.mark.parametrize(
    "keys",
    [
        "batch=2147483647",
        "time_steps=2147483647",
        "batch=2147483647\nsubdivisions=2147483647",
        "batch=2000",
    ],
)
def test_a_batch_that_is_a_mistake_is_refused(monkeypatch, keys):
    monkeypatch.setattr(batch_sizes, "available_memory", lambda: 1_000_000)
    with pytest.raises(CfgError, match="too many inputs") as caught:
        check_batch(net(keys))
    assert "--allow-large" in caught.value.fix
    with allowing_large_networks():
        check_batch(net(keys))


def test_usual_batches_are_taken(monkeypatch):
    monkeypatch.setattr(batch_sizes, "available_memory", lambda: None)
    check_batch(net("batch=64\nsubdivisions=8"))
    check_batch(net("batch=128\ntime_steps=576"))
