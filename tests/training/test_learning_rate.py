"""The learning rate of a plan: the cfg's by default, factors, functions, warnings, resumption."""

import json
import re

import numpy as np
import pytest

import darknet_torch as dt
from darknet_torch.errors import ArgumentError, CfgNote, UsageError
from darknet_torch.training.callbacks import Callback
from darknet_torch.training.learning_rate import learning_rate
from darknet_torch.training.schedule import rate_of_run
from darknet_torch.training.schedule_rules import schedule_warnings
from tests.training.runs import DETECTOR, detector_data, written
from tests.training.schedules.runs_to_plan import net_of, plan_of

FLAT = DETECTOR.replace("policy=steps\nsteps=5\nscales=.1\n", "policy=constant\n")
SMALL = FLAT.replace("burn_in=2", "burn_in=0").replace(
    "width=64\nheight=64", "width=32\nheight=32"
)


class Rates(Callback):
    def __init__(self, stop_after=None):
        self.rates, self.stop_after = [], stop_after

    def on_iteration(self, loop, update):
        self.rates.append(update.rate)
        if update.iteration == self.stop_after:
            raise KeyboardInterrupt


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return written(tmp_path, SMALL), detector_data(tmp_path / "data", 4)


def trained(files, *, stop_after=None, **options):
    """The rates of a run."""
    rates = Rates(stop_after)
    dt.train(*files, workers=0, threads=1, callbacks=[rates], **options)
    return rates.rates


@pytest.mark.parametrize(
    "policy",
    [
        "constant",
        "steps\nsteps=9\nscales=.3",
        "poly",
        "exp\ngamma=.9",
        "random",
        "sgdr",
        "sigmoid",
    ],
)
def test_it_is_exactly_that_of_the_cfg_by_default(policy):
    net = net_of("burn_in=5", f"policy={policy}")
    found = learning_rate(plan_of(seed=3), net, factor=lambda update: 1.0)
    for update in range(1, 41):
        assert found(update) == rate_of_run(net, update, 3)


def test_a_factor_multiplies_the_rate():
    found = learning_rate(plan_of(schedule="cosine"), net_of(), factor=lambda update: update / 4)
    plain = learning_rate(plan_of(schedule="cosine"), net_of())
    assert found(8) == plain(8) * 2


def function(update):
    return np.float64(0.01 / update)


def test_a_function_gives_the_rates_and_is_given_again_to_go_on(files):
    options = {"schedule": function, "backup": "run", "max_batches": 4}
    with pytest.raises(KeyboardInterrupt):
        trained(files, stop_after=2, **options)
    assert json.loads((files[0].parent / "run/small_plan.json").read_text())["schedule"] == (
        "callable"
    )
    with (
        pytest.warns(CfgNote, match="schedule=callable"),
        pytest.raises(UsageError, match=r"Python function, which is not saved: .* give it again"),
    ):
        trained(files, backup="run", resume=True)
    with pytest.warns(CfgNote):
        assert trained(files, backup="run", resume=True, schedule=function) == [0.01 / 3, 0.0025]


@pytest.mark.parametrize("rate", [None, -1.0, float("nan"), "0.1"])
def test_a_function_that_returns_no_rate_is_an_error(rate):
    with pytest.raises(ArgumentError, match=r"update 1: the function of schedule= returns no"):
        learning_rate(plan_of(schedule="callable"), net_of(), function=lambda update: rate)


def test_a_function_has_the_warm_up_that_is_asked_for():
    def rate(warmup):
        plan = plan_of(schedule="callable", warmup=warmup)
        return learning_rate(plan, net_of("burn_in=9"), function=lambda update: 2.0)(4)

    assert rate(None) == 2.0
    assert rate("linear:8") == 1.0


def test_a_function_for_several_processes_must_be_picklable(files):
    with pytest.raises(ArgumentError, match=r"the function of schedule= cannot be sent"):
        dt.train(*files, processes=2, schedule=lambda update: 0.1)


def test_a_stopped_run_goes_on_with_the_rates_of_a_plateau(files):
    """Its weights are those of the run that was not stopped, byte by byte."""
    schedule = "plateau:every=2,patience=0,threshold=1,factor=.5"
    options = {"schedule": schedule, "max_batches": 8, "optimizer": "adamw", "clip_norm": 1}
    whole = trained(files, backup="whole", **options)
    assert len(set(whole)) > 2
    with pytest.raises(KeyboardInterrupt):
        trained(files, stop_after=5, backup="part", **options)
    with pytest.warns(CfgNote, match="plateau"):
        assert trained(files, backup="part", resume=True) == whole[5:]
    final = [files[0].parent / folder / "small_final.weights" for folder in ("whole", "part")]
    assert final[0].read_bytes() == final[1].read_bytes()


def test_a_run_does_not_go_on_with_another_optimizer(files):
    with pytest.raises(KeyboardInterrupt):
        trained(files, stop_after=1, backup="run")
    with pytest.raises(UsageError, match=r"cannot be resumed: got the state is that of another"):
        trained(files, backup="run", resume=True, optimizer="adam")


@pytest.mark.parametrize(
    ("options", "named"), [({"optimizer": "adamw"}, "adamw"), ({"clip_norm": 5}, "--clip-norm")]
)
def test_an_update_that_c_does_not_have_is_not_in_its_order(files, options, named):
    with pytest.warns(CfgNote, match=f"--exact-order adds up .* alone, with {named}"):
        trained(files, exact_order=True, max_batches=1, **options)


FALLING = {"schedule": "exponential:gamma=1e-12", "warmup": "linear:20"}


@pytest.mark.parametrize(
    ("options", "net", "message"),
    [
        ({"warmup": "linear:21"}, (), "--warmup takes more than half.* at most .* got 21 of 40"),
        ({"warmup": "linear:20"}, ("burn_in=30",), None),
        ({"schedule": "cosine"}, ("burn_in=30",), "burn_in takes more than half"),
        ({"schedule": "cosine"}, ("policy=steps", "steps=99", "scales=.1"), None),
        ({"schedule": "step-epochs:2+10+11"}, (), "expected epochs below 10, .* got 10[+]11"),
        (FALLING, (), "nearly 0 .*--schedule exponential over"),
        ({"schedule": "plateau"}, (), None),
    ],
)
def test_the_warnings_are_about_the_rates_of_the_run(options, net, message):
    rate = learning_rate(plan_of(**options), net_of(*net), epoch=4)
    found = [str(item) for item in schedule_warnings(rate, lambda key: key)]
    assert len(found) == (message is not None), found
    if message:
        assert re.search(message, found[0])


def test_the_first_process_of_several_has_the_epochs_of_all():
    """An epoch is shorter the more pictures an update takes."""
    one, two = (
        learning_rate(plan_of(schedule="step-epochs:2"), net_of(), epoch=epoch)
        for epoch in (10, 5)
    )
    assert [one(20), one(21)] == pytest.approx([0.5, 0.05])
    assert [two(10), two(11)] == pytest.approx([0.5, 0.05])


def test_the_plan_of_no_options_has_the_weights_of_before(files):
    """schedule=cfg and optimizer=sgd are the defaults."""
    trained(files, backup="plain", max_batches=2)
    trained(files, backup="named", max_batches=2, optimizer="sgd", schedule="cfg")
    final = [files[0].parent / folder / "small_final.weights" for folder in ("plain", "named")]
    assert final[0].read_bytes() == final[1].read_bytes()
