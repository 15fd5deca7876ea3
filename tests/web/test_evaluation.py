"""The page that `dtorch eval` writes shows what its JSON says."""

import json

import pytest

from tests.cli.command import dtorch
from tests.cli.labelled_sample import COUNT, make_data
from tests.toy.files import CFG

pytestmark = pytest.mark.web


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The analysis in the JSON of a run, and the file of its page."""
    folder = tmp_path_factory.mktemp("evaluation")
    out = folder / "numbers.json"
    words = ["--cfg", CFG, "--data", make_data(folder), "--report", folder, "--out", out]
    assert dtorch("eval", *words).exit_code == 0
    return json.loads(out.read_text())["analysis"], folder / "index.html"


@pytest.mark.parametrize("index", [0, 25, 30, 57, 90, 100])
def test_the_counts_at_a_threshold_are_those_of_the_json(opened, run, index):
    analysis, file = run
    opened.file(file).move_slider(index / 100)
    shown = [[name, *map(int, counts)] for name, *counts in opened.rows("#count-table")]
    expected = []
    for curve in analysis["curves"]:
        detections, correct = curve["detections"][index], curve["correct"][index]
        missed = curve["truths"] - correct
        expected.append([curve["name"], curve["truths"], detections, correct, missed])
    assert [row[:5] for row in shown] == expected
    assert [row[2] - row[3] for row in shown] == [sum(row[5:]) for row in shown]


def test_the_worst_picture_of_the_json_comes_first(opened, run):
    analysis, file = run
    cards = list(opened.file(file).cards().items())
    errors = {
        one["file"]: sum(count for name, count in one.items() if name != "file")
        for one in analysis["pictures"]
    }
    assert len(cards) == COUNT
    assert [errors[name] for name, _ in cards] == sorted(errors.values(), reverse=True)
    assert [int(line.split()[0]) for _, line in cards] == [errors[name] for name, _ in cards]
