"""Weight files for the C code, which ignores what [net] says about the input."""

import warnings

import pytest

from darknet_torch import load
from darknet_torch.conversion.convert import convert
from darknet_torch.conversion.weight_files import average, partial
from darknet_torch.errors import CfgNote, CfgWarning
from tests.conversion.small_models import DETECTOR, write_model

OWN = DETECTOR.replace("[net]\n", "[net]\nnormalize=per-picture\nfill=picture\n")
WRITERS = {
    "convert": lambda cfg, weights, out: convert(weights, out, cfg=cfg),
    "partial": lambda cfg, weights, out: partial(cfg, weights, out, 1),
    "average": lambda cfg, weights, out: average(cfg, out, [weights, weights]),
}


def warnings_of(job):
    """The messages of warnings that are no notes."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        job()
    return [
        str(one.message)
        for one in caught
        if issubclass(one.category, CfgWarning) and not issubclass(one.category, CfgNote)
    ]


@pytest.mark.parametrize("name", WRITERS)
def test_a_weight_file_is_written_with_a_warning(name, tmp_path):
    out = tmp_path / "out.weights"
    (message,) = warnings_of(lambda: WRITERS[name](*write_model(tmp_path, OWN), out))
    for part in (
        "out.weights: the C code ignores normalize=per-picture, fill=picture",
        "expected options that Darknet knows, got [net] with normalize=per-picture, fill=picture",
        "use them with darknet_torch, or convert to .onnx",
    ):
        assert part in message
    assert out.exists()


def test_with_fill_alone_no_graph_is_advised(tmp_path):
    cfg = OWN.replace("normalize=per-picture\n", "")
    files = write_model(tmp_path, cfg)
    (message,) = warnings_of(lambda: partial(*files, tmp_path / "out.weights", 1))
    assert "fill=picture" in message
    assert ".onnx" not in message


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("keys", ["", "normalize=zero-one\n"])
def test_without_effect_there_is_no_warning(name, keys, tmp_path):
    files = write_model(tmp_path, DETECTOR.replace("[net]\n", f"[net]\n{keys}"))
    assert warnings_of(lambda: WRITERS[name](*files, tmp_path / "out.weights")) == []


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_other_files_keep_it(suffix, tmp_path):
    cfg, weights = write_model(tmp_path, OWN)
    out = tmp_path / f"out{suffix}"
    assert warnings_of(lambda: convert(weights, out, cfg=cfg)) == []
    net = load(out).net
    assert (net.normalize, net.fill) == ("per-picture", "picture")
    back = tmp_path / "back.weights"
    assert len(warnings_of(lambda: convert(out, back))) == 1
    assert back.read_bytes() == weights.read_bytes()
    assert back.with_suffix(".cfg").read_text() == OWN
