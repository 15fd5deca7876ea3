"""When the chart is drawn."""

import importlib.util

import pytest

from darknet_torch.training.phases import Phase, Phases
from darknet_torch.training.records.chart_file import ChartFile
from darknet_torch.training.records.results import Results
from tests.training.records.fake_loops import fake_loop, score, step


class Clock:
    """The time, which drawing a chart takes `cost` of."""

    def __init__(self, cost):
        self.now, self.cost, self.drawn_at = 1000.0, cost, []

    def __call__(self):
        return self.now

    def draw(self, rows, **more):
        self.drawn_at.append(self.now)
        self.marks = more["marks"]
        self.now += self.cost
        return type("Drawn", (), {"encode": lambda self: b"chart"})()


def started(tmp_path, monkeypatch, cost, **more):
    clock = Clock(cost)
    monkeypatch.setattr("darknet_torch.training.records.chart.draw_chart", clock.draw)
    results = Results(tmp_path / "small_results.csv", continues=False)
    chart = ChartFile(tmp_path / "small_chart.png", results, clock=clock, **more)
    loop = fake_loop(results, chart, max_batches=1000)
    loop.events.on_start(loop)
    return loop, clock


def test_it_is_drawn_every_half_minute_and_at_the_end(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    loop, clock = started(tmp_path, monkeypatch, cost=0.1)
    for _ in range(100):
        step(loop)
        clock.now += 1
    assert [round(at - 1000) for at in clock.drawn_at] == [30, 60, 90]
    loop.events.on_end(loop)
    assert len(clock.drawn_at) == 4
    assert (tmp_path / "small_chart.png").read_bytes() == b"chart"


def test_drawing_takes_a_fiftieth_of_the_time_at_most(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    loop, clock = started(tmp_path, monkeypatch, cost=2.0)
    for _ in range(70):
        loop.events.on_evaluation(loop, score())
        step(loop)
        clock.now += 10
    spent = 2.0 * (len(clock.drawn_at) - 1)
    assert len(clock.drawn_at) >= 5 and spent <= (clock.now - 1000) / 50 + 2


def test_an_evaluation_is_shown_soon(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    loop, clock = started(tmp_path, monkeypatch, cost=0.1)
    step(loop)
    clock.now += 6
    loop.events.on_evaluation(loop, score())
    step(loop)
    assert clock.drawn_at == [1006]


@pytest.mark.parametrize("end", ["on_interrupt", "on_error"])
def test_a_training_that_ends_early_has_its_chart(tmp_path, monkeypatch, end):
    pytest.importorskip("matplotlib")
    loop, clock = started(tmp_path, monkeypatch, cost=0.1)
    step(loop)
    getattr(loop.events, end)(loop, *([ValueError()] if end == "on_error" else []))
    assert len(clock.drawn_at) == 1


def absent(name):
    return None


def blocked(name):
    raise ModuleNotFoundError(name)


def without_spec(name):
    raise ValueError(f"{name}.__spec__ is None")  # of sys.modules[name] = None


@pytest.mark.parametrize("find", [absent, blocked, without_spec])
def test_without_matplotlib_one_note_says_how_to_install_it(tmp_path, monkeypatch, find):
    monkeypatch.setattr(importlib.util, "find_spec", find)
    loop, clock = started(tmp_path, monkeypatch, cost=0.1)
    clock.now += 60
    step(loop)
    loop.events.on_end(loop)
    (message,) = loop.log.messages
    assert "no chart" in message and "pip install matplotlib" in message
    assert not clock.drawn_at and not loop.log.warnings
    assert (tmp_path / "small_results.csv").exists()


def test_a_chart_that_cannot_be_drawn_warns_once(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    loop, _ = started(tmp_path, monkeypatch, cost=0.1)

    def broken(rows, **more):
        raise RuntimeError("no fonts")

    monkeypatch.setattr("darknet_torch.training.records.chart.draw_chart", broken)
    step(loop)
    loop.events.on_interrupt(loop)
    loop.events.on_end(loop)
    (warning,) = loop.log.warnings
    assert "the chart could not be written" in warning and "RuntimeError: no fonts" in warning


def test_phases_are_marked_if_there_are_several(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    loop, clock = started(tmp_path, monkeypatch, cost=0.1)
    step(loop)
    loop.events.on_end(loop)
    assert clock.marks == {}
    loop.phases = Phases((Phase(freeze=3), Phase(number=2, first=40, factor=0.1)))
    loop.events.on_end(loop)
    assert clock.marks == {0: "freeze=3", 40: "lr x 0.1"}
