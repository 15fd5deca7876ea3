"""Runs for schedules: the options of [net] alone."""

from darknet_torch.cfg.dialect import ALEXEYAB
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.cfg.net import read_net
from darknet_torch.training.plan import TrainPlan


def net_of(*options):
    """Options of [net], with learning_rate 0.5, which is a float32, and 40 updates."""
    own = ["[net]", "inputs=1", *options, "learning_rate=.5", "max_batches=40"]
    return read_net(parse_cfg("\n".join(own))[0], ALEXEYAB)


def plan_of(**options):
    return TrainPlan(cfg="a.cfg", data="", base="a", backup="", **options)
