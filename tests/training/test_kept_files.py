"""The cfg and the names that a training keeps next to its weights."""

import json
from pathlib import Path

import pytest

from darknet_torch import load
from darknet_torch.errors import CfgError
from darknet_torch.training.distributed import Processes
from darknet_torch.training.kept_files import keep_cfg, keep_names, names_to_keep
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.plan_network import trained_network as trained_network_of
from darknet_torch.training.run_record import RunRecord
from darknet_torch.training.setup import prepare
from tests.conversion.small_models import trained_network
from tests.training.runs import DETECTOR, changed, written


def test_another_cfg_in_the_folder_is_kept(plan):
    target = plan.path(".cfg")
    target.parent.mkdir()
    target.write_text("# edited\n")
    for _ in range(2):
        keep_cfg(plan)
    assert target.read_text() == DETECTOR
    backups = target.parent.glob("small.cfg.*")
    assert [(path.name, path.read_text()) for path in backups] == [("small.cfg.bak", "# edited\n")]


def test_names_are_written_once_and_others_are_kept(plan):
    target = plan.path(".names")
    target.parent.mkdir()
    keep_names(plan, ())
    assert not target.exists()
    for _ in range(2):
        keep_names(plan, ("big cat", "d\N{LATIN SMALL LETTER O WITH DIAERESIS}ner"))
    assert target.read_bytes() == b"big cat\nd\xc3\xb6ner\n"
    assert [path.name for path in target.parent.iterdir()] == ["small.names"]
    keep_names(plan, ("dog",))
    assert target.read_text() == "dog\n"
    assert target.with_name("small.names.bak").read_bytes() == b"big cat\nd\xc3\xb6ner\n"


def test_a_detector_keeps_a_name_for_each_class_or_none():
    network = trained_network(DETECTOR)
    names = [f"n{number}" for number in range(network.heads[-1].classes)]
    assert names_to_keep(names, network) == tuple(names)
    assert names_to_keep([*names, "more"], network) == ()


def test_what_was_chosen_for_the_network_stands_in_the_copy(plan):
    chosen = changed(plan, normalize="imagenet", fill="picture")
    plan.path(".cfg").parent.mkdir()
    for _ in range(2):
        keep_cfg(chosen)
    expected = DETECTOR.replace("[net]\n", "[net]\nnormalize=imagenet\nfill=picture\n", 1)
    assert plan.path(".cfg").read_text() == expected
    assert [path.name for path in plan.path(".cfg").parent.iterdir()] == ["small.cfg"]


def test_a_choice_replaces_what_the_cfg_says_and_no_other_byte(plan):
    own = "# gr\xf6\xdfer\r\n[net]\nnormalize = imagenet # ours\r\n"
    text = DETECTOR.replace("[net]\n", own, 1)
    Path(plan.cfg).write_bytes(text.encode("latin-1"))
    plan.path(".cfg").parent.mkdir()
    keep_cfg(changed(plan, normalize="zero-one"))
    kept = plan.path(".cfg").read_bytes().decode("latin-1")
    assert kept == text.replace("= imagenet #", "= zero-one #")


def test_the_weights_of_a_run_need_no_option(plan):
    """Also those of several processes, which the process that waits for them loads again."""
    chosen = changed(plan, normalize="per-picture", fill="0.5", max_batches=1, save_last=1)
    trained = prepare(chosen)
    trained.run()
    assert trained.network.net.normalize == "per-picture"
    assert trained.data.source.settings.fill == "0.5"
    for network in (load(plan.path("_final.weights")), trained_network_of(chosen)):
        assert (network.net.normalize, network.net.fill) == ("per-picture", "0.5")
    assert TrainPlan(**json.loads(plan.path("_plan.json").read_text())).fill == "0.5"


def test_another_choice_for_a_run_that_goes_on_is_named(plan):
    records = []
    for choice in ({}, {"normalize": "imagenet"}, {"fill": "picture"}):
        made = prepare(changed(plan, **choice))
        records.append(RunRecord.of_run(made.network, made.plan, made.data, Processes()))
    first, *others = records
    assert [other.changes(first) for other in others] == [
        ["[net] normalize: zero-one -> imagenet"],
        ["[net] fill:  -> picture"],
    ]


def test_a_network_that_cannot_have_it_is_refused_before_the_run(plan):
    written(Path(plan.cfg).parent, DETECTOR.replace("channels=3", "channels=1"))
    with pytest.raises(
        CfgError, match=r"small\.cfg:1: .*channels=3, got channels=1; .*per-picture"
    ):
        prepare(changed(plan, normalize="imagenet"))
    assert not Path(plan.backup).exists()
