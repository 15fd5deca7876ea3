import warnings
from dataclasses import dataclass
from types import MappingProxyType

import pytest

from darknet_torch.cfg.dialect import DIALECTS
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.cfg.numbers import float32
from darknet_torch.cfg.options import (
    REQUIRED,
    Options,
    activation,
    activations_in,
    choice,
    declared_options,
    flag,
    inert,
    integer,
    integers,
    number,
    numbers,
    read_options,
    text,
)
from darknet_torch.errors import CfgError, CfgNote, CfgWarning
from darknet_torch.heads.region import RegionOptions
from darknet_torch.heads.yolo import YoloOptions
from darknet_torch.layers.cost import CostOptions
from darknet_torch.layers.dropout import DropoutOptions
from darknet_torch.model.registry import layer_type


@dataclass(frozen=True)
class ToyOptions(Options):
    size: int = integer(3, minimum=1, maximum=9, doc="a window")
    pad: bool = flag(doc="a switch")
    rate: float = number(0.1, minimum=0, doc="a rate")
    boxes: int = integer(
        lambda dialect: dialect.defaults.yolo_max_boxes, doc="as the code base has it"
    )
    epsilon: float = number(
        lambda dialect: dialect.defaults.adam_epsilon, doc="as the code base has it"
    )
    kind: str = choice("mean", "mean", "sum", fallback="mean", doc="of two")
    mode: str = choice(
        *("plain", "plain", "mosaic", "pair"),
        fallback="plain",
        words_of={"mosaic": "alexeyab", "pair": "pjreddie"},
        doc="of words that not every code base has",
    )
    activation: str = activation("logistic")
    from_: tuple[int, ...] = integers((), key="from", doc="layers, commas count to the end")
    mask: tuple[int, ...] = integers((), stops_at_hash=True, minimum=0, doc="up to a hash")
    anchors: tuple[float, ...] = numbers((), stops_at_hash=True, doc="up to a hash")
    scales: tuple[float, ...] = numbers((), doc="factors, commas count to the end")
    map: str = text("", doc="a file")
    mish: float = number(1.0, only="alexeyab", doc="of one code base")
    dontsave: bool = flag(only="pjreddie", doc="of the other")
    stream: str = inert("a CUDA stream")


@dataclass(frozen=True)
class OptionsWithRequiredKey(Options):
    layers: tuple[int, ...] = integers(REQUIRED, doc="layers to join")


@dataclass(frozen=True)
class OptionsAfterToy(Options):
    misplaced_keys = MappingProxyType({"anchor": "the [toy] before it"})
    anchors: int = integer(1, doc="a key with a name similar to the misplaced one")


def section(lines):
    return parse_cfg(f"[toy]\n{lines}", "tiny.cfg")[0]


def quietly(lines="", options=ToyOptions, dialect="alexeyab"):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read_options(options, section(lines), DIALECTS[dialect])


def warned(lines, options=ToyOptions, dialect="alexeyab", category=CfgWarning):
    """The options read, and the one warning they cause."""
    with pytest.warns(category) as record:
        found = read_options(options, section(lines), DIALECTS[dialect])
    [warning] = record
    assert warning.category is category
    return found, str(warning.message)


def refused(lines, options=ToyOptions):
    with pytest.raises(CfgError) as caught:
        read_options(options, section(lines), DIALECTS["alexeyab"])
    return str(caught.value)


def lacking(message, *parts):
    return [part for part in parts if part not in message]


def test_text_is_taken_literally_but_for_its_blanks():
    assert quietly("map = a folder/x#1.names ; 2").map == "afolder/x#1.names;2"


def test_activation_functions_are_listed():
    assert activations_in(quietly()) == ["logistic"]
    assert activations_in(quietly("activation=leaky\nkind=sum")) == ["leaky"]


