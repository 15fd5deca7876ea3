"""The figures of an evaluation."""

import pytest

from darknet_torch.errors import UsageError
from tools.bundled import recipe, results

EVALUATION = {
    "pictures": 3,
    "darknet": [
        {
            "map": 0.87654,
            "truths": 9,
            "classes": [{"name": "circle", "ap": 0.95}, {"name": "square", "ap": 0.80308}],
            "total": {"tp": 8, "fp": 1, "precision": 8 / 9, "recall": 8 / 9},
        }
    ],
    "coco": {"AP": 0.61239},
}


def test_figures_are_rounded_to_hundredths_of_a_per_cent():
    assert results.held_back_figures(EVALUATION) == {
        "pictures": 3,
        "objects": 9,
        "mAP@0.50": 0.8765,
        "mAP@0.50:0.95": 0.6124,
        "precision": 0.8889,
        "recall": 0.8889,
        "classes": {"circle": 0.95, "square": 0.8031},
    }


def test_each_scene_is_counted_alone(monkeypatch, tmp_path):
    lists = []

    def evaluate(_, data):
        lists.append((tmp_path / data.with_suffix(".txt").name).read_text().split())
        return EVALUATION

    def draw_scenes(folder):
        (folder / "scenes.txt").write_text("desk.png\nwall.png\n")
        (folder / "scenes.data").write_text("valid = scenes.txt\n")
        return folder / "scenes.data"

    monkeypatch.setattr(results, "evaluate", evaluate)
    monkeypatch.setattr(results, "draw_scenes", draw_scenes)
    figures = results.scene_figures(tmp_path / "x.weights", tmp_path)
    assert lists == [["desk.png", "wall.png"], ["desk.png"], ["wall.png"]]
    assert figures["scenes"]["wall"] == {"objects": 9, "found": 8, "wrong": 1}
    assert figures["mAP@0.50"] == 0.8765


def test_an_evaluation_that_fails_is_reported(monkeypatch, tmp_path):
    monkeypatch.setattr(recipe, "run_dtorch", lambda words: 2)
    with pytest.raises(UsageError, match="the evaluation ended with status 2"):
        results.evaluate(tmp_path / "x.weights", tmp_path / "x.data")
