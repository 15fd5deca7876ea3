from darknet_torch.datasets.examples import Problem
from darknet_torch.training.problem_log import ProblemLog


def test_every_fault_is_counted_once():
    broken, missing = Problem("broken", "a", "x"), Problem("missing", "b", "y")
    other = Problem("broken", "c", "x")
    problems = ProblemLog()
    assert problems.add([broken, broken, missing]) == [broken, missing]
    assert problems.add([missing, other]) == [other]
    assert problems.all == (broken, missing, other)
    assert problems.counts == {"broken": 2, "missing": 1}