def test_absent_keys_have_their_defaults():
    found = quietly()
    assert (found.size, found.pad, found.kind, found.activation) == (3, False, "mean", "logistic")
    assert (found.from_, found.map, found.mish) == ((), "", 1.0)
    assert str(found.where) == "tiny.cfg:1"


@pytest.mark.parametrize(
    ("options", "key", "alexeyab", "pjreddie"),
    [
        (YoloOptions, "max", 200, 90),
        (RegionOptions, "max", 200, 30),
        (DropoutOptions, "probability", 0.2, 0.5),
    ],
)
def test_defaults_follow_the_dialect(options, key, alexeyab, pjreddie):
    assert getattr(quietly("", options), key) == pytest.approx(alexeyab)
    assert getattr(quietly("", options, "alexeyab-cuda"), key) == pytest.approx(alexeyab)
    assert getattr(quietly("", options, "pjreddie"), key) == pytest.approx(pjreddie)


def test_numbers_are_held_as_float32():
    assert quietly("rate=.1").rate == float32(0.1) != 0.1
    assert quietly("anchors=.1,1e-4").anchors == (float32(0.1), float32(1e-4))


def test_a_default_is_the_same_float32_as_the_value_written_out():
    assert quietly().rate == quietly("rate=0.1").rate
    assert quietly().epsilon == quietly("epsilon=1e-6").epsilon


@pytest.mark.parametrize("size", [1, 9])
def test_bounds_themselves_are_legal(size):
    assert quietly(f"size={size}").size == size


def test_every_integer_of_32_bits_is_legal():
    assert quietly("from=-2147483648,2147483647").from_ == (-(2**31), 2**31 - 1)


@pytest.mark.parametrize(("value", "on"), [("0", False), ("1", True), ("2", True), ("-1", True)])
def test_a_flag_is_on_unless_zero(value, on):
    assert quietly(f"pad={value}").pad is on


def test_the_first_of_duplicate_keys_counts():
    with pytest.warns(CfgWarning, match=r"tiny\.cfg:3: 'size' again"):
        found = read_options(ToyOptions, section("size=5\nsize=7"), DIALECTS["alexeyab"])
    assert found.size == 5


def test_a_key_without_a_value_leaves_the_default():
    with pytest.warns(CfgWarning, match="not a key=value line"):
        found = read_options(ToyOptions, section("size\nrate=2"), DIALECTS["alexeyab"])
    assert (found.size, found.rate) == (3, 2.0)


def test_a_comment_after_a_number_causes_no_warning():
    found = quietly("size=5 # not 7\nrate=1e-4#a,b\nmask=0,1 # 2, 3\nanchors=1,2#,\nfrom=-1 # x")
    assert (found.size, found.rate) == (5, float32(1e-4))
    assert (found.mask, found.anchors, found.from_) == ((0, 1), (1.0, 2.0), (-1,))


@pytest.mark.parametrize(
    ("line", "key", "value", "parts"),
    [
        (
            "size=5x",
            "size",
            5,
            ("'size' is read as 5", "got '5x' with 'x' after the number", "delete what follows"),
        ),
        ("size=1e3", "size", 1, ("read as 1", "'e3' after")),
        ("size=5.5", "size", 5, ("read as 5", "'.5' after")),
        ("rate=0,001", "rate", 0.0, ("read as 0", "',001' after")),
        ("mask=0,1x", "mask", (0, 1), ("read as 1", "'x' after")),
    ],
)
def test_text_after_a_number_is_dropped_as_in_c_and_reported(line, key, value, parts):
    found, message = warned(line)
    assert getattr(found, key) == value
    assert not lacking(message, "tiny.cfg:2", *parts)


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("from=-1,", "from_", (-1, 0)),
        ("from=-1,,-3", "from_", (-1, 0, -3)),
        ("mask=0,1, # last", "mask", (0, 1, 0)),
        ("anchors=1,2,", "anchors", (1.0, 2.0, 0.0)),
    ],
)
def test_a_comma_too_many_reads_a_zero_as_in_c_and_is_reported(line, key, value):
    found, message = warned(line)
    assert getattr(found, key) == value
    assert f"tiny.cfg:2: '{line.partition('=')[0]}' has a comma too many" in message
    assert "which is read as a 0: got '" in message


