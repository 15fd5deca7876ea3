"""Inputs that once made a reader fail, or reached new code, are refused or read.

`tools/fuzz.py` has found them. A finding is kept as a file of tests/fuzz/corpus/TARGET; what
reached new code is in tests/fuzz/reached.tar.xz. Both are fed to their target of
`tools/fuzzing/targets.py` again.
"""

from pathlib import Path

import pytest

from tools.fuzzing import reached
from tools.fuzzing.reached import read_reached
from tools.fuzzing.targets import TARGETS, find_target

CORPUS = Path(__file__).resolve().parent / "corpus"
MOST_BYTES = 2048
INPUTS = sorted(file for file in CORPUS.glob("*/*") if file.is_file())


@pytest.mark.parametrize("file", INPUTS, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_an_input_that_was_found_is_refused_or_read(file, tmp_path):
    assert file.stat().st_size < MOST_BYTES
    find_target(file.parent.name).run(file.read_bytes(), tmp_path)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_inputs_that_reached_new_code_are_refused_or_read(target, tmp_path):
    inputs = read_reached(target.name)
    assert inputs
    for data in inputs:
        target.run(data, tmp_path)


def test_kept_inputs_take_the_place_of_those_of_their_targets_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(reached, "REACHED", tmp_path / "reached.tar.xz")
    reached.write_reached({"cfg": [b"bb", b"a"], "tree": [b"c"]})
    reached.write_reached({"tree": [b"d", b"c"]})
    assert reached.read_reached("cfg") == [b"a", b"bb"]
    assert reached.read_reached("tree") == [b"c", b"d"]


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_target_reads_all_of_its_seeds(target, tmp_path):
    for number, seed in enumerate(target.seeds()):
        refused = target.run(seed, tmp_path)
        assert refused is None, number


def test_targets_have_names_of_their_own():
    assert len({target.name for target in TARGETS}) == len(TARGETS)
