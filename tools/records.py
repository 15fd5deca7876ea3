"""Results recorded from the C Darknet: their cfg, parameters and inputs, rebuilt from seeds.

A record is NAME.json, with the geometry that Darknet derived, and NAME.npz with
per layer ``stats`` (count, mean, l2, min, max) and ``samples`` (the values at
`positions`), for one image.
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
    """The record at `path`, a .json file, with the arrays of the .npz beside it."""
    record: Record = json.loads(path.read_text())
    arrays = path.with_suffix(".npz")
    if arrays.exists():
        with np.load(arrays) as stored:
            record["stats"], record["samples"] = stored["stats"], stored["samples"]
    return record


def positions(count: int, number: int = 32) -> np.ndarray:
    """The flat places that were sampled in an array of `count` values."""
    return (np.arange(number, dtype=np.int64) * 2654435761 + 12345) % count


def cfg_text(record: Record, cfg_folder: Path) -> str:
    """The cfg that was run, with the record's overrides and edits.

    Raises:
        FileNotFoundError: the record names a cfg that `cfg_folder` does not have, neither
            under that path nor under its file name.
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
    """`text` with `options` first in its [net], where the first of equal keys wins."""
    lines = text.splitlines()
    starts = [i for i, line in enumerate(lines) if line.strip().startswith("[")]
    if not starts:
        return text
    start = starts[0]
    added = [f"{key}={value}" for key, value in options.items()]
    return "\n".join([*lines[: start + 1], *added, *lines[start + 1 :]]) + "\n"


def parameters(record: Record) -> np.ndarray:
    """Every float of the record's weight file behind its header, float32."""
    random = np.random.RandomState(record["seed"])
    parts = [np.zeros(0, "<f4")]
    for layer, kind, count, fan_in, rescaled in record["segments"]:
        mean, variance = record["scalars"].get(str(layer), (0.0, 1.0))
        values = _ARRAYS[kind](random.random_sample(count), mean, variance, fan_in)
        if kind == "weights" and rescaled:
            values = values / np.sqrt(variance)
        parts.append(values.astype("<f4"))
    return np.concatenate(parts)


def write_weights(path: Path, record: Record) -> None:
    """Write the record's weight file: version 0.2.5, seen 0.

    Raises:
        ValueError: it is not the recorded one.
    """
    data = np.array([0, 2, 5, 0, 0], "<i4").tobytes() + parameters(record).tobytes()
    if zlib.crc32(data) != record["crc32"]:
        raise ValueError(f"{record['name']}: the parameters came out differently than recorded")
    path.write_bytes(data)


def forward_input(record: Record) -> np.ndarray:
    """The record's input: pictures [1, C, H, W] in 0-1, or one-hot rows [steps, inputs]."""
    net, random = record["net"], np.random.RandomState(record["seed"] + 1)
    if net["h"] == 0 or net["inputs"] != net["w"] * net["h"] * net["c"]:
        rows = np.zeros((record["steps"], net["inputs"]), "<f4")
        rows[np.arange(len(rows)), random.randint(0, net["inputs"], len(rows))] = 1
        return rows
    return random.random_sample((1, net["c"], net["h"], net["w"])).astype("<f4")
