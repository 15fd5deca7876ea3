"""An experiment of its own with invented results, for tests of the tools."""

from tools.experiments.declaration import Evaluate, Experiment, Make, Row, Stage, Train
from tools.experiments.results import Result, Scores

DEFAULT, *OTHERS = ROWS = (
    Row("plain"),
    Row("small", ("--batch", "1")),
    Row("large", ("--batch", "8")),
    Row("larger", ("--batch", "16")),
)
SCREENING, THREE_SEEDS = Stage("screening", 10), Stage("three seeds", 20, (0, 1, 2), best=2)
CUT = Make(("partial", "whole.cfg", "whole.weights", "start", "3"), "start")


def steps(run):
    """A cut, a training and an evaluation."""
    words = ("--cfg", "tiny.cfg", "--seed", str(run.seed), *run.row.options)
    train = Train(words, run.folder, "tiny")
    return CUT, train, Evaluate(("--cfg", "tiny.cfg", "--weights", train.weights))


EXPERIMENT = Experiment("sizes", ROWS, (SCREENING, THREE_SEEDS), steps)


def result(
    row=DEFAULT, stage=SCREENING, seed=0, map50=0.5, cpu_seconds=60.0, failure="", **scores
):
    """An invented result; `scores` are mAPs by label, instead of `map50`."""
    scores = {} if failure else scores or {"": map50}
    return Result(
        row=row.name,
        stage=stage.name,
        seed=seed,
        iterations=stage.iterations,
        commands=[f"dtorch train --seed {seed}", "dtorch eval"],
        machine="a machine",
        cpu_seconds=cpu_seconds,
        scores={
            label: Scores(value, value / 2, {"cell": value}, 1000, 5.0)
            for label, value in scores.items()
        },
        failure=failure,
        curve={"iteration": [1.0, 2.0], "average_loss": [20.0, 10.0], "rate": [0.1, 0.2]},
    )


def three_seeds(row, *scores):
    """Results of the stage with three seeds, for as many scores as there are."""
    return [result(row, THREE_SEEDS, seed, score) for seed, score in enumerate(scores)]
