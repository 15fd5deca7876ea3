"""Cfgs that do not build, and their messages: where, what, expected, got, what to do.

Errors of a single line or option are tested in tests/cfg.
"""

import warnings

import pytest

from darknet_torch.cfg.dialect import DIALECTS
from darknet_torch.cfg.grammar import read_cfg
from darknet_torch.cfg.shape import Shape
from darknet_torch.errors import CfgError, CfgWarning
from darknet_torch.model.network import build_network

NET = ("[net]", "width=32", "height=32", "channels=3")
YOLO = ("[yolo]", "classes=3", "num=2", "anchors=1,2, 3,4")
REGION = ("[region]", "classes=3", "num=2", "anchors=1,2, 3,4")
FITTING = ("[conv]", "filters=16", "activation=linear")
WIDER = ("width=32", "width=40")
TALLER = ("height=32", "height=64")
CUT = ("[conv]", "size=2", "stride=2")
PER_CHANNEL = ("[shortcut]", "from=-2", "weights_type=per_channel")


def case(name, text, category, *fragments, dialect="alexeyab"):
    return pytest.param(text, category, fragments, dialect, id=name)


def net(*lines):
    """The text of a cfg whose first layer is in line 5."""
    return "\n".join((*NET, *lines))


WRONG = [
    # The file and its sections
    case("missing file", None, CfgError, "tiny.cfg: no such cfg file"),
    case(
        "no layers",
        net(),
        CfgError,
        "tiny.cfg:1: no layers after [net]: expected a section for each layer, got [net] alone; "
        "check that the file is complete",
    ),
    case(
        "misspelt section",
        net("[convolutionnal]"),
        CfgError,
        "tiny.cfg:5: unknown section [convolutionnal]",
        "did you mean [convolutional]?",
    ),
    case(
        "section in the wrong case",
        net("[conv]", "[Maxpool]"),
        CfgError,
        "tiny.cfg:6: unknown section [Maxpool]",
        "did you mean [maxpool]?",
    ),
    case(
        "misspelt section with a capital",
        net("[gausian_yolo]"),
        CfgError,
        "tiny.cfg:5: unknown section [gausian_yolo]",
        "did you mean [Gaussian_yolo]?",
    ),
    case(
        "net again",
        net("[conv]", "[network]"),
        CfgError,
        "tiny.cfg:6: [network] again: expected only layers after the first section",
    ),
    # [net]
    case(
        "no input size",
        "[net]\nbatch=1\n[conv]",
        CfgError,
        "tiny.cfg:1: [net] does not say what the input is",
        "expected width=, height= and channels=, or inputs=",
        "got width=0, height=0, channels=0",
    ),
    case(
        "odd size for a detector",
        net(*FITTING, *YOLO).replace(*WIDER),
        CfgWarning,
        "tiny.cfg:1: width and height should be divisible by 32",
        "got 40x32",
    ),
    # Values and keys
    case(
        "word for an integer",
        net("[conv]", "filters=many"),
        CfgError,
        "tiny.cfg:6: 'filters' is not an integer",
        "such as filters=1",
        "got 'many'",
    ),
    case(
        "text after a number",
        net("[conv]", "filters=16x"),
        CfgWarning,
        "tiny.cfg:6: 'filters' is read as 16: got '16x' with 'x' after the number",
        "delete what follows",
    ),
    case(
        "activation without CPU code",
        net("[connected]", "activation=relu6"),
        CfgWarning,
        "tiny.cfg:5: Darknet's code has no relu6 in [connected] and computes zeros",
        "use --dialect alexeyab-cuda",
    ),
    # [convolutional], [maxpool]
    case(
        "groups not dividing the input",
        net("[conv]", "groups=2", "filters=4"),
        CfgError,
        "tiny.cfg:5: [conv] groups=2 does not divide its channels",
        "expected a divisor of the channels in and out, got 3 channels in, filters=4",
    ),
    case(
        "groups not dividing the filters",
        net("[conv]", "groups=3", "filters=4"),
        CfgError,
        "tiny.cfg:5: [conv] groups=3 does not divide its channels",
        "got 3 channels in, filters=4",
    ),
    case(
        "window larger than its input",
        net("[conv]", "size=33"),
        CfgError,
        "tiny.cfg:5: [conv] window of 33 is larger than its input",
        "got input 3x32x32",
        "enlarge width= and height= in [net]",
    ),
    case(
        "pool larger than its input",
        net("[maxpool]", "size=40", "padding=0"),
        CfgError,
        "tiny.cfg:5: [maxpool] window of 40 is larger than its input",
        "got input 3x32x32",
    ),
    case(
        "convolution of no picture",
        "[net]\ninputs=8\n[conv]",
        CfgError,
        "tiny.cfg:3: [conv]",
    ),
    case(
        "two deformations",
        net("[conv]", "size=3", "sway=1", "rotate=1"),
        CfgError,
        "tiny.cfg:5: [conv] takes one of sway, rotate",
        "got sway, rotate with size=3",
    ),
    case(
        "sharing with no convolution",
        net("[maxpool]", "[conv]", "share_index=-1"),
        CfgError,
        "tiny.cfg:6: [conv] share_index=-1 does not mean a [convolutional]",
        "got [maxpool], layer 0",
    ),
    case(
        "sharing with another shape",
        net("[conv]", "filters=3", "[conv]", "filters=3", "size=3", "share_index=0"),
        CfgError,
        "tiny.cfg:7: [conv] does not fit layer 0",
        "expected filters=3, channels per group=3, size=1, batch_normalize=0",
        "got filters=3, channels per group=3, size=3, batch_normalize=0",
    ),
    case(
        "sharing with a later layer",
        net("[conv]", "[conv]", "share_index=1", "[conv]"),
        CfgError,
        "tiny.cfg:6: [conv] share_index=1 means layer 1",
        "expected -1..-1 or 0..0; this is layer 1",
    ),
    # [route]
    case(
        "route without layers",
        net("[conv]", "[route]"),
        CfgError,
        "tiny.cfg:6: [route] has no 'layers='",
        "layers to concatenate",
    ),
    case(
        "route to itself",
        net("[conv]", "[route]", "layers=1"),
        CfgError,
        "tiny.cfg:6: [route] layers=1 means layer 1, which is not before it",
        "expected -1..-1 or 0..0; this is layer 1, got 1",
    ),
    case(
        "route to a later layer",
        net("[conv]", "[conv]", "[route]", "layers=-1,3", "[conv]"),
        CfgError,
        "tiny.cfg:7: [route] layers=3 means layer 3, which is not before it",
        "expected -2..-1 or 0..1; this is layer 2, got 3",
    ),
    case(
        "route beyond the start",
        net("[conv]", "[route]", "layers=-2"),
        CfgError,
        "tiny.cfg:6: [route] layers=-2 means layer -1, which is not before it",
        "this is layer 1",
    ),
    case(
        "route of different sizes",
        net("[conv]", *CUT, "[route]", "layers=-1,0"),
        CfgError,
        "tiny.cfg:9: [route] joins layers of different heights or widths",
        "expected 16x16, as layer 1",
        "got 32x32 of layer 0 ([conv], ",
        "tiny.cfg:5)",
    ),
    case(
        "route into groups that do not divide",
        net("[conv]", "filters=3", "[route]", "layers=-1", "groups=2"),
        CfgError,
        "tiny.cfg:7: [route] groups=2 does not divide the channels of layer 0",
        "got 3 channels",
    ),
    case(
        "route of a group too many",
        net("[conv]", "filters=4", "[route]", "layers=-1", "groups=2", "group_id=2"),
        CfgError,
        "tiny.cfg:7: [route] group_id=2 is not one of its 2 groups",
        "expected 0..1, got 2",
    ),
    # [shortcut]
    case(
        "shortcut from nowhere",
        net("[conv]", "[shortcut]", "activation=linear"),
        CfgError,
        "tiny.cfg:6: [shortcut] has no 'from='",
    ),
    case(
        "shortcut from a missing layer",
        net("[conv]", "[shortcut]", "from=-3"),
        CfgError,
        "tiny.cfg:6: [shortcut] from=-3 means layer -2, which is not before it",
        "expected -1..-1 or 0..0; this is layer 1",
    ),
    case(
        "shortcut of different sizes",
        net("[conv]", *CUT, "[shortcut]", "from=-2"),
        CfgError,
        "tiny.cfg:9: [shortcut] adds a layer of another height or width",
        "expected 16x16, as the layer before it",
        "got 32x32 of layer 0 ([conv], ",
    ),
    case(
        "strided shortcut of different proportions",
        net("[conv]", "[conv]", "size=17", "[shortcut]", "from=-2").replace(*TALLER),
        CfgError,
        "tiny.cfg:8: [shortcut] adds a layer of another height or width",
        "expected 48x16, or both about as many times larger or smaller",
        "got 64x32 of layer 0 ([conv], ",
        dialect="pjreddie",
    ),
    case(
        "shortcut from more than its code base takes",
        net("[conv]", "[conv]", "[conv]", "[shortcut]", "from=-2,-3"),
        CfgWarning,
        "tiny.cfg:8: [shortcut] takes the first of its layers alone, as pjreddie/darknet",
        "got from=-2, -3",
        dialect="pjreddie",
    ),
    case(
        "unknown weights_type",
        net("[conv]", "[conv]", "[shortcut]", "from=-2", "weights_type=per_pixel"),
        CfgError,
        "tiny.cfg:7: [shortcut] weights_type= is unknown",
        "per_feature",
        "got 'per_pixel'",
    ),
    case(
        "weights_type without weights_normalization",
        net("[conv]", "[conv]", *PER_CHANNEL),
        CfgWarning,
        "tiny.cfg:7: [shortcut] weights_type= without weights_normalization=",
        "here the weights are taken as they are; set weights_normalization to relu or softmax",
    ),
    case(
        "unknown weights_normalization",
        net("[conv]", "[conv]", *PER_CHANNEL, "weights_normalization=relu6"),
        CfgError,
        "tiny.cfg:7: [shortcut] weights_normalization= is unknown",
        "expected none or relu or avg_relu or softmax, got 'relu6'",
    ),
    case(
        "unknown weights_normalization of no weights",
        net("[conv]", "[conv]", *PER_CHANNEL[:2], "weights_normalization=relu6"),
        CfgWarning,
        "tiny.cfg:7: [shortcut] weights_normalization= is unknown, and there are no weights",
        "got 'relu6'",
    ),
    # [upsample], [reorg], [softmax]
    case(
        "upsample by 0",
        net("[upsample]", "stride=0"),
        CfgError,
        "tiny.cfg:5: [upsample] cannot resize by stride=0",
        "expected 1 or more, or minus a divisor of height and width",
    ),
    case(
        "upsample by what does not divide",
        net("[upsample]", "stride=-5"),
        CfgError,
        "tiny.cfg:5: [upsample] cannot resize by stride=-5",
        "got input 3x32x32",
    ),
    case(
        "reorg of too few channels",
        net("[reorg]", "stride=2"),
        CfgError,
        "tiny.cfg:5: [reorg] stride=2 is too large for its input",
        "expected at least 4 channels, and 2 rows and columns",
        "got input 3x32x32",
    ),
    case(
        "softmax groups that do not divide",
        net("[connected]", "output=10", "[softmax]", "groups=3"),
        CfgError,
        "tiny.cfg:7: [softmax] groups=3 does not divide its input",
        "got 10 values",
    ),
    # [yolo], [region]
    case(
        "filters that do not fit yolo",
        net("[conv]", "filters=255", *YOLO),
        CfgError,
        "tiny.cfg:7: [yolo] needs filters=16 in the [conv] before it (",
        "tiny.cfg:5)",
        "expected filters=16 = 2 masks * (4 + 1 + 3 classes), got 255 channels",
        "set filters=16 at ",
        "tiny.cfg:5, or correct the numbers here",
    ),
    case(
        "no filters before yolo",
        net("[maxpool]", *YOLO),
        CfgError,
        "tiny.cfg:6: [yolo] does not fit its input",
        "expected 16 channels = 2 masks * (4 + 1 + 3 classes), got 3 channels",
        "put a [convolutional] with filters=16 before it",
    ),
    case(
        "filters that do not fit the masks",
        net(*FITTING, *YOLO, "mask=1"),
        CfgError,
        "tiny.cfg:8: [yolo] needs filters=8",
        "* (4 + 1 + 3 classes), got 16 channels",
    ),
    case(
        "mask that names an anchor which does not exist, with filters for the others",
        net("[conv]", "filters=8", "[yolo]", "classes=3", "mask=0,7", "num=1", "anchors=1,2"),
        CfgError,
        "tiny.cfg:7: [yolo] mask= names anchor 7, which num=1 does not have: "
        "expected anchor 0 alone, got mask=0,7; write mask=0, or num=8",
    ),
    case(
        "mask of anchors that do not exist",
        net("[conv]", "filters=16", "[yolo]", "classes=3", "mask=3,4,5", "num=3"),
        CfgError,
        "mask= names anchors 3,4,5, which num=3 does not have: "
        "expected anchors 0..2, got mask=3,4,5; write mask=0,1,2, or num=6",
    ),
    case(
        "filters inside yolo",
        net(*FITTING, *YOLO, "filters=16"),
        CfgWarning,
        "tiny.cfg:12: unknown key 'filters' in [yolo], Darknet ignores it; "
        "filters= belongs to the [convolutional] before it",
    ),
    case(
        "activation inside region",
        net(*FITTING, *REGION, "activation=linear"),
        CfgWarning,
        "unknown key 'activation' in [region], Darknet ignores it; "
        "activation= belongs to the [convolutional] before it",
    ),
    case(
        "filters that do not fit region",
        net("[conv]", "filters=125", *REGION),
        CfgError,
        "tiny.cfg:7: [region] needs filters=16 in the [conv] before it (",
        "expected filters=16 = 2 anchors * (4 coords + 1 + 3 classes), got 125 channels",
        "tiny.cfg:5, or correct the numbers here",
    ),
    case(
        "tree that is not there",
        net(*FITTING, *REGION, "tree=nine.tree"),
        CfgError,
        "tiny.cfg:8: [region] tree=nine.tree is not there",
        "expected a file in the working folder, next to the cfg or among the shipped ones",
        "put the tree file next to the cfg",
    ),
    case(
        "tree of other classes",
        net(*FITTING, *REGION, "tree=9k.tree"),
        CfgError,
        "tiny.cfg:8: [region] the tree does not fit the layer: expected 3 classes, got 9418 in",
    ),
    case(
        "mask beyond num",
        net(*FITTING, "[yolo]", "classes=3", "num=2", "anchors=1,2, 3,4, 5,6", "mask=1,2"),
        CfgWarning,
        "tiny.cfg:8: [yolo] mask= names an anchor beyond num=2",
        "expected 0..1, got 2; write mask=1, or num=3",
    ),
    case(
        "too few anchors for yolo",
        net(*FITTING, "[yolo]", "classes=3", "num=2", "anchors=1,2, 3"),
        CfgWarning,
        "tiny.cfg:8: [yolo] anchors do not fit num=2",
        "expected 4 numbers, got 3",
        "fills up with 0.5",
    ),
    case(
        "too many anchors for yolo",
        net(*FITTING, "[yolo]", "classes=3", "num=2", "anchors=1,2, 3,4, 5,6"),
        CfgWarning,
        "tiny.cfg:8: [yolo] anchors do not fit num=2",
        "expected 4 numbers, got 6",
    ),
    case(
        "too few anchors for region",
        net(*FITTING, "[region]", "classes=3", "num=2", "anchors=1,2, 3"),
        CfgWarning,
        "tiny.cfg:8: [region] anchors do not fit num=2",
        "expected 4 numbers, got 3",
    ),
    case(
        "counters of other classes",
        net(*FITTING, *YOLO, "counters_per_class=10,20"),
        CfgError,
        "tiny.cfg:8: [yolo] counters_per_class does not fit classes",
        "expected 3 numbers, got 2",
    ),
    case(
        "embedding layer that is not there",
        net(*FITTING, *YOLO, "embedding_layer=7"),
        CfgError,
        "tiny.cfg:8: [yolo] embedding_layer=7 means layer 7, which is not before it",
        "this is layer 1",
    ),
]


