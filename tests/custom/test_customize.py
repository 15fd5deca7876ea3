"""Changing a cfg for other classes, compared with what the tutorials change by hand."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from darknet_torch.cfg.dialect import DIALECTS
from darknet_torch.cfg.grammar import parse_cfg, read_cfg
from darknet_torch.cfg.net import NetOptions
from darknet_torch.cfg.zoo import shipped
from darknet_torch.custom.customize import CustomOptions, customize, scaled_steps
from darknet_torch.downloads.published import PUBLISHED
from darknet_torch.errors import CfgError, CfgWarning, UsageError
from darknet_torch.model.network import build_network

CHARACTERS = {"gru", "lstm", "rnn"}
PJREDDIE_ONLY = {"resnet18", "resnet50"}
BASES = {name: path for name, path in shipped(".cfg").items() if name not in CHARACTERS}


def base_text(name):
    return BASES[name].read_bytes().decode("latin-1")


def custom(name, classes=3, **options):
    dialect = DIALECTS["pjreddie" if name in PJREDDIE_ONLY else "alexeyab"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)
        return customize(
            base_text(name),
            CustomOptions(classes, **options),
            file=str(BASES[name]),
            dialect=dialect,
        )


def changed(old, new):
    """Line number -> (key, value without spaces) of the lines that differ."""
    old, new = old.split("\n"), new.split("\n")
    assert len(old) == len(new)
    found = {}
    for number, (before, after) in enumerate(zip(old, new, strict=True), 1):
        if before != after:
            key, _, value = after.replace(" ", "").partition("=")
            assert before.replace(" ", "").startswith(f"{key}=")
            found[number] = (key, value)
    return found


# Found by hand in the shipped definitions: lines, keys and values for 3 classes.
# max_batches = max(3 * 2000, 6000); steps = 80 %, 90 %; filters = (3 + 5) * 3, and so on.
NET_TINY = {16: ("max_batches", "6000"), 18: ("steps", "4800,5400")}
FOR_TRAINING = {9: ("batch", "64"), 10: ("subdivisions", "16")}
BY_HAND = {
    "yolov4-tiny": {
        **NET_TINY,
        **dict.fromkeys((238, 294), ("filters", "24")),
        **dict.fromkeys((249, 305), ("classes", "3")),
    },
    "yolov3": {
        **FOR_TRAINING,
        **NET_TINY,
        **dict.fromkeys((665, 759, 853), ("filters", "24")),
        **dict.fromkeys((676, 770, 864), ("classes", "3")),
    },
    "Gaussian-yolov3": {  # (3 + 9) * 3
        **NET_TINY,
        **dict.fromkeys((665, 765, 865), ("filters", "36")),
        **dict.fromkeys((676, 776, 876), ("classes", "3")),
    },
    "yolov2": {  # (3 + 4 + 1) * 5
        **FOR_TRAINING,
        **NET_TINY,
        263: ("filters", "40"),
        273: ("classes", "3"),
    },
    "yolov1": {  # 7 * 7 * (3 * (1 + 4) + 3)
        **FOR_TRAINING,
        15: ("max_batches", "6000"),
        17: ("steps", "200,400,600,4800,5400"),
        274: ("output", "882"),
        280: ("classes", "3"),
    },
    "darknet19": {15: ("max_batches", "6000"), 210: ("filters", "3")},
    "alexnet": {15: ("max_batches", "6000"), 104: ("output", "3")},
}


@pytest.mark.parametrize("name", BY_HAND)
def test_the_changes_are_those_made_by_hand(name):
    assert changed(base_text(name), custom(name).text) == BY_HAND[name]


@pytest.mark.parametrize("name", BASES)
def test_every_shipped_definition_can_get_three_classes(name):
    made = custom(name)
    keys = {change.new.partition("=")[0].strip() for change in made.changes if change.old}
    heads = made.network.heads
    channels = {"filters", "output"} & keys
    assert len(channels) == 1
    assert keys - channels <= {"classes", "max_batches", "steps", "batch", "subdivisions"}
    assert ("classes" in keys) is bool(heads)
    added = [change.new for change in made.changes if change.old is None]
    assert added == (["max_batches=6000"] if name == "vgg-16" else [])
    # The result can be built and has three classes.
    assert {head.classes for head in heads} <= {3}
    assert heads or made.network.output_layer.output_shape.channels == 3
    assert made.network.net.max_batches == 6000
    assert made.network.net.batch > 1


@pytest.mark.parametrize("name", sorted(CHARACTERS))
def test_a_character_model_is_refused(name):
    with pytest.raises(CfgError, match="input is not a picture"):
        customize(shipped(".cfg")[name].read_text("latin-1"), CustomOptions(3))


@pytest.mark.parametrize(
    ("name", "layers"), [("yolov4-tiny", 29), ("yolov3-tiny", 15), ("yolov4", 138), ("yolov2", 30)]
)
def test_layers_before_the_first_changed_one_are_kept(name, layers):
    # yolov4-tiny.conv.29 and yolov3-tiny.conv.15 are published; see docs/conversion.md.
    assert custom(name).kept_layers == layers


STARTS = [(base, entry.name) for entry in PUBLISHED for base in entry.starts]


@pytest.mark.parametrize(("base", "start"), STARTS)
def test_published_partial_weights_fit_the_kept_layers(base, start):
    number = int(start.rpartition(".")[2])
    assert number <= custom(base).kept_layers


@pytest.mark.parametrize(
    ("classes", "pictures", "expected"), [(1, 0, 6000), (10, 0, 20000), (10, 30001, 30001)]
)
def test_max_batches_grows_with_classes_and_pictures(classes, pictures, expected):
    net = custom("yolov4-tiny", classes, pictures=pictures).network.net
    assert net.max_batches == expected
    assert net.steps == (round(expected * 0.8), round(expected * 0.9))


@pytest.mark.parametrize(
    ("steps", "scales", "expected"),
    [
        ((10,), (0.1,), (8000,)),
        ((10, 20), (0.1, 0.1), (8000, 9000)),
        ((10, 20, 30), (0.1, 0.1, 0.1), (8000, 8500, 9000)),
        ((10, 20, 30), (2, 0.1, 0.1), (10, 8000, 9000)),
        ((-1, 100), (0.1, 10), (-1, 100)),
    ],
)
def test_steps_that_lower_the_rate_move_and_those_that_warm_up_stay(steps, scales, expected):
    net = NetOptions(policy="steps", steps=steps, scales=scales)
    assert scaled_steps(net, 10000) == expected
    assert scaled_steps(NetOptions(policy="poly", steps=steps), 10000) == steps


def test_size_and_batch_are_set():
    made = custom("yolov4-tiny", width=320, height=256, batch=32, subdivisions=8)
    net = made.network.net
    assert (net.width, net.height, net.batch, net.subdivisions) == (320, 256, 32, 8)


def test_a_batch_that_is_not_a_multiple_of_subdivisions_is_refused():
    with pytest.raises(UsageError, match="got batch=10, subdivisions=16"):
        custom("yolov3", batch=10)


ODD = """# caf\xe9
[net]
width=64
height=64
channels=3
batch=4
policy=poly

