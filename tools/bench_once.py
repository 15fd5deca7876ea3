"""What one detection from the shell costs: CPU seconds and memory of a whole process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from darknet_torch.cfg.zoo import BUNDLED_PICTURE, sample_folder
from darknet_torch.loading.load import load
from darknet_torch.model.noise_statistics import noise, set_rolling_statistics
from darknet_torch.model.output_layers import find_channel_producer
from darknet_torch.model.weights import write_weights

_ROOT = Path(__file__).resolve().parents[1]  # whose package is measured
_BIAS = -4.0  # of what a head reads: a score of 2 % where nothing else speaks for an object
_MEBIBYTE = 2**20
_DTORCH = "from darknet_torch.cli.main import main; main()"
# A small process starts the one to measure: Linux counts the memory of what starts a process.
_MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


@dataclass(frozen=True)
class Cost:
    """What a process needed: CPU seconds of all its threads, and its peak memory in bytes."""

    cpu: float
    memory: int


def write_quiet_weights(cfg: str, path: Path) -> None:
    """Write weights for a detector that computes finite numbers and finds next to nothing.

    A trained network finds few objects; random weights would find thousands.
    """
    network = load(cfg)
    set_rolling_statistics(network, noise(network, 2))
    for head in network.heads:
        layer = network.layers[find_channel_producer(network, head).index]
        for slot in layer.weight_slots():
            if slot.name.endswith("biases"):
                slot.tensor.detach().fill_(_BIAS)
            else:
                slot.tensor.detach().mul_(0.1)
    write_weights(network, path)


def detect_words(cfg: str, weights: Path, threads: int, backend: str) -> list[str]:
    """The words after `python` that detect in the bundled picture."""
    picture = str(sample_folder() / BUNDLED_PICTURE)
    model = ["--cfg", cfg, "--weights", str(weights)]
    options = ["--threads", str(threads), "--backend", backend, "--quiet"]
    return ["-c", _DTORCH, "detect", *model, *options, picture]


def cost(words: Sequence[str]) -> Cost:
    """Run `python` with words after it, and wait for its end. POSIX systems alone.

    Raises:
        subprocess.CalledProcessError: it fails.
    """
    measure = [sys.executable, "-c", _MEASURE, sys.executable, *words]
    run = subprocess.run(measure, check=True, stdout=subprocess.PIPE, text=True, cwd=_ROOT)
    cpu, memory = run.stdout.split()
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
    return Cost(float(cpu), int(memory) * unit)


def least(costs: Sequence[Cost]) -> Cost:
    """The least of each, since what else a machine does only adds to them."""
    return Cost(min(one.cpu for one in costs), min(one.memory for one in costs))


def report_once(cfg: str, detection: Cost, torch: Cost, weights: int) -> str:
    """Two lines: CPU seconds and memory, with their ratios to those of PyTorch alone.

    Args:
        cfg: name of the network.
        detection, torch: of the whole command, and of `import torch`.
        weights: size of the weight file in bytes.
    """
    expected = torch.memory + weights
    return (
        f"{cfg}: {detection.cpu:.2f} CPU-seconds, import torch: {torch.cpu:.2f}, "
        f"ratio {detection.cpu / torch.cpu:.2f}\n"
        f"{cfg}: {detection.memory / _MEBIBYTE:.0f} MiB, import torch and the weights: "
        f"{expected / _MEBIBYTE:.0f} MiB, ratio {detection.memory / expected:.2f}"
    )
