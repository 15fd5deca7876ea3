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


@pytest.fixture
def trained(monkeypatch):
    """Sets how many iterations the weights of the run have seen."""
    return lambda done: monkeypatch.setattr(recipe, "_iterations", lambda _: done)


def test_a_new_training_starts_from_random_numbers_and_then_goes_on(monkeypatch, tmp_path):
    made, done = [], iter((0, recipe.STAGES[0]))
    monkeypatch.setattr(recipe, "run_dtorch", lambda words: made.append(words) or 0)
    monkeypatch.setattr(recipe, "_iterations", lambda _: next(done))
    recipe.train(tmp_path)
    first, second = made
    assert first == recipe.train_words(tmp_path, recipe.STAGES[0])
    assert str(tmp_path / "data" / "drawn.data") in first
    assert "--weights" not in first
    assert second == [*recipe.train_words(tmp_path, recipe.STAGES[1]), "--resume"]


@pytest.mark.parametrize("place", range(len(recipe.STAGES)))
def test_a_training_that_was_stopped_goes_on_in_its_stage(calls, trained, tmp_path, place):
    trained(recipe.STAGES[place] - 1)
    recipe.train(tmp_path)
    stages = recipe.STAGES[place:]
    assert calls == [[*recipe.train_words(tmp_path, stage), "--resume"] for stage in stages]


def test_a_complete_training_is_not_repeated(calls, trained, tmp_path):
    trained(recipe.STAGES[-1])
    recipe.train(tmp_path)
    assert calls == []


def test_the_length_of_the_cfg_is_that_of_all_stages():
    assert f"\nmax_batches={recipe.STAGES[-1]}\n" in recipe.CFG.read_text()


def test_weights_tell_how_long_they_were_trained(tmp_path):
    weights = recipe.CFG.with_suffix(".weights")
    assert 0 < recipe._iterations(weights) <= recipe.STAGES[-1]
    assert recipe._iterations(tmp_path / "none.weights") == 0


def test_a_training_that_fails_is_reported(monkeypatch, tmp_path):
    monkeypatch.setattr(recipe, "run_dtorch", lambda words: 130)
    with pytest.raises(UsageError, match="the training ended with status 130"):
        recipe.train(tmp_path)


def test_cpu_seconds_of_all_parts_add_up(monkeypatch, tmp_path):
    used = iter((10.0, 12.5, 20.0, 21.0))
    monkeypatch.setattr(recipe, "run_dtorch", lambda words: 0)
    monkeypatch.setattr(recipe, "children_seconds", lambda: next(used))
    assert recipe.cpu_seconds(tmp_path) == 0
    recipe.train(tmp_path)  # two stages
    assert recipe.cpu_seconds(tmp_path) == 3.5


def test_the_held_back_pictures_are_others_and_not_trained_on():
    held_back = recipe.PICTURES["held-back"]
    assert held_back.seed != recipe.PICTURES["data"].seed
    assert held_back.train == 0
