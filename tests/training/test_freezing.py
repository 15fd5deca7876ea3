"""Frozen layers: which they are, and that nothing changes them."""

import re

import pytest
import torch

import darknet_torch as dt
from darknet_torch.cfg.zoo import definitions_folder
from darknet_torch.errors import UsageError
from darknet_torch.model.loading import build
from darknet_torch.training.averaging import WeightAverage
from darknet_torch.training.forward import ForwardPass
from darknet_torch.training.freezing import backbone_cuts, freeze, frozen_layers, learning_buffers
from darknet_torch.training.memory import estimate_memory
from darknet_torch.training.optimizer import Optimizer
from darknet_torch.training.phases import Phase
from darknet_torch.training.run_folder import LAST
from tests.training.runs import DETECTOR, Recorder, detector_data, written
from tests.training.small_networks import network

pytestmark = pytest.mark.filterwarnings("ignore::darknet_torch.CfgWarning")
FROZEN = ("layers.0.", "layers.1.")
CFG = DETECTOR.replace("learning_rate=0.01", "learning_rate=0.001").replace(
    "[net]", "[net]\nletter_box=0"
)


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """A data set, and trained weights with rolling statistics, of the cfg small.cfg."""
    folder = tmp_path_factory.mktemp("freezing")
    written(folder, CFG)
    detector_data(folder / "data", 4)
    made = dt.load(folder / "small.cfg")
    make = torch.Generator().manual_seed(0)
    for _, slot in made.slots():
        if slot.name == "rolling_variance":
            slot.tensor.data.uniform_(0.5, 1, generator=make)
        if slot.name == "rolling_mean":
            slot.tensor.data.normal_(0, 0.1, generator=make)
    dt.write_weights(made, folder / "start.weights")
    return folder


def trained(start, folder, cfg=CFG, callbacks=(), **options):
    """The network before and after a training, as {name: array}."""
    path = written(folder, cfg)
    data = start / "data" / "squares.data"
    options = {"weights": start / "start.weights", "clear": True, **options}
    options = {"workers": 0, "device": "cpu", "backup": folder / "run", "threads": 1, **options}
    result = dt.train(path, data, callbacks=callbacks, **options)
    before = dt.load(path, start / "start.weights").state_dict()
    return before, dt.load(path, result.final_weights).state_dict()


def changed(before, after):
    return {name for name in before if not torch.equal(before[name], after[name])}


