"""`dtorch detector train`, `classifier train` and `rnn train`: Darknet's own spelling."""

from __future__ import annotations

from typing import Any

import click

from darknet_torch.cli.darknet.flags import darknet_style
from darknet_torch.cli.train import train, train_with
from darknet_torch.cli.value_completion import PATH, complete_cfg, complete_weights


@darknet_style(train)
def train_(**arguments: Any) -> None:
    """Train as `darknet detector train DATA CFG [WEIGHTS]` and `darknet classifier train` do."""
    train_with(arguments)


@click.command("train", help="Train as `darknet rnn train CFG [WEIGHTS] -file TEXT` does.")
@click.argument("cfg", shell_complete=complete_cfg)
@click.argument("weights", required=False, shell_complete=complete_weights)
@click.option("-file", "--data", "data", type=PATH, metavar="TEXT", default="data/shakespeare.txt")
def train_text(cfg: str, weights: str | None, data: str, **arguments: Any) -> None:
    """Train a character model. Source: rnn.c run_char_rnn."""
    train_with({**arguments, "cfg": cfg, "weights": weights, "data": data})


_POSITIONS = ("cfg", "weights", "data")
train_text.params += [param for param in train.params if param.name not in _POSITIONS]
