"""Accuracy of classifiers compared with a plain loop."""

import numpy as np

from darknet_torch.evaluation.classification import UNKNOWN, score_classifier


def test_accuracies_equal_those_of_a_plain_loop():
    random = np.random.default_rng(1)
    names = ("a", "b", "c", "d", "e")
    truths = random.integers(-1, 4, 60)  # nothing is of class e
    guesses = np.array([random.permutation(5)[:3] for _ in truths])
    score = score_classifier(guesses, truths, names)
    content = score.to_dict()
    assert content["top_1"] == np.mean([g[0] == t for g, t in zip(guesses, truths, strict=True)])
    assert content["top_k"] == np.mean([t in g for g, t in zip(guesses, truths, strict=True)])
    assert content["unknown"] == sum(truths == UNKNOWN) > 0
    for kind in range(4):
        of_kind = [g for g, t in zip(guesses, truths, strict=True) if t == kind]
        assert content["classes"][kind]["pictures"] == len(of_kind)
        assert content["classes"][kind]["top_1"] == np.mean([g[0] == kind for g in of_kind])
        assert content["classes"][kind]["top_k"] == np.mean([kind in g for g in of_kind])
    assert content["classes"][4]["top_1"] is None
    assert "e" not in "".join(score.lines()[3:])
