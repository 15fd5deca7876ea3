"""Check a cfg."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from darknet_torch.anchors.strides import integer_option
from darknet_torch.cfg.dialect import ALEXEYAB, PJREDDIE, Dialect
from darknet_torch.cfg.grammar import Section, read_cfg
from darknet_torch.cfg.net import NetOptions, read_net
from darknet_torch.cfg.options import declared_options, read_options
from darknet_torch.errors import CfgError
from darknet_torch.heads.base import Head
from darknet_torch.lint.finding import Finding, Severity, collect_findings, note
from darknet_torch.lint.head_rules import HEAD_RULES
from darknet_torch.lint.net_rules import NET_RULES
from darknet_torch.lint.section_rules import SECTION_RULES
from darknet_torch.model.network import Network, build_network
from darknet_torch.model.registry import layer_type

# Replaces a head that does not fit, so that the layers after it are checked too.
_PLACEHOLDER = "empty"


@dataclass(frozen=True)
class CheckedCfg:
    """A cfg and the result of checking it.

    Attributes:
        path: the cfg's path.
        findings: sorted by line; those about the whole file come first.
        network: built from the cfg, with arrays that have no values; None if it cannot be built.
        sections: the cfg's sections; empty if the file is not a cfg.
        dialect: the dialect that the cfg was read with.
    """

    path: Path
    findings: list[Finding]
    network: Network | None
    sections: list[Section]
    dialect: Dialect

    @property
    def classes(self) -> int | None:
        """The classes of the last head, even if it cannot be built; None without heads."""
        heads = [section for section in self.sections[1:] if _is_head(section)]
        if not heads:
            return None
        _, option = declared_options(layer_type(heads[-1]).Options)["classes"]
        return integer_option(heads[-1], "classes", option.default_for(self.dialect))


def lint_cfg(path: Path, dialect: Dialect = ALEXEYAB) -> CheckedCfg:
    """Check a cfg against all rules.

    If a section cannot be loaded, the other sections are checked nevertheless.
    """
    found: list[Finding] = []
    sections: list[Section] = []
    with collect_findings(found):
        sections = read_cfg(path)
    if not sections:
        return CheckedCfg(path, found, None, [], dialect)
    net = _check_sections(sections, dialect, found)
    network, complete = _build(sections, dialect, found)
    if net is not None:
        found += [item for rule in NET_RULES for item in rule(net, sections, network)]
    if network is not None and network.heads:
        found += [item for rule in HEAD_RULES for item in rule(network, sections)]
    found += _other_code_base(path, sections, dialect, loads=complete)
    unique = sorted(dict.fromkeys(found), key=_line_number)
    return CheckedCfg(path, unique, network if complete else None, sections, dialect)


def _line_number(finding: Finding) -> int:
    line = finding.where.rpartition(":")[2]
    return int(line) if line.isdecimal() else 0


def _check_sections(
    sections: Sequence[Section], dialect: Dialect, found: list[Finding]
) -> NetOptions | None:
    """Check every section by itself; return the options of [net], if they can be read."""
    net = None
    with collect_findings(found):
        net = read_net(sections[0], dialect)
        found += [item for rule in SECTION_RULES for item in rule(sections[0], net, dialect)]
    for section in sections[1:]:
        with collect_findings(found):
            options = read_options(layer_type(section).Options, section, dialect)
            found += [item for rule in SECTION_RULES for item in rule(section, options, dialect)]
    return net


def _build(
    sections: Sequence[Section], dialect: Dialect, found: list[Finding]
) -> tuple[Network | None, bool]:
    """Build the network, leaving out heads that do not fit.

    Returns:
        The network, or None if a layer that is not a head does not fit; and whether the network
        is complete.
    """
    current, complete = list(sections), True
    while True:
        network, attempt = None, list[Finding]()
        with collect_findings(attempt):
            network = build_network(current, dialect=dialect, initialize=False)
        found += attempt
        if network is not None:
            return network, complete
        complete = False
        failed = _section_at(current, _line_number(attempt[-1]))
        if not _is_head(current[failed]):
            return None, False
        current[failed] = Section(_PLACEHOLDER, current[failed].where, ())


def _section_at(sections: Sequence[Section], line: int) -> int:
    """Return the index of the section that a line belongs to."""
    return max(
        index for index, item in enumerate(sections) if index == 0 or item.where.line <= line
    )


def _is_head(section: Section) -> bool:
    try:
        return issubclass(layer_type(section), Head)
    except CfgError:
        return False


def _other_code_base(
    path: Path, sections: Sequence[Section], dialect: Dialect, *, loads: bool
) -> list[Finding]:
    """Report whether the other code base can load the cfg, and which keys it ignores."""
    other = PJREDDIE if dialect.code_base == ALEXEYAB.code_base else ALEXEYAB
    attempt: list[Finding] = []
    with collect_findings(attempt):
        build_network(sections, dialect=other, initialize=False)
    failed = [item for item in attempt if item.severity is Severity.ERROR]
    program = f"{other.code_base}/darknet"
    if not loads:
        fits = note(path, f"{program} can load this", fix=f"use --dialect {other.name}")
        return [] if failed else [fits]
    if failed:
        return [note(failed[0].where, f"{program} cannot load this: {failed[0].what}")]
    ignored = ", ".join(_keys_of(sections, dialect.code_base))
    what = f"{program} ignores keys that it does not know: {ignored}"
    return [note(path, what)] if ignored else []


def _keys_of(sections: Sequence[Section], code_base: str) -> list[str]:
    """Return the keys that only `code_base` knows, in the order of the file."""
    found = {}
    for section in sections:
        cls = NetOptions if section is sections[0] else layer_type(section).Options
        for key, (_, option) in declared_options(cls).items():
            if key in section.first() and option.only == code_base and not option.inert:
                found[key] = section.first()[key].where.line
    return sorted(found, key=lambda key: found[key])
