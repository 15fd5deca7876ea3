"""The search for a model's files by the name of one of them."""

import os
from pathlib import Path

import pytest

from darknet_torch.cfg.zoo import shipped
from darknet_torch.downloads.model_search import (
    Candidate,
    find_cfg_of,
    find_model_of,
    find_names_of,
    find_weights_of,
    similar_model_file,
)
from darknet_torch.errors import UsageError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(*names, text=None):
    for name in names:
        Path(name).write_text(name if text is None else text)


def fits(*right):
    """A mismatch function for which these cfgs fit."""
    return lambda cfg, weights: None if str(cfg) in right or cfg.stem in right else "too long"


class TestCfg:
    @pytest.mark.parametrize("weights", ["x_best.weights", "x_1000.weights", "x.conv.3"])
    def test_the_one_of_the_same_name_is_found(self, weights):
        write(weights, "x.cfg", "other.cfg")
        assert find_cfg_of(Path(weights), fits()) == Candidate(Path("x.cfg"))

    @pytest.mark.parametrize("name", ["yolov4-tiny_best", "YOLOv4-Tiny", "yolov4-tiny (1)"])
    def test_a_shipped_definition_is_found_if_it_fits(self, name):
        write(f"{name}.weights")
        found = find_cfg_of(Path(f"{name}.weights"), fits("yolov4-tiny"))
        assert (found.path, str(found)) == (
            shipped(".cfg")["yolov4-tiny"],
            "yolov4-tiny (shipped)",
        )

    def test_published_weights_lead_to_their_definition(self):
        write("yolo-voc.weights")
        found = find_cfg_of(Path("yolo-voc.weights"), fits("yolov2-voc"))
        assert str(found) == "yolov2-voc (shipped)"

    def test_the_one_next_to_the_weights_comes_before_the_shipped_one_if_it_fits(self):
        write("yolov3.weights", "yolov3.cfg")
        weights = Path("yolov3.weights")
        assert find_cfg_of(weights, fits("yolov3")).path == Path("yolov3.cfg")
        definition = shipped(".cfg")["yolov3"]
        assert find_cfg_of(weights, fits(str(definition))).path == definition

    def test_several_that_fit_are_listed(self):
        write("x_best.weights", "x_best.cfg", "x.cfg")
        weights = Path("x_best.weights")
        with pytest.raises(UsageError) as caught:
            find_cfg_of(weights, fits("x", "x_best"))
        assert str(caught.value) == (
            "x_best.weights: its name leads to several cfg files: expected --cfg FILE, or one cfg "
            "file of its name, got x_best.cfg, x.cfg; choose one of them: --cfg x_best.cfg"
        )
        assert find_cfg_of(weights, fits("x")).path == Path("x.cfg")

    def test_copies_are_not_several(self):
        write("x_best.weights", "x_best.cfg", "x.cfg", text="the same")
        assert find_cfg_of(Path("x_best.weights")).path == Path("x_best.cfg")

    def test_a_shipped_one_that_does_not_fit_is_named_with_the_reason(self):
        write("yolov3_best.weights")
        with pytest.raises(UsageError) as caught:
            find_cfg_of(Path("yolov3_best.weights"), fits())
        assert str(caught.value) == (
            "yolov3_best.weights: does not fit the cfg that its name leads to: expected --cfg "
            "CFG, the cfg that it was trained with, got yolov3 (shipped): too long"
        )

    def test_without_any_those_of_the_right_length_are_suggested(self):
        write("mine.weights", "a.cfg", "b.cfg")
        with pytest.raises(UsageError) as caught:
            find_cfg_of(Path("mine.weights"), fits("b"))
        assert str(caught.value) == (
            "mine.weights: does not say which network it belongs to: expected --cfg CFG, or "
            "mine.cfg next to it; its length fits --cfg b.cfg"
        )

    def test_the_length_of_a_published_file_is_recognised(self):
        with Path("mine.weights").open("wb") as file:
            file.truncate(24_251_276)
        with pytest.raises(UsageError, match=r"its length fits --cfg yolov4-tiny$"):
            find_cfg_of(Path("mine.weights"), fits())

    def test_one_that_fits_is_suggested_in_place_of_the_one_of_its_name(self):
        write("x.weights", "x_1.cfg", "yolov3.cfg", "mine.cfg")
        Path("x.weights").rename("yolov3_best.weights")
        with pytest.raises(UsageError, match=r"its length fits --cfg mine\.cfg$"):
            find_cfg_of(Path("yolov3_best.weights"), fits("mine"))


