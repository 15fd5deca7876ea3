"""Findings, and collecting them from warnings and errors."""

import pytest

from darknet_torch.errors import CfgNote, UsageError, warn
from darknet_torch.lint.finding import Finding, Severity, collect_findings, error, note, warning


@pytest.mark.parametrize(
    ("make", "severity"),
    [(error, Severity.ERROR), (warning, Severity.WARNING), (note, Severity.NOTE)],
)
def test_parts_of_a_finding_become_text(make, severity):
    finding = make("x.cfg:3", "is wrong", expected=1, got=None)
    assert finding == Finding(severity, "x.cfg:3", "is wrong", expected="1")
    assert str(finding) == f"{severity.value}: x.cfg:3: is wrong: expected 1"
    assert finding.to_dict()["severity"] == severity.value


def test_warnings_and_the_error_that_ends_a_block_become_findings():
    found = []
    with collect_findings(found):
        warn("unusual", where="a")
        warn("worth knowing", where="b", category=CfgNote)
        raise UsageError("wrong", where="c", fix="correct it")
    assert found == [
        warning("a", "unusual"),
        note("b", "worth knowing"),
        error("c", "wrong", fix="correct it"),
    ]


def test_an_error_of_another_kind_is_raised():
    with pytest.raises(ValueError), collect_findings([]):
        raise ValueError


def test_a_repeated_warning_is_collected_each_time():
    found = []
    with collect_findings(found):
        for _ in range(2):
            warn("unusual")
    assert found == [warning("", "unusual")] * 2
