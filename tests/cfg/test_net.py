import warnings

import pytest

from darknet_torch.cfg.dialect import DIALECTS
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.cfg.net import NetOptions, read_net
from darknet_torch.cfg.numbers import float32
from darknet_torch.cfg.options import declared_options, extensions_in
from darknet_torch.cfg.shape import Shape
from darknet_torch.errors import CfgError, CfgNote, CfgWarning

PICTURE = "width=64\nheight=32\nchannels=3\n"


def section(lines, name="net"):
    return parse_cfg(f"[{name}]\n{lines}", "tiny.cfg")[0]


def quietly(lines, dialect="alexeyab", name="net"):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read_net(section(lines, name), DIALECTS[dialect])


def warned(lines, dialect="alexeyab", category=CfgWarning):
    with pytest.warns(category) as record:
        net = read_net(section(lines), DIALECTS[dialect])
    [warning] = record
    assert warning.category is category
    return net, str(warning.message)


def refused(lines, name="net", dialect="alexeyab"):
    with pytest.raises(CfgError) as caught:
        read_net(section(lines, name), DIALECTS[dialect])
    return str(caught.value)


def test_net_and_network_are_the_same_section():
    assert quietly(PICTURE, name="network").width == quietly(PICTURE).width == 64


def test_the_input_is_a_picture_of_channels_height_and_width():
    net = quietly(PICTURE)
    assert net.is_picture
    assert net.input_shape == Shape(3, 32, 64)
    assert str(net.where) == "tiny.cfg:1"


def test_the_input_may_be_a_vector():
    net = quietly("inputs=10")
    assert not net.is_picture
    assert net.input_shape == Shape(10, 1, 1)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("batch", 1),
        ("subdivisions", 1),
        ("time_steps", 1),
        ("learning_rate", float32(0.001)),
        ("learning_rate_min", float32(1e-5)),
        ("momentum", float32(0.9)),
        ("decay", float32(0.0001)),
        ("policy", "constant"),
        ("power", 4.0),
        ("burn_in", 0),
        ("max_batches", 0),
        ("adam", False),
        ("B1", float32(0.9)),
        ("B2", float32(0.999)),
        ("scale", 1.0),
        ("step", 1),
        ("gamma", 1.0),
        ("sgdr_mult", 2),
        ("aspect", 1.0),
        ("saturation", 1.0),
        ("exposure", 1.0),
        ("hue", 0.0),
        ("flip", 1),
        ("resize_step", 32),
        ("augment_speed", 2),
        ("letter_box", False),
    ],
)
def test_defaults_are_those_of_parse_net_options(key, value):
    assert getattr(quietly(PICTURE), key) == value


def test_what_is_not_zero_by_default_is_listed():
    found = quietly(PICTURE)
    numbers = {
        key: getattr(found, name)
        for key, (name, option) in declared_options(NetOptions).items()
        if not option.extension and not isinstance(getattr(found, name), str)
    }
    on = "batch subdivisions time_steps learning_rate learning_rate_min momentum decay power B1 B2"
    on += " scale step gamma sgdr_mult eps aspect saturation exposure flip resize_step"
    on += " augment_speed width height channels"
    assert sorted(key for key, value in numbers.items() if value) == sorted(on.split())


def test_the_epsilon_of_adam_follows_the_code_base():
    assert quietly(PICTURE).eps == pytest.approx(1e-6)
    assert quietly(PICTURE, "pjreddie").eps == pytest.approx(1e-7)


def test_rates_are_held_as_float32():
    net = quietly(PICTURE + "learning_rate=.00261\ngamma=.9999\nhue=.1")
    assert (net.learning_rate, net.gamma, net.hue) == tuple(map(float32, (0.00261, 0.9999, 0.1)))
    assert net.gamma != 0.9999


