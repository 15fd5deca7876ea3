"""`dtorch detect`, from the command line to its exit status."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

import darknet_torch
from darknet_torch import Detector, load, write_weights
from darknet_torch.cfg.zoo import BUNDLED_DETECTIONS, BUNDLED_PICTURE, sample_folder
from tests.cli.command import dtorch
from tests.toy.files import CFG, NAMES, PICTURE, WEIGHTS

DONE, SOME_FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130

# For scores and for fractions of a picture: JSON has six decimals, and a batch may add in another
# order, in float32.
SAME = 1e-4


def detect(*arguments):
    return dtorch("detect", "--cfg", CFG, "--weights", WEIGHTS, *arguments)


def objects(*arguments):
    """The objects of every picture, from the JSON on standard output."""
    return [
        record["objects"] for record in json.loads(detect("--format", "json", *arguments).stdout)
    ]


def numbers(things):
    """Class, score, x, y, width, height of each."""
    return np.array(
        [[t["class_id"], t["confidence"], *t["relative_coordinates"].values()] for t in things]
    ).reshape(-1, 6)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def pictures(folder):
    """The picture, a smaller half of it, and two that cannot be opened."""
    image = cv2.imread(str(PICTURE))
    shutil.copy(PICTURE, folder / "whole.png")
    cv2.imwrite("half.png", cv2.resize(image[:, :240], None, fx=0.7, fy=0.7))
    (folder / "corrupt.jpg").write_bytes(b"no picture")
    return ["whole.png", "corrupt.jpg", "missing.png", "half.png"]


class TestSample:
    def test_without_arguments_the_sample_is_processed(self):
        result = dtorch("detect")
        assert result.exit_code == DONE
        assert result.stderr == ""
        first, *found = result.stdout.splitlines()
        assert first.startswith(f"{sample_folder() / BUNDLED_PICTURE}: Predicted in ")
        assert first.endswith(" milli-seconds.")
        stored = json.loads((sample_folder() / BUNDLED_DETECTIONS).read_bytes())
        assert sorted(line.split(":")[0] for line in found) == sorted(
            one["name"] for one in stored
        )

    def test_objects_are_listed_from_left_to_right(self):
        _, *found = detect(PICTURE).stdout.splitlines()
        assert [line.split(":")[0] for line in found] == [
            "triangle",
            "circle",
            "triangle",
            "square",
        ]

    def test_pictures_without_a_network_are_wrong_usage(self):
        result = dtorch("detect", PICTURE)
        assert result.exit_code == UNUSABLE
        assert "no network: expected --cfg CFG --weights FILE" in result.stderr

    def test_a_network_without_pictures_is_wrong_usage(self):
        result = dtorch("detect", "--cfg", CFG)
        assert (result.exit_code, result.stdout) == (UNUSABLE, "")
        assert "no pictures or videos: expected SOURCE" in result.stderr


class TestSpelling:
    def test_darknets_order_of_cfg_weights_picture_works(self, folder):
        ours = objects(PICTURE)
        result = dtorch("detect", CFG, WEIGHTS, PICTURE, "--format", "json")
        assert result.exit_code == DONE
        assert [r["objects"] for r in json.loads(result.stdout)] == ours

    def test_darknets_thresh_is_the_threshold(self):
        (all_found,) = objects(PICTURE)
        scores = sorted(thing["confidence"] for thing in all_found)
        (kept,) = objects(PICTURE, "-thresh", str(scores[-2] - 1e-5))
        assert sorted(thing["confidence"] for thing in kept) == scores[-2:]

    def test_weights_and_names_next_to_the_cfg_are_found(self, folder):
        for path in (CFG, WEIGHTS, NAMES):
            shutil.copy(path, folder / f"mine{path.suffix}")
        result = dtorch("detect", "--cfg", "mine.cfg", PICTURE)
        assert result.exit_code == DONE
        assert "circle: " in result.stdout

    def test_a_data_file_gives_the_names(self, folder):
        (folder / "my.names").write_text("ball\nbox\ncone\n")
        (folder / "my.data").write_text("classes = 3\nnames = my.names\n")
        assert "ball: " in detect("--data", "my.data", PICTURE).stdout

    def test_a_folder_of_labelled_pictures_gives_the_names(self, folder):
        (folder / "d").mkdir()
        shutil.copy(PICTURE, folder / "d/a.png")
        (folder / "d/a.txt").write_text("0 .5 .5 .2 .2\n")
        (folder / "d/classes.txt").write_text("ball\nbox\ncone\n")
        assert "ball: " in detect("--data", "d", PICTURE).stdout

    def test_names_can_be_given(self, folder):
        (folder / "my.names").write_text("ball\nbox\ncone\n")
        assert "cone: " in detect("--names", "my.names", PICTURE).stdout


class TestFormats:
    def test_json_is_one_array_with_a_record_for_each_picture(self, pictures):
        result = detect("--format", "json", "half.png", "whole.png")
        records = json.loads(result.stdout)
        assert [record["filename"] for record in records] == ["half.png", "whole.png"]
        assert [record["frame_id"] for record in records] == [1, 2]
        names = {thing["name"] for record in records for thing in record["objects"]}
        assert names == {"circle", "square", "triangle"}

    @pytest.mark.parametrize("form", ["text", "json"])
    def test_out_writes_the_results_to_a_file_instead(self, folder, form):
        printed = detect("--format", form, PICTURE).stdout
        result = detect("--format", form, "--out", "results.txt", PICTURE)
        assert (result.exit_code, result.stdout) == (DONE, "")
        written = (folder / "results.txt").read_text("utf-8")
        if form == "json":
            assert json.loads(written) == json.loads(printed)
        else:
            assert written.splitlines()[1:] == printed.splitlines()[1:]  # the first has times

    def test_json_of_broken_pictures_only_is_an_empty_array(self, pictures):
        result = detect("--format", "json", "missing.png", "corrupt.jpg")
        assert result.exit_code == SOME_FAILED
        assert json.loads(result.stdout) == []

    def test_out_into_a_missing_folder_is_reported(self, folder):
        result = detect("--out", "no/results.txt", PICTURE)
        assert result.exit_code == UNUSABLE
        assert "no/results.txt: cannot be written" in result.stderr


class TestSaving:
    def test_annotated_pictures_are_written(self, folder, pictures):
        assert detect("--save", "new/out", "whole.png", "half.png").exit_code == DONE
        for name in ("whole.png", "half.png"):
            source, saved = cv2.imread(name), cv2.imread(f"new/out/{name}")
            assert saved.shape == source.shape
            assert (saved != source).any()

    def test_equal_names_do_not_overwrite_each_other(self, folder):
        sources = []
        for place, suffix in (("a", ".png"), ("b", ".png"), ("c", ".bmp"), ("d", ".jpg")):
            (folder / place).mkdir()
            sources.append(f"{place}/same{suffix}")
            cv2.imwrite(sources[-1], cv2.imread(str(PICTURE)))
        assert detect("--save", "out", *sources).exit_code == DONE
        saved = sorted(path.name for path in (folder / "out").iterdir())
        assert saved == ["same-2.png", "same-3.png", "same.jpg", "same.png"]

    def test_a_second_run_replaces_what_the_first_saved(self, folder):
        for _ in range(2):
            detect("--save", "out", PICTURE)
        assert [path.name for path in (folder / "out").iterdir()] == [PICTURE.name]

    @pytest.mark.parametrize("out", [".", "pics"])
    def test_the_sources_themselves_are_never_overwritten(self, folder, out):
        (folder / "pics").mkdir()
        sources = [folder / "whole.png", folder / "pics" / "whole.png"]
        for source in sources:
            shutil.copy(PICTURE, source)
        detect("--save", out, "whole.png", "pics")
        for source in sources:
            assert source.read_bytes() == PICTURE.read_bytes()

    def test_save_into_a_file_is_reported(self, folder):
        (folder / "out").touch()
        assert detect("--save", "out", PICTURE).exit_code == UNUSABLE

    @pytest.mark.parametrize(
        ("name", "parts"),
        [
            ("out.jpg", ("not the name of a picture", "--save out")),
            ("annotated/res.AVI", ("a video", "--save annotated", "-out_filename annotated/res")),
        ],
    )
    def test_the_name_of_a_file_is_no_folder_to_save_to(self, name, parts, folder):
        result = detect("--save", name, PICTURE)
        assert result.exit_code == UNUSABLE
        assert f"{name}: --save takes a folder" in result.stderr
        assert all(part in result.stderr for part in parts)
        assert not (folder / name).exists()

    def test_a_folder_that_is_there_may_be_named_as_a_picture(self, folder):
        (folder / "old.jpg").mkdir()
        assert detect("--save", "old.jpg", PICTURE).exit_code == DONE


class TestFailingPictures:
    @pytest.mark.parametrize("batch", [1, 2, 8])
    def test_broken_pictures_are_reported_and_the_others_processed(self, pictures, batch):
        result = detect("--batch", batch, *pictures)
        assert result.exit_code == SOME_FAILED
        headers = [line for line in result.stdout.splitlines() if "Predicted" in line]
        assert [header.split(":")[0] for header in headers] == ["whole.png", "half.png"]
        assert "corrupt.jpg: not a picture" in result.stderr
        assert "missing.png: no such picture" in result.stderr
        assert "2 of 4 pictures failed" in result.stderr

    def test_quiet_still_reports_broken_pictures(self, pictures):
        result = detect("--quiet", *pictures)
        assert result.exit_code == SOME_FAILED
        assert "corrupt.jpg" in result.stderr
        assert "missing.png" in result.stderr

    def test_a_folder_without_pictures_is_wrong_usage(self, folder):
        (folder / "empty").mkdir()
        result = detect("empty")
        assert result.exit_code == UNUSABLE
        assert "empty: no pictures" in result.stderr


class TestUnusableModels:
    def test_an_unknown_cfg_gets_a_suggestion(self):
        result = dtorch("detect", "--cfg", "yolov3-tny", PICTURE)
        assert result.exit_code == UNUSABLE
        assert "yolov3-tny: no such cfg file" in result.stderr
        assert "did you mean 'yolov3-tiny'?" in result.stderr

    def test_missing_default_weights_are_reported_with_how_to_give_them(self, folder):
        shutil.copy(CFG, folder / "lonely.cfg")
        result = dtorch("detect", "--cfg", "lonely.cfg", PICTURE)
        assert result.exit_code == UNUSABLE
        assert "no weights: expected --weights FILE" in result.stderr

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"", "is empty"),
            (b"<!DOCTYPE html><html>Not Found</html>" * 9, "wrong.weights: "),
            (WEIGHTS.read_bytes()[:-6], "ends inside layer 6 [convolutional]"),
            (WEIGHTS.read_bytes() + bytes(8), "has 8 bytes left over"),
        ],
        ids=["empty", "web page", "cut off", "too long"],
    )
    def test_wrong_weights_are_refused(self, folder, data, message):
        (folder / "wrong.weights").write_bytes(data)
        result = dtorch("detect", "--cfg", CFG, "--weights", "wrong.weights", PICTURE)
        assert result.exit_code == UNUSABLE
        assert message in result.stderr
        assert result.stdout == ""

    def test_missing_weights_are_reported(self):
        result = dtorch("detect", "--cfg", CFG, "--weights", "gone.weights", PICTURE)
        assert result.exit_code == UNUSABLE
        assert "gone.weights: no such weight file" in result.stderr

    def test_leftover_bytes_can_be_allowed(self, folder):
        (folder / "long.weights").write_bytes(WEIGHTS.read_bytes() + bytes(8))
        arguments = ("detect", "--cfg", CFG, "--weights", "long.weights", PICTURE)
        result = dtorch(*arguments, "--allow-leftover")
        assert result.exit_code == DONE
        assert "long.weights: has 8 bytes left over after the last layer" in result.stderr
        assert "probably of another cfg" in result.stderr
        assert dtorch(*arguments, "--allow-leftover", "--quiet").stderr == ""

    def test_the_wrong_number_of_names_is_refused(self):
        result = detect("--names", "coco", PICTURE)
        assert result.exit_code == UNUSABLE
        assert "expected 3 names" in result.stderr

    def test_a_network_without_a_head_is_refused(self, folder):
        (folder / "plain.cfg").write_text(
            "[net]\nwidth=32\nheight=32\nchannels=3\n[convolutional]\n"
        )
        write_weights(load("plain.cfg"), "plain.weights")
        result = dtorch("detect", "--cfg", "plain.cfg", PICTURE)
        assert result.exit_code == UNUSABLE
        assert "no detection head" in result.stderr

    @pytest.mark.parametrize(
        "option",
        [
            ("--backend", "abacus"),
            ("--device", "abacus"),
            ("--names", "gone.names"),
            ("--precision", "float8"),
        ],
    )
    def test_an_unknown_choice_is_reported(self, option):
        result = detect(*option, PICTURE)
        assert result.exit_code == UNUSABLE
        assert option[1] in result.stderr

    def test_another_backend_has_no_precision(self):
        result = detect("--backend", "onnxruntime", "--precision", "tf32", PICTURE)
        assert result.exit_code == UNUSABLE
        assert "the onnxruntime backend has no precision to choose" in result.stderr
        assert "leave out --precision" in result.stderr


class TestWarnings:
    @pytest.fixture
    def misspelt(self, folder):
        """The toy with a key that Darknet would ignore."""
        text = CFG.read_text().replace("channels = 3", "channels = 3\nmomentumm = 0.9")
        (folder / "misspelt.cfg").write_text(text)
        shutil.copy(WEIGHTS, "misspelt.weights")
        return "misspelt.cfg"

    def test_warnings_go_to_standard_error(self, misspelt):
        result = dtorch("detect", "--cfg", misspelt, PICTURE)
        assert result.exit_code == DONE
        assert result.stderr.startswith("warning: misspelt.cfg:8: unknown key 'momentumm'")
        assert "warning" not in result.stdout

    def test_quiet_suppresses_warnings(self, misspelt):
        result = dtorch("detect", "--quiet", "--cfg", misspelt, PICTURE)
        assert (result.exit_code, result.stderr) == (DONE, "")

    def test_strict_makes_warnings_errors(self, misspelt):
        result = dtorch("detect", "--strict", "--cfg", misspelt, PICTURE)
        assert (result.exit_code, result.stdout) == (UNUSABLE, "")
        assert result.stderr.count("misspelt.cfg:8: unknown key 'momentumm'") == 1

    def test_strict_accepts_a_clean_cfg(self):
        assert detect("--strict", PICTURE).exit_code == DONE

    def test_warnings_are_printed_even_if_the_weights_do_not_fit(self, misspelt):
        """A misspelt filters= causes a warning, and is the reason why the weights do not fit."""
        Path("misspelt.weights").write_bytes(WEIGHTS.read_bytes() + bytes(8))
        result = dtorch("detect", "--cfg", misspelt, PICTURE)
        assert result.exit_code == UNUSABLE
        assert "left over" in result.stderr
        assert "unknown key 'momentumm'" in result.stderr

    def test_partial_weights_are_reported(self, folder):
        write_weights(load(CFG, WEIGHTS), "partial.weights", cutoff=6)
        arguments = ("detect", "--cfg", CFG, "--weights", "partial.weights", PICTURE)
        result = dtorch(*arguments)
        assert result.exit_code == DONE
        assert "warning: partial.weights" in result.stderr
        assert "random" in result.stderr
        assert dtorch(*arguments, "--quiet").stderr == ""

    def test_a_seed_makes_random_weights_repeatable(self, folder):
        write_weights(load(CFG, WEIGHTS), "partial.weights", cutoff=6)
        arguments = ("detect", "--cfg", CFG, "--weights", "partial.weights", "--format", "json")
        runs = [
            dtorch(*arguments, "--threshold", 0, "--nms-threshold", 0, "--seed", seed, PICTURE)
            for seed in (1, 1, 2)
        ]
        assert runs[0].stdout == runs[1].stdout != runs[2].stdout

    def test_eighty_classes_get_the_names_of_coco_with_a_note(self, folder):
        (folder / "many.cfg").write_text(
            "[net]\nwidth=32\nheight=32\nchannels=3\n"
            "[convolutional]\nfilters=85\nsize=32\nstride=32\n[yolo]\nclasses=80\nanchors=9,9"
        )
        write_weights(load("many.cfg"), "many.weights")
        result = dtorch("detect", "--cfg", "many.cfg", "--threshold", 0, PICTURE)
        assert "note: 80 classes, named as in coco" in result.stderr
        assert "toothbrush: " in result.stdout
        assert dtorch("detect", "--cfg", "many.cfg", "--quiet", PICTURE).stderr == ""

    def test_verbose_prints_what_was_loaded(self):
        assert f"loaded {WEIGHTS}" in detect("--verbose", PICTURE).stderr


class TestOptions:
    def test_batches_change_nothing(self, pictures):
        one, two = (
            json.loads(detect("--batch", batch, "--format", "json", *pictures, PICTURE).stdout)
            for batch in (1, 2)
        )
        assert len(one) == len(two) == 3
        for a, b in zip(one, two, strict=True):
            assert (a["filename"], a["frame_id"]) == (b["filename"], b["frame_id"])
            np.testing.assert_allclose(numbers(a["objects"]), numbers(b["objects"]), atol=SAME)

    @pytest.mark.parametrize(
        ("options", "loading", "detecting"),
        [
            (["--width", 224, "--height", 192], {"width": 224, "height": 192}, {}),
            (["--letterbox"], {}, {"letterbox": True}),
            (["--stretch"], {}, {"letterbox": False}),
            (["--dialect", "pjreddie"], {"dialect": "pjreddie"}, {}),
            (["--resize", "opencv"], {}, {"resize": "opencv"}),
            (
                ["--nms-threshold", 0, "--threshold", 0.001],
                {},
                {"nms_threshold": 0, "threshold": 0.001},
            ),
        ],
        ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else None,
    )
    def test_options_reach_the_detector(self, pictures, options, loading, detecting):
        expected = Detector(load(CFG, WEIGHTS, **loading), **detecting)("half.png")
        (found,) = objects("half.png", *options)
        np.testing.assert_allclose(
            numbers(found), numbers(expected.to_dict()["objects"]), atol=SAME
        )
        (plain,) = objects("half.png")
        assert options == ["--stretch"] or numbers(plain).tolist() != numbers(found).tolist()

    def test_exif_orientation_is_applied_by_default(self, folder):
        jpeg = cv2.imencode(".jpg", cv2.imread(str(PICTURE))[:300])[1].tobytes()
        app1 = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
        size = (len(app1) + 2).to_bytes(2, "big")
        (folder / "turned.jpg").write_bytes(jpeg[:2] + b"\xff\xe1" + size + app1 + jpeg[2:])
        (folder / "plain.jpg").write_bytes(jpeg)
        (plain,), (ignored,), (obeyed,) = (
            objects("plain.jpg"),
            objects("--no-exif", "turned.jpg"),
            objects("turned.jpg"),
        )
        assert ignored == plain
        assert obeyed != plain

    def test_zero_workers_are_allowed(self):
        assert detect("--workers", 0, PICTURE).exit_code == DONE


class TestInterruption:
    def test_an_interrupt_exits_with_130(self, monkeypatch):
        def interrupt(*arguments):
            raise KeyboardInterrupt

        monkeypatch.setattr("darknet_torch.cli.detect.find_sources", interrupt)
        result = dtorch("detect")
        assert result.exit_code == INTERRUPTED
        assert "interrupted" in result.stderr

    def test_an_interrupt_keeps_the_file_of_an_earlier_run(self, folder, monkeypatch):
        def interrupt(*arguments, **more):
            raise KeyboardInterrupt

        (folder / "results.txt").write_text("earlier")
        monkeypatch.setattr(darknet_torch.Detector, "predict_inputs", interrupt)
        assert detect("--out", "results.txt", PICTURE).exit_code == INTERRUPTED
        assert (folder / "results.txt").read_text() == "earlier"
        assert [path.name for path in folder.iterdir()] == ["results.txt"]


class TestClasses:
    def test_classes_and_the_number_of_detections_can_be_limited(self):
        (found,) = objects(PICTURE, "--classes", "square, triangle")
        assert sorted(thing["name"] for thing in found) == ["square", "triangle", "triangle"]
        ((best,),) = objects(PICTURE, "--max-detections", 1)
        assert best["name"] == "circle"

    @pytest.mark.parametrize(
        "words",
        [
            ("--skip-classes", "circle,2"),
            ("-skipclasses", "0,2"),
            ("-skip_classes=0,2",),
            ("--SkipClasses=circle,2-2",),
            ("--skip-classes", "0-2", "--classes", "square"),
        ],
    )
    def test_skipped_classes_are_left_out(self, words):
        (found,) = objects(PICTURE, *words)
        kept = {"square"} if "--classes" not in words else set()
        assert {one["name"] for one in found} == kept

    @pytest.mark.parametrize("words", ["5-2", "0-999999", ","])
    def test_skipped_classes_that_are_no_list_are_wrong_usage(self, words):
        assert detect("--skip-classes", words, PICTURE).exit_code == UNUSABLE

    def test_an_unknown_class_is_reported_with_the_nearest_one(self):
        result = detect("--classes", "circle,squar", PICTURE)
        assert (result.exit_code, result.stdout) == (UNUSABLE, "")
        assert "squar: no such class" in result.stderr
        assert "did you mean 'square'?" in result.stderr
