"""Inputs that once made a reader fail are refused or read; `tools/fuzz.py` has found them.

A finding is kept as a file of tests/fuzz/corpus/TARGET, and fed to that target of
`tools/fuzzing/targets.py` again.
"""

from pathlib import Path

import pytest

from tools.fuzzing.targets import TARGETS, find_target

CORPUS = Path(__file__).resolve().parent / "corpus"
MOST_BYTES = 2048
INPUTS = sorted(file for file in CORPUS.glob("*/*") if file.is_file())


@pytest.mark.parametrize("file", INPUTS, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_an_input_that_was_found_is_refused_or_read(file, tmp_path):
    assert file.stat().st_size < MOST_BYTES
    find_target(file.parent.name).run(file.read_bytes(), tmp_path)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_target_reads_all_of_its_seeds(target, tmp_path):
    for number, seed in enumerate(target.seeds()):
        refused = target.run(seed, tmp_path)
        assert refused is None, number


def test_targets_have_names_of_their_own():
    assert len({target.name for target in TARGETS}) == len(TARGETS)
