"""All experiments, in the order of docs/experiments.md."""

from tools.experiments.backbones import BACKBONES
from tools.experiments.darknet_bugs import DARKNET_BUGS
from tools.experiments.declaration import Experiment
from tools.experiments.freezing import FREEZING
from tools.experiments.from_scratch import FROM_SCRATCH
from tools.experiments.losses import LOSSES
from tools.experiments.multi_scale import MULTI_SCALE
from tools.experiments.schedules import SCHEDULES
from tools.experiments.thresholds import THRESHOLDS

EXPERIMENTS: tuple[Experiment, ...] = (
    LOSSES,
    FREEZING,
    SCHEDULES,
    THRESHOLDS,
    MULTI_SCALE,
    FROM_SCRATCH,
    BACKBONES,
    DARKNET_BUGS,
)
