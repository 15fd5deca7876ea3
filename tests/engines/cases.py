"""A tiny graph for engines, and what PyTorch computes for the same numbers."""

import importlib.util
from functools import cache

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch.nn import functional

from darknet_torch.engines.engine import EngineSettings

SETTINGS = EngineSettings(threads=1)
SIZE = 32


def needs_engine(name):
    """Skip the test where an engine is not installed."""
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")


@cache
def arrays():
    """The kernels and biases of two convolutions."""
    random = np.random.default_rng(0)
    shapes = {"kernels": (8, 3, 3, 3), "biases": (8,), "last_kernels": (14, 8, 1, 1)}
    return {
        name: random.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()
    }


def tiny_model(activation="LeakyRelu"):
    """An ONNX model with a dynamic batch and two outputs, as bytes."""
    nodes = [
        helper.make_node(
            "Conv", ["images", "kernels", "biases"], ["first"], strides=[8, 8], pads=[1] * 4
        ),
        helper.make_node(activation, ["first"], ["large"], alpha=0.1),
        helper.make_node("Conv", ["large", "last_kernels"], ["small"], strides=[2, 2]),
    ]
    shapes = {"images": (3, SIZE, SIZE), "small": (14, 2, 2), "large": (8, 4, 4)}
    images, *outputs = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])
        for name, shape in shapes.items()
    )
    constants = [numpy_helper.from_array(array, name) for name, array in arrays().items()]
    graph = helper.make_graph(nodes, "tiny", [images], outputs, constants)
    opset = helper.make_opsetid("", 18)
    return helper.make_model(graph, opset_imports=[opset], ir_version=10).SerializeToString()


def expected_outputs(images):
    """What PyTorch computes."""
    kernels, biases, last = (torch.from_numpy(array) for array in arrays().values())
    inputs = torch.from_numpy(np.ascontiguousarray(images))
    large = functional.leaky_relu(functional.conv2d(inputs, kernels, biases, 8, 1), 0.1)
    return [functional.conv2d(large, last, stride=2).numpy(), large.numpy()]


def images_of(batch):
    """[batch, 3, SIZE, SIZE] as `Detector` prepares them: pixel after pixel in memory."""
    pixels = np.random.default_rng(batch).random((batch, SIZE, SIZE, 3), np.float32)
    return pixels.transpose(0, 3, 1, 2)


def assert_close(got, expected):
    """The outputs are float32, and within 1e-4 of the largest value."""
    assert len(got) == len(expected)
    for mine, theirs in zip(got, expected, strict=True):
        assert (mine.dtype, mine.shape) == (np.float32, theirs.shape)
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-4 * np.abs(theirs).max())
