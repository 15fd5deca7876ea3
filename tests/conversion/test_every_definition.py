"""Every shipped definition and every real model is restored and exported."""

import pytest
import torch

from darknet_torch import Detector, load
from darknet_torch.cfg.zoo import shipped
from darknet_torch.conversion.convert import TOLERANCE, convert
from darknet_torch.errors import CfgError
from darknet_torch.export.graphs import find_second_size, input_sizes
from darknet_torch.model.weights import write_weights
from tests.conversion.small_models import NO_MODELS, SHARED, randomize, real_models

PJREDDIES = {"resnet18", "resnet50"}  # their shortcuts join different sizes
DEFINITIONS = shipped(".cfg")
EVERY = pytest.mark.parametrize("name", DEFINITIONS)
MODELS = real_models()
REAL = pytest.mark.parametrize(
    "name", MODELS or [pytest.param("", marks=pytest.mark.skip(NO_MODELS))]
)
LONG = pytest.mark.long
PARTIAL, OF = "MobileNetV2-YOLO-Fastest.conv.57", "MobileNetV2-YOLO-Fastest-voc.cfg"


@pytest.fixture
def weights_of(tmp_path):
    """A function that writes random weights for a shipped definition; they are removed again."""
    path = tmp_path / "trained.weights"

    def write(name):
        network = randomize(load(name, dialect=dialect_of(name)))
        write_weights(network, path)
        return network, path

    yield write
    for file in tmp_path.iterdir():
        file.unlink()


def dialect_of(name):
    return "pjreddie" if name in PJREDDIES else "alexeyab"


def reads_a_whole_map(layer):
    """Whether the size of its matrix depends on the size of the picture."""
    shape = layer.input_shape
    return layer.section in ("connected", "local") and shape.height * shape.width > 1


def check_round_trip(folder, weights, cfg, kind, dialect="alexeyab"):
    """Convert `weights` to a file of `kind` and back; compare the bytes and the reports."""
    state, back = folder / f"state.{kind}", folder / "back.weights"
    there = convert(weights, state, cfg=cfg, dialect=dialect)
    assert there.restores is True
    assert there.worst == 0
    assert convert(state, back).worst == 0
    assert back.read_bytes() == weights.read_bytes()
    assert back.with_suffix(".cfg").read_bytes() == cfg.read_bytes()
    for path in (state, back, back.with_suffix(".cfg")):
        path.unlink()


@LONG
@EVERY
def test_every_definition_comes_back_byte_for_byte(name, weights_of, tmp_path):
    _, weights = weights_of(name)
    for kind in ("pt", "safetensors"):
        check_round_trip(tmp_path, weights, DEFINITIONS[name], kind, dialect_of(name))


@LONG
@EVERY
def test_every_definition_without_a_state_becomes_onnx(name, weights_of, tmp_path):
    network, weights = weights_of(name)
    options = {"cfg": DEFINITIONS[name], "dialect": dialect_of(name)}
    if any(layer.has_state for layer in network.layers):
        with pytest.raises(CfgError, match="keeps a state between steps"):
            convert(weights, tmp_path / "model.onnx", **options)
        return
    report = convert(weights, tmp_path / "model.onnx", **options)
    _, height, width = input_sizes(network)
    expected = [f"1 x {width}x{height}", f"3 x {width}x{height}"]
    if not any(reads_a_whole_map(layer) for layer in network.layers):
        other_height, other_width = find_second_size(network)
        expected.append(f"1 x {other_width}x{other_height}")
    assert [one.what for one in report.differences] == expected
    assert report.worst <= TOLERANCE == 1e-4
    assert min(one.values for one in report.differences) > 0


@REAL
@pytest.mark.parametrize("kind", ["pt", "safetensors"])
def test_every_real_model_comes_back_byte_for_byte(kind, name, tmp_path):
    weights = MODELS[name]
    check_round_trip(tmp_path, weights, weights.with_suffix(".cfg"), kind)


@pytest.mark.skipif(not MODELS, reason=NO_MODELS)
@pytest.mark.parametrize("kind", ["pt", "safetensors"])
def test_the_partial_model_comes_back_byte_for_byte(kind, tmp_path):
    folder = SHARED / "models"
    check_round_trip(tmp_path, folder / PARTIAL, folder / OF, kind)


@LONG  # tests/inference/backends does the same with the toy model
@pytest.mark.parametrize("name", MODELS)
def test_onnxruntime_detects_on_photographs_what_torch_detects(name):
    network = load(MODELS[name].with_suffix(".cfg"), MODELS[name])
    photographs = sorted((SHARED / "images").glob("*.png"))
    wanted, found = (
        Detector(network, backend=backend)(photographs) for backend in ("torch", "onnxruntime")
    )
    for one, other in zip(found, wanted, strict=True):
        assert one.class_ids.tolist() == other.class_ids.tolist()
        # Float32 sums in another order: scores to 1e-4, boxes to a hundredth of a pixel
        # where they are some hundreds wide.
        for mine, theirs, far in (
            (one.scores, other.scores, 1e-4),
            (one.boxes_xyxy, other.boxes_xyxy, 5e-2),
        ):
            torch.testing.assert_close(
                torch.as_tensor(mine), torch.as_tensor(theirs), rtol=0, atol=far
            )
