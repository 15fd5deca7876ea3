"""All experiments, in the order of docs/experiments.md."""

from tools.experiments.declaration import Experiment
from tools.experiments.freezing import FREEZING
from tools.experiments.losses import LOSSES
from tools.experiments.schedules import SCHEDULES

EXPERIMENTS: tuple[Experiment, ...] = (LOSSES, FREEZING, SCHEDULES)
