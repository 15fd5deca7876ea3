"""The data that a training opens for each kind of network."""

import pytest

from darknet_torch.augment.cells import CellSource
from darknet_torch.augment.classification import ClassificationSource
from darknet_torch.augment.detection import DetectionSource
from darknet_torch.augment.text import TextSource
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError, UsageError
from darknet_torch.model.network import build_network
from darknet_torch.training.data import (
    CLASSIFIER,
    DETECTOR,
    TEXT,
    kind_of,
    open_training_data,
)
from tests.training.runs import (
    CHARACTERS,
    NAMES,
    changed,
    classifier_data,
    outputs,
)
from tests.training.runs import (
    CLASSIFIER as CLASSIFIER_CFG,
)
from tests.training.runs import (
    DETECTOR as DETECTOR_CFG,
)

CELLS_CFG = (
    "[net]\nwidth=32\nheight=32\nchannels=3\n[connected]\noutput=52\nactivation=linear\n"
    "[detection]\nclasses=3\ncoords=4\nside=2\nnum=2\nrescore=1\n"
)


def network(cfg):
    return build_network(parse_cfg(cfg))


@pytest.fixture
def classifier_plan(plan, tmp_path):
    """A plan to train a classifier on two pictures for each of three colours."""
    return changed(plan, data=str(classifier_data(tmp_path / "colours", count=2)))


@pytest.mark.parametrize(
    ("cfg", "kind"),
    [
        (DETECTOR_CFG, DETECTOR),
        (CELLS_CFG, DETECTOR),
        (CLASSIFIER_CFG, CLASSIFIER),
        (CHARACTERS, TEXT),
    ],
)
def test_the_kind_follows_from_the_layers_and_the_input(cfg, kind):
    assert kind_of(network(cfg)) == kind


def test_a_network_without_a_loss_is_refused():
    with pytest.raises(CfgError) as caught:
        kind_of(network("[net]\nwidth=8\nheight=8\nchannels=3\n" + outputs(3)))
    assert str(caught.value) == (
        "<cfg>:1: the network has no layer with a loss: expected a detection head, [softmax], "
        "[logistic] or [cost]"
    )


def test_a_detector_gets_labelled_pictures_and_the_random_of_its_last_head(plan):
    data = open_training_data(network(DETECTOR_CFG + "random=1.5\n"), plan)
    assert isinstance(data.source, DetectionSource)
    assert (data.kind, data.names, data.pictures) == (DETECTOR, NAMES, 6)
    assert (data.random, data.side, data.problems) == (1.5, None, ())
    assert data.valid is None and data.valid_pictures is None


def test_a_head_of_cells_gets_truths_by_cell(plan):
    data = open_training_data(network(CELLS_CFG), plan)
    assert isinstance(data.source, CellSource)
    assert (data.kind, data.side, data.pictures) == (DETECTOR, 2, 6)


def test_without_augmentation_the_input_size_stays_fixed(plan):
    made = network(DETECTOR_CFG + "random=1\n")
    assert open_training_data(made, changed(plan, augment="none")).random == 0


def test_map_opens_the_split_to_evaluate_on(plan):
    data = open_training_data(network(DETECTOR_CFG), changed(plan, map=True))
    assert len(data.valid.examples) == 3
    assert all(example.path.name.startswith("valid_") for example in data.valid.examples)


def test_overfit_trains_and_evaluates_on_the_first_pictures_with_boxes(plan, tmp_path):
    (tmp_path / "data" / "train_0.txt").unlink()
    (tmp_path / "data" / "train_1.txt").write_text("")
    made = network(DETECTOR_CFG + "random=1\n")
    data = open_training_data(made, changed(plan, overfit=2))
    assert (data.pictures, data.random) == (2, 0)
    assert [x.path.name for x in data.valid.examples] == ["train_2.png", "train_3.png"]


def test_a_classifier_gets_pictures_with_a_class(classifier_plan):
    data = open_training_data(network(CLASSIFIER_CFG), classifier_plan)
    assert isinstance(data.source, ClassificationSource)
    assert (data.kind, data.pictures) == (CLASSIFIER, 6)
    assert data.names == tuple(sorted(NAMES))
    assert data.random is None and data.valid is None and data.valid_pictures is None


def test_map_opens_the_pictures_to_evaluate_a_classifier_on(classifier_plan):
    data = open_training_data(network(CLASSIFIER_CFG), changed(classifier_plan, map=True))
    assert {path.parent.parent.name for path in data.valid_pictures.paths} == {"valid"}


def test_overfit_trains_and_evaluates_a_classifier_on_the_first_pictures(classifier_plan):
    data = open_training_data(network(CLASSIFIER_CFG), changed(classifier_plan, overfit=3))
    assert data.pictures == 3
    assert data.source.paths == data.valid_pictures.paths
    assert data.source.class_ids == data.valid_pictures.class_ids == (0, 0, 1)


def test_more_classes_than_outputs_are_refused(classifier_plan):
    cfg = CLASSIFIER_CFG.replace("filters=3\n", "filters=2\n")
    with pytest.raises(UsageError) as caught:
        open_training_data(network(cfg), classifier_plan)
    assert str(caught.value) == (
        f"{classifier_plan.data}/train: the data set has more classes than the network: "
        "expected 2 classes, got 3 classes; correct filters= or output= of the layer before "
        "[softmax]"
    )


def test_a_character_model_gets_the_text(plan, tmp_path):
    text = tmp_path / "text.txt"
    text.write_bytes(b"abc" * 20)
    data = open_training_data(network(CHARACTERS), changed(plan, data=str(text)))
    assert isinstance(data.source, TextSource)
    assert (data.kind, data.names, data.pictures) == (TEXT, (), 60)


def test_a_text_that_cannot_be_read_is_refused(plan, tmp_path):
    with pytest.raises(UsageError) as caught:
        open_training_data(network(CHARACTERS), changed(plan, data=str(tmp_path)))
    assert str(caught.value) == (
        f"{tmp_path}: cannot be read (Is a directory): expected a text file"
    )
