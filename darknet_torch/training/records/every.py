"""All records of a training; a new one is a member of these lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from darknet_torch.media.images import write_picture
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.data import TrainingData
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.records.batch_pictures import BATCH_NAMES, BatchPictures, Sink
from darknet_torch.training.records.chart_file import ChartFile
from darknet_torch.training.records.earlier_run import EarlierRun
from darknet_torch.training.records.environment import Environment
from darknet_torch.training.records.events import EventLog
from darknet_torch.training.records.predictions import (
    PREDICTIONS,
    Predictions,
    find_prediction,
)
from darknet_torch.training.records.results import Results
from darknet_torch.training.records.tensorboard import TensorBoard
from darknet_torch.training.run_folder import ENVIRONMENT, EVENTS, RESULTS, lies_in


@dataclass(frozen=True)
class Records:
    """The callbacks that write the records of a run.

    Attributes:
        first: those that write numbers. They come before all other callbacks, any of which may
            be interrupted in an iteration that is complete, and saved.
        last: those that draw, which come after those that save and evaluate.
    """

    first: Sequence[Callback] = ()
    last: Sequence[Callback] = ()


def records(plan: TrainPlan, data: TrainingData) -> Records:
    """The records of a run.

    A run that goes on from the weights in its folder, as Darknet's do, continues the records
    there, as one that is resumed.
    """
    continues = plan.resume or lies_in(plan.weights, plan.backup)
    content = {"training data": data.content, "evaluation data": data.valid_content}
    results_file, events_file = plan.path(RESULTS), plan.path(EVENTS)
    environment_file = plan.path(ENVIRONMENT)
    results = Results(results_file, continues=continues)
    folder, chart = plan.path("_tensorboard"), plan.path("_chart.png")
    board = TensorBoard(folder) if plan.tensorboard else None
    pictures = [chart, *(_picture(plan, name) for name in (*BATCH_NAMES, PREDICTIONS))]
    files = [results_file, events_file, environment_file, *pictures]
    earlier = () if continues else (EarlierRun(files, folder, replaces=plan.overwrite),)
    sinks: list[Sink] = [_file_sink(plan), *((board.add_picture,) if board else ())]
    predict = find_prediction(data)
    return Records(
        first=(
            *earlier,
            Environment(environment_file, plan, content, continues=continues),
            results,
            EventLog(events_file, continues=continues),
            *((board,) if board else ()),
        ),
        last=(
            ChartFile(chart, results),
            BatchPictures(sinks, data.names, data.side),
            *((Predictions(predict, sinks),) if predict else ()),
        ),
    )


def _file_sink(plan: TrainPlan) -> Sink:
    """Writes pictures next to the weights of the run."""

    def write(name: str, image: np.ndarray, iteration: int) -> None:
        write_picture(_picture(plan, name), image)

    return write


def _picture(plan: TrainPlan, name: str) -> Path:
    return plan.path(f"_{name}.png")
