"""Two runs at once in one folder, and readers of the output that leave early."""

import threading

import cv2
import pytest

from tests.faults.commands import HEAVY, LIGHT, MODEL
from tests.faults.folders import write_list
from tests.faults.runs import Sandbox, started_runs

pytestmark = pytest.mark.fault

_NAMES = ("dataset-show", "download", "convert", "eval", "detect-onnxruntime")
TOGETHER = [command for command in [*LIGHT, *HEAVY] if command.name in _NAMES]


@pytest.mark.parametrize("command", TOGETHER, ids=lambda command: command.name)
def test_two_runs_with_the_same_outputs_both_succeed(command, tmp_path):
    with started_runs() as first, started_runs() as second:
        sandbox = Sandbox(first, command, tmp_path)
        sandbox.reset()
        ended = []
        threads = [
            threading.Thread(target=lambda runs=runs: ended.append(sandbox.run_in(runs)))
            for runs in (first, second)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [one.status for one in ended] == [0, 0], [one.err for one in ended]
    assert sandbox.problems() == []
    assert sandbox.is_complete()


def test_a_reader_that_has_seen_enough_ends_the_run(heavy_runs, tmp_path):
    """As `dtorch detect many.txt | head -1`: what was printed is drawn, and whole."""
    write_list(tmp_path)
    (tmp_path / "many.txt").write_text("a.png\nb.png\nc.png\n" * 50)
    words = ("detect", *MODEL, "many.txt", "--format", "jsonl", "--save", "saved", "--quiet")
    ended = heavy_runs.run(tmp_path, words, stdout="head")
    assert ended.status == 141, ended.err
    assert ended.err.endswith("dtorch: the reader of the output is gone\n")
    assert "Traceback" not in ended.err
    saved = [cv2.imread(str(path)) for path in (tmp_path / "saved").iterdir()]
    assert 1 <= len(saved) < 150
    assert all(picture is not None for picture in saved)
