import itertools

from darknet_torch.report.box_styles import box_styles
from darknet_torch.report.content import BoxKind
from tests.report.fabricated_page import KINDS


def test_kinds_differ_in_colour_and_in_line():
    styles = box_styles([*KINDS, BoxKind("ignored", "Ignored", "", False)])
    for one, other in itertools.combinations(styles, 2):
        assert one.colour != other.colour
        assert one.dashes != other.dashes


def test_more_kinds_than_lines():
    assert len(box_styles(KINDS * 3)) == 3 * len(KINDS)
