"""--limit, --balance, --rect and --cache in a training."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from darknet_torch.errors import UsageError
from darknet_torch.training import sampling
from darknet_torch.training.sampling import limited
from darknet_torch.training.setup import prepare
from tests.training.runs import (
    CHARACTERS,
    CLASSIFIER,
    DETECTOR,
    Recorder,
    changed,
    classifier_data,
    final_weights,
    small_plan,
    written,
)


@pytest.fixture
def plan(tmp_path):
    return small_plan(tmp_path)


@pytest.fixture
def classifier_plan(tmp_path, plan):
    cfg = written(tmp_path, CLASSIFIER, "colours.cfg")
    return changed(plan, cfg=str(cfg), data=str(classifier_data(tmp_path / "colours", 4)))


def test_a_part_of_a_list_is_spread_over_it():
    assert limited("abcdefgh", 3) == ("a", "c", "f")
    assert limited("abc", None) == limited("abc", 7) == ("a", "b", "c")


def test_limit_trains_on_that_many_pictures(plan, classifier_plan):
    assert prepare(changed(plan, limit=2)).data.pictures == 2
    limited_plan = changed(classifier_plan, limit=6)
    assert prepare(limited_plan).data.source.class_ids == (0, 0, 1, 1, 2, 2)
    assert prepare(changed(limited_plan, max_batches=None, epochs=2)).network.net.max_batches == 1


def test_oversampling_reaches_detectors_and_classifiers(plan, classifier_plan):
    source = prepare(changed(plan, balance="oversample")).data.source
    assert len(source.settings.order.draw.weights) == 6
    source = prepare(changed(classifier_plan, balance="oversample")).data.source
    assert source.settings.order.draw.weights == (0.25,) * 12


def test_weights_reach_the_losses(plan, classifier_plan):
    detector = prepare(changed(plan, balance="weights"))
    counts = np.zeros(3, int)
    for example in detector.data.examples:
        counts += np.bincount(example.labels.class_ids, minlength=3)
    assert detector.network.heads[0].options.counters_per_class == tuple(counts)
    assert prepare(changed(classifier_plan, balance="weights")).data.class_weights == (1, 1, 1)
    unequal = changed(classifier_plan, balance="weights", limit=5, max_batches=2)
    assert final_weights(unequal) != final_weights(changed(unequal, balance=None, overwrite=True))


def test_rect_gives_each_iteration_one_shape(plan):
    training = prepare(changed(plan, rect=True))
    shapes = training.data.shapes
    assert shapes.aspects == (1.0,)  # of squares
    shapes = replace(shapes, aspects=(0.25,))
    sizes = replace(training.sizes, draw=shapes)
    assert sizes.size_of(0) == (32, 128)
    batch = replace(training, sizes=sizes).first_batch()
    assert batch.images.shape[2:] == (128, 32)


def test_cached_pictures_give_the_same_weights(plan):
    plan = changed(plan, max_batches=2)
    expected = final_weights(plan)
    for cache, workers in (("ram", 0), ("ram", 1), ("disk", 1)):
        recorder = Recorder()
        kept = changed(plan, cache=cache, workers=workers, overwrite=True)
        prepare(kept, [recorder]).run()
        assert kept.path("_final.weights").read_bytes() == expected, cache
        assert Counter("kept in" in line for line in recorder.messages)[True] == 1
        assert not kept.path("_pictures").exists()


def test_memory_is_only_shared_with_processes_that_are_forked(plan, monkeypatch):
    monkeypatch.setattr(sampling.multiprocessing, "get_start_method", lambda: "spawn")
    with pytest.raises(UsageError, match=r"--cache ram needs processes.*--cache disk"):
        prepare(changed(plan, cache="ram", workers=2))


def test_classifiers_have_no_shapes(classifier_plan):
    with pytest.raises(UsageError, match=r"--rect is for detectors.*: expected a network with a"):
        prepare(changed(classifier_plan, rect=True))


def test_rect_needs_a_network_of_any_size(plan, tmp_path):
    text = DETECTOR.replace("[dropout]", "[connected]\noutput=4096\n[dropout]")
    cfg = written(tmp_path, text, "fixed.cfg")
    with pytest.raises(UsageError, match=r"--rect.*got \[connected\]"):
        prepare(changed(plan, cfg=str(cfg), rect=True))


@pytest.mark.parametrize("name", ["limit", "balance", "rect", "cache"])
def test_a_text_has_no_pictures(plan, tmp_path, name):
    (tmp_path / "text.txt").write_text("Once upon a time. " * 20)
    cfg = written(tmp_path, CHARACTERS, "letters.cfg")
    values = {"limit": 1, "balance": "weights", "rect": True, "cache": "ram"}
    options = {"cfg": str(cfg), "data": str(tmp_path / "text.txt"), name: values[name]}
    with pytest.raises(UsageError, match=f"--{name} is for pictures"):
        prepare(changed(plan, **options))
