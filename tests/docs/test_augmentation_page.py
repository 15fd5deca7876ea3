"""The example of the page about augmentation runs, and its messages are those of the code."""

import re
import shlex
from types import SimpleNamespace

import pytest

from darknet_torch.augment.detection import DetectionAugmentation
from darknet_torch.augment.transforms.parameters import parameters_of
from darknet_torch.augment.transforms.steps_file import read_steps
from darknet_torch.augment.transforms.table import DEFAULT_STEPS, TRANSFORMS
from darknet_torch.cfg.dialect import ALEXEYAB
from darknet_torch.cfg.net import NetOptions
from darknet_torch.errors import CfgError
from tests.cli.command import dtorch
from tests.datasets.tiny_datasets import voc, voc_object
from tests.docs.pages import ROOT, blocks, commands
from tests.training.runs import DETECTOR, detector_data, written

PAGE = "docs/augmentation.md"
OPTIONS = [
    {"cutmix": True},
    {"letter_box": True, "mosaic": True},
    {"contrastive": True},
    {"channels": 4},
]


@pytest.mark.parametrize("example", blocks(PAGE, "python")[1:])
def test_the_example_works(example, tmp_path, monkeypatch, capsys):
    voc(tmp_path / "VOC2007", [voc_object((10, 20, 50, 60)) + voc_object((1, 1, 99, 99), "dog")])
    monkeypatch.chdir(tmp_path)
    exec(compile(example, PAGE, "exec"), {})
    expected = "torch.Size([4, 3, 416, 416]) torch.Size([4, 100, 5])\n"
    assert capsys.readouterr().out == expected


def test_the_page_has_the_messages_of_what_is_refused():
    section = (ROOT / PAGE).read_text().partition("## What is refused")[2].partition("##")[0]
    rows = [row[1] for row in re.findall(r"^\| (.*?) \| (.*?) \|$", section, re.MULTILINE)[1:]]
    assert len(rows) == len(OPTIONS)
    head = SimpleNamespace(classes=1, max=9, jitter=0, resize=1)
    for options, message in zip(OPTIONS, rows, strict=True):
        sizes = {"width": 32, "height": 32, "channels": 3}
        with pytest.raises(CfgError, match=re.escape(message)):
            DetectionAugmentation.from_options(NetOptions(**{**sizes, **options}), head, ALEXEYAB)


def test_the_commands_with_steps_work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path, DETECTOR, "yolov4-custom.cfg")
    data = detector_data(tmp_path / "squares", 2)
    (tmp_path / "obj.data").write_text(data.read_text())
    (tmp_path / "steps.yaml").write_text(blocks(PAGE, "yaml")[0])
    (tmp_path / "own.py").write_text(blocks(PAGE, "python")[0])
    with_steps = [one for one in commands(PAGE) if "steps.yaml" in one or "own.py" in one]
    assert len(with_steps) == 3
    for command in with_steps:
        words = shlex.split(command)[1:]
        if words[0] == "train":
            words += ["--workers", "0"]
        else:  # cfg is for training alone
            text = (tmp_path / "steps.yaml").read_text().replace("- cfg", "#")
            (tmp_path / "steps.yaml").write_text(text)
        result = dtorch(*words)
        assert result.exit_code == 0, f"{command}: {result.output}"


def test_the_table_has_all_transforms_and_parameters():
    row = r"^\| `(\w+)` \| (?:`(\w+)`)? ?\| (.*?) ?\| (.*?) ?\| (.*) \|$"
    rows = re.findall(row, text(), re.MULTILINE)
    expected = []
    for name, transform in TRANSFORMS.items():
        expected.append((name, "", "", "", transform.__doc__))
        expected += [
            (name, key, str(one.kind), shown(one.default), one.doc)
            for key, one in parameters_of(transform).items()
        ]
    assert rows == expected


def text():
    return (ROOT / PAGE).read_text()


def shown(value):
    if isinstance(value, tuple):
        return f"[{value[0]:g}, {value[1]:g}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def test_the_default_steps_are_those_of_the_page(tmp_path):
    file = tmp_path / "steps.yaml"
    file.write_text(blocks(PAGE, "yaml")[1])
    assert read_steps(file) == (DEFAULT_STEPS, False)
