"""Build every cfg below a folder and compare sizes with what the C Darknet derived.

    python tools/census.py FOLDER [--expect census.json] [--round-trip] [--table OUT.md]

Each cfg gets one line: its name (the path below FOLDER without suffix), the size of its weight
file in bytes, and its number of layers. With --expect, the size and the number of output values of
each layer must equal the recorded ones: those of AlexeyAB's code if it loads the cfg, else those
of pjreddie's. A cfg that neither loads must still load here. Batch, subdivisions and time steps
are set to 1. Exit status: 0 all as expected, 1 at least one differs, 3 some are not supported.
"""

from __future__ import annotations

import json
import sys
import tempfile
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgWarning, DarknetError, UnsupportedError
from darknet_torch.files import atomic_write
from darknet_torch.model.network import Network, build_network
from darknet_torch.model.weights import read_weights, write_weights
from tools.records import with_net_options

HEADER_BYTES = 20
_ONES = {"batch": 1, "subdivisions": 1, "time_steps": 1}
_CODE_BASES = ("alexeyab", "pjreddie")


@dataclass(frozen=True)
class Row:
    """The result for one cfg."""

    name: str
    status: str
    dialect: str
    file_bytes: int = 0
    outputs: tuple[int, ...] = ()
    detail: str = ""

    def __str__(self) -> str:
        if not self.outputs:
            return f"{self.status} {self.name}: {self.detail}"
        text = f"{self.status} {self.name}: {self.file_bytes:,} bytes, {len(self.outputs)} layers"
        return f"{text} ({self.dialect}){': ' + self.detail if self.detail else ''}"


def check_cfg(path: Path, name: str, expected: dict[str, Any] | None, *, round_trip: bool) -> Row:
    """Build the cfg at `path`, and compare it with its record, if there is one."""
    dialects = _dialects(expected)
    for dialect in dialects:
        try:
            network = _build(path, dialect)
            break
        except UnsupportedError as error:
            return Row(name, "not supported yet", dialect, detail=str(error))
        except DarknetError as error:
            if dialect == dialects[-1]:
                return Row(name, "FAIL", dialect, detail=str(error))
    size = HEADER_BYTES + 4 * sum(slot.tensor.numel() for slot in network.saved_slots())
    outputs = tuple(layer.buffer_shape.count for layer in network.layers)
    detail = _difference(network, size, outputs, (expected or {}).get(dialect))
    if not detail and round_trip and not _survives_round_trip(network, path, dialect):
        detail = "its weight file does not survive a round trip"
    return Row(name, "FAIL" if detail else "ok", dialect, size, outputs, detail)


def _dialects(expected: dict[str, Any] | None) -> list[str]:
    """Return the dialects to try: the first whose code base loads the cfg, else all."""
    loading = [d for d in _CODE_BASES if ((expected or {}).get(d) or {}).get("loads")]
    return loading[:1] or list(_CODE_BASES)


def _build(path: Path, dialect: str) -> Network:
    text = with_net_options(path.read_bytes().decode("latin-1"), _ONES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)
        sections = parse_cfg(text, str(path))
        return build_network(sections, dialect=find_dialect(dialect), initialize=False)


def _difference(
    network: Network, size: int, outputs: tuple[int, ...], record: dict[str, Any] | None
) -> str:
    """Describe how the network differs from its record; empty if it does not."""
    if not record or not record.get("loads"):
        return ""
    if size != record["file_bytes"]:
        return f"recorded {record['file_bytes']:,} bytes"
    for index, (mine, theirs) in enumerate(zip(outputs, record["outputs"], strict=False)):
        if mine != theirs:
            section = network.layers[index].section
            return f"layer {index} [{section}] has {mine} outputs, recorded {theirs}"
    if len(outputs) != len(record["outputs"]):
        return f"{len(record['outputs'])} layers recorded"
    return ""


def _survives_round_trip(network: Network, path: Path, dialect: str) -> bool:
    """Return whether the weight file stays the same when it is read and written again."""
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder) / "first.weights", Path(folder) / "second.weights"
        network.initialize()
        write_weights(network, first)
        again = _build(path, dialect)
        read_weights(again, first)
        write_weights(again, second)
        return first.read_bytes() == second.read_bytes()


def write_table(rows: list[Row], records: dict[str, dict[str, Any]], path: Path) -> None:
    """Write the rows as a page, with the result of each code base."""
    lines = ["# Census of public cfgs", "", *_TABLE_HEAD]
    for row in rows:
        record = records.get(row.name, {})
        verdicts = [_verdict(row, record.get(d)) for d in _CODE_BASES]
        lines.append(
            f"| {row.name} | {len(row.outputs)} | {row.file_bytes:,} | {' | '.join(verdicts)} |"
        )
    with atomic_write(path) as file:
        file.write(("\n".join(lines) + "\n").encode())


_TABLE_HEAD = [
    "```sh",
    "python tools/census.py FOLDER --expect census.json --table docs/census.md",
    "```",
    "",
    "This page is the output of that command for all cfgs of the public Darknet repositories,",
    "without duplicates. All of them load. Batch, subdivisions and time steps are set to 1.",
    "The last two columns say whether the code base, where its results were recorded, agrees",
    "on the size of the weight file and on the number of output values of every layer.",
    "",
    "| cfg | layers | bytes of the weight file | AlexeyAB | pjreddie |",
    "|---|---|---|---|---|",
]


def _verdict(row: Row, record: dict[str, Any] | None) -> str:
    if record is None:
        return "not recorded"
    if not record.get("loads"):
        return "does not load it"
    if record["file_bytes"] != row.file_bytes:
        return "differs"
    same = tuple(record["outputs"]) == row.outputs
    return "agrees" if same else "agrees on the bytes"


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--expect", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--round-trip", is_flag=True, help="Write and read back each weight file too.")
@click.option("--table", type=click.Path(dir_okay=False, path_type=Path))
def main(folder: Path, expect: Path | None, round_trip: bool, table: Path | None) -> None:
    """Build every cfg below FOLDER."""
    records = {entry["name"]: entry for entry in json.loads(expect.read_text())} if expect else {}
    rows = []
    for path in sorted(folder.rglob("*.cfg")):
        name = path.relative_to(folder).with_suffix("").as_posix()
        rows.append(check_cfg(path, name, records.get(name), round_trip=round_trip))
        click.echo(str(rows[-1]))
    if not rows:
        raise click.UsageError(f"{folder}: no cfgs here")
    if table:
        write_table(rows, records, table)
    counts = Counter(row.status for row in rows)
    for name in records.keys() - {row.name for row in rows}:
        click.echo(f"recorded, but not here: {name}")
    click.echo(
        f"{counts['ok']} passed, {counts['FAIL']} failed, "
        f"{counts['not supported yet']} not supported yet"
    )
    sys.exit(1 if counts["FAIL"] else 3 if counts["not supported yet"] else 0)


if __name__ == "__main__":
    main()