[convolutional]
  filters = 21   # (2 + 5) * 3
[convolutional]
filters=8
[route]
layers=0
[yolo]
mask = 0, 1,2\t# all
anchors = 1,2,  3,4,  5,6
num=3
classes = 2 ; two
counters_per_class=10,20
[route]
layers=-3
[convolutional]
filters=21
[yolo]
mask=0,1,2
anchors=1,2, 3,4, 5,6
num=3
classes=2"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_all_other_bytes_stay(end):
    text = ODD.replace("\n", end)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)  # about the text after the 2
        made = customize(text, CustomOptions(4))
    expected = (
        text.replace(f"[net]{end}", f"[net]{end}max_batches=8000{end}")
        .replace(f"counters_per_class=10,20{end}", "")
        .replace("21", "27")
        .replace("classes = 2 ; two", "classes = 4")
        .replace("classes=2", "classes=4")
    )
    assert made.text == expected


def test_counters_per_class_are_set_from_the_data():
    text = ODD.replace(" ; two", "")
    made = customize(text, CustomOptions(3, counters=(5, 0, 7)))
    assert made.network.heads[0].options.counters_per_class == (5, 0, 7)


def test_anchors_and_classes_can_change_together():
    anchors = np.array([[10, 12], [20, 24], [30, 36], [40, 48], [50, 60]], float)
    made = custom("yolov4-tiny", 2, anchors=anchors)
    coarse, fine = made.network.heads
    assert (fine.mask, coarse.mask) == ((0, 1, 2), (3, 4))
    np.testing.assert_array_equal(coarse.anchors, anchors[3:])
    assert [head.input_shape.channels for head in (fine, coarse)] == [21, 14]


def test_anchors_for_a_cfg_without_anchor_heads_are_refused():
    with pytest.raises(CfgError, match="no head with anchors"):
        custom("darknet19", anchors=np.ones((2, 2)))


def test_a_head_after_joined_layers_is_refused():
    text = """[net]
width=32
height=32
channels=3
[convolutional]
filters=7
[convolutional]
filters=7
[shortcut]
from=-2
[yolo]
classes=2
num=1
anchors=1,2
"""
    with pytest.raises(CfgError, match="does not get its channels from one layer"):
        customize(text, CustomOptions(3))


def test_a_detection_head_after_a_convolution_is_customized():
    text = """[net]
width=32
height=32
channels=3
[convolutional]
filters=12
stride=4
size=1
[detection]
side=8
num=2
coords=4
classes=2
"""
    made = customize(text, CustomOptions(5))
    assert made.network.layers[0].options.filters == 2 * 5 + 5
    build_network(parse_cfg(made.text))


def test_a_contrastive_section_gets_the_classes_of_the_heads():
    text = ODD.replace(" ; two", "") + "\n[contrastive]\nclasses=2\nyolo_layer=3\n"
    assert "classes=6\nyolo_layer=3" in customize(text, CustomOptions(6)).text


def test_each_warning_about_the_cfg_is_issued_once(tmp_path):
    path = Path(tmp_path / "odd.cfg")
    path.write_text(ODD.replace(" ; two", "").replace("batch=4", "batch=4\nbtach=5"))
    with pytest.warns(CfgWarning) as caught:
        customize(path.read_text(), CustomOptions(3), file=str(path))
    assert ["unknown key 'btach'" in str(item.message) for item in caught] == [True]
    assert read_cfg(path)
