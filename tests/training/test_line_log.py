"""What a training in Python tells."""

import warnings
from types import SimpleNamespace

from darknet_torch.errors import CfgNote, CfgWarning
from darknet_torch.training.line_log import IssueWarnings

LOOP = SimpleNamespace()


class Fault:
    """A problem in the data."""

    def __init__(self, number, *, is_note=False):
        self.number, self.is_note = number, is_note

    def __str__(self):
        return f"fault {self.number}"


def caught_from(faults):
    issue = IssueWarnings()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for fault in faults:
            issue.on_problem(LOOP, fault)
    return [(one.category, str(one.message)) for one in caught]


def test_the_first_problems_are_warnings_and_the_others_are_counted():
    found = caught_from([Fault(number) for number in range(30)])
    assert found[:2] == [(CfgWarning, "fault 0"), (CfgWarning, "fault 1")]
    assert len(found) == 11
    assert found[-1][1] == "there are more problems like these"


def test_what_is_no_fault_is_a_note():
    assert caught_from([Fault(1, is_note=True)]) == [(CfgNote, "fault 1")]