def test_options_made_in_python_have_the_defaults_of_alexeyabs_code():
    read = quietly(dialect="alexeyab")
    assert ToyOptions(where=read.where) == read
    assert str(ToyOptions().where) == "<code>:0"
    with pytest.raises(TypeError, match="positional"):
        ToyOptions(5)
    with pytest.raises(TypeError, match="layers"):
        OptionsWithRequiredKey()


def test_numbers_are_read_out_of_a_comment_too():
    found, message = warned("scales=.5 # or, .25")
    assert found.scales == (0.5, 0.25)
    assert "'scales' is read with 0.25 from after the #" in message


@pytest.mark.parametrize(
    ("line", "value"), [("from=-1 # or, 5", 5), ("from=-1 # this, that", 0), ("from=-1#,", 0)]
)
def test_a_number_read_out_of_a_comment_is_reported(line, value):
    found, message = warned(line)
    assert found.from_ == (-1, value)
    assert not lacking(
        message, f"tiny.cfg:2: 'from' is read with {value} from after the #", "delete the comment"
    )


def test_a_list_ends_at_a_hash_where_darknet_stops_there():
    assert quietly("mask=3,4 # not 0,1,2").mask == (3, 4)


def test_an_unknown_key_is_reported_with_its_place_and_the_nearest_right_key():
    _, message = warned("rate=1\nanchor=1,2")
    assert not lacking(
        message, "tiny.cfg:3: unknown key 'anchor' in [toy]", "did you mean 'anchors'?"
    )


def test_a_key_of_another_section_is_reported_with_the_section_it_belongs_to():
    [other] = parse_cfg("[other]\nanchor=1")
    with pytest.warns(CfgWarning, match=r"; anchor= belongs to the \[toy\] before it$"):
        read_options(OptionsAfterToy, other, DIALECTS["alexeyab"])


def test_an_unknown_key_like_no_other_gets_no_suggestion():
    _, message = warned("qqq=1")
    assert "unknown key 'qqq'" in message
    assert "did you mean" not in message


@pytest.mark.parametrize(
    ("line", "dialect", "key", "default", "owner"),
    [
        ("mish=2", "pjreddie", "mish", 1.0, "alexeyab"),
        ("dontsave=1", "alexeyab", "dontsave", False, "pjreddie"),
        ("dontsave=1", "alexeyab-cuda", "dontsave", False, "pjreddie"),
    ],
)
def test_an_option_of_the_other_code_base_is_ignored(line, dialect, key, default, owner):
    found, message = warned(line, dialect=dialect)
    assert getattr(found, key) == default
    assert not lacking(message, "tiny.cfg:2", f"option of {owner}/darknet", f"--dialect {owner}")


def test_an_option_of_its_own_code_base_is_read():
    assert quietly("mish=2").mish == 2.0
    assert quietly("mish=2", dialect="alexeyab-cuda").mish == 2.0
    assert quietly("dontsave=1", dialect="pjreddie").dontsave is True


def test_an_inert_option_is_a_note_that_says_why():
    _, message = warned("stream=2", category=CfgNote)
    assert not lacking(message, "tiny.cfg:2: 'stream' has no effect here (a CUDA stream)")


def test_an_unknown_activation_means_relu():
    found, message = warned("activation=leeky")
    assert found.activation == "relu"
    assert not lacking(
        message, "tiny.cfg:2", "activation 'leeky'", "'relu'", "did you mean 'leaky'?"
    )


def test_a_comment_after_an_activation_makes_it_unknown_as_in_darknet():
    found, message = warned("activation=leaky # or mish")
    assert found.activation == "relu"
    assert not lacking(message, "'leaky#ormish'", "did you mean 'leaky'?")


