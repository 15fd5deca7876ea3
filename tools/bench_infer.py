"""Detection on a CPU, compared with other engines, each in a process of its own.

The processes take turns and are stopped in between, because threads that wait for work by
spinning would slow down the others.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from darknet_torch.cpu.cores import THREADS_VARIABLE
from darknet_torch.cpu.turns import Turns, Worker, WorkerError
from darknet_torch.errors import UsageError
from darknet_torch.extras import install_command
from tools.bench_infer_inputs import NETWORKS, Prepared, Settings, parse_net, prepare
from tools.bench_infer_report import result_lines
from tools.bench_infer_results import Result, Timing
from tools.bench_train import Subject

_WORKER = Path(__file__).with_name("bench_infer_worker.py")
_DIFFERENCE = 1e-3  # of the largest value; float32 in another order of sums stays far below


@dataclass(frozen=True)
class Engine:
    """An engine to compare.

    Attributes:
        label: its name in tables.
        outputs: with which outputs its own are compared: those of our "heads", the "maps" from
            which boxes are decoded, or those of OpenCV's layers; "" if they are of another kind.
        modules: Python modules that it needs besides ours; those of the extra "peers".
        option: the option that names its program, if it is not this Python.
        hint: how to get that program.
        any_batch: whether it takes more than one picture at once.
        reads_onnx: whether it reads the exported graph.
        command: a program that must be on the path; `hint` says how to get it.
    """

    label: str
    outputs: str = ""
    modules: tuple[str, ...] = ()
    option: str = ""
    hint: str = ""
    any_batch: bool = True
    reads_onnx: bool = False
    command: str = ""


_EXPORT = ("onnx", "onnxscript")
ENGINES = {
    "torch": Engine("our network", "heads"),
    "auto": Engine("what our --backend auto takes, prepared", "maps"),
    "detector": Engine("our Detector, array in, boxes out", any_batch=False),
    "plain": Engine("plain PyTorch modules", "heads"),
    "torch-aot": Engine(
        "our network, compiled by AOTInductor",
        "heads",
        command="g++",
        hint="install a C++ compiler, g++",
    ),
    "onnxruntime": Engine("ONNX Runtime", "heads", (*_EXPORT, "onnxruntime"), reads_onnx=True),
    "openvino": Engine("OpenVINO", "heads", (*_EXPORT, "openvino"), reads_onnx=True),
    "opencv": Engine(
        "OpenCV 4 dnn",
        "opencv",
        option="opencv_python",
        hint="--opencv-python PYTHON, of an environment with: pip install 'opencv-python<5'",
        any_batch=False,
    ),
    "darknet": Engine(
        "Darknet",
        option="darknet",
        hint="--darknet PATH, the program that Darknet's Makefile builds with AVX=1 OPENMP=1",
        any_batch=False,
    ),
}
LABELS = {name: engine.label for name, engine in ENGINES.items()}


def compare(
    nets: Sequence[str],
    batches: Sequence[int],
    engines: Sequence[str],
    settings: Settings,
    echo: Callable[[str], object],
) -> list[Result]:
    """Time engines on networks.

    Args:
        nets: such as "yolov3:416"; `NETWORKS` if empty.
        batches: numbers of pictures at once.
        engines: names of `ENGINES`, all if empty. Those that cannot run are left out.
        settings: how to measure.
        echo: gets each line of the report as soon as it is known.

    Raises:
        DarknetError: an unknown engine; a network cannot be loaded, or weights do not fit.
    """
    chosen = tuple(engines) or tuple(ENGINES)
    subjects = [parse_net(net) for net in nets or NETWORKS]
    missing = find_missing(chosen, settings)
    for name, way in missing.items():
        echo(f"{name} is left out; to compare with it: {way}")
    available = [name for name in chosen if name not in missing]
    results = []
    for subject in subjects:
        for result in measure(subject, batches, available, settings):
            results.append(result)
            for line in result_lines(result):
                echo(line)
    return results


def find_missing(engines: Sequence[str], settings: Settings) -> dict[str, str]:
    """Which engines cannot run, and how to get them.

    Raises:
        UsageError: there is no engine of that name.
    """
    found = {}
    for name in engines:
        if name not in ENGINES:
            raise UsageError("unknown engine", expected=", ".join(ENGINES), got=name)
        engine = ENGINES[name]
        missing = [module for module in engine.modules if not importlib.util.find_spec(module)]
        if missing:
            found[name] = install_command("peers", missing[0])
        elif _lacks_program(engine, settings):
            found[name] = engine.hint
    return found


def _lacks_program(engine: Engine, settings: Settings) -> bool:
    if engine.command:
        return shutil.which(engine.command) is None
    return bool(engine.option) and getattr(settings, engine.option) is None


def measure(
    subject: Subject, batches: Sequence[int], engines: Sequence[str], settings: Settings
) -> Iterator[Result]:
    """Time engines on one network, with each number of pictures at once.

    Raises:
        DarknetError: the network cannot be loaded, or its weights do not fit.
    """
    with tempfile.TemporaryDirectory() as name:
        prepared = prepare(
            subject,
            Path(name),
            settings,
            batch=max(batches),
            outputs={ENGINES[engine].outputs for engine in engines} - {""},
            onnx=any(ENGINES[engine].reads_onnx for engine in engines),
            auto="auto" in engines,
        )
        for batch in batches:
            chosen = [engine for engine in engines if batch == 1 or ENGINES[engine].any_batch]
            yield _measure_batch(prepared, batch, chosen, settings)


def start(engine: str, python: str, folder: Path, batch: int, settings: Settings) -> Worker:
    """Start an engine in a process of its own, which is stopped while it is not asked.

    Args:
        engine: its name.
        python: the interpreter that has it.
        folder: what `prepare` wrote.
        batch: pictures at once.
        settings: with its number of threads.

    Raises:
        WorkerError: the engine could not be loaded.
    """
    return Worker(
        [python, str(_WORKER), engine, str(folder), str(batch)],
        environment={THREADS_VARIABLE: str(settings.threads)},
    )


def _measure_batch(
    prepared: Prepared, batch: int, engines: Sequence[str], settings: Settings
) -> Result:
    """Start the engines one after the other, compare their outputs, and let them take turns."""
    result = Result(prepared.name, prepared.weights, batch, prepared.threshold)
    differences: dict[str, float | None] = {}
    with Turns() as turns:
        for name in engines:
            turns.add(name, lambda name=name: _start(name, prepared, batch, settings))
            if name not in turns.failures:
                result.versions |= turns.workers[name].greeting
                with turns.recording(name):
                    differences[name] = _difference(turns.workers[name], name, batch, prepared)
        timings = turns.measure(f"run {settings.seconds}", settings.rounds)
    result.failures = turns.failures
    for name, timing in timings.items():
        result.timings[name] = Timing(timing.rounds, timing.minimum, timing.cpu, differences[name])
    return result


def _start(engine: str, prepared: Prepared, batch: int, settings: Settings) -> Worker:
    return start(engine, _python(engine, settings), prepared.folder, batch, settings)


def _python(engine: str, settings: Settings) -> str:
    """The interpreter that has an engine."""
    return (engine == "opencv" and settings.opencv_python) or sys.executable


def _difference(worker: Worker, engine: str, batch: int, prepared: Prepared) -> float | None:
    """How far an engine's outputs are from the plain network's, see `Timing`.

    Raises:
        WorkerError: too far, or what it computes is not finite.
    """
    wanted = prepared.outputs.get(ENGINES[engine].outputs)
    if wanted is None:
        return None
    if ENGINES[engine].any_batch:  # else they are those of one picture
        wanted = [one[:batch] for one in wanted]
    path = prepared.folder / f"{engine}-{batch}.npz"
    worker.ask(f"outputs {path}")
    with np.load(path) as saved:
        found = largest_difference(list(saved.values()), wanted)
    if not found <= _DIFFERENCE:  # NaN, too
        raise WorkerError(
            f"its outputs differ from the plain network's by {found:.1e} of the largest value, "
            f"more than {_DIFFERENCE:.0e}"
        )
    return found


def largest_difference(outputs: Sequence[np.ndarray], wanted: Sequence[np.ndarray]) -> float:
    """The largest difference of some outputs, as a part of the largest value of each.

    Raises:
        WorkerError: there are others, or of other shapes.
    """
    shapes = [[one.shape for one in some] for some in (outputs, wanted)]
    if shapes[0] != shapes[1]:
        raise WorkerError(f"its outputs have the shapes {shapes[0]}, not {shapes[1]}")
    parts = [
        np.abs(one - other).max() / np.abs(other).max()
        for one, other in zip(outputs, wanted, strict=True)
    ]
    return float(np.max(parts))  # NaN if one of them is
