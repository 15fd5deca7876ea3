"""The log of events, a JSON object a line."""

import json
from datetime import UTC, datetime

from darknet_torch.datasets.examples import Problem
from darknet_torch.training.records.events import EventLog
from tests.training.records.fake_loops import fake_loop, score, step

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def started(path, *, continues=False, iteration=0, before=lambda loop: None):
    loop = fake_loop(EventLog(path, continues=continues, now=lambda: NOON), iteration=iteration)
    before(loop)
    loop.events.on_start(loop)
    return loop


def events(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def names(path):
    return [(event["event"], event["iteration"]) for event in events(path)]


def test_every_kind_of_event_has_a_line(tmp_path):
    path = tmp_path / "events.jsonl"
    loop = started(path)
    step(loop, loss=2, parts={5: {"iou": float("nan"), "count": 0.0}})
    loop.events.on_evaluation(loop, score(0.5, F1=0.25))
    loop.events.on_problem(loop, Problem("bad line", "a.txt:3", "five numbers", got="four"))
    loop.events.on_message(loop, "wörds\u2028and more")
    loop.events.on_warning(loop, "careful")
    loop.events.on_error(loop, ValueError("broken"))
    loop.events.on_interrupt(loop)
    loop.events.on_end(loop)
    found = events(path)
    assert found[0] == {
        "event": "start",
        "time": "2026-01-02T12:00:00+00:00",
        "iteration": 0,
        "max_batches": 100,
        "phases": [{"first": 0, "text": "all layers learn"}],
    }
    assert found[1]["loss"] == 2 and found[1]["layers"] == {"5": {"iou": None, "count": 0.0}}
    assert found[2]["measures"] == {"mAP@0.50": 0.5, "F1": 0.25}
    assert (found[3]["kind"], found[3]["where"]) == ("bad line", "a.txt:3")
    assert found[4]["text"] == "wörds\u2028and more"
    assert [event["event"] for event in found[5:]] == ["warning", "error", "interrupt", "end"]


def test_what_is_said_before_the_start_comes_first_and_writes_nothing_by_itself(tmp_path):
    path = tmp_path / "events.jsonl"

    def early(loop):
        loop.events.on_message(loop, "waiting for the lock")
        assert not path.exists()

    started(path, before=early)
    assert names(path) == [("message", 0), ("start", 0)]


def test_a_run_that_goes_on_has_nothing_twice(tmp_path):
    path = tmp_path / "events.jsonl"
    loop = started(path)
    for _ in range(4):
        step(loop)
    loop.iteration = 2
    loop.events.on_evaluation(loop, score(0.1))
    path.write_text(path.read_text() + '{"event": "iter')  # a kill
    again = started(path, continues=True, iteration=2)
    step(again)
    assert names(path) == [
        *(("start", 0), ("iteration", 1), ("iteration", 2)),
        *(("evaluation", 2), ("start", 2), ("iteration", 3)),
    ]


def test_an_evaluation_that_is_made_again_replaces_the_first(tmp_path):
    path = tmp_path / "events.jsonl"
    loop = started(path)
    step(loop)
    loop.events.on_evaluation(loop, score(0.1))
    again = started(path, continues=True, iteration=1)
    again.events.on_evaluation(again, score(0.2))
    assert names(path) == [("start", 0), ("iteration", 1), ("start", 1), ("evaluation", 1)]
    assert events(path)[3]["score"] == 0.2


def test_problems_are_many_at_most_a_thousand(tmp_path):
    path = tmp_path / "events.jsonl"

    def tell(loop):
        for index in range(1200):
            loop.events.on_problem(loop, Problem("bad line", f"{index}.txt", "wrong"))

    started(path, before=tell)
    assert [name for name, _ in names(path)].count("problem") == 1000


def test_a_log_that_cannot_be_written_warns_once(tmp_path):
    loop = started(tmp_path / "gone" / "events.jsonl")
    step(loop)
    (warning,) = loop.log.warnings
    assert "the log of events could not be written" in warning
