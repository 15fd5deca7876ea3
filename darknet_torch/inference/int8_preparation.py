"""Preparing a detector for engines in int8: what it gains in speed, and what it loses in mAP."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from darknet_torch.cpu.machine import machine_name
from darknet_torch.engines.choice import Speed, Speeds
from darknet_torch.engines.engine import Engine
from darknet_torch.engines.model import EngineModel
from darknet_torch.engines.prepared import PreparedModel, find_prepared, store_speeds
from darknet_torch.errors import UsageError, counted
from darknet_torch.inference.engine_speeds import Comparison, Effort, Job, compare
from darknet_torch.inference.preparing import Preparation
from darknet_torch.inference.quantization import SCHEMES, Pictures, quantize
from darknet_torch.model.network import Network
from darknet_torch.ops.precision_names import FLOAT32, INT8

ONE_PICTURE = Effort(sizes=(1,))  # how long to measure: one picture at once


@dataclass(frozen=True)
class Int8Result:
    """A model in float32 and in int8.

    Attributes:
        engine: the engine and its version.
        float_map, int8_map: mean average precision on the same pictures, 0-1: PyTorch's in
            float32, and the engine's in int8.
        float_seconds, int8_seconds: the engine's median time of one picture.
        float_bytes, int8_bytes: of the engine's files.
    """

    engine: str
    float_map: float
    int8_map: float
    float_seconds: float
    int8_seconds: float
    float_bytes: int
    int8_bytes: int

    @property
    def drop(self) -> float:
        """How much mAP is lost, in points (0-100)."""
        return 100 * (self.float_map - self.int8_map)

    @property
    def gain(self) -> float:
        """How many times as fast int8 is as float32."""
        return self.float_seconds / self.int8_seconds

    def check_drop(self, max_drop: float) -> None:
        """Refuse a model that loses more mAP than that.

        Args:
            max_drop: points, 0 or more.

        Raises:
            UsageError: it does, or its mAP is not a number.
        """
        if not self.drop <= max_drop:
            raise UsageError(
                "int8 loses too much mAP, and was not prepared",
                where=self.engine,
                expected=f"a drop of at most {max_drop:g} point{'' if max_drop == 1 else 's'}",
                got=f"{self.drop:.2f} points, from {100 * self.float_map:.2f} to "
                f"{100 * self.int8_map:.2f} %",
                fix="calibrate with more or fewer pictures (--calibration), or with pictures more "
                "like those of the evaluation; take another engine; or allow it with --max-drop",
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the values, with drop and gain, for JSON."""
        return {**vars(self), "drop": self.drop, "gain": self.gain}


class Int8Preparation:
    """Prepares one detector for engines in int8.

    Args:
        preparation: in float32, of the same model.
        pictures: for the calibration, see `darknet_torch.inference.quantization.quantize`.
        evaluate: computes mAP, 0-1, of the network or of an engine's model.
        measure: times jobs in processes of their own.
        report: called with a line about each step, which may take minutes.
    """

    def __init__(
        self,
        preparation: Preparation,
        pictures: Pictures,
        evaluate: Callable[[Network | EngineModel], float],
        measure: Callable[[Mapping[str, Job], Effort], Comparison] = compare,
        report: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._preparation, self._pictures = preparation, pictures
        self._evaluate, self._measure, self._report = evaluate, measure, report
        self._speeds: dict[str, Speed] = {}

    @cached_property
    def _float_map(self) -> float:
        self._report("computing the mAP of PyTorch in float32")
        return self._evaluate(self._preparation.network)

    def prepare(self, name: str, *, max_drop: float) -> Int8Result:
        """Quantise the network for an engine, evaluate and time it, and store it if it is good.

        The model in float32 is prepared, too, unless it is already. `find_prepared` finds the
        other one by the key with the precision `INT8`.

        Args:
            name: of the engine.
            max_drop: points of mAP.

        Returns:
            What was measured. If `Int8Result.check_drop` refuses it, nothing was stored.

        Raises:
            UsageError: the engine or what quantises is not installed, or one of them cannot use
                this graph; or a time could not be measured.
            CacheError: it cannot be stored.
        """
        before, settings = self._preparation, self._preparation.settings
        engine, version = before.find_installed(name)
        plain = find_prepared(before.cache, before.key, name) or before.prepare(name)
        self._report(f"calibrating {plain.title} with {counted(len(self._pictures), 'picture')}")
        graph = quantize(before.graph, self._pictures, SCHEMES[name])
        with TemporaryDirectory(prefix="dtorch-") as place:
            folder = Path(place)
            engine.write(graph, folder, settings)
            quantized = PreparedModel(engine, version, before.description, folder, 0.0)
            result = self._compare(plain, quantized)
            if result.drop <= max_drop:
                before.store(name, before.key.with_precision(INT8), _copying(folder))
                self._store_speeds()
        return result

    def _store_speeds(self) -> None:
        """Remember how fast the engines are, for `fastest`."""
        before = self._preparation
        speeds = Speeds(machine_name(), before.settings.threads, self._speeds)
        store_speeds(before.cache, before.key.with_precision(INT8), speeds)

    def _compare(self, plain: PreparedModel, quantized: PreparedModel) -> Int8Result:
        """Evaluate and time a model in int8, and time the one in float32, too."""
        float_map = self._float_map
        self._report(f"computing the mAP of {quantized.title} in int8")
        int8_map = self._evaluate(quantized.load(self._preparation.settings))
        self._report(f"measuring {plain.title} in float32 and int8 in turns")
        float_seconds, int8_seconds = self._seconds(plain, quantized)
        return Int8Result(
            plain.title,
            float_map,
            int8_map,
            float_seconds,
            int8_seconds,
            _bytes(plain.folder),
            _bytes(quantized.folder),
        )

    def _seconds(self, plain: PreparedModel, quantized: PreparedModel) -> tuple[float, float]:
        """The median times of one picture."""
        model, threads = plain.description, self._preparation.settings.threads
        shape = (model.channels, model.height, model.width)
        jobs = {
            f"{plain.title} {precision}": Job(one.engine.name, shape, threads, str(one.folder))
            for precision, one in ((FLOAT32, plain), (INT8, quantized))
        }
        found = self._measure(jobs, ONE_PICTURE)
        for name, reason in found.failures.items():
            raise UsageError(f"{name} could not be measured", got=reason)
        first, second = (found.measured[name] for name in jobs)
        self._speeds[plain.engine.name] = second.speed
        return first.timing.median, second.timing.median


def _copying(source: Path) -> Callable[[Engine, Path], None]:
    """Return a function that fills a folder with the files of another one."""

    def write(engine: Engine, folder: Path) -> None:
        shutil.copytree(source, folder, dirs_exist_ok=True)

    return write


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
