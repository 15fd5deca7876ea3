"""Reporting how well anchors fit a data set."""

import re

import numpy as np

from darknet_torch.cfg.zoo import shipped
from darknet_torch.lint.cfg import lint_cfg
from darknet_torch.lint.data import DataSource, lint_data
from darknet_torch.lint.finding import Severity
from tests.datasets.tiny_datasets import darknet
from tests.lint.cfgs import HEADS, NET, check, problems


def random_boxes(least, most):
    sizes = np.random.default_rng(0).uniform(least, most, (40, 2))
    return "\n".join(f"{i % 2} .5 .5 {w} {h}" for i, (w, h) in enumerate(sizes))


def test_anchors_that_fit_are_noted_and_others_get_a_command(tmp_path):
    data = darknet(tmp_path, [random_boxes(0.6, 0.9)])
    good = (NET + HEADS).replace("1,2, 3,4, 50,60, 70,80", "40,42, 41,54, 53,43, 54,54")
    cfg = check(tmp_path, good)
    fits = [item for item in lint_data(DataSource(data), cfg) if "average IoU" in item.what]
    assert [item.severity for item in fits] == [Severity.NOTE]
    text = (NET + HEADS).replace("1,2, 3,4, 50,60, 70,80", "1,2, 3,4, 4,5, 5,6")
    (problem,) = problems(lint_data(DataSource(data), check(tmp_path, text)))
    assert problem.severity is Severity.WARNING
    assert problem.fix == f"run dtorch kmeans --cfg {tmp_path}/x.cfg --data {data} --write " + (
        f"{tmp_path}/x.cfg"
    )


def test_the_command_does_not_write_to_a_shipped_definition(tmp_path):
    boxes = "\n".join(f"{i} .5 .5 .{i + 10} .02" for i in range(20))
    data = darknet(tmp_path, [boxes])
    (tmp_path / "toy.names").write_text("".join(f"{i}\n" for i in range(20)))
    data.write_text(data.read_text().replace("classes=2", "classes=20"))
    (problem,) = problems(lint_data(DataSource(data), lint_cfg(shipped(".cfg")["yolov3-voc"])))
    assert problem.fix == f"run dtorch new yolov3-voc --data {data} --anchors auto"


def test_anchors_of_a_region_head_are_in_cells(tmp_path):
    region = "[convolutional]\nfilters=21\nstride=16\nactivation=linear\n[region]\n"
    region += "classes=2\nnum=3\nanchors=2.4,2.4, 3,3, 3.5,3.5\n"  # of 16 pixels: 38 to 56 of 64
    data = darknet(tmp_path, [random_boxes(0.6, 0.9)])
    findings = lint_data(DataSource(data), check(tmp_path, NET + region))
    (fit,) = [item for item in findings if "average IoU" in item.what]
    assert float(re.search(r"IoU of ([\d.]+)%", fit.what)[1]) > 80
    assert fit.severity is Severity.NOTE
