"""The results of an experiment, a JSON file that is kept in the repository."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from darknet_torch.files import write_text

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "experiments"


@dataclass(frozen=True)
class Scores:
    """The numbers of one evaluation; averages are in 0-1.

    Attributes:
        map50: Darknet's mAP at an IoU of 0.5.
        ap: COCO's AP at IoUs of 0.5 to 0.95.
        classes: Darknet's average precision of each class at 0.5.
        detections: boxes that were found.
        cpu_seconds: of the whole command, one thread.
    """

    map50: float
    ap: float
    classes: dict[str, float]
    detections: int
    cpu_seconds: float


@dataclass(frozen=True)
class Result:
    """What one run gave.

    Attributes:
        row, stage, seed, iterations: which run this is.
        commands: as they were run, in the folder of all experiments.
        machine: processor, number of cores, versions.
        cpu_seconds: of all trainings of the run, with their workers; None if a part of them was
            killed.
        scores: of each evaluation, by its label.
        failure: why there are no scores, "" where there are: a training whose loss became infinite
            is a result, too.
        curve: columns of the training's table of results, at most `CURVE_POINTS` rows; a list
            of `iteration`, and lists of equal length, None where there is no number.
    """

    row: str
    stage: str
    seed: int
    iterations: int
    commands: list[str]
    machine: str
    cpu_seconds: float | None
    scores: dict[str, Scores]
    failure: str = ""
    curve: dict[str, list[float | None]] = field(default_factory=dict)

    @property
    def map50(self) -> float:
        """Darknet's mAP of the first evaluation, 0 without one."""
        return next((scores.map50 for scores in self.scores.values()), 0.0)


CURVE_POINTS = 50


def read_results(path: Path) -> list[Result]:
    """Read a file of results; without one there are none."""
    if not path.exists():
        return []
    results = []
    for entry in json.loads(path.read_text("utf-8")):
        scores = {label: Scores(**numbers) for label, numbers in entry.pop("scores").items()}
        results.append(Result(scores=scores, **entry))
    return results


def write_results(path: Path, results: Sequence[Result]) -> None:
    """Write a file of results, whole or not at all; a run is a line, for readable differences."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(asdict(result)) for result in results)
    write_text(path, f"[\n{lines}\n]\n")
