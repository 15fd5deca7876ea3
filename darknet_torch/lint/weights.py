"""What is wrong in a weight file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from darknet_torch.cfg.dialect import ALEXEYAB, DIALECTS, Dialect
from darknet_torch.cfg.zoo import is_partial_name
from darknet_torch.conversion.weight_files import ArrayStatistics, network_statistics
from darknet_torch.lint.cfg import CheckedCfg
from darknet_torch.lint.finding import Finding, collecting, error, note, warning
from darknet_torch.model.loading import fill
from darknet_torch.model.network import Network, WeightsHeader, build_network
from darknet_torch.model.weights import LoadReport, map_file, read_header, read_weights

# What the two code bases have written; and what marks transposed matrices is above 1000.
_VERSIONS = {(0, 1, 0), (0, 2, 0), (0, 2, 5)}
_TOO_LARGE = 1e6  # trained arrays stay far below; bytes read from a wrong place do not


def lint_weights(path: Path, cfg: CheckedCfg | None) -> list[Finding]:
    """All that is wrong in a weight file.

    Args:
        cfg: what it belongs to; without a cfg that can be built only the header is read.
    """
    found: list[Finding] = []
    dialect = ALEXEYAB if cfg is None else cfg.dialect
    header = None
    with collecting(found):
        header, _ = read_header(map_file(path), dialect, str(path))
    if header is None:
        return found
    found += _header(path, header)
    if cfg is None or cfg.network is None:
        why = "a cfg" if cfg is None else "a cfg that can be built"
        return [*found, note(path, f"only the header is looked at, for want of {why}")]
    report = None
    with collecting(found):
        report = fill(cfg.network, path, strict=True)
    if report is None:
        return [*found, *_other_dialects(path, cfg)]
    found += _coverage(path, report)
    found += _training(path, cfg.network)
    for array in network_statistics(cfg.network, report):
        found += _array(path, cfg.network, array)
    return found


def _header(path: Path, header: WeightsHeader) -> Iterator[Finding]:
    version = (header.major, header.minor, header.revision)
    if header.transposed:
        yield note(path, "its connected layers' matrices are marked as transposed", got=version)
    elif version not in _VERSIONS:
        yield warning(
            path,
            "no Darknet has written a header of this version",
            expected=" or ".join(".".join(map(str, known)) for known in sorted(_VERSIONS)),
            got=".".join(map(str, version)),
            fix="make sure that this is a weight file",
        )


def _other_dialects(path: Path, cfg: CheckedCfg) -> Iterator[Finding]:
    """The dialects in which a file that does not fit would fit."""
    for other in DIALECTS.values():
        if other.code_base == cfg.dialect.code_base:
            continue
        if _fits(path, cfg, other):
            yield note(
                path,
                f"it is as long as {other.code_base}/darknet writes it",
                fix=f"say --dialect {other.name}",
            )
            return


def _fits(path: Path, cfg: CheckedCfg, dialect: Dialect) -> bool:
    reports: list[LoadReport] = []
    with collecting([]):
        network = build_network(cfg.sections, dialect=dialect, initialize=False)
        reports.append(read_weights(network, path))
    return any(report.complete for report in reports)


def _coverage(path: Path, report: LoadReport) -> Iterator[Finding]:
    if report.complete:
        return
    what = f"holds {report.layers} of {report.total} layers, up to {report.last or 'none'}"
    if is_partial_name(path) or report.path.endswith(".conv.weights"):
        yield note(path, f"a partial file: {what}")
    else:
        yield warning(
            path,
            what,
            expected="all of them, or a name such as x.conv.N",
            fix="to train from it is fine, to run it is not: its other layers are random",
        )


def _training(path: Path, network: Network) -> Iterator[Finding]:
    """Source: network.c get_current_iteration: seen / batch, from which training goes on."""
    seen, net = network.header.seen, network.net
    batches = seen // net.batch
    yield note(path, f"has seen {seen} pictures, {batches} batches of {net.batch}")
    if 0 < net.max_batches <= batches:
        yield note(
            path,
            "Darknet's training would go on where this file's ended, and end at once",
            expected=f"fewer batches than max_batches={net.max_batches}",
            got=batches,
            fix="train with -clear, or from a partial file",
        )


def _array(path: Path, network: Network, array: ArrayStatistics) -> Iterator[Finding]:
    where = network.layers[array.layer].options.where
    name = f"{array.name} of layer {array.layer} [{array.section}] ({where})"
    if array.not_finite:
        yield error(
            path,
            f"{name} are not finite",
            expected=f"{array.count} numbers",
            got=f"{array.not_finite} that are infinite or no number",
            fix="take an earlier file: training has failed before this one was written",
        )
    if array.name.endswith("rolling_variance") and array.minimum < 0:
        yield error(
            path,
            f"{name} are negative",
            expected="0 or more",
            got=f"{array.minimum:g}",
            fix="take the cfg and the --dialect that the file was written with",
        )
    elif max(abs(array.minimum), abs(array.maximum)) > _TOO_LARGE:
        yield warning(
            path,
            f"{name} are very large",
            expected=f"numbers up to {_TOO_LARGE:g}",
            got=f"{array.minimum:g}..{array.maximum:g}",
            fix="take the cfg and the --dialect that the file was written with",
        )
    if (
        array.name.endswith("weights")
        and array.minimum == array.maximum == 0
        and not array.not_finite
    ):
        yield warning(
            path,
            f"{name} are all 0",
            expected="trained numbers",
            got=f"{array.count} zeros",
            fix="take a file that was trained",
        )
