"""A training with steps of one's own: samples, workers, and what a run that goes on says."""

import json

import numpy as np
import pytest

from darknet_torch.augment.source import SampleRequest
from darknet_torch.cfg.preprocessing import IMAGENET_MEAN
from darknet_torch.training.batches import Batches
from darknet_torch.training.planning import plan_training
from darknet_torch.training.resumption import with_saved_options
from darknet_torch.training.setup import prepare
from tests.training.runs import (
    CELLS,
    CLASSIFIER,
    DETECTOR,
    changed,
    classifier_data,
    detector_data,
    small_plan,
    written,
)

OWN = "def own(image, boxes, class_ids, random):\n    return image, boxes, class_ids\n"


@pytest.fixture
def steps(tmp_path):
    file = tmp_path / "steps.yaml"
    file.write_text("- flip: {probability: 1}\n")
    return file


def opened(tmp_path, text, data, **options):
    plan = changed(small_plan(tmp_path), cfg=str(written(tmp_path, text)), data=str(data))
    made = prepare(changed(plan, **options))
    return made.data, made.network.net


def first(data, net, count=4):
    return data.source.load(SampleRequest(0, 0, tuple(range(count)), net.height, net.width))


@pytest.mark.parametrize("text", [DETECTOR, CELLS, CLASSIFIER])
@pytest.mark.filterwarnings("ignore::darknet_torch.errors.CfgWarning")
def test_the_steps_change_the_pictures_of_every_kind(tmp_path, steps, text):
    folder = tmp_path / "data"
    data = classifier_data(folder) if text == CLASSIFIER else detector_data(folder)
    plain = first(*opened(tmp_path, text, data, augment="none"))
    flipped = first(*opened(tmp_path, text, data, augment=str(steps)))
    rounding = 1e-5  # float32 positions counted from the other side
    assert np.allclose(flipped.images, plain.images[..., ::-1], rtol=0, atol=rounding)
    assert not np.allclose(flipped.images, plain.images, atol=rounding)
    if text == DETECTOR:
        there = plain.truths[..., 2] > 0
        assert there.any()
        assert np.allclose(flipped.truths[there][:, 0], 1 - plain.truths[there][:, 0], atol=1e-6)
        assert np.allclose(flipped.truths[there][:, 1:], plain.truths[there][:, 1:], atol=1e-6)


@pytest.mark.parametrize("text", [DETECTOR, CELLS, CLASSIFIER])
@pytest.mark.filterwarnings("ignore::darknet_torch.errors.CfgWarning")
def test_the_steps_fill_with_the_colour_of_the_network(tmp_path, steps, text):
    steps.write_text("- affine: {translation: 0.9, scale: 1, rotation: 0, probability: 1}\n")
    folder = tmp_path / "data"
    data = classifier_data(folder) if text == CLASSIFIER else detector_data(folder)
    images = first(*opened(tmp_path, text, data, augment=str(steps), fill="imagenet")).images
    colours = images[..., 0, 0] * 255
    assert np.abs(colours - np.multiply(IMAGENET_MEAN, 255)).max() <= 0.51


def test_the_cfg_may_follow_the_steps(tmp_path, steps):
    data = detector_data(tmp_path / "data")
    steps.write_text("- to_grey: {probability: 1}\n- cfg\n")
    source, net = opened(tmp_path, DETECTOR, data, augment=str(steps))
    assert source.source.settings.enabled
    assert source.augmentation == "to_grey(probability=1.0), cfg"
    first(source, net)


def test_any_number_of_workers_gives_the_same(tmp_path):
    (tmp_path / "own.py").write_text(
        "import numpy as np\ndef own(image, boxes, class_ids, random):\n"
        "    return image // np.uint8(random.integers(1, 9)), boxes, class_ids\n"
    )
    data = detector_data(tmp_path / "data")
    source, _ = opened(tmp_path, DETECTOR, data, augment=f"{tmp_path}/own.py:own")
    made = [
        [
            batch.images.numpy()
            for batch in Batches(
                source.source, 4, 2, seed=3, stop=1, size_of=lambda _: (32, 32), workers=workers
            )
        ]
        for workers in (0, 2)
    ]
    assert np.array_equal(*map(np.stack, made))
    assert len({batch.tobytes() for batch in made[0]}) == 2


def test_the_record_of_a_run_follows_the_content(tmp_path, steps):
    data = detector_data(tmp_path / "data")
    made = []
    for text in ("- flip\n", "- flip # the same\n", "- flip: {direction: vertical}\n"):
        steps.write_text(text)
        made.append(opened(tmp_path, DETECTOR, data, augment=str(steps))[0].augmentation)
    assert made[0] == made[1] != made[2]


def test_a_plan_with_true_or_false_goes_on(tmp_path):
    file = tmp_path / "plan.json"
    file.write_text(json.dumps({"augment": True}))
    assert with_saved_options(file, {}) == {}
    file.write_text(json.dumps({"augment": False}))
    with pytest.warns(match="augment=none"):
        assert with_saved_options(file, {}) == {"augment": "none"}


def test_overfit_says_that_there_is_no_augmentation(tmp_path, steps):
    data, cfg = detector_data(tmp_path / "data"), written(tmp_path, DETECTOR)
    options = {"overfit": 2, "augment": str(steps), "backup": str(tmp_path / "run")}
    with pytest.warns(match="no effect with --overfit"):
        plan_training(cfg, data, options)