def test_an_activation_of_the_other_code_base_means_relu():
    assert quietly("activation=mish").activation == "mish"
    found, message = warned("activation=mish", dialect="pjreddie")
    assert found.activation == "relu"
    assert not lacking(message, "tiny.cfg:2: pjreddie/darknet does not know", "'mish'", "'relu'")


def test_an_unknown_word_means_the_fallback():
    found, message = warned("kind=summ")
    assert found.kind == "mean"
    assert not lacking(
        message,
        "tiny.cfg:2: alexeyab/darknet does not know kind 'summ' and takes 'mean'",
        "expected mean, sum; did you mean 'sum'?",
    )


@pytest.mark.parametrize(
    ("word", "owners"),
    [
        ("plain", ["alexeyab", "pjreddie", "alexeyab-cuda"]),
        ("mosaic", ["alexeyab", "alexeyab-cuda"]),
        ("pair", ["pjreddie"]),
    ],
)
def test_a_word_is_known_to_the_code_bases_that_have_it(word, owners):
    for dialect in DIALECTS:
        if dialect in owners:
            assert quietly(f"mode={word}", dialect=dialect).mode == word
        else:
            found, message = warned(f"mode={word}", dialect=dialect)
            assert found.mode == "plain"
            code_base = DIALECTS[dialect].code_base
            assert f"{code_base}/darknet does not know mode '{word}'" in message
            assert word not in message.partition("expected")[2]


def test_an_unknown_iou_loss_means_iou_though_none_at_all_means_mse():
    assert quietly("", YoloOptions).iou_loss == "mse"
    found, message = warned("iou_loss=ciuo", YoloOptions)
    assert found.iou_loss == "iou"
    assert not lacking(message, "iou_loss 'ciuo'", "did you mean 'ciou'?")


def test_a_cost_that_only_the_other_code_base_has_means_sse():
    assert quietly("type=L1", CostOptions, "pjreddie").type == "L1"
    found, message = warned("type=L1", CostOptions)
    assert found.type == "sse"
    assert not lacking(
        message,
        "tiny.cfg:2: alexeyab/darknet does not know type 'L1' and takes 'sse'",
        "expected sse, masked, smooth",
    )
    assert "wgan" not in message


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("size=three", ("'size' is not an integer", "such as size=1", "got 'three'")),
        ("pad=yes", ("'pad' is not 0 or 1", "got 'yes'")),
        ("rate=fast", ("'rate' is not a number", "got 'fast'")),
        ("from=conv1", ("'from' is not integers between commas", "from=1, got 'conv1'")),
        ("anchors=1,two", ("'anchors' is not numbers between commas", "got '1,two'")),
        ("size=0", ("'size' is out of its bounds", "expected an integer >= 1", "got 0")),
        ("size=10", ("'size' is out of its bounds", "expected an integer <= 9", "got 10")),
        ("rate=-.5", ("'rate' is out of its bounds", "expected a number >= 0", "got -.5")),
        ("mask=0,-1", ("'mask' is out of its bounds", ">= 0", "got 0,-1")),
        ("rate=1e39", ("'rate' is out of its bounds", "from -3.40282e+38 to 3.40282e+38", "1e39")),
        ("rate=nan", ("'rate' is out of its bounds", "got nan")),
        ("scales=1,-inf", ("'scales' is out of its bounds", "got 1,-inf")),
        ("mask=0,2147483648", ("'mask' is out of its bounds", "-2147483648..2147483647")),
        (f"size={'9' * 5000}", ("'size' is out of its bounds", "999... (5000 characters)")),
    ],
)
def test_a_bad_value_is_refused_with_its_place_and_what_was_expected(line, parts):
    assert not lacking(refused(line), "tiny.cfg:2", *parts)


