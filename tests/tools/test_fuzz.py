"""The fuzzing tool without atheris: what it keeps of inputs, and what it reads of a log."""

import pytest

from darknet_torch.cfg.grammar import encode_cfg
from darknet_torch.errors import UsageError
from tools.fuzz import Outcome
from tools.fuzzing.findings import Findings, finding_key
from tools.fuzzing.targets import Target, find_target

LOG = """INFO: Seed: 1
#2\tINITED cov: 10 ft: 11 corp: 1/1b exec/s: 0 rss: 90Mb
#300\tNEW    cov: 12 ft: 20 corp: 2/3b lim: 4 exec/s: 0 rss: 90Mb
#512\tDONE   cov: 12 ft: 19 corp: 2/3b lim: 4 exec/s: 0 rss: 90Mb
"""


def read(file):
    data = file.read_bytes()
    if b"refuse" in data:
        raise UsageError("refused")
    if b"a" in data and b"b" in data:
        raise KeyError("both")
    if b"deep" in data:
        raise RecursionError


@pytest.fixture
def findings(tmp_path):
    target = Target("own", "folder/input.txt", read, lambda: [b""])
    for name in ("found", "work"):
        (tmp_path / name).mkdir()
    return Findings(target, tmp_path / "found", tmp_path / "work")


def test_a_refusal_is_no_finding(findings):
    findings.check(b"refuse ab")
    findings.check(b"read")
    assert list(findings.folder.iterdir()) == []


def test_each_place_is_one_finding_with_its_smallest_input(findings):
    for data in (b"-- a -- b --", b"a - b", b"a -- b", b"deep"):
        findings.check(data)
    found = {file.name.split("-")[0]: file.read_bytes() for file in findings.folder.iterdir()}
    assert found == {"KeyError": b"a - b", "RecursionError": b"deep"}


def test_a_finding_is_minimised(findings):
    findings.check(b"x" * 500 + b"a" + b"y" * 300 + b"b" + b"z" * 90)
    findings.minimise()
    (file,) = findings.folder.iterdir()
    assert file.read_bytes() == b"ab"


def test_the_place_is_the_innermost_one_of_the_package():
    with pytest.raises(UnicodeEncodeError) as caught:
        encode_cfg("\u4e00")
    assert finding_key(caught.value).startswith("UnicodeEncodeError-grammar.py-")


def test_an_outcome_adds_the_numbers_of_each_process():
    outcome = Outcome("cfg", seconds=61.4)
    outcome.add_log(LOG)
    outcome.add_log("#1000\tpulse  cov: 11 ft: 30 corp: 1/1b\n")
    assert str(outcome) == "| cfg | 61 | 1,512 | 12 | 30 | 0 | 0 |"


def test_only_a_name_of_the_list_is_a_target():
    assert find_target("coco").name == "coco"
    with pytest.raises(KeyError):
        find_target("cocoa")
