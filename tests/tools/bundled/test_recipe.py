"""The training of the bundled model starts, goes on, and is not repeated."""

import pytest

from darknet_torch.errors import UsageError
from tools.bundled import recipe


@pytest.fixture
def calls(monkeypatch):
    """The words of each call of `dtorch`, none of which runs."""
    made = []
    monkeypatch.setattr(recipe, "run_dtorch", lambda words: made.append(words) or 0)
    return made


def test_a_new_training_starts_from_random_numbers(calls, tmp_path):
    recipe.train(tmp_path)
    (words,) = calls
    assert words == recipe.train_words(tmp_path)
    assert str(tmp_path / "data" / "drawn.data") in words
    assert "--resume" not in words
    assert "--weights" not in words


def test_a_training_that_was_stopped_goes_on(calls, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "bundled_last.weights").touch()
    recipe.train(tmp_path)
    assert calls == [[*recipe.train_words(tmp_path), "--resume"]]


def test_a_complete_training_is_not_repeated(calls, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "bundled_final.weights").touch()
    recipe.train(tmp_path)
    assert calls == []


def test_a_training_that_fails_is_reported(monkeypatch, tmp_path):
    monkeypatch.setattr(recipe, "run_dtorch", lambda words: 130)
    with pytest.raises(UsageError, match="the training ended with status 130"):
        recipe.train(tmp_path)


def test_cpu_seconds_of_all_parts_add_up(monkeypatch, tmp_path):
    used = iter((10.0, 12.5, 20.0, 21.0))
    monkeypatch.setattr(recipe, "run_dtorch", lambda words: 0)
    monkeypatch.setattr(recipe, "_children_seconds", lambda: next(used))
    assert recipe.cpu_seconds(tmp_path) == 0
    recipe.train(tmp_path)
    recipe.train(tmp_path)
    assert recipe.cpu_seconds(tmp_path) == 3.5


def test_the_held_back_pictures_are_others_and_not_trained_on():
    held_back = recipe.PICTURES["held-back"]
    assert held_back.seed != recipe.PICTURES["data"].seed
    assert held_back.train == 0
