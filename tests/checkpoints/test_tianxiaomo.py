"""Checkpoints of class Yolov4, against a module of the same structure with narrower layers."""

import re

import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate, leaky_relu, max_pool2d, mish

from darknet_torch.cfg.zoo import find_cfg
from darknet_torch.checkpoints.registry import find_layout
from darknet_torch.checkpoints.tianxiaomo import Yolov4Layout
from darknet_torch.checkpoints.unwrap import find_state
from darknet_torch.errors import WeightsError
from tests.checkpoints.port_modules import built, head_inputs, pictures, randomize

OUTPUTS = 255
KEPT = (3, 32, OUTPUTS)  # the layout is known by its first convolution, 3 channels to 32
NARROWER = 16


def narrow(filters):
    return filters if filters in KEPT else filters // NARROWER


def leaky(x):
    return leaky_relu(x, 0.1)


class ConvBnAct(nn.Module):
    def __init__(self, channels, filters, size=1, stride=1, *, act=mish):
        super().__init__()
        self.act = act
        plain = filters == OUTPUTS
        convolution = nn.Conv2d(
            narrow(channels), narrow(filters), size, stride, size // 2, bias=plain
        )
        normalization = [] if plain else [nn.BatchNorm2d(narrow(filters))]
        self.conv = nn.ModuleList([convolution, *normalization])

    def forward(self, x):
        for part in self.conv:
            x = part(x)
        return x if len(self.conv) == 1 else self.act(x)


class Stage(nn.Module):
    """Modules conv1, conv2, ... of (channels, filters[, size, stride])."""

    def __init__(self, *units, act=mish):
        super().__init__()
        for number, unit in enumerate(units, 1):
            self.add_module(f"conv{number}", ConvBnAct(*unit, act=act))

    def run(self, x, first, last):
        for number in range(first, last + 1):
            x = getattr(self, f"conv{number}")(x)
        return x


class First(Stage):
    def __init__(self):
        super().__init__(
            *((3, 32, 3), (32, 64, 3, 2), (64, 64), (64, 64)),
            *((64, 32), (32, 64, 3), (64, 64), (128, 64)),
        )

    def forward(self, x):
        x = self.run(x, 1, 2)
        entry = self.conv4(x)
        inner = entry + self.run(entry, 5, 6)
        return self.conv8(torch.cat((self.conv7(inner), self.conv3(x)), 1))


class Down(Stage):
    def __init__(self, width, blocks):
        half = width // 2
        units = (half, width, 3, 2), (width, half), (width, half), (half, half), (width, width)
        super().__init__(*units)
        self.resblock = nn.Module()
        self.resblock.module_list = nn.ModuleList(
            nn.ModuleList([ConvBnAct(half, half), ConvBnAct(half, half, 3)]) for _ in range(blocks)
        )

    def forward(self, x):
        x = self.conv1(x)
        inner = self.conv3(x)
        for one, two in self.resblock.module_list:
            inner = inner + two(one(inner))
        return self.conv5(torch.cat((self.conv4(inner), self.conv2(x)), 1))