def test_steps_and_scales_end_at_a_hash():
    net = quietly(
        PICTURE + "policy=steps\nsteps=400000,450000 # 80%, 90%\nscales=.1,.1 # , times .1"
    )
    assert net.steps == (400000, 450000)
    assert net.scales == (float32(0.1), float32(0.1))


@pytest.mark.parametrize("policy", "constant step exp poly random sigmoid".split())
@pytest.mark.parametrize("dialect", DIALECTS)
def test_both_code_bases_know_these_policies(policy, dialect):
    assert quietly(f"{PICTURE}policy={policy}", dialect).policy == policy


@pytest.mark.parametrize("policy", ["step_s", "stepps"])
def test_an_unknown_policy_means_constant(policy):
    net, message = warned(f"{PICTURE}policy={policy}")
    assert net.policy == "constant"
    for part in (
        f"tiny.cfg:5: alexeyab/darknet does not know policy '{policy}' and takes 'constant'",
        "did you mean 'steps'?",
    ):
        assert part in message


def test_sig_is_not_a_policy_although_the_c_code_names_it_so():
    net, message = warned(PICTURE + "policy=sig")
    assert net.policy == "constant"
    assert "policy 'sig'" in message


def test_sgdr_is_a_policy_of_alexeyab_alone():
    assert quietly(PICTURE + "policy=sgdr").policy == "sgdr"
    assert quietly(PICTURE + "policy=sgdr", "alexeyab-cuda").policy == "sgdr"
    net, message = warned(PICTURE + "policy=sgdr", "pjreddie")
    assert net.policy == "constant"
    assert "tiny.cfg:5: pjreddie/darknet does not know policy 'sgdr'" in message
    assert message.endswith("expected constant, step, steps, exp, poly, random, sigmoid")


def test_sgdr_needs_no_steps():
    assert quietly(PICTURE + "policy=sgdr\nsgdr_cycle=1000").sgdr_cycle == 1000


@pytest.mark.parametrize(
    ("line", "dialect", "owner"),
    [("clip=.5", "alexeyab", "pjreddie"), ("mosaic=1", "pjreddie", "alexeyab")],
)
def test_an_option_of_the_other_code_base_is_ignored(line, dialect, owner):
    net, message = warned(PICTURE + line, dialect)
    assert getattr(net, line.partition("=")[0]) == 0
    assert f"is an option of {owner}/darknet" in message
    assert f"--dialect {owner}" in message


@pytest.mark.parametrize("key", ["try_fix_nan", "loss_scale", "optimized_memory"])
def test_an_option_without_effect_here_causes_a_note(key):
    _, message = warned(f"{PICTURE}{key}=1", category=CfgNote)
    assert f"tiny.cfg:5: '{key}' has no effect here" in message


def test_an_unknown_key_is_reported_with_the_nearest():
    _, message = warned(PICTURE + "learning_rat=.1")
    assert "tiny.cfg:5: unknown key 'learning_rat' in [net]" in message
    assert "did you mean 'learning_rate'?" in message


def test_text_after_the_batch_is_reported_and_dropped():
    net, message = warned(PICTURE + "batch=64x")
    assert net.batch == 64
    assert "tiny.cfg:5: 'batch' is read as 64" in message


@pytest.mark.parametrize(
    ("lines", "parts"),
    [
        ("", ("tiny.cfg:1: [net] does not say what the input is", "width=0, height=0")),
        ("width=8\nheight=8", ("width=, height= and channels=, or inputs=", "channels=0")),
        (
            "batch=1",
            (
                "expected width=, height= and channels=, or inputs=",
                "got width=0, height=0, channels=0",
            ),
        ),
        ("inputs=0", ("does not say what the input is",)),
        (PICTURE + "batch=0", ("tiny.cfg:5: 'batch'", "expected an integer >= 1", "got 0")),
        (PICTURE + "subdivisions=0", ("tiny.cfg:5: 'subdivisions'", ">= 1")),
        ("width=-8", ("tiny.cfg:2: 'width' is out of its bounds", ">= 0", "got -8")),
        (
            PICTURE + "policy=steps",
            ("tiny.cfg:1: policy=steps needs steps= and scales=", "got 0 steps, 0 scales"),
        ),
        (PICTURE + "policy=steps\nsteps=5,6", ("a scale for each step", "2 steps, 0 scales")),
        (
            PICTURE + "policy=steps\nsteps=5,6,7\nscales=.1,.1",
            ("expected a scale for each step, got 3 steps, 2 scales",),
        ),
    ],
    ids=[
        "no input",
        "no channels",
        "batch alone",
        "empty vector",
        "no batch",
        "no subdivisions",
        "negative width",
        "no steps",
        "no scales",
        "fewer scales than steps",
    ],
)
def test_an_unusable_net_is_refused(lines, parts):
    message = refused(lines)
    for part in parts:
        assert part in message