def test_a_required_key_that_is_missing_or_has_no_value_is_refused():
    message = refused("", OptionsWithRequiredKey)
    assert not lacking(message, "tiny.cfg:1: [toy] has no 'layers='", "integers", "layers to join")
    with pytest.warns(CfgWarning, match="not a key=value line"):
        assert "has no 'layers='" in refused("layers", OptionsWithRequiredKey)


def test_declared_options_are_found_by_their_key_in_the_cfg():
    known = declared_options(ToyOptions)
    assert known["from"][0] == "from_"
    assert "from_" not in known
    assert "where" not in known


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[conv]\npad=same", ("'pad' is not 0 or 1", "got 'same'")),
        ("[dropout]\nprobability=half", ("'probability' is not a number", "got 'half'")),
        (
            "[route]\nlayers=-1,last",
            ("'layers' is not integers between commas", "such as layers=1, got '-1,last'"),
        ),
        (
            "[conv]\nstride=0",
            ("'stride' is out of its bounds: expected an integer >= 1, got 0",),
        ),
        (
            "[conv]\nfilters=0",
            ("'filters' is out of its bounds: expected an integer >= 1, got 0",),
        ),
        (
            "[dropout]\nprobability=1.5",
            ("'probability' is out of its bounds: expected a number <= 1, got 1.5",),
        ),
    ],
    ids=lambda value: value.partition("\n")[2] if isinstance(value, str) else "",
)
def test_a_bad_value_of_a_layer_is_refused(text, parts):
    [layer] = parse_cfg(text, "tiny.cfg")
    with pytest.raises(CfgError) as caught:
        read_options(layer_type(layer).Options, layer, DIALECTS["alexeyab"])
    assert not lacking(str(caught.value), "tiny.cfg:2: ", *parts)


@pytest.mark.parametrize(
    ("text", "dialect", "parts"),
    [
        (
            "[conv]\nfilter=16",
            "alexeyab",
            ("unknown key 'filter' in [conv]", "did you mean 'filters'?"),
        ),
        (
            "[conv]\nactivation=laeky",
            "alexeyab",
            (
                "alexeyab/darknet does not know activation 'laeky' and takes 'relu'",
                "did you mean 'leaky'?",
            ),
        ),
        (
            "[conv]\nactivation=mish",
            "pjreddie",
            ("pjreddie/darknet does not know activation 'mish' and takes 'relu'",),
        ),
        (
            "[route]\ngroups=2\nlayers=-1",
            "pjreddie",
            ("'groups' is an option of alexeyab/darknet", "use --dialect alexeyab"),
        ),
        (
            "[route]\nlayers=-1,",
            "alexeyab",
            ("'layers' has a comma too many, which is read as a 0: got '-1,'",),
        ),
        (
            "[route]\nlayers=-1 # or, 0",
            "alexeyab",
            ("'layers' is read with 0 from after the #: got '-1#or,0'", "delete the comment"),
        ),
    ],
)
def test_what_darknet_tolerates_in_a_layer_causes_one_warning(text, dialect, parts):
    [layer] = parse_cfg(text, "tiny.cfg")
    with pytest.warns(CfgWarning) as record:
        read_options(layer_type(layer).Options, layer, DIALECTS[dialect])
    [warning] = record
    assert not lacking(str(warning.message), "tiny.cfg:2: ", *parts)


@pytest.mark.parametrize(("count", "is_read"), [(10_000, True), (10_001, False)])
def test_an_option_has_so_many_numbers(count, is_read):
    [layer] = parse_cfg("[route]\nlayers=" + ",".join(["-1"] * count))
    if is_read:
        read_options(layer_type(layer).Options, layer, DIALECTS["alexeyab"])
        return
    with pytest.raises(CfgError, match=r":2: 'layers' has too many .* 10,000 at most, got 10,001"):
        read_options(layer_type(layer).Options, layer, DIALECTS["alexeyab"])
