"""Checking a whole cfg: what loading reports, and what the other code base makes of the cfg."""

import re

import pytest

from darknet_torch.cfg.dialect import PJREDDIE
from darknet_torch.cfg.zoo import shipped
from darknet_torch.lint.cfg import lint_cfg
from darknet_torch.lint.finding import Severity
from tests.lint.cfgs import HEADS, KNOWN_FINDINGS, NET, assert_change_is_reported, check, described


def test_a_sound_cfg_has_no_findings(tmp_path):
    checked = check(tmp_path, NET + HEADS)
    assert checked.findings == []
    assert len(checked.network.heads) == 2


# What is replaced in a sound cfg, by what, and what is then found: severity, line, words.
REPORTED = [
    ("steps=4800,5400\nscales=.1,.1\n", "", "error:1", "policy=steps needs steps="),
    ("width=64", "width=72", "warning:1", "divisible by 32"),
    ("burn_in=100", "burnin=100", "warning:9", "unknown key 'burnin'.*did you mean 'burn_in'"),
    ("batch=4", "batch=many", "error:2", "'batch' is not an integer"),
    ("classes=2", "classes=3", "error:17", "needs filters=16.*set filters=16 at .*x.cfg:13"),
    ("filters=14\nactivation", "filters=15\nactivation", "error:29", "needs filters=14"),
    ("mask=2,3", "mask=2,9", "warning:17", "mask= names an anchor beyond num=4"),
    ("70,80\n", "70\n", "warning:17", "anchors do not fit num=4"),
    (
        "classes=2",
        "classes=2\ncounters_per_class=1",
        "error:17",
        "counters_per_class does not",
    ),
    ("stride=32", "stride=32\nstep=3", "warning:16", "unknown key 'step'"),
]


@pytest.mark.parametrize(("old", "new", "place", "words"), REPORTED)
def test_what_loading_reports_is_a_finding(old, new, place, words, tmp_path):
    assert_change_is_reported(tmp_path, old, new, place, words)


def test_all_heads_are_checked(tmp_path):
    found = described(check(tmp_path, NET + HEADS.replace("filters=14", "filters=15")))
    assert [item.partition(" ")[0] for item in found] == ["error::17:", "error::29:"]


def test_sections_after_a_layer_that_does_not_fit_are_checked(tmp_path):
    text = NET + HEADS.replace("layers=0", "layers=9").replace("stride=2", "stride=two")
    text = text.replace("classes=2", "classes=2\nclases=2", 1)
    places = [item.partition(" ")[0] for item in described(check(tmp_path, text))]
    assert places == ["warning::20:", "error::23:", "error::26:"]


def test_a_file_that_is_not_a_cfg_gives_one_error(tmp_path):
    checked = check(tmp_path, "<html>")
    assert [item.severity for item in checked.findings] == [Severity.ERROR]
    assert checked.network is None


def test_an_unknown_section_is_reported_with_the_nearest_name(tmp_path):
    found = described(check(tmp_path, NET + "[convolutionl]\n"))
    assert "did you mean [convolutional]?" in found[-1]


def test_keys_that_the_other_code_base_ignores_are_noted(tmp_path):
    checked = check(tmp_path, NET + HEADS.replace("mask=2,3", "mask=2,3\nscale_x_y=1.1"))
    (finding,) = checked.findings
    assert finding.what == "pjreddie/darknet ignores keys that it does not know: scale_x_y"
    checked = check(tmp_path, NET + HEADS.replace("mask=2,3", "mask=2,3\nscale_x_y=1.1"), PJREDDIE)
    assert "is an option of alexeyab/darknet" in checked.findings[0].what


def test_a_cfg_that_only_the_other_code_base_loads_is_noted(tmp_path):
    text = "[conv]\nfilters=4\nstride=2\n[conv]\nfilters=4\nstride=2\n[shortcut]\nfrom=0\n"
    checked = check(tmp_path, NET + text)
    assert checked.findings[0].what == "pjreddie/darknet can load this"
    assert checked.findings[0].fix == "use --dialect pjreddie"
    checked = check(tmp_path, NET + text, PJREDDIE)
    assert "alexeyab/darknet cannot load this" in str(checked.findings[0])


@pytest.mark.parametrize("name", shipped(".cfg"))
def test_shipped_definitions_have_only_the_known_findings(name):
    checked = lint_cfg(shipped(".cfg")[name])
    problems = [str(item) for item in checked.findings if item.severity is not Severity.NOTE]
    assert len(problems) == len(KNOWN_FINDINGS.get(name, []))
    for problem, words in zip(problems, KNOWN_FINDINGS.get(name, []), strict=True):
        assert re.search(words, problem)