LEAST = "width height channels max_crop min_crop".split(), "batch subdivisions time_steps".split()


def test_the_least_values_are_legal_and_lesser_ones_are_not():
    for least, keys in enumerate(LEAST):
        for key in keys:
            assert getattr(quietly(f"inputs=8\n{key}={least}"), key) == least
            assert f"'{key}' is out of its bounds" in refused(f"inputs=8\n{key}={least - 1}")
    assert quietly(f"{PICTURE}resize_step=1").resize_step == 1
    assert "'inputs' is out of its bounds: expected an integer >= 0" in refused("inputs=-1")


def test_more_scales_than_steps_are_allowed_as_in_darknet():
    net = read_net(section(PICTURE + "policy=steps\nsteps=5\nscales=.1,.1"), DIALECTS["alexeyab"])
    assert net.steps == (5,)


@pytest.mark.parametrize("name", ["Net", "NETWORK", "nett"])
def test_a_misspelt_first_section_gets_a_suggestion(name):
    message = refused(PICTURE, name)
    assert "tiny.cfg:1: the first section must be [net]: expected [net] or [network]" in message
    assert f"got [{name}]; did you mean [net" in message


def test_another_first_section_is_refused():
    message = refused("filters=2", "convolutional")
    assert "tiny.cfg:1: the first section must be [net]" in message
    assert message.endswith("expected [net] or [network], got [convolutional]")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_both_dialects_know_the_options_of_darknet_torch(dialect):
    net = quietly(PICTURE + "normalize = per-picture # ours\nfill=imagenet", dialect)
    assert (net.normalize, net.fill, net.input_fill) == ("per-picture", "imagenet", "imagenet")
    assert net.normalizes
    assert extensions_in(net) == ["normalize=per-picture", "fill=imagenet"]


def test_without_them_pictures_are_as_in_darknet():
    net = quietly(PICTURE + "normalize=zero-one")
    assert not net.normalizes
    assert (net.fill, net.input_fill) == ("", "0.5")
    assert extensions_in(net) == []


@pytest.mark.parametrize(
    ("lines", "parts"),
    [
        (
            PICTURE + "normalize=imagnet",
            (
                "tiny.cfg:5: 'normalize' is not one of the words",
                "expected zero-one, imagenet, per-picture, got 'imagnet'",
                "did you mean 'imagenet'?",
            ),
        ),
        (PICTURE + "fill=0.4", ("tiny.cfg:5: 'fill'", "expected 0.5, imagenet, picture", "0.4")),
        (
            "width=64\nheight=32\nchannels=1\nnormalize=imagenet",
            (
                "tiny.cfg:1: normalize=imagenet is for pictures in colour",
                "expected channels=3, got channels=1",
                "use normalize=per-picture",
            ),
        ),
        (
            "inputs=10\nnormalize=per-picture",
            ("normalize=per-picture is for networks whose input is a picture", "got inputs=10"),
        ),
        ("inputs=10\nfill=picture", ("leave fill=picture out",)),
    ],
)
def test_what_they_cannot_do_is_refused(lines, parts):
    for part in parts:
        assert part in refused(lines)