def build(path, dialect="alexeyab"):
    return build_network(read_cfg(path), dialect=DIALECTS[dialect], initialize=False)


@pytest.fixture
def write(tmp_path):
    def write_text(text):
        path = tmp_path / "tiny.cfg"
        if text is not None:
            path.write_text(text, "latin-1")
        return path

    return write_text


@pytest.mark.parametrize(("text", "category", "fragments", "dialect"), WRONG)
def test_a_wrong_cfg_is_reported_with_its_place(write, text, category, fragments, dialect):
    if issubclass(category, Warning):
        with pytest.warns(category) as record:
            build(write(text), dialect)
        [warning] = record
        reported, message = warning.category, str(warning.message)
    else:
        with pytest.raises(category) as caught:
            build(write(text), dialect)
        reported, message = caught.type, str(caught.value)
    assert reported is category
    assert [fragment for fragment in fragments if fragment not in message] == []


@pytest.mark.parametrize(
    ("layer", "key"), [("route", "layers"), ("shortcut", "from"), ("conv", "share_index")]
)
def test_the_message_for_the_first_layer_has_no_empty_range_of_layers(write, layer, key):
    with pytest.raises(CfgError) as caught:
        build(write(net(f"[{layer}]", f"{key}=-1")))
    assert f"tiny.cfg:5: [{layer}] {key}=-1" in str(caught.value)
    assert "0..-1" not in str(caught.value)


