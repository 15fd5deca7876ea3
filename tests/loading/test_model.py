"""A model is built again from the metadata that is kept in a file."""

import json

import pytest

from darknet_torch.errors import CfgError, WeightsError
from darknet_torch.loading.model import (
    Model,
    decode_cfg,
    encode_cfg,
    model_from_metadata,
    parse_metadata,
)
from tests.conversion.small_models import CFG_BYTES, NET, small_model, trained_network

BROKEN = (
    r"^model\.pt: its metadata is broken: expected JSON as dtorch convert writes it, got .+; "
    "convert the original weight file again$"
)


def test_every_byte_of_a_cfg_survives_as_text():
    assert encode_cfg(decode_cfg(CFG_BYTES)) == CFG_BYTES


def test_another_input_size_may_be_given():
    found = model_from_metadata(
        parse_metadata(small_model().metadata(), "model"), width=128, height=None
    )
    assert (found.network.net.width, found.network.net.height) == (128, 96)


def test_a_network_without_pictures_comes_back():
    cfg = "[net]\ninputs=5\n[connected]\noutput=2\n"
    found = model_from_metadata(
        parse_metadata(Model(trained_network(cfg), cfg).metadata(), "model")
    )
    assert found.network.net.inputs == 5


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("header", {"major": 0}),
        ("header", None),
        ("header", {"major": 0, "minor": "two", "revision": 5, "seen": 0}),
        ("header", {"major": 0, "minor": 2, "revision": 5, "seen": float("inf")}),
        ("header", {"major": 0, "minor": 2, "revision": 5, "seen": 2**64}),
        ("header", {"major": 2**31, "minor": 2, "revision": 5, "seen": 0}),
        ("header", {"major": -(2**31) - 1, "minor": 2, "revision": 5, "seen": 0}),
        ("layers", float("nan")),
        ("layers", float("-inf")),
        ("layers", True),
        ("width", 10**400),
        ("height", 32.5),
        ("names", 3),
        ("dialect", ["alexeyab"]),
        ("cfg", None),
        ("cfg", "[net]\n# \N{SNOWMAN}"),
        ("layers", "two"),
        ("width", "wide"),
        ("height", None),
    ],
)
def test_metadata_with_a_wrong_value_is_refused(key, value):
    found = {**json.loads(small_model().metadata()), key: value}
    with pytest.raises(WeightsError, match=BROKEN):
        model_from_metadata(parse_metadata(json.dumps(found), "model.pt"))


@pytest.mark.parametrize(
    "metadata", ["", "{", "[]", "null", "{}", '{"cfg": "[net]"}', "9" * 5000, "[" * 100000]
)
def test_incomplete_metadata_is_refused(metadata):
    with pytest.raises(WeightsError, match=BROKEN):
        model_from_metadata(parse_metadata(metadata, "model.pt"))


def test_a_wrong_cfg_in_the_metadata_is_reported_with_file_and_line():
    found = {**json.loads(small_model().metadata()), "cfg": f"{NET}[nonsense]\n"}
    with pytest.raises(CfgError, match=r"^model\.pt:5: .*nonsense"):
        model_from_metadata(parse_metadata(json.dumps(found), "model.pt"))
