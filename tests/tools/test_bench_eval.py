"""The two sides of the evaluation benchmark."""

from tools.bench_eval import one_by_one, random_results, vectorised


def test_both_sides_count_the_same_matches():
    found, truths = random_results(pictures=50, detections=2000, classes=3)
    assert vectorised(found, truths, 3) == one_by_one(found, truths) > 0
