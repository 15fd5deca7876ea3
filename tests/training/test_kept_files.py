"""The cfg and the names that a training keeps next to its weights."""

from darknet_torch.training.kept_files import keep_cfg, keep_names, names_to_keep
from tests.conversion.small_models import trained_network
from tests.training.runs import DETECTOR


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