class Neck(Stage):
    def __init__(self):
        super().__init__(
            *((1024, 512), (512, 1024, 3), (1024, 512), (2048, 512), (512, 1024, 3)),
            *((1024, 512), (512, 256), (512, 256), (512, 256), (256, 512, 3)),
            *((512, 256), (256, 512, 3), (512, 256), (256, 128), (256, 128)),
            *((256, 128), (128, 256, 3), (256, 128), (128, 256, 3), (256, 128)),
            act=leaky,
        )

    def forward(self, coarse, middle, fine):
        x = self.run(coarse, 1, 3)
        pooled = [max_pool2d(x, size, 1, size // 2) for size in (13, 9, 5)]
        coarse = self.run(torch.cat((*pooled, x), 1), 4, 6)
        enlarged = interpolate(self.conv7(coarse), scale_factor=2)
        middle = self.run(torch.cat((self.conv8(middle), enlarged), 1), 9, 13)
        enlarged = interpolate(self.conv14(middle), scale_factor=2)
        fine = self.run(torch.cat((self.conv15(fine), enlarged), 1), 16, 20)
        return fine, middle, coarse


class Head(Stage):
    def __init__(self):
        super().__init__(
            *((128, 256, 3), (256, OUTPUTS), (128, 256, 3, 2), (512, 256), (256, 512, 3)),
            *((512, 256), (256, 512, 3), (512, 256), (256, 512, 3), (512, OUTPUTS)),
            *((256, 512, 3, 2), (1024, 512), (512, 1024, 3), (1024, 512), (512, 1024, 3)),
            *((1024, 512), (512, 1024, 3), (1024, OUTPUTS)),
            act=leaky,
        )

    def forward(self, fine, middle, coarse):
        between = self.run(torch.cat((self.conv3(fine), middle), 1), 4, 8)
        last = self.run(torch.cat((self.conv11(between), coarse), 1), 12, 18)
        return self.run(fine, 1, 2), self.run(between, 9, 10), last


class Yolov4(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1, self.down2, self.down3 = First(), Down(128, 2), Down(256, 8)
        self.down4, self.down5 = Down(512, 8), Down(1024, 4)
        self.neck, self.head = Neck(), Head()

    def forward(self, x):
        fine = self.down3(self.down2(self.down1(x)))
        middle = self.down4(fine)
        return self.head(*self.neck(self.down5(middle), middle, fine))


@pytest.fixture(scope="module")
def module():
    made = Yolov4()
    randomize(made)
    return made


@pytest.fixture(scope="module")
def state(module):
    return find_state(module.state_dict(), "yolov4.pth")


def narrow_network(classes=80):
    filters = 3 * (5 + classes)
    cfg = re.sub(r"classes ?= ?80", f"classes={classes}", find_cfg("yolov4").read_text())
    cfg = re.sub(r"filters ?= ?(\d+)", lambda m: f"filters={narrow(int(m[1]))}", cfg)
    return built(cfg.replace(f"filters={OUTPUTS}", f"filters={filters}"), width=64, height=64)


def fill(network, state):
    return find_layout(state, "yolov4.pth").fill(network, state, "yolov4.pth")


def test_outputs_equal_those_of_the_class(module, state):
    network = narrow_network()
    assert fill(network, state) == len(network.layers) == 162
    with torch.no_grad():
        expected = module(pictures(64))
    for got, want in zip(head_inputs(network, pictures(64)), expected, strict=True):
        # Float32 through 110 convolutions; the rolling variances were rounded once more.
        torch.testing.assert_close(got, want, rtol=0, atol=1e-5 * want.std().item())


@pytest.mark.parametrize("neck", ["neck", "neek"])
def test_without_its_head_it_is_yolov4_conv_137(neck, state):
    part = {key.replace("neck.", f"{neck}."): state[key] for key in state if "head." not in key}
    assert find_layout(part, "some.pth").default_cfg(part) == "yolov4"
    assert fill(narrow_network(), part) == 137


def test_a_sequential_of_the_stages_is_read(module):
    stages = (module.down1, module.down2, module.down3, module.down4, module.down5, module.neck)
    network, same = narrow_network(), narrow_network()
    numbered = find_state(nn.Sequential(*stages).state_dict(), "some.pth")
    assert fill(network, numbered) == 137
    fill(same, find_state(module.state_dict(), "some.pth"))
    for layer, other in zip(network.layers[:137], same.layers[:137], strict=True):
        for slot, expected in zip(layer.weight_slots(), other.weight_slots(), strict=True):
            assert torch.equal(slot.tensor, expected.tensor)


@pytest.mark.parametrize(("filters", "cfg"), [(255, "yolov4"), (21, None)])
def test_the_default_cfg_is_yolov4_for_80_classes(filters, cfg):
    state = {"head.conv2.conv.0.weight": torch.zeros(filters, 256, 1, 1)}
    assert Yolov4Layout().default_cfg(state) == cfg


def test_another_number_of_classes_is_reported(state):
    with pytest.raises(WeightsError) as caught:
        fill(narrow_network(classes=2), state)
    message = str(caught.value)
    assert message.startswith("yolov4.pth: head.conv2.conv.0 does not fit layer 138 ")
    assert "expected biases [21], weights [21, 16, 1, 1], got weights [255, 16, 1, 1]" in message


def test_an_unused_key_is_reported(state):
    with pytest.raises(WeightsError, match=r"uses: got head\.conv19\.conv\.0\.weight; use the"):
        fill(narrow_network(), {**state, "head.conv19.conv.0.weight": torch.zeros(1, 1, 1, 1)})


def test_a_missing_layer_is_reported(state):
    part = {key: state[key] for key in state if "down3.resblock.module_list.4.1." not in key}
    missing = r"expected down3\.resblock\.module_list\.4\.1\.conv\.0\.weight, got no such key"
    with pytest.raises(WeightsError, match=missing):
        fill(narrow_network(), part)
