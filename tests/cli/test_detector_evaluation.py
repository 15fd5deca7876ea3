"""What the commands that evaluate a detector share."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from darknet_torch import build_network
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.cli.detector_evaluation import (
    EvaluationOptions,
    build_detector,
    detect_in_data_set,
    exit_if_failed,
    open_evaluation_data,
    print_result,
    with_names,
)
from darknet_torch.cli.options import OutputOptions
from darknet_torch.datasets.examples import DataSet, Example, Labels
from darknet_torch.errors import CfgWarning, UsageError
from tests.datasets.tiny_datasets import darknet

CFG = (
    "[net]\nwidth=32\nheight=32\nchannels=3\n[convolutional]\nfilters=7\nstride=32\n"
    "[yolo]\nclasses=2\nnum=1\nanchors=8,8\n"
)
LABELS = Labels.from_arrays([0, 2], [[0.5, 0.5, 0.1, 0.1]] * 2)


def data_set(*examples, names=()):
    return DataSet(examples, names, "toy.data (valid)")


@pytest.fixture
def options(tmp_path):
    """Options with their defaults and a cfg of two classes."""
    cfg = tmp_path / "toy.cfg"
    cfg.write_text(CFG)
    values = dict.fromkeys(EvaluationOptions.__dataclass_fields__)
    defaults = {"backend": "torch", "batch": 1, "workers": 0, "quiet": True, "exif": True}
    defaults |= {"precision": "float32", "optimize": True}
    fixed = {"cfg": str(cfg), "dialect": "alexeyab", "nms_threshold": 0.45, "voc_origin": 1}
    return EvaluationOptions(**values | defaults | fixed)


def changed(options, **values):
    return EvaluationOptions(**vars(options) | values)


def test_the_split_to_evaluate_is_valid_by_default(options, tmp_path):
    data = darknet(tmp_path, ["0 .5 .5 .1 .1\n"])
    darknet(tmp_path, ["1 .5 .5 .1 .1\n"] * 2, split="valid")
    options = changed(options, data=str(data))
    assert len(open_evaluation_data(options).examples) == 2
    assert len(open_evaluation_data(changed(options, split="train")).examples) == 1


def test_a_data_set_gets_names_for_its_classes():
    example, unlabelled = Example(Path("a.jpg"), LABELS), Example(Path("b.jpg"), None)
    found = with_names(data_set(example, unlabelled), ["a", "b", "c"])
    assert (found.names, found.examples) == (("a", "b", "c"), (example, unlabelled))


@pytest.mark.parametrize(
    ("label_file", "where"),
    [(None, "a.jpg: box 2"), (Path("a.xml"), "a.xml: box 2"), (Path("a.txt"), "a.txt:2")],
)
def test_a_label_beyond_the_names_is_left_out_with_a_warning(label_file, where):
    example = Example(Path("a.jpg"), LABELS, label_file=label_file)
    with pytest.warns(CfgWarning) as caught:
        found = with_names(data_set(example), ["a", "b"])
    assert found.examples[0].labels.class_ids.tolist() == [0]
    assert str(caught[0].message).startswith(f"{where}: the class does not exist")


@pytest.mark.parametrize(
    ("own", "file", "names"),
    [
        (("cat", "dog"), "x\ny\n", ["cat", "dog"]),
        ((), "x\ny\n", ["x", "y"]),
        ((), None, ["class 0", "class 1"]),
        (("class 0",), "x\ny\n", ["x", "y"]),
        (("class 0",), None, ["class 0", "class 1"]),
    ],
)
def test_names_are_those_of_the_data_set_or_the_cfg_or_numbers(options, own, file, names):
    if file:
        Path(options.cfg).with_suffix(".names").write_text(file)
    detector = build_detector(build_network(parse_cfg(CFG)), data_set(names=own), options, 0.3)
    assert list(detector.names) == names
    assert detector.nms_threshold == 0.3


def test_a_data_set_without_a_readable_picture_is_refused(options, tmp_path, capsys):
    missing = Example(tmp_path / "gone.jpg", None)
    with pytest.raises(UsageError, match=r"^toy\.data \(valid\): no picture can be read$"):
        detect_in_data_set(
            build_network(parse_cfg(CFG)),
            data_set(missing),
            options,
            thresholds=[0.1],
            nms_threshold=0.45,
        )
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("dtorch: ") and "gone.jpg" in err


def test_failed_pictures_are_exit_status_1(capsys):
    exit_if_failed(SimpleNamespace(errors=[], readable=[0]))
    with pytest.raises(SystemExit) as caught:
        exit_if_failed(SimpleNamespace(errors=["a", "b"], readable=[1]))
    assert caught.value.code == 1
    assert capsys.readouterr() == ("", "dtorch: 2 of 3 pictures failed\n")


@pytest.mark.parametrize(
    ("output_format", "text"), [("text", "one\ntwo\n"), ("json", '{\n "a": "ö"\n}\n')]
)
def test_a_result_is_printed_as_lines_or_json_or_written(output_format, text, tmp_path, capsys):
    for out in (None, str(tmp_path / "result")):
        options = OutputOptions(output_format=output_format, out=out, verbose=False)
        print_result(["one", "two"], {"a": "ö"}, options)
    assert capsys.readouterr() == (text, f"results: {tmp_path / 'result'}\n")
    assert (tmp_path / "result").read_text() == text
