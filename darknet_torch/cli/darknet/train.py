"""`dtorch detector train`, `classifier train` and `rnn train`: Darknet's command line."""

from __future__ import annotations

import click

from darknet_torch.cli.darknet.command import DarknetCommand
from darknet_torch.cli.darknet.flags import darknet_style
from darknet_torch.cli.options import parsed_into
from darknet_torch.cli.parameter_types import PATH
from darknet_torch.cli.train import train, train_with
from darknet_torch.cli.train_choices import CHOICES
from darknet_torch.cli.train_options import TrainOptions
from darknet_torch.cli.value_completion import complete_cfg, complete_weights


@darknet_style(train, without_effect=("source",))
@parsed_into(TrainOptions)
def train_(options: TrainOptions) -> None:
    """Train as `darknet detector train DATA CFG [WEIGHTS]` and `darknet classifier train` do."""
    train_with(options, in_darknets_spelling=True)


@click.command(
    "train", cls=DarknetCommand, help="Train as `darknet rnn train CFG [WEIGHTS] -file TEXT` does."
)
@click.argument("cfg", type=PATH, shell_complete=complete_cfg)
@click.argument("weights", type=PATH, required=False, shell_complete=complete_weights)
@click.option(
    "-file",
    "--data",
    "data",
    type=PATH,
    metavar="TEXT",
    default="data/shakespeare.txt",
    show_default=True,
    help="The text to learn.",
)
@parsed_into(TrainOptions)
def train_text(options: TrainOptions) -> None:
    """Train a character model. Source: rnn.c run_char_rnn."""
    train_with(options, in_darknets_spelling=True)


_POSITIONS = ("cfg", "weights", "data", "source")
# Darknet's own spelling never scales the schedule, and has none of our choices.
_OUR_OWN = ("epochs", "scale_schedule", *CHOICES)
train_.params = [param for param in train_.params if param.name not in _OUR_OWN]
train_text.params += [
    param for param in train.params if param.name not in (*_POSITIONS, *_OUR_OWN)
]
