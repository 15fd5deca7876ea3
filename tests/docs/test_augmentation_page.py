"""The example of the page about augmentation runs, and its messages are those of the code."""

import re
from types import SimpleNamespace

import pytest

from darknet_torch.augment.detection import DetectionAugmentation
from darknet_torch.cfg.dialect import ALEXEYAB
from darknet_torch.cfg.net import NetOptions
from darknet_torch.errors import CfgError
from tests.datasets.tiny_datasets import voc, voc_object
from tests.docs.pages import ROOT, blocks

PAGE = "docs/augmentation.md"
OPTIONS = [
    {"cutmix": True},
    {"letter_box": True, "mosaic": True},
    {"contrastive": True},
    {"channels": 4},
]


@pytest.mark.parametrize("example", blocks(PAGE, "python"))
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
