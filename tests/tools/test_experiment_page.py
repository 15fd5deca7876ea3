"""The page of experiments, made from invented results."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from darknet_torch.errors import UsageError
from tests.tools.experiment_results import (
    DEFAULT,
    EXPERIMENT,
    OTHERS,
    SCREENING,
    result,
    three_seeds,
)
from tools import experiment_page
from tools.experiments import page as page_module
from tools.experiments.declaration import Experiment, Row
from tools.experiments.page import Look, Page
from tools.experiments.page_charts import (
    loss_chart,
    schedule_chart,
    seed_chart,
    size_chart,
    threshold_chart,
)
from tools.experiments.page_tables import (
    commands,
    how_to_repeat,
    seed_figures,
    seed_table,
    threshold_figures,
    threshold_table,
)
from tools.experiments.results import write_results
from tools.experiments.summary import summarise

NAMES = ("plain", "small")
TEXT = """# By hand
| which? | <!-- sizes: figures --><!-- end --> |
<!-- sizes: tables -->
<!-- end -->
The end.
"""
SMALL, LARGE, LARGER = OTHERS
RESULTS = [
    *(result(row, map50=0.1 * place) for place, row in enumerate((DEFAULT, *OTHERS), 1)),
    *three_seeds(DEFAULT, 0.4, 0.6, 0.5),
    *three_seeds(LARGE, 0.7, 0.8, 0.9),
    *three_seeds(LARGER, 0.55, 0.65),
]


class Dot:
    """Stands in for a chart, whose drawing takes a second."""

    def __init__(self, stages):
        self.stages = stages

    def encode(self):
        return cv2.imencode(".png", np.zeros((1, 1, 3), np.uint8))[1].tobytes()


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setattr(page_module, "_USUAL", Look(chart=Dot))
    path = tmp_path / "page.md"
    path.write_text(TEXT)
    write_results(tmp_path / "page" / "sizes.json", RESULTS)
    return Page(path, tmp_path / "page", (EXPERIMENT,))


def cells(lines):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_page_is_written_once(page):
    assert page.outdated() == [
        "page.md: sizes: figures",
        "page.md: sizes: tables",
        "page/sizes.png",
    ]
    page.write()
    assert page.outdated() == []
    chart = page.folder / "sizes.png"
    text, modified = page.path.read_text(), chart.stat().st_mtime_ns
    assert text.startswith(
        "# By hand\n| which? | <!-- sizes: figures -->plain 50.0 (40.0 to 60.0)"
    )
    assert text.endswith("<!-- end -->\nThe end.\n")
    assert "](page/sizes.png)" in text and "`make experiment-sizes`" in text
    page.write()
    assert (page.path.read_text(), chart.stat().st_mtime_ns) == (text, modified)


def test_other_results_or_changed_numbers_are_noticed(page):
    page.write()
    text = page.path.read_text()
    page.path.write_text(text.replace("80.0", "81.0", 1))
    assert page.outdated() == ["page.md: sizes: figures"]
    page.path.write_text(text.replace("The end", "Other words"))
    assert page.outdated() == []
    write_results(page.folder / "sizes.json", RESULTS[:-1])
    assert page.outdated() == ["page.md: sizes: tables", "page/sizes.png"]
    page.write()
    assert page.outdated() == []


def test_without_results_blocks_stay_empty(page):
    (page.folder / "sizes.json").unlink()
    page.write()
    assert page.outdated() == []
    assert "<!-- sizes: figures --><!-- end -->" in page.path.read_text()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (TEXT.replace("sizes: tables", "size: tables"), r"unknown marker.*got <!-- size: tables"),
        (TEXT.replace("sizes: tables", "sizes: chart"), r"unknown marker.*tables, figures"),
        (TEXT.replace("<!-- end -->\nThe", "The"), "2 starts, 1 ends, 1 pairs"),
        (TEXT.replace("<!-- end --> |", "|"), "2 starts, 1 ends, 1 pairs"),
        (TEXT + "<!-- end -->", "2 starts, 3 ends, 2 pairs"),
    ],
)
def test_a_wrong_marker_is_refused_and_the_page_stays(page, wrong, message):
    page.path.write_text(wrong)
    with pytest.raises(UsageError, match=message):
        page.write()
    assert page.path.read_text() == wrong


def test_a_table_has_each_seed_and_the_options():
    screening, three = summarise(EXPERIMENT, RESULTS)
    heads, _, *rows = cells(seed_table(three))
    assert heads[2:4] == ["mAP@0.5 in %, seeds 0, 1, 2", "mean"]
    assert rows[0] == [
        *("plain", "-", "40.0, 60.0, 50.0", "50.0", "25.0 (20.0 to 30.0)"),
        *("1.0", "-", "the default"),
    ]
    assert rows[1][1:4] == ["`--batch 8`", "70.0, 80.0, 90.0", "80.0"]
    assert rows[1][-2:] == ["+30.0", "above every seed of the default"]
    assert rows[2][2] == "55.0, 65.0, -"
    heads, _, *rows = cells(seed_table(screening))
    assert heads[2:4] == ["mAP@0.5 in %", "AP@[.5:.95] in %"]
    assert rows[1][2:] == ["20.0", "10.0", "1.0", "+10.0", "one seed: cannot be said"]


def test_each_size_of_an_evaluation_has_its_rows():
    results = [result(**{"96": 0.5, "128": 0.6}), result(SMALL, **{"96": 0.7, "128": 0.5})]
    (stage,) = summarise(EXPERIMENT, results)
    rows = cells(seed_table(stage))[2:]
    assert [row[:2] for row in rows] == [[size, name] for size in ("96", "128") for name in NAMES]
    said = seed_figures(stage)
    assert said.startswith("96: plain 50.0; small 70.0, one seed: cannot be said<br>128: plain")


def test_a_table_of_thresholds_has_boxes_and_classes():
    (stage,) = summarise(EXPERIMENT, [result(), result(SMALL, map50=0.25)])
    heads, _, *rows = cells(threshold_table(stage))
    assert heads[2] == "boxes found" and "cell at 0.5" in heads
    assert rows[1] == ["small", "`--batch 1`", "1,000", "12.5", "25.0", "25.0", "5.0"]
    assert threshold_figures(stage).endswith("<br>small: 1,000 boxes, AP 12.5")


def test_a_row_that_diverged_has_no_numbers():
    pytest.importorskip("matplotlib")
    results = [result(), result(SMALL, failure="infinite"), result(LARGE, map50=0.2)]
    (stage,) = summarise(EXPERIMENT, results)
    row = cells(seed_table(stage))[3]
    assert row[2:] == ["-", "-", "1.0", "-", "diverged in 1 of 1 seeds"]
    assert seed_figures(stage).startswith("plain 50.0; large 20.0")
    (axes,) = seed_chart([stage]).axes
    assert axes.get_yticklabels()[1].get_text() == "small (diverged)"
    assert len(threshold_table(stage)) == 4


def test_commands_of_all_rows_are_shown_if_no_options_differ():
    lines = commands(summarise(EXPERIMENT, [result(), result(SMALL)])[0])
    assert lines[:2] == ["```console", "# plain, seed 0"]
    assert lines[2:] == ["$ dtorch train --seed 0", "$ dtorch eval", "```"]
    without = Experiment("two", (Row("one"), Row("other")), (SCREENING,), lambda run: ())
    lines = commands(summarise(without, [result(Row("one")), result(Row("other"))])[0])
    assert [line for line in lines if line.startswith("#")] == ["# one, seed 0", "# other, seed 0"]


def test_several_machines_have_their_seeds():
    results = three_seeds(DEFAULT, 0.4, 0.6, 0.5)
    assert "Machine: a machine." in how_to_repeat("sizes", summarise(EXPERIMENT, results))
    results[0] = replace(results[0], machine="another")
    said = how_to_repeat("sizes", summarise(EXPERIMENT, results))
    assert said.endswith("Machine: another (seed 0); a machine (seeds 1, 2).")


def test_the_charts_show_all_rows():
    pytest.importorskip("matplotlib")
    stages = summarise(EXPERIMENT, RESULTS)
    names = ["plain", "large", "larger"]
    seeds, losses = loss_chart(stages).axes
    assert [label.get_text() for label in seeds.get_yticklabels()] == names
    assert [line.get_label() for line in losses.lines] == names
    screening, three = seed_chart(stages).axes
    assert [one.get_title() for one in (screening, three)] == ["screening", "three seeds"]
    assert [len(one.get_yticklabels()) for one in (screening, three)] == [4, 3]
    rate, loss, *_ = schedule_chart(stages).axes
    assert rate.lines[0].get_ydata() == pytest.approx([0.1, 0.2])
    assert loss.lines[0].get_ydata() == pytest.approx([20, 10])
    sized = [result(row, **{"96": 0.5, "128": 0.6}) for row in (DEFAULT, SMALL)]
    (sizes,) = size_chart(summarise(EXPERIMENT, sized)).axes
    assert [tick.get_text() for tick in sizes.get_legend().get_texts()] == ["plain", "small"]
    two = Experiment("two", (SMALL, LARGE), (SCREENING,), lambda run: ())
    boxes, precision = threshold_chart(summarise(two, [result(SMALL), result(LARGE)])).axes
    assert boxes.lines[0].get_xdata().tolist() == [1, 8]
    assert [line.get_label() for line in precision.lines] == ["mAP@0.5", "AP@[.5:.95]"]


def test_a_small_chart_keeps_the_colours_of_thin_lines():
    picture = np.full((256, 256, 3), 255, np.uint8)  # BGR
    picture[:128] = np.arange(256)[:, None]  # letters and bars: shades of grey and blue
    picture[128:192] = np.stack([np.full(256, 178), np.arange(256), np.arange(256)], 1)
    thin = {200: (0, 94, 213), 220: (115, 158, 0), 240: (167, 121, 204)}
    for row, colour in thin.items():
        picture[row, 100:120] = colour
    small = page_module._small_png(cv2.imencode(".png", picture)[1].tobytes(), "digest")
    seen = cv2.imdecode(np.frombuffer(small, np.uint8), cv2.IMREAD_COLOR).astype(int)
    for row, colour in thin.items():
        # What the eye does not see; a palette by frequency alone is off by more than 100.
        assert np.abs(seen[row, 100:120] - colour).max() <= 16


def test_the_command_checks_and_writes(page, monkeypatch):
    monkeypatch.setattr(experiment_page, "EXPERIMENTS", (EXPERIMENT,))

    def call(*words):
        return CliRunner().invoke(experiment_page.main, [*words, "--page", str(page.path)])

    checked = call("--check")
    assert checked.exit_code == 1
    assert "python tools/experiment_page.py\n  page.md: sizes: figures\n" in checked.stderr
    assert page.path.read_text() == TEXT
    assert call().exit_code == 0
    assert call("--check").exit_code == 0
    page.path.write_text("<!-- none: tables --><!-- end -->")
    refused = call()
    assert (refused.exit_code, refused.stderr.partition(": ")[0]) == (2, "error")
