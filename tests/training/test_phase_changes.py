"""What changes when a phase begins."""

import warnings
from dataclasses import replace
from types import SimpleNamespace

import pytest

import darknet_torch as dt
from darknet_torch.errors import UsageError
from darknet_torch.training.phase_changes import (
    PhaseChanges,
    note_nothing_is_held,
    sizes_of_phases,
)
from darknet_torch.training.phases import phases_of
from darknet_torch.training.planning import plan_training
from tests.training.runs import CLASSIFIER, classifier_data, written
from tests.training.small_networks import network
from tests.training.test_multiscale import scale
from tests.training.test_phases import plan

pytestmark = pytest.mark.filterwarnings("ignore::darknet_torch.CfgWarning")
PHASES = ["2:lr=0.5", "2:width=48,height=48,lr=0.1"]


class Watcher(dt.Callback):
    """Keeps the sizes and rates of a training, its phases and its messages."""

    def __init__(self):
        self.sizes, self.rates, self.texts, self.phases = [], [], [], None

    def on_start(self, loop):
        self.phases = [(phase.first, phase.description) for phase in loop.phases]

    def on_iteration(self, loop, update):
        self.sizes.append((loop.network.net.width, loop.network.net.height))
        self.rates.append(update.rate)

    def on_message(self, loop, text):
        self.texts.append(text)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return classifier_data(tmp_path_factory.mktemp("colours") / "data", 2)


def run(folder, data, cfg=CLASSIFIER, watcher=None, **options):
    watcher = watcher or Watcher()
    dt.train(
        written(folder, cfg),
        data,
        backup=folder / "run",
        workers=0,
        threads=1,
        device="cpu",
        callbacks=[watcher],
        **options,
    )
    return watcher


def test_a_classifier_goes_on_at_a_larger_size_and_a_lower_rate(tmp_path, data):
    seen = run(tmp_path, data, phase=PHASES)
    assert seen.sizes == [(24, 24)] * 2 + [(48, 48)] * 2
    # policy=poly over the sum of the iterations, times the factors
    rates = [0.05 * (1 - update / 4) * factor for update, factor in enumerate([0.5] * 2, 1)]
    rates += [0.05 * (1 - update / 4) * 0.1 for update in (3, 4)]
    assert seen.rates == pytest.approx(rates)
    assert seen.phases == [(0, "lr x 0.5"), (2, "lr x 0.1, input 48 x 48")]
    begins = "phase 2 of 2, iterations 3 to 4: lr x 0.1, input 48 x 48"
    assert seen.texts.count(begins) == 2  # in the list at the start, and when it begins
    assert any("--width 48 --height 48" in text for text in seen.texts)


def normalized(variance):
    """A network with one layer that normalises, by this rolling variance."""
    made = network("[net]\nheight=4\nwidth=4\nchannels=1\n[convolutional]\nbatch_normalize=1\n")
    for _, slot in made.slots():
        if slot.name == "rolling_variance":
            slot.tensor.data.fill_(variance)
    return made


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        ({"freeze_bn": True}, 1),
        ({"phase": ["2:freeze_bn=1", "2"]}, 1),
        ({"phase": ["2", "2:freeze_bn=1"]}, 0),  # holds what the first one has learnt
        ({}, 0),
    ],
)
def test_a_freeze_bn_that_holds_nothing_is_said(phases, expected):
    fresh = normalized(0.0)  # as Darknet starts
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        note_nothing_is_held(PhaseChanges(phases_of(plan(**phases)), fresh), fresh, 0)
    notes = [str(one.message) for one in caught if one.category is dt.CfgNote]
    assert len(notes) == expected
    assert all("freeze_bn has no effect" in text and "--weights FILE" in text for text in notes)


def test_a_freeze_bn_that_holds_statistics_needs_no_note(recwarn):
    trained = normalized(1.0)
    changes = PhaseChanges(phases_of(plan(freeze_bn=True)), trained)
    note_nothing_is_held(changes, trained, 0)
    assert not [one for one in recwarn if one.category is dt.CfgNote]


