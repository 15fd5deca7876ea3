"""Settings that differ between trainings are found, and nothing else."""

from darknet_torch.report.run_page import RunComparison
from darknet_torch.report.run_settings import (
    Setting,
    cfg_settings,
    environment_settings,
    plan_settings,
)
from darknet_torch.report.run_tables import MOST_ROWS, equal_table, settings_table
from darknet_torch.report.run_text import comparison_lines
from tests.report.fabricated_runs import CFG, START, written_run


def differences(settings):
    return [one for one in settings if one.differs]


def test_options_that_differ(tmp_path):
    runs = [
        written_run(tmp_path / "a", seed=1, freeze_bn=True, net_options={"scales": (0.1, 0.5)}),
        written_run(
            tmp_path / "b",
            freeze_bn=True,
            learning_rate=0.002,
            net_options={"learning_rate": 0.0020000000949949026},
        ),
    ]
    assert differences(plan_settings(runs)) == [
        Setting("--learning-rate", (None, "0.002")),
        Setting("--seed", ("1", "0")),
        Setting("[net] scales, instead of the cfg's", ("0.1, 0.5", None)),
    ]
    assert Setting("--freeze-bn", ("yes", "yes")) in plan_settings(runs)


def test_tables_have_so_many_rows_and_count_the_others(tmp_path):
    runs = [written_run(tmp_path / name) for name in "ab"]
    for number in range(MOST_ROWS + 5):
        runs[0].plan[f"option{number}"] = number
    settings = plan_settings(runs)
    for table in (settings_table("a", settings, runs), equal_table("a", plan_settings(runs[:1]))):
        assert len(table.rows) == MOST_ROWS
        assert table.note.endswith("more rows are left out.")
    lines = list(comparison_lines(RunComparison(runs)))
    assert sum("--option" in line for line in lines) <= MOST_ROWS
    assert any(line.startswith("and ") and line.endswith(" more") for line in lines)


def test_an_option_that_an_older_plan_lacks_has_its_default(tmp_path):
    runs = [written_run(tmp_path / "a"), written_run(tmp_path / "b", precision="bfloat16")]
    del runs[0].plan["precision"], runs[0].plan["seed"]
    assert differences(plan_settings(runs)) == [Setting("--precision", ("float32", "bfloat16"))]


def test_keys_of_the_cfg(tmp_path):
    other = CFG.replace("batch=4", "batch=8\nangle=3").replace("size=3", "size=1")
    runs = [written_run(tmp_path / "a"), written_run(tmp_path / "b", cfg=other)]
    assert differences(cfg_settings(runs)) == [
        Setting("[net] batch", ("4", "8")),
        Setting("layer 0 [convolutional] size", ("3", "1")),
        Setting("[net] angle", (None, "3")),
    ]


def test_other_networks_are_counted(tmp_path):
    other = CFG.replace("batch=4", "batch=8") + "[yolo]\nmask=1\n"
    runs = [written_run(tmp_path / name, cfg=cfg) for name, cfg in (("a", CFG), ("b", other))]
    (tmp_path / "c").mkdir()
    assert differences(cfg_settings(runs)) == [
        Setting("[net] batch", ("4", "8")),
        Setting("layers", ("1 convolutional, 1 yolo", "1 convolutional, 2 yolo")),
    ]


def test_a_training_without_a_cfg_has_no_keys(tmp_path):
    runs = [written_run(tmp_path / "a"), written_run(tmp_path / "b", cfg="")]
    assert Setting("[net] batch", ("4", None)) in differences(cfg_settings(runs))


def test_versions_and_machines(tmp_path):
    start = {**START, "versions": {"torch": "2.10.0"}, "processor": "another"}
    runs = [written_run(tmp_path / "a"), written_run(tmp_path / "b", start=start)]
    assert differences(environment_settings(runs)) == [
        Setting("torch", ("2.9.1", "2.10.0")),
        Setting("processor", ("a processor", "another")),
    ]
    assert Setting("training data", ("6 pictures (0123)",) * 2) in environment_settings(runs)