KINDS = {
    "sgd": {},
    "adam": {"cfg": CFG.replace("[net]", "[net]\nadam=1")},
    "exact order": {"exact_order": True},
    "bfloat16": {"precision": "bfloat16"},
    "checkpointed": {"checkpoint_activations": True},
    "clip and centring": {
        "cfg": CFG.replace("[convolutional]", "[convolutional]\nclip=.001\ngrad_centr=1")
    },
    "pjreddie": {"dialect": "pjreddie", "darknet_bugs": "reproduce"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_frozen_layers_keep_every_byte(start, tmp_path, kind):
    options = {"max_batches": 2, **KINDS[kind]}
    different = changed(*trained(start, tmp_path, freeze=2, **options))
    assert not any(name.startswith(FROZEN) for name in different)
    assert {name for name in different if "rolling" in name}
    assert any(name.startswith("layers.4.") for name in different)


def test_without_freezing_all_of_them_change(start, tmp_path):
    before, after = trained(start, tmp_path, max_batches=2)
    assert changed(before, after) == set(before)


def test_unfreeze_counts_from_the_end(start, tmp_path):
    different = changed(*trained(start, tmp_path, unfreeze=2, max_batches=2))
    assert different == {f"layers.4.convolution.{name}" for name in ("weights", "biases")}


def test_frozen_normalisation_keeps_statistics_scales_and_biases(start, tmp_path):
    different = changed(*trained(start, tmp_path, freeze_bn=True, max_batches=2))
    assert different == {
        *(f"layers.{index}.convolution.weights" for index in (0, 1, 3, 4)),
        "layers.4.convolution.biases",
    }


def test_a_phase_that_freezes_nothing_lets_frozen_layers_learn(start, tmp_path):
    phases = ["2:freeze=2", "1"]
    before, after = trained(start, tmp_path, phase=phases)
    assert changed(before, after) == set(before)


def test_evaluations_leave_normalisation_frozen():
    made = network(CFG)
    freeze(made, 2)
    for mode in (False, True):
        made.train(mode)
        made.eval().train()
    assert [layer.training for layer in made.layers] == [True] * 6
    assert not made.layers[1].convolution.normalization.training
    assert made.layers[3].convolution.normalization.training
    freeze(made, 0)
    assert made.layers[1].convolution.normalization.training
    assert all(array.requires_grad for array in made.parameters())


def test_frozen_buffers_and_arrays_are_left_to_no_process_and_no_optimizer():
    made = network(CFG)
    whole = len(list(Optimizer(made).parameters()))
    freeze(made, 2)
    optimizer = Optimizer(made)
    assert len(list(optimizer.parameters())) == whole - 6
    assert len(list(optimizer.arrays())) == whole
    held = {id(buffer) for layer in made.layers[:2] for buffer in layer.buffers()}
    assert held and not held & {id(buffer) for buffer in learning_buffers(made)}


def test_a_frozen_array_is_averaged_with_nothing():
    made = network(CFG.replace("[net]", "[net]\nema_alpha=.9"))
    average = WeightAverage.of_network(made)
    average.update(3000)
    for array in average.arrays:
        array.data += 1
    freeze(made, 2)
    average.update(3001)
    pairs = list(zip(average.arrays, average.averages, strict=True))
    assert all(torch.equal(one, two) != one.requires_grad for one, two in pairs)


def test_frozen_layers_take_less_memory():
    made = network(CFG)
    forward = ForwardPass(made)
    sizes = {"inputs": 2, "width": 64, "height": 64}
    whole = estimate_memory(forward, **sizes)
    freeze(made, 4)
    frozen = estimate_memory(forward, **sizes)
    assert frozen.activations < whole.activations
    assert frozen.gradients < whole.gradients


@pytest.mark.parametrize(
    ("phase", "layers"),
    [(Phase(), 0), (Phase(freeze=4), 4), (Phase(unfreeze=2), 4), (Phase(unfreeze=6), 0)],
)
def test_layers_are_counted_from_the_first_or_the_last(phase, layers):
    assert frozen_layers(network(CFG), phase) == layers


@pytest.mark.parametrize("phase", [Phase(freeze=7), Phase(unfreeze=7)])
def test_more_layers_than_there_are_are_refused(phase):
    with pytest.raises(UsageError, match=r"more layers than the network has.*6 at most.*got 7"):
        frozen_layers(network(CFG), phase)


@pytest.mark.parametrize(("name", "cut"), [("yolov3-tiny", 11), ("yolov4-tiny", 29)])
def test_the_backbone_is_known_by_its_layers(tmp_path, name, cut):
    text = (definitions_folder() / f"{name}.cfg").read_text(encoding="latin-1")
    own = re.sub(r"classes=80", "classes=2", text).replace("filters=255", "filters=21")
    made = build(written(tmp_path, own, "mine.cfg"), width=64, height=64)
    assert frozen_layers(made, Phase(freeze="backbone")) == cut


def test_another_first_layer_is_another_backbone(tmp_path):
    text = (definitions_folder() / "yolov3-tiny.cfg").read_text(encoding="latin-1")
    made = build(
        written(tmp_path, re.sub("filters *= *16", "filters=8", text, count=1), "mine.cfg")
    )
    assert backbone_cuts(made) == set()
    with pytest.raises(UsageError) as error:
        frozen_layers(made, Phase(freeze="backbone"))
    assert error.value.where == str(tmp_path / "mine.cfg")
    assert "--freeze N" in error.value.fix and "15 layers" in error.value.fix


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"freeze": 5}, "no array is left that learns"),
        ({"unfreeze": 1}, "no array is left that learns"),
        ({"phase": ["1", "1:freeze=6"]}, "no array is left that learns"),
        ({"freeze": 2, "weights": None}, "layer 0 .* starts from random numbers"),
        ({"freeze": "backbone"}, "no published partial weights"),
    ],
)
def test_what_cannot_be_frozen_is_refused_at_the_start(start, tmp_path, options, message):
    with pytest.raises(UsageError, match=message) as error:
        trained(start, tmp_path, **options)
    assert "small.cfg" in str(error.value) and error.value.fix


def test_a_classifier_without_a_known_backbone_is_told_so():
    made = network("[net]\nheight=4\nwidth=4\nchannels=1\n[avgpool]\n[softmax]\n")
    with pytest.raises(UsageError, match="no published partial weights") as error:
        frozen_layers(made, Phase(freeze="backbone"))
    assert error.value.fix.endswith("--freeze N, as dtorch partial counts them")  # no heads


class StopAfter(Recorder):
    """Stops a training after an iteration."""

    def __init__(self, iteration):
        super().__init__()
        self.last = iteration

    def on_iteration(self, loop, update):
        if update.iteration == self.last:
            raise KeyboardInterrupt


PHASES = ("2:freeze=2,lr=0.5", "3:freeze_bn=1,width=96,height=96", "2")


@pytest.fixture(scope="module")
def in_phases(start, tmp_path_factory):
    """The arrays after a training in phases that nothing has stopped."""
    return trained(start, tmp_path_factory.mktemp("whole"), phase=PHASES)[1]


@pytest.mark.parametrize("stop", [2, 4])
def test_a_run_that_is_stopped_in_a_phase_goes_on_with_the_same_bytes(
    start, tmp_path, in_phases, stop
):
    folder = tmp_path
    with pytest.raises(KeyboardInterrupt):
        trained(start, folder, phase=PHASES, callbacks=[StopAfter(stop)])
    assert (folder / "run" / f"small{LAST}.weights").exists()
    data = start / "data" / "squares.data"
    result = dt.train(folder / "small.cfg", data, backup=folder / "run", resume=True, workers=0)
    after = dt.load(folder / "small.cfg", result.final_weights).state_dict()
    assert not changed(in_phases, after)
    assert result.network.net.width == 64


def test_normalisation_that_learns_at_the_start_of_a_run_learns_after_a_stop(start, tmp_path):
    options = {"freeze_bn": True, "weights": None, "clear": False, "max_batches": 2}
    _, whole = trained(start, tmp_path, backup=tmp_path / "whole", **options)
    with pytest.raises(KeyboardInterrupt):
        trained(start, tmp_path, callbacks=[StopAfter(1)], **options)
    _, after = trained(start, tmp_path, resume=True, weights=None, clear=False)
    assert not changed(whole, after)
