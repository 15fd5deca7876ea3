"""Read results recorded from the C Darknet, and rebuild their parameters and inputs from seeds.

A record is NAME.json, with the geometry that Darknet derived, and NAME.npz with ``stats`` (count,
mean, l2, min, max) and ``samples`` (the values at `positions`) of each layer, for one image.
"""

from __future__ import annotations

import json
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np

Record = dict[str, Any]

_ARRAYS = {
    "biases": lambda u, mean, variance, fan_in: (u - 0.5) * 0.2,
    "scales": lambda u, mean, variance, fan_in: 0.8 + 0.4 * u,
    "mean": lambda u, mean, variance, fan_in: mean + np.sqrt(variance) * (u - 0.5) * 0.2,
    "variance": lambda u, mean, variance, fan_in: variance * (0.5 + u),
    "weights": lambda u, mean, variance, fan_in: (u * 2 - 1) * np.sqrt(3.0 / max(1, fan_in)),
    "shortcut": lambda u, mean, variance, fan_in: 0.5 + u,
    "implicit": lambda u, mean, variance, fan_in: 1 + (u - 0.5) * 0.2,
}


def read_record(path: Path) -> Record:
    """Read the record at `path`, a .json file, with the arrays of the .npz next to it."""
    record: Record = json.loads(path.read_text())
    arrays = path.with_suffix(".npz")
    if arrays.exists():
        with np.load(arrays) as stored:
            record["stats"], record["samples"] = stored["stats"], stored["samples"]
    return record


def positions(count: int, number: int = 32) -> np.ndarray:
    """Return the flat indices at which an array of `count` values was sampled."""
    return (np.arange(number, dtype=np.int64) * 2654435761 + 12345) % count


def cfg_text(record: Record, cfg_folder: Path) -> str:
    """Return the cfg that was run, with the record's overrides and edits.

    Raises:
        FileNotFoundError: `cfg_folder` has the record's cfg neither under its path nor under its
            file name.
    """
    text = record.get("cfg")
    if text is None:
        named = cfg_folder / record["cfg_file"]
        file = named if named.exists() else cfg_folder / named.name
        text = file.read_text("latin-1")
    text = with_net_options(text, record["overrides"])
    for pattern, replacement in record.get("edits", []):
        text = re.sub(pattern, replacement, text)
    return text


def with_net_options(text: str, options: dict[str, Any]) -> str:
    """Insert `options` at the start of [net], where the first of duplicate keys wins."""
    lines = text.splitlines()
    starts = [i for i, line in enumerate(lines) if line.strip().startswith("[")]
    if not starts:
        return text
    start = starts[0]
    added = [f"{key}={value}" for key, value in options.items()]
    return "\n".join([*lines[: start + 1], *added, *lines[start + 1 :]]) + "\n"


def parameters(record: Record) -> np.ndarray:
    """Return all values of the record's weight file after its header, float32."""
    random, segments = np.random.RandomState(record["seed"]), record["segments"]
    found = np.empty(sum(count for _, _, count, _, _ in segments), "<f4")
    start = 0
    for layer, kind, count, fan_in, rescaled in segments:
        mean, variance = record["scalars"].get(str(layer), (0.0, 1.0))
        values = _ARRAYS[kind](random.random_sample(count), mean, variance, fan_in)
        if kind == "weights" and rescaled:
            values = values / np.sqrt(variance)
        found[start : start + count] = values
        start += count
    return found


def weight_file(record: Record) -> np.ndarray:
    """Return the record's weight file as four-byte words: version 0.2.5, seen 0, the parameters.

    Raises:
        ValueError: its checksum differs from the recorded one.
    """
    header = np.array([0, 2, 5, 0, 0], "<i4").view("<f4")
    words = np.concatenate((header, parameters(record)))
    if "crc32" in record and zlib.crc32(words) != record["crc32"]:
        raise ValueError(f"{record['name']}: the parameters came out differently than recorded")
    return words


def forward_input(record: Record) -> np.ndarray:
    """Return the record's input: pictures [1, C, H, W] in 0-1, or one-hot [steps, inputs]."""
    net, random = record["net"], np.random.RandomState(record["seed"] + 1)
    if net["h"] == 0 or net["inputs"] != net["w"] * net["h"] * net["c"]:
        rows = np.zeros((record["steps"], net["inputs"]), "<f4")
        rows[np.arange(len(rows)), random.randint(0, net["inputs"], len(rows))] = 1
        return rows
    return random.random_sample((1, net["c"], net["h"], net["w"])).astype("<f4")


def train_batches(record: Record) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs and truths of all mini-batches of a training record, one after the other.

    Truths are rows of x, y, w, h, class (, track id), the cells of [detection], or one-hot rows
    for a classifier.
    """
    net, random = record["net"], np.random.RandomState(record["seed"] + 1)
    count = record["iters"] * net["batch"]
    is_picture = net["inputs"] == net["w"] * net["h"] * net["c"]
    shape = (net["c"], net["h"], net["w"]) if is_picture else (net["inputs"],)
    random.random_sample((1, *shape))
    images = random.random_sample((count, *shape)).astype("<f4")
    truths = np.zeros(record["truth_shape"], "<f4")
    if record["truth_kind"] == "boxes":
        for rows in truths:
            for row in rows[: random.randint(1, 7)]:
                row[:4] = _random_box(random, 0.04)
                row[4] = random.randint(0, record["classes"])
    elif record["truth_kind"] == "grid":
        _fill_cells(truths, record, random)
    else:
        chosen = random.randint(0, truths.shape[1], len(truths))
        truths[np.arange(len(truths)), chosen] = 1
    return images, truths


def _random_box(
    random: np.random.RandomState, min_size: float
) -> tuple[float, float, float, float]:
    width, height = random.uniform(min_size, 0.7, 2)
    x, y = random.uniform(width / 2, 1 - width / 2), random.uniform(height / 2, 1 - height / 2)
    return x, y, width, height


def _fill_cells(truths: np.ndarray, record: Record, random: np.random.RandomState) -> None:
    side, classes = record["side"], record["classes"]
    for grid in truths.reshape(len(truths), side, side, -1):
        for _ in range(random.randint(1, 6)):
            x, y, width, height = _random_box(random, 0.05)
            kind, column, row = random.randint(0, classes), int(x * side), int(y * side)
            cell = grid[row, column]
            if not cell[0]:
                cell[0] = cell[1 + kind] = 1
                cell[1 + classes :] = x * side - column, y * side - row, width, height
