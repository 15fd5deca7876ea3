"""Quantised graphs, and the pictures that they are calibrated with."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from darknet_torch import UsageError
from darknet_torch.datasets.examples import DataSet, Example
from darknet_torch.engines.engine import EngineSettings, find_engine
from darknet_torch.engines.names import ENGINES
from darknet_torch.inference.quantization import SCHEMES, CalibrationPictures, quantize

SETTINGS = EngineSettings(1)


def make_graph():
    """An ONNX model as `export_onnx` makes them: convolution, leaky, shortcut, convolution."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    random = np.random.default_rng(0)
    weights = [
        onnx.numpy_helper.from_array(random.normal(0, 0.3, shape).astype(np.float32), name)
        for name, shape in (("w1", (8, 3, 3, 3)), ("b1", (8,)), ("w2", (4, 8, 1, 1)))
    ]
    nodes = [
        helper.make_node("Conv", ["images", "w1", "b1"], ["c1"], name="conv_1", pads=[1] * 4),
        helper.make_node("LeakyRelu", ["c1"], ["l1"], name="leaky", alpha=0.1),
        helper.make_node("Add", ["c1", "l1"], ["a1"], name="add"),
        helper.make_node("Conv", ["a1", "w2"], ["out"], name="conv_2"),
    ]
    given = helper.make_tensor_value_info("images", floats, ["batch", 3, 16, 16])
    returned = helper.make_tensor_value_info("out", floats, ["batch", 4, 16, 16])
    graph = helper.make_graph(nodes, "tiny", [given], [returned], weights)
    inner = [
        helper.make_tensor_value_info(name, floats, ["batch", 8, 16, 16])
        for name in ("c1", "l1", "a1")
    ]
    graph.value_info.extend(inner)
    opsets = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()


def noise(count, seed=0):
    return np.random.default_rng(seed).random((count, 3, 16, 16), np.float32)


def run(engine, graph, folder, images):
    folder.mkdir()
    engine.write(graph, folder, SETTINGS)
    return engine.load(folder, SETTINGS).run(images)


def test_every_engine_has_a_scheme():
    assert set(SCHEMES) == set(ENGINES)


@pytest.mark.parametrize("name", ENGINES)
def test_outputs_are_near_those_in_float_for_any_batch(name, tmp_path):
    engine, graph = find_engine(name), make_graph()
    if engine.version() is None:
        pytest.skip(f"no {name}")
    quantized = quantize(graph, [noise(1, seed) for seed in range(3)], SCHEMES[name])
    images = noise(3, 9)
    (expected,) = run(engine, graph, tmp_path / "float", images)
    (found,) = run(engine, quantized, tmp_path / "int8", images)
    assert found.shape == expected.shape == (3, 4, 16, 16)
    error = np.abs(found - expected).max() / np.abs(expected).max()
    assert 0 < error < 0.05  # 8 bits are 0.4 % of the range of each of the three steps


@pytest.mark.parametrize("name", ENGINES)
def test_the_same_pictures_give_the_same_graph_and_others_another(name):
    graph, scheme = make_graph(), SCHEMES[name]
    one = quantize(graph, [noise(1), noise(1, 1)], scheme)
    assert one == quantize(graph, [noise(1), noise(1, 1)], scheme)
    assert one != quantize(graph, [noise(1), noise(1, 1) / 2], scheme)


def test_inputs_and_outputs_keep_their_names_and_sizes():
    onnx = pytest.importorskip("onnx")
    graph = make_graph()
    found = onnx.load_from_string(quantize(graph, [noise(1)], SCHEMES["onnxruntime"])).graph
    given = onnx.load_from_string(graph).graph
    assert list(found.input) == list(given.input)
    assert list(found.output) == list(given.output)
    assert "QuantizeLinear" in {node.op_type for node in found.node}


def test_what_cannot_be_quantised_is_an_error_that_says_why():
    graph = make_graph()
    with pytest.raises(UsageError, match=r"cannot quantise this graph: got .*; leave out"):
        quantize(graph, [noise(1)[:, :2]], SCHEMES["onnxruntime"])


class Preparer:
    """Prepares pictures as their mean value."""

    def prepare_inputs(self, images):
        inputs = np.array([image.mean() for image in images], np.float32).reshape(-1, 1, 1, 1)
        return np.broadcast_to(inputs, (len(images), 3, 2, 2)), [None] * len(images)


def make_data_set(folder, count):
    paths = [folder / f"{index}.png" for index in range(count)]
    for index, path in enumerate(paths):
        cv2.imwrite(str(path), np.full((2, 2, 3), index, np.uint8))
    return DataSet(tuple(Example(path, None) for path in paths), (), "data")


@pytest.mark.parametrize(
    ("count", "expected"), [(1, [0]), (3, [0, 3, 6]), (10, range(10)), (99, range(10))]
)
def test_calibration_pictures_are_spread_over_the_data_set(tmp_path, count, expected):
    found = CalibrationPictures(Preparer(), make_data_set(tmp_path, 10), count, workers=1)
    assert [picture.flat[0] for picture in found] == list(expected)
    assert len(found) == len(list(found)) == len(expected)
    assert {picture.shape for picture in found} == {(1, 3, 2, 2)}
    assert all(picture.flags.c_contiguous for picture in found)


def test_only_the_picture_that_is_needed_is_prepared(tmp_path):
    prepared = []

    class Counting(Preparer):
        def prepare_inputs(self, images):
            prepared.append(len(images))
            return super().prepare_inputs(images)

    found = CalibrationPictures(Counting(), make_data_set(tmp_path, 4), 4, workers=1)
    assert not prepared
    next(iter(found))
    assert prepared == [1]


def test_pictures_that_cannot_be_read_are_left_out(tmp_path):
    data_set = make_data_set(tmp_path, 3)
    Path(data_set.examples[1].path).write_bytes(b"no picture")
    found = CalibrationPictures(Preparer(), data_set, 3, workers=1)
    assert [picture.flat[0] for picture in found] == [0, 2]
    nothing = DataSet(data_set.examples[1:2], (), "data")
    with pytest.raises(UsageError, match=r"^data: no picture can be read"):
        CalibrationPictures(Preparer(), nothing, 3, workers=1)
