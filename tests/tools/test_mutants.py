"""Mutants: each is the text with one mistake, and the tests that are run notice it or not."""

import itertools

import pytest

from tools import mutants
from tools.core_modules import CORE_MODULES
from tools.mutation import find_mutants

ROOT = mutants.ROOT


def changes(text):
    return [mutant.change.split("  ->  ")[1] for mutant in find_mutants("a.py", text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b", ["a <= b"]),
        ("a <= b != c", ["a < b != c", "a <= b == c"]),
        ("a = b + c", ["b - c"]),
        ("a += b", ["a -= b"]),
        ("a and b", ["a or b"]),
        ("not a", ["a"]),
        ("a = 2", ["3"]),
        ("a = 1e30", []),
        ("a = True", ["False"]),
        ("a if b else c", ["c if b else a"]),
        ("def f():\n    return a", ["return None"]),
        ("def f():\n    return None", []),
        ("a: 'int' = b", []),
        ("'text'", []),
        ("raise CfgError(1)", []),
        ("f(f'{1}')", []),
    ],
)
def test_a_place_has_its_mistakes(text, expected):
    assert changes(text) == expected


def test_a_condition_is_turned_round():
    (mutant,) = find_mutants("a.py", "if a:\n    b\n")
    assert mutant.text == "if (not a):\n    b\n"


def test_only_the_place_changes():
    (mutant,) = find_mutants("a.py", "é = (a  # é\n  < b)  # c\n")
    assert mutant.text == "é = ((a <= b))  # c\n"


def test_every_mutant_of_a_module_is_another_text_that_compiles():
    path = "results/boxes.py"
    text = (ROOT / "darknet_torch" / path).read_text()
    found = find_mutants(path, text)
    texts = [mutant.text for mutant in found]
    assert len(found) > 20
    assert len({*texts, text}) == len(texts) + 1
    for each in texts:
        compile(each, path, "exec")


def test_a_draw_is_repeatable_and_from_all_modules():
    drawn = mutants.draw(200, seed=3)
    assert drawn == mutants.draw(200, seed=3) != mutants.draw(200, seed=4)
    assert {mutant.path for mutant in drawn} == set(CORE_MODULES)
    paths = [path for path, _ in itertools.groupby(drawn, key=lambda mutant: mutant.path)]
    assert paths == list(CORE_MODULES)


def test_core_modules_and_their_tests_exist():
    for path, tests in CORE_MODULES.items():
        assert (ROOT / "darknet_torch" / path).is_file()
        assert all((ROOT / "tests" / test).is_file() for test in tests)
