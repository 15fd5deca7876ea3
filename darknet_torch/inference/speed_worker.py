"""One engine that `engine_speeds` measures, in a process of its own.

    python -m darknet_torch.inference.speed_worker JOB

JOB is the text of a `Job`. The greeting, after the first result, is {"version": ...}. A request is
the number of pictures at once, seconds, and the least number of calls; its answer is what
`darknet_torch.cpu.turns.timed` returns. PyTorch is imported only where it is measured.
"""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from darknet_torch.cpu.turns import open_answers, serve, timed
from darknet_torch.engines.engine import EngineSettings, find_engine
from darknet_torch.engines.names import TORCH
from darknet_torch.errors import CfgWarning, DarknetError
from darknet_torch.inference.engine_speeds import Job

# Takes images [N, C, H, W], as `Session.run` does.
_Run = Callable[[np.ndarray], object]


class LoadedJob:
    """A model that is loaded.

    Attributes:
        job: what was loaded.
        version: of the engine.

    Args:
        job: what to load.

    Raises:
        DarknetError: it cannot be loaded.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.version, self._load = (_open_torch if job.engine == TORCH else _open_engine)(job)
        self._run, self._for_throughput = self._load(False), False
        self.run(make_images(job, 1))

    def run(self, images: np.ndarray) -> object:
        """Compute the outputs of a batch [N, C, H, W].

        For several pictures at once the model is loaded anew, to favour throughput, as they
        follow all calls with one picture.
        """
        if len(images) > 1 and not self._for_throughput:
            self._run, self._for_throughput = self._load(True), True
        return self._run(images)

    def answer(self, request: str) -> dict[str, Any]:
        """Time calls; see the module."""
        size, seconds, least = request.split()
        images = make_images(self.job, int(size))
        return timed(lambda: self.run(images), float(seconds), least=int(least))


def make_images(job: Job, count: int) -> np.ndarray:
    """Noise in the order of memory that the detector gives: speed does not depend on values."""
    channels, height, width = job.shape
    values = np.random.default_rng(0).random((count, height, width, channels), np.float32)
    return values.transpose(0, 3, 1, 2)


def _open_torch(job: Job) -> tuple[str, Callable[[bool], _Run]]:
    """PyTorch's version, and what loads the network as `Detector` runs it."""
    import torch

    from darknet_torch.inference.backends.pytorch import TorchBackend
    from darknet_torch.loading.load import load_model

    warnings.simplefilter("ignore", CfgWarning)
    torch.set_num_threads(job.threads)

    @functools.cache  # PyTorch does not distinguish latency from throughput
    def backend() -> TorchBackend:
        assert job.network is not None
        return TorchBackend(load_model(**job.network).network.eval())

    return str(torch.__version__), lambda _: backend().predict_for_decoding


def _open_engine(job: Job) -> tuple[str, Callable[[bool], _Run]]:
    """The engine's version, and what loads a session, which favours throughput or not."""
    engine = find_engine(job.engine)

    def load(for_throughput: bool) -> _Run:
        settings = EngineSettings(job.threads, for_throughput=for_throughput)
        return engine.load(Path(job.folder), settings).run

    return engine.version() or "", load


def main() -> None:
    """Load the job of the command line, and serve."""
    answers = open_answers()
    try:
        loaded = LoadedJob(Job.from_json(sys.argv[1]))
    except DarknetError as error:
        sys.exit(str(error))
    serve(loaded.answer, {"version": loaded.version}, answers)


if __name__ == "__main__":
    main()