class TestProject:
    """Darknet keeps the files of a model in cfg/, data/ and backup/."""

    @pytest.fixture(autouse=True)
    def project(self, folder):
        for name in ("cfg", "data", "backup"):
            (folder / "x64" / name).mkdir(parents=True)
        write("x64/cfg/x.cfg", "x64/data/x.names", "x64/data/x.data", "x64/backup/x_best.weights")

    @pytest.mark.parametrize(
        ("working", "root"),
        [(".", "x64"), ("x64", "."), ("x64/backup", ".."), ("x64/data", "..")],
    )
    def test_each_file_leads_to_the_others(self, folder, working, root, monkeypatch):
        monkeypatch.chdir(working)
        cfg, weights, names, data = (
            Path(os.path.relpath(folder / "x64" / name))
            for name in ("cfg/x.cfg", "backup/x_best.weights", "data/x.names", "data/x.data")
        )
        found = Candidate(Path(root) / "cfg" / "x.cfg")
        assert find_cfg_of(weights) == found
        assert find_weights_of(cfg).path.samefile(weights)
        assert find_names_of([cfg, weights]).path.samefile(names)
        assert find_model_of(data)[0].path.samefile(cfg)

    def test_the_project_of_the_working_folder_counts(self, folder, monkeypatch):
        (folder / "drive").mkdir()
        write("drive/x_best.weights")
        monkeypatch.chdir("x64")
        assert find_cfg_of(Path("../drive/x_best.weights")) == Candidate(Path("cfg/x.cfg"))
        assert find_names_of([Path("../drive/x_best.weights")]) == Candidate(Path("data/x.names"))

    def test_a_file_next_to_the_other_comes_first(self):
        write("x64/backup/x.cfg", "x64/backup/x.names")
        weights = Path("x64/backup/x_best.weights")
        assert find_cfg_of(weights).path == Path("x64/backup/x.cfg")
        assert find_cfg_of(weights, fits(str(Path("x64/cfg/x.cfg")))).path == Path("x64/cfg/x.cfg")
        assert find_names_of([weights]).path == Path("x64/backup/x.names")

    def test_two_that_fit_are_listed(self):
        write("x64/x.cfg")
        with pytest.raises(UsageError, match=r"several cfg files.*got x64.x\.cfg, x64.cfg.x\.cfg"):
            find_cfg_of(Path("x64/backup/x_best.weights"))

    def test_the_folders_that_were_searched_are_named(self):
        write("x64/backup/y.weights")
        with pytest.raises(UsageError) as caught:
            find_cfg_of(Path("x64/backup/y.weights"))
        searched = ", ".join(str(Path(name)) for name in ("x64", "x64/cfg", "x64/data", "."))
        assert caught.value.expected == f"--cfg CFG, or y.cfg next to it or in {searched}"

    def test_other_folders_are_not_searched(self):
        Path("other/photos").mkdir(parents=True)
        write("other/x.cfg", "other/photos/x.weights")
        Path("x64/cfg/x.cfg").unlink()
        with pytest.raises(UsageError, match="does not say which network"):
            find_cfg_of(Path("other/photos/x.weights"))


def test_a_misspelt_name_stands_for_the_nearest_file_of_a_model():
    write("toy_best.weights", "toy.names", "toy_best.txt", "yolov7.cfg")
    assert similar_model_file(Path("toy_bst.weights")) == Path("toy_best.weights")
    assert similar_model_file(Path("toy_best.weigths")) == Path("toy_best.weights")
    assert similar_model_file(Path("yolov8.cfg")) is None
    assert similar_model_file(Path("boy.names")) is None
    assert similar_model_file(Path("gone/toy.names")) is None


class TestWeights:
    def test_the_only_ones_of_a_training_are_found(self):
        write("x.cfg", "x_best.weights", "x.conv.4", "x.onnx", "y_best.weights", "x_best.state")
        write("x_best_earlier.weights", "x_last_earlier-2.weights")
        assert find_weights_of(Path("x.cfg")) == Candidate(Path("x_best.weights"))
        assert find_weights_of(Path("z.cfg")) is None

    def test_several_are_listed(self):
        write("x.cfg", "x_best.weights", "x_last.weights", "x_final.weights")
        write("x_final.weights", text="x_last.weights")
        with pytest.raises(
            UsageError, match=r"several weights files: .* got x_best\.weights, x_f"
        ):
            find_weights_of(Path("x.cfg"))

    def test_of_a_shipped_definition_they_must_fit(self):
        write("yolov3_last.weights")
        shipped_cfg = shipped(".cfg")["yolov3"]
        assert find_weights_of(shipped_cfg, fits()) is None
        assert find_weights_of(shipped_cfg, fits("yolov3")) is not None

    def test_those_that_do_not_fit_are_left_out(self):
        write("x.cfg", "x_best.weights", "x_last.weights")

        def mismatch(cfg, weights):
            return None if weights.stem == "x_last" else "too short"

        assert find_weights_of(Path("x.cfg"), mismatch) == Candidate(Path("x_last.weights"))

    def test_for_a_shipped_definition_the_working_folder_is_searched(self):
        write("yolov4-tiny.weights")
        found = find_weights_of(shipped(".cfg")["yolov4-tiny"])
        assert found == Candidate(Path("yolov4-tiny.weights"))


class TestNames:
    def test_the_files_next_to_cfg_and_weights_are_found(self):
        Path("run").mkdir()
        write("run/x.names", text="a\nb\n")
        files = [Path("other.cfg"), Path("run/x_best.weights")]
        assert find_names_of(files, 2) == Candidate(Path("run/x.names"))

    def test_of_several_only_those_with_the_right_number_count(self):
        write("x.names", text="a\nb\n")
        write("x_best.names", text="a\n")
        files = [Path("x_best.weights")]
        assert find_names_of(files, 2) == Candidate(Path("x.names"))
        write("x_best.names", text="c\nd\n")
        with pytest.raises(UsageError, match=r"several names files.*got x_best\.names, x\.names"):
            find_names_of(files, 2)

    def test_a_wrong_number_is_left_to_be_reported(self):
        write("x.names", text="a\n")
        assert find_names_of([Path("x.cfg")], 80) == Candidate(Path("x.names"))

    @pytest.mark.parametrize(("classes", "name"), [(80, "coco"), (20, "voc"), (3, None)])
    def test_the_shipped_lists_go_by_their_number(self, classes, name):
        found = find_names_of([Path("x.cfg")], classes)
        assert (found.path.stem if found else None) == name


class TestByNames:
    def test_cfg_before_weights(self):
        write("x.names", "x_last.weights")
        found = find_model_of(Path("x.names"))
        assert found == (None, Candidate(Path("x_last.weights")))
        write("x.cfg")
        assert find_model_of(Path("x.names")) == (Candidate(Path("x.cfg")), None)

    def test_neither_is_refused(self):
        with pytest.raises(UsageError, match=r"x\.names: does not say which network"):
            find_model_of(Path("x.names"))
