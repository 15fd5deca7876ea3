"""Check a weight file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from darknet_torch.cfg.dialect import ALEXEYAB, DIALECTS, Dialect
from darknet_torch.cfg.model_names import contains_cfg
from darknet_torch.cfg.zoo import is_partial_name
from darknet_torch.conversion.weight_files import ArrayStatistics, network_statistics
from darknet_torch.lint.cfg import CheckedCfg
from darknet_torch.lint.finding import Finding, collect_findings, error, note, warning
from darknet_torch.loading.readers import ModelSource, read_model
from darknet_torch.model.loading import fill
from darknet_torch.model.network import Network, WeightsHeader, build_network
from darknet_torch.model.weights import LoadReport, map_file, read_header, read_weights

# The versions that the two code bases write. One above 1000 marks transposed matrices.
_VERSIONS = {(0, 1, 0), (0, 2, 0), (0, 2, 5)}
_TOO_LARGE = 1e6  # trained values are far smaller, but bytes read from a wrong offset are not


def lint_weights(path: Path, cfg: CheckedCfg | None) -> list[Finding]:
    """Check a weight file: its header, its length for the cfg, and its values.

    Args:
        path: the weight file, or a .pt or .safetensors file or checkpoint.
        cfg: the cfg that it belongs to; without one that can be built only the header is
            checked. Files that contain their cfg need none.
    """
    found: list[Finding] = []
    if contains_cfg(path):
        return _lint_state_file(path, cfg)
    dialect = ALEXEYAB if cfg is None else cfg.dialect
    header = None
    with collect_findings(found):
        header, _ = read_header(map_file(path), dialect, str(path))
    if header is None:
        return found
    found += _check_header(path, header)
    if cfg is None or cfg.network is None:
        why = "no cfg was given" if cfg is None else "the cfg cannot be built"
        return [*found, note(path, f"only the header is checked, since {why}")]
    report = None
    with collect_findings(found):
        report = fill(cfg.network, path, strict=True)
    if report is None:
        return [*found, *_suggest_dialect(path, cfg)]
    return [*found, *_check_content(path, cfg.network, report)]


def _lint_state_file(path: Path, cfg: CheckedCfg | None) -> list[Finding]:
    """Check a .pt or .safetensors file, or a checkpoint of another program."""
    if cfg is not None and cfg.network is None:
        return [note(path, "is not checked, since the cfg cannot be built")]
    found: list[Finding] = []
    model = None
    with collect_findings(found):
        given, dialect = (None, ALEXEYAB) if cfg is None else (cfg.path, cfg.dialect)
        model = read_model(ModelSource(path, given, dialect=dialect))
    if model is not None and model.report is not None:
        found += _check_content(path, model.network, model.report)
    return found


def _check_content(path: Path, network: Network, report: LoadReport) -> Iterator[Finding]:
    """Report what is missing in a file that was read, and values that no training gives."""
    yield from _check_coverage(path, report)
    yield from _check_seen(path, network)
    for array in network_statistics(network, report):
        yield from _check_array(path, network, array)


def _check_header(path: Path, header: WeightsHeader) -> Iterator[Finding]:
    """Report transposed matrices, or a version that no code base writes."""
    version = (header.major, header.minor, header.revision)
    if header.transposed:
        yield note(path, "its connected layers' matrices are marked as transposed", got=version)
    elif version not in _VERSIONS:
        yield warning(
            path,
            "no version of Darknet writes this header version",
            expected=" or ".join(".".join(map(str, known)) for known in sorted(_VERSIONS)),
            got=".".join(map(str, version)),
            fix="check that this is a weight file",
        )


def _suggest_dialect(path: Path, cfg: CheckedCfg) -> Iterator[Finding]:
    """Name a dialect with which a file that does not fit the cfg would fit."""
    for other in DIALECTS.values():
        if other.code_base == cfg.dialect.code_base:
            continue
        if _fits(path, cfg, other):
            yield note(
                path,
                f"its length is right for {other.code_base}/darknet",
                fix=f"use --dialect {other.name}",
            )
            return


def _fits(path: Path, cfg: CheckedCfg, dialect: Dialect) -> bool:
    reports: list[LoadReport] = []
    with collect_findings([]):
        network = build_network(cfg.sections, dialect=dialect, initialize=False)
        reports.append(read_weights(network, path))
    return any(report.complete for report in reports)


def _check_coverage(path: Path, report: LoadReport) -> Iterator[Finding]:
    """Report a file that ends before the last layer."""
    if report.complete:
        return
    what = f"holds {report.layers} of {report.total} layers, up to {report.last or 'none'}"
    if is_partial_name(path) or report.path.endswith(".conv.weights"):
        yield note(path, f"a partial file: {what}")
    else:
        yield warning(
            path,
            what,
            expected="all layers, or a name such as x.conv.N",
            fix="use it to start a training only: without training the other layers are random",
        )


def _check_seen(path: Path, network: Network) -> Iterator[Finding]:
    """Report the pictures seen, and whether Darknet would stop a training at once.

    Source: network.c get_current_iteration: training continues from seen / batch.
    """
    seen, net = network.header.seen, network.net
    batches = seen // net.batch
    yield note(path, f"has seen {seen} pictures, {batches} batches of {net.batch}")
    if 0 < net.max_batches <= batches:
        yield note(
            path,
            "Darknet would continue the training of this file, and stop at once",
            expected=f"fewer batches than max_batches={net.max_batches}",
            got=batches,
            fix="train with -clear, or from a partial file",
        )


def _check_array(path: Path, network: Network, array: ArrayStatistics) -> Iterator[Finding]:
    """Report values that no training gives: NaN, negative variances, huge or only zeros."""
    where = network.layers[array.layer].options.where
    name = f"{array.name} of layer {array.layer} [{array.section}] ({where})"
    if array.not_finite:
        yield error(
            path,
            f"{name} are not finite",
            expected=f"{array.count} numbers",
            got=f"{array.not_finite} that are infinite or NaN",
            fix="use an earlier file: the training diverged before this one was written",
        )
    if array.name.endswith("rolling_variance") and array.minimum < 0:
        yield error(
            path,
            f"{name} are negative",
            expected="0 or more",
            got=f"{array.minimum:g}",
            fix="use the cfg and the --dialect that the file was written with",
        )
    elif max(abs(array.minimum), abs(array.maximum)) > _TOO_LARGE:
        yield warning(
            path,
            f"{name} are very large",
            expected=f"numbers up to {_TOO_LARGE:g}",
            got=f"{array.minimum:g}..{array.maximum:g}",
            fix="use the cfg and the --dialect that the file was written with",
        )
    if (
        array.name.endswith("weights")
        and array.minimum == array.maximum == 0
        and not array.not_finite
    ):
        yield warning(
            path,
            f"{name} are all 0",
            expected="trained values",
            got=f"{array.count} zeros",
            fix="use a file that was trained",
        )
