"""What the names of model files say."""

from pathlib import Path

import pytest

from darknet_torch.cfg.model_names import (
    ModelFileKind,
    can_run,
    contains_cfg,
    graph_kind,
    kind_of,
    model_stems,
)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.cfg", ModelFileKind.CFG),
        ("a.WEIGHTS", ModelFileKind.WEIGHTS),
        ("a.conv.29", ModelFileKind.WEIGHTS),
        ("a.backup", ModelFileKind.WEIGHTS),
        ("a.safetensors", ModelFileKind.WEIGHTS),
        ("a.onnx", ModelFileKind.WEIGHTS),
        ("a.names", ModelFileKind.NAMES),
        ("a.data", ModelFileKind.DATA),
        ("a.jpg", None),
        ("a.ts", None),
        ("a", None),
    ],
)
def test_the_suffix_says_which_file_of_a_model_it_is(name, kind):
    assert kind_of(Path(name)) is kind


@pytest.mark.parametrize(
    ("name", "stems"),
    [
        ("x.weights", ["x"]),
        ("x_best.weights", ["x_best", "x"]),
        ("x_final.pt", ["x_final", "x"]),
        ("x_last.weights", ["x_last", "x"]),
        ("x_previous.weights", ["x_previous", "x"]),
        ("x_ema.weights", ["x_ema", "x"]),
        ("x_10000.weights", ["x_10000", "x"]),
        ("x_1000_best.weights", ["x_1000_best", "x_1000", "x"]),
        ("x_best_earlier-2.weights", ["x_best_earlier-2", "x_best", "x"]),
        ("x (1).weights", ["x (1)", "x"]),
        ("yolov4.conv.137", ["yolov4"]),
        ("yolov4-tiny.weights", ["yolov4-tiny"]),
        ("_best.weights", ["_best"]),
        ("thebest.weights", ["thebest"]),
    ],
)
def test_what_trainings_add_to_a_name_is_left_out_step_by_step(name, stems):
    assert model_stems(Path("folder") / name) == stems


def test_a_graph_and_the_first_layers_cannot_run():
    assert graph_kind(Path("a.ONNX")) == "ONNX"
    assert can_run(Path("a.weights")) and can_run(Path("a.pt"))
    assert not can_run(Path("a.conv.3")) and not can_run(Path("a.pt2"))


def test_a_cfg_may_be_inside_a_file_by_its_suffix_or_its_first_bytes(tmp_path):
    assert contains_cfg(Path("a.safetensors"))
    (tmp_path / "a.weights").write_bytes(b"PK\x03\x04")
    (tmp_path / "b.weights").write_bytes(b"\0\0\0\0")
    assert contains_cfg(tmp_path / "a.weights")
    assert not contains_cfg(tmp_path / "b.weights")
    assert not contains_cfg(tmp_path / "gone.weights")
