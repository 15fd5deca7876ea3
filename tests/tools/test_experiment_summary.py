"""What is said about the results of an experiment, on invented ones."""

from pathlib import Path

import pytest

from darknet_torch.errors import UsageError
from tests.tools.experiment_results import (
    DEFAULT,
    EXPERIMENT,
    OTHERS,
    SCREENING,
    THREE_SEEDS,
    result,
    three_seeds,
)
from tools.experiments.declaration import Row, Stage
from tools.experiments.summary import (
    ABOVE,
    BELOW,
    ONE_SEED,
    VERDICTS,
    WITHIN,
    Spread,
    summarise,
    verdict,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("row", "default", "expected"),
    [
        ((0.61, 0.62, 0.7), (0.4, 0.6, 0.5), ABOVE),
        ((0.39, 0.1, 0.2), (0.4, 0.6, 0.5), BELOW),
        ((0.61, 0.62, 0.59), (0.4, 0.6, 0.5), WITHIN),
        ((0.6, 0.62, 0.7), (0.4, 0.6, 0.5), WITHIN),  # equal seeds are not apart
        ((0.4, 0.1, 0.2), (0.4, 0.6, 0.5), WITHIN),
        ((0.9,), (0.4, 0.6, 0.5), ONE_SEED),
        ((0.9, 0.8), (0.4,), ONE_SEED),
        ((0.7, 0.8), (0.4, 0.5), ABOVE),
    ],
)
def test_a_verdict_compares_all_seeds(row, default, expected):
    assert verdict(Spread(row), Spread(default)) == expected


def test_a_stage_has_means_ranges_and_differences():
    small, large, _ = OTHERS
    results = [
        *three_seeds(large, 0.7, 0.8, 0.9),
        *three_seeds(DEFAULT, 0.4, 0.6, 0.5),
        *three_seeds(small, 0.5, 0.3),
    ]
    (stage,) = summarise(EXPERIMENT, results)
    assert stage.stage == THREE_SEEDS
    assert [row.row.name for row in stage.rows] == ["plain", "small", "large"]
    plain, few, better = (row.comparisons[""] for row in stage.rows)
    assert (plain.map50.mean, plain.map50.smallest, plain.map50.largest) == (0.5, 0.4, 0.6)
    assert plain.ap.values == (0.2, 0.3, 0.25)
    assert (plain.points, plain.verdict) == (0, "the default")
    assert few.points == pytest.approx(-10)
    assert few.verdict == WITHIN
    assert better.points == pytest.approx(30)
    assert better.verdict == ABOVE


def test_seeds_that_diverged_count_in_the_verdict_alone():
    small, large, _ = OTHERS
    results = [
        *three_seeds(DEFAULT, 0.4, 0.6),
        *three_seeds(small, 0.7, 0.8),
        result(small, THREE_SEEDS, 2, failure="iteration 3: infinite"),
        result(large, THREE_SEEDS, 0, failure="iteration 3: infinite"),
    ]
    (stage,) = summarise(EXPERIMENT, results)
    _, some, all_ = (row.comparisons[""] for row in stage.rows)
    assert (some.map50.values, some.points) == ((0.7, 0.8), pytest.approx(25))
    assert some.verdict == "diverged in 1 of 3 seeds"
    assert (all_.map50.mean, all_.points, all_.verdict) == (None, None, "diverged in 1 of 1 seeds")
    (stage,) = summarise(EXPERIMENT, [result(failure="infinite"), result(small)])
    assert [row.comparisons[""].points for row in stage.rows] == [None, None]


def test_stages_and_seeds_come_in_their_order():
    results = [*reversed(three_seeds(DEFAULT, 0.1, 0.2, 0.3)), result(map50=0.4)]
    first, second = summarise(EXPERIMENT, results)
    assert [one.seed for one in second.rows[0].results] == [0, 1, 2]
    assert first.stage == SCREENING
    assert summarise(EXPERIMENT, []) == []


def test_each_evaluation_is_compared_with_its_own():
    results = [result(small=0.5, large=0.3), result(OTHERS[0], small=0.4, large=0.6)]
    (stage,) = summarise(EXPERIMENT, results)
    compared = stage.rows[1].comparisons
    assert [round(compared[label].points) for label in ("small", "large")] == [-10, 30]


def test_the_time_is_the_mean_of_those_that_are_known():
    times = (60.0, None, 180.0)
    results = [result(DEFAULT, THREE_SEEDS, seed, 0.5, time) for seed, time in enumerate(times)]
    assert summarise(EXPERIMENT, results)[0].rows[0].cpu_minutes == 2
    assert summarise(EXPERIMENT, results[1:2])[0].rows[0].cpu_minutes is None


@pytest.mark.parametrize(
    "wrong",
    [
        result(Row("renamed")),
        result(seed=1),
        result(stage=Stage("longer", 10)),
        result(stage=Stage("screening", 11)),
    ],
)
def test_a_result_of_an_unknown_run_is_refused(wrong):
    with pytest.raises(UsageError, match=r"sizes\.json: a result of a run that .* got .*seed"):
        summarise(EXPERIMENT, [result(), wrong])


def test_results_without_the_default_are_refused():
    with pytest.raises(UsageError, match=r"sizes, screening: .*a result of plain"):
        summarise(EXPERIMENT, [result(OTHERS[0])])


def test_the_page_explains_each_verdict():
    text = " ".join((ROOT / "docs" / "experiments.md").read_text().split())
    assert [one for one in VERDICTS if one.format(1, 3) not in text] == []