def test_the_message_names_the_layer_that_has_filters(write):
    path = write(net("[conv]", "filters=9", "[maxpool]", *YOLO))
    with pytest.raises(CfgError, match=r"needs filters=16 in the \[conv\] before it") as caught:
        build(path)
    assert f"set filters=16 at {path}:5" in str(caught.value), "line 7 is [maxpool]"


def test_a_strided_shortcut_may_leave_a_remainder_as_in_pjreddies_code(write):
    network = build(
        write(net("[conv]", "[conv]", "size=3", "stride=2", "[shortcut]", "from=-2")), "pjreddie"
    )
    assert network.layers[2].output_shape == Shape(1, 15, 15)


@pytest.mark.parametrize(
    ("lines", "dialect"),
    [
        (FITTING + YOLO, "alexeyab"),
        (FITTING + REGION, "alexeyab"),
        (
            ("[conv]", "filters=3", "groups=1#960", "[conv]", "filters=3", "share_index=0"),
            "alexeyab",
        ),
        (("[conv]", "[conv]", "[route]", "layers=-1,-2 # two"), "alexeyab"),
        (("[conv]", *CUT, "[shortcut]", "from=-2"), "pjreddie"),
        (("[upsample]", "stride=-4"), "alexeyab"),
        (("[conv]", "size=34", "stride=3", "pad=0"), "alexeyab"),
    ],
    ids=[
        "yolo",
        "region",
        "shared",
        "route",
        "strided shortcut",
        "downsample",
        "C's division",
    ],
)
def test_similar_cfgs_that_are_right_build_without_a_warning(write, lines, dialect):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network = build(write(net(*lines)), dialect)
    assert len(network.layers) == sum(line.startswith("[") for line in lines)