def test_a_training_without_phases_that_counts_on_begins_none():
    made, texts = normalized(1.0), []
    events = SimpleNamespace(on_message=lambda loop, text: texts.append(text))
    loop = SimpleNamespace(iteration=3, network=made, events=events)
    PhaseChanges(phases_of(plan()), made).on_iteration_start(loop)
    assert texts == []
    PhaseChanges(phases_of(plan(phase=["2", "2:lr=0.1"])), made).on_iteration_start(loop)
    assert texts == ["phase 2 of 2, iterations 3 to 4: lr x 0.1"]


class StopsEarly(Watcher):
    """Ends a training after its first iteration."""

    def on_iteration(self, loop, update):
        loop.stop_after_iteration("enough")


def test_the_size_to_use_weights_with_is_that_of_their_phase(tmp_path, data):
    seen = run(tmp_path, data, watcher=StopsEarly(), phase=["1:width=32,height=32", PHASES[1]])
    (command,) = (text for text in seen.texts if text.startswith("next: "))
    assert "--width 32 --height 32" in command


@pytest.mark.parametrize(("iteration", "width"), [(0, 24), (2, 24), (3, 48), (4, 48)])
def test_a_resumed_run_starts_with_the_size_of_its_last_iteration(iteration, width):
    made = network(CLASSIFIER)
    changes = PhaseChanges(phases_of(plan(phase=PHASES)), made)
    changes.on_start(SimpleNamespace(network=made, iteration=iteration))
    assert (made.net.width, made.net.height) == (width, width)


def test_a_network_with_arrays_for_one_size_keeps_it(tmp_path, data):
    flat = "[connected]\noutput=3\nactivation=linear\n"
    cfg = CLASSIFIER.replace("[avgpool]\n", flat)
    with pytest.raises(UsageError) as error:
        run(tmp_path, data, cfg, phase=PHASES)
    assert "small.cfg" in error.value.where
    assert error.value.expected.startswith("24 x 24")
    assert error.value.got.startswith("48 x 48 in phase 2: weights of layer 2 [connected]")
    assert "--phase" in error.value.fix
    assert not (tmp_path / "run").exists()


def test_the_length_may_be_scaled_to(tmp_path, data):
    cfg = CLASSIFIER.replace("policy=poly", "policy=steps\nsteps=15\nscales=.1")
    seen = run(tmp_path, data, cfg, phase=["2", "2"], scale_schedule=True)
    assert seen.rates == pytest.approx([0.05, 0.005, 0.005, 0.005])


def test_a_resumed_run_takes_phases_in_the_place_of_a_length(tmp_path, data):
    run(tmp_path, data, max_batches=2, freeze=0)
    given = {"resume": True, "backup": str(tmp_path / "run"), "phase": ("4",), "unfreeze": 2}
    found = plan_training(tmp_path / "small.cfg", data, given)
    assert (found.max_batches, found.freeze, found.unfreeze) == (None, None, 2)


def test_multi_scale_training_goes_around_the_size_of_the_phase():
    made = network(CLASSIFIER)
    changes = PhaseChanges(phases_of(plan(phase=("20", "20:width=448,height=448"))), made)
    sizes = scale(width=24, height=24, max_batches=0)
    phased = sizes_of_phases(sizes, changes)
    first, second = (
        {phased.size_of(iteration)[0] for iteration in iterations}
        for iterations in (range(20), range(20, 40))
    )
    assert max(first) < 100 < 448 / 1.5 < min(second)
    assert phased.largest[0] > 448 and phased.mini_batch_of(25) == sizes.mini_batch


def test_one_size_needs_no_phases():
    changes = PhaseChanges(phases_of(plan(phase=("20", "20:lr=.1"))), network(CLASSIFIER))
    sizes = scale(width=24, height=24)
    assert sizes_of_phases(sizes, changes) is sizes


def test_fixed_sizes_of_multi_scale_training_are_named():
    changes = PhaseChanges(phases_of(plan(phase=("1", "1:width=48"))), network(CLASSIFIER))
    with pytest.warns(dt.CfgNote, match="set no size here"):
        sizes_of_phases(replace(scale(width=24, height=24), kind="steps"), changes)
