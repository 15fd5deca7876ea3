"""The page of experiments shows the results that the repository has, of all experiments."""

import re
import shlex

import pytest

from tests.docs.pages import ROOT, run
from tools.experiments.declaration import Run
from tools.experiments.every import EXPERIMENTS
from tools.experiments.page import Page
from tools.experiments.results import FOLDER, read_results
from tools.experiments.running import dtorch_command, runs

PAGE = "docs/experiments.md"
LARGEST = 60_000  # bytes of a chart
MARKERS = [(experiment.name, kind) for experiment in EXPERIMENTS for kind in ("figures", "tables")]
each_experiment = pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda one: one.name)


def test_the_tables_and_charts_are_those_of_the_results():
    # python tools/experiment_page.py writes them.
    assert Page(ROOT / PAGE, FOLDER, EXPERIMENTS).outdated() == []


@each_experiment
def test_all_runs_have_results(experiment):
    results = read_results(FOLDER / f"{experiment.name}.json")
    missing = [
        f"{run.row.name}, {run.stage.name}, seed {run.seed}"
        for run in runs(experiment, lambda: results)
    ]
    assert missing == []


@each_experiment
def test_the_commands_of_the_results_are_those_that_would_run_today(experiment):
    rows = {row.name: row for row in experiment.rows}
    stages = {stage.name: stage for stage in experiment.stages}
    for one in read_results(FOLDER / f"{experiment.name}.json"):
        run = Run(experiment.name, rows[one.row], stages[one.stage], one.seed)
        today = [dtorch_command(step) for step in experiment.steps(run)]
        if one.failure:
            today = today[: len(one.commands)]  # the last one diverged
        # Some results are older than the order of the options.
        assert [sorted(shlex.split(words)) for words in one.commands] == [
            sorted(shlex.split(words)) for words in today
        ]


def test_the_sections_are_in_the_order_of_the_experiments():
    text = (ROOT / PAGE).read_text()
    found = re.findall(r"<!-- ([\w-]+): (\w+) -->", text)
    assert sorted(found) == sorted(MARKERS)
    assert [name for name, kind in found if kind == "tables"] == [one.name for one in EXPERIMENTS]
    sections = re.split(r"\n## ", text)
    counts = [len(re.findall(": tables -->", section)) for section in sections]
    assert max(counts) == 1
    assert sum("\n### What it says: " in section for section in sections) == len(EXPERIMENTS)


def test_links_within_the_page_lead_to_its_headings():
    text = (ROOT / PAGE).read_text()
    headings = {
        re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    links = set(re.findall(r"\]\(#([\w-]+)\)", text))
    assert len(links) == len(EXPERIMENTS)
    assert links <= headings


def test_make_runs_each_experiment_and_writes_the_page():
    for experiment in EXPERIMENTS:
        status, output = run(f"make -n experiment-{experiment.name}", ROOT)
        assert status == 0, output
        first, second = [line for line in output.splitlines() if "python tools/" in line]
        assert first.endswith(f"/python tools/experiment.py {experiment.name}")
        assert second.endswith("/python tools/experiment_page.py")


def test_charts_are_small():
    sizes = {path.name: path.stat().st_size for path in FOLDER.glob("*.png")}
    assert [name for name, size in sizes.items() if size > LARGEST] == []
