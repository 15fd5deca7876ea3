"""What an experiment is: rows that are compared, stages, and the commands of each run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

Words = tuple[str, ...]


@dataclass(frozen=True)
class Sources:
    """Where the inputs are that the repository does not have.

    Attributes:
        photos: the photos of blood cells, in Pascal VOC's form, with the lists train and val.
        models: a folder with bccd.cfg, and yolo-fastest-1.1.cfg and .weights.
    """

    photos: Path
    models: Path


@dataclass(frozen=True)
class Row:
    """One of the things that are compared.

    Attributes:
        name: unique in the experiment; the label in the table.
        options: words of the command that make the difference.
    """

    name: str
    options: Words = ()


@dataclass(frozen=True)
class Stage:
    """A number of runs of equal length.

    Attributes:
        name: unique in the experiment, as in "screening".
        iterations: the length of a training; 0 if nothing is trained.
        seeds: one run of each row for each of them.
        best: how many of the rows run here, by the score of the stage before, besides the first
            row, the default. None runs all rows.
    """

    name: str
    iterations: int
    seeds: tuple[int, ...] = (0,)
    best: int | None = None


@dataclass(frozen=True)
class Run:
    """One row of one stage with one seed.

    Attributes:
        folder: for its files, relative to the folder of all experiments.
    """

    experiment: str
    row: Row
    stage: Stage
    seed: int

    @property
    def folder(self) -> str:
        slug = "".join(letter if letter.isalnum() else "-" for letter in self.row.name.lower())
        return f"{self.experiment}/{slug.strip('-')}-{self.stage.iterations}-{self.seed}"


@dataclass(frozen=True)
class Train:
    """`dtorch train`, which goes on where it was stopped.

    Attributes:
        words: after `dtorch train`, with --cfg, without --backup.
        folder: for --backup.
        cfg: the name of the cfg without its suffix.
    """

    words: Words
    folder: str
    cfg: str

    @property
    def weights(self) -> str:
        return f"{self.folder}/{self.cfg}_final.weights"


@dataclass(frozen=True)
class Make:
    """Another command of dtorch, run unless the file that it writes is there.

    Attributes:
        words: after `dtorch`.
        makes: the file.
    """

    words: Words
    makes: str


@dataclass(frozen=True)
class Evaluate:
    """`dtorch eval`.

    Attributes:
        words: after `dtorch eval`.
        label: which evaluation of the run this is, "" for the only one.
    """

    words: Words
    label: str = ""


Step = Train | Make | Evaluate


@dataclass(frozen=True)
class Experiment:
    """An experiment.

    Attributes:
        name: as in `make experiment-NAME`.
        rows: the first one is the default that the others are compared with.
        stages: the last one decides.
        steps: makes the commands of a run.
        inputs: each puts what the commands read into the folder of all experiments, unless it
            is there.
    """

    name: str
    rows: tuple[Row, ...]
    stages: tuple[Stage, ...]
    steps: Callable[[Run], Sequence[Step]]
    inputs: tuple[Callable[[Path, Sources], None], ...] = ()
