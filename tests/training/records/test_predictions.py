"""Truths and predictions of a few pictures."""

import numpy as np
import pytest

from darknet_torch.training.evaluation import Score
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.records.predictions import Predictions, find_prediction
from darknet_torch.training.setup import prepare
from tests.training.records.fake_loops import score
from tests.training.runs import CLASSIFIER, changed, classifier_data, written


def test_truths_stand_left_of_the_predictions(plan):
    training = prepare(changed(plan, map=True))
    tiles = find_prediction(training.data)(training.network.eval())
    texts = [text for text, _ in tiles]
    assert texts[::2] == [f"truth: valid_{index}.png" for index in range(3)]
    assert all("predicted: " in text and "labelled: " in text for text in texts[1::2])
    assert texts[1].endswith("labelled: 1") and texts[3].endswith("labelled: 2")
    image = tiles[0][1]
    assert image.shape == (400, 400, 3) and len(np.unique(image.reshape(-1, 3), axis=0)) > 2


def test_a_picture_that_cannot_be_read_is_left_out(plan):
    training = prepare(changed(plan, map=True))
    training.data.valid.examples[1].path.unlink()
    assert len(find_prediction(training.data)(training.network.eval())) == 4


def test_a_classifier_has_a_guess_and_a_verdict_for_each(tmp_path):
    cfg, data = written(tmp_path, CLASSIFIER), classifier_data(tmp_path / "data", 7)
    plan = TrainPlan(cfg=str(cfg), data=str(data), base="small", backup="b", workers=0, map=True)
    training = prepare(plan)
    tiles = find_prediction(training.data)(training.network.eval())
    assert len(tiles) == 16
    for text, image in tiles:
        name, _, verdict = text.partition("%: ")
        assert name.split()[0] in ("red", "green", "blue")
        assert verdict == "right" or verdict.startswith("wrong, it is ")
        assert image.shape == (210, 280, 3)


def test_without_an_evaluation_there_are_none(plan):
    assert find_prediction(prepare(plan).data) is None


@pytest.mark.parametrize("fails", [False, True])
def test_the_network_goes_on_in_training_mode(plan, fails):
    training, sheets, modes = prepare(plan), [], []

    def predict(network):
        modes.append(network.training)
        if fails:
            raise RuntimeError("no memory")
        return [("a", np.zeros((8, 8, 3), np.uint8))]

    callback = Predictions(predict, [lambda *sheet: sheets.append(sheet)])
    callback.on_evaluation(training.loop, score(0.5))
    callback.on_evaluation(training.loop, Score(0.5, []))
    assert modes == [False, False] and training.network.training
    assert [sheet[0] for sheet in sheets] == ([] if fails else ["predictions"] * 2)
