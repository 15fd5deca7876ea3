"""Of very many problems of one kind in one file the first are listed, and the others counted."""

import pytest

from darknet_torch.datasets.examples import Problem
from darknet_torch.datasets.problem_list import MOST_LISTED, first_problems


@pytest.mark.parametrize("place", ["a.txt:{}", "a.xml: box {}"])
def test_others_are_counted(place):
    problems = [Problem("bad line", place.format(row), "x") for row in range(MOST_LISTED + 1200)]
    other = Problem("bad line", "b.txt:7", "x")
    note = Problem("outline", "a.txt", "x", is_note=True)
    found = list(first_problems([note, *problems, other]))
    assert found[: MOST_LISTED + 1] == [note, *problems[:MOST_LISTED]]
    rest, last = found[MOST_LISTED + 1 :]
    assert str(rest).startswith(f"{place[:5]}: 1,200 more of this kind; dtorch dataset check --f")
    assert (rest.kind, last) == ("bad line", other)


def test_a_list_of_files_with_a_problem_each_is_whole():
    problems = [Problem("no label file", f"{number}.png", "x") for number in range(300)]
    problems += [Problem("bad line", f"a.txt:{number}", "x") for number in range(MOST_LISTED)]
    assert list(first_problems(problems)) == problems
