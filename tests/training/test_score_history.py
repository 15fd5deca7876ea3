"""The last and the best score of a run."""

from darknet_torch.training.score_history import ScoreHistory


def test_of_equal_scores_the_latest_is_the_best_as_its_weights_are_kept():
    scores = ScoreHistory()
    for iteration, value in ((100, 0.5), (200, 0.25), (300, 0.5), (400, 0.0)):
        scores.add(value, iteration, "mAP@0.50")
    assert scores == ScoreHistory("mAP@0.50", last=(0.0, 400), best=(0.5, 300))


def test_scores_of_another_measure_are_not_compared():
    scores = ScoreHistory("mAP@0.50", last=(0.6, 100), best=(0.6, 100))
    scores.add(0.3, 200, "mAP@0.50:0.95")
    assert scores == ScoreHistory("mAP@0.50:0.95", last=(0.3, 200), best=(0.3, 200))
    assert not scores.had_best


def test_scores_survive_a_stop():
    before, after = ScoreHistory("mAP@0.50", (0.25, 200), (0.5, 100)), ScoreHistory()
    after.load_state_dict(before.state_dict())
    after.load_state_dict({})  # a state from before scores were kept
    assert after == before
