"""ONNX models compute what the network computes, at every batch and size."""

import sys
from types import SimpleNamespace

import onnx
import pytest
import torch
from torch.torch_version import TorchVersion

import darknet_torch as dt
from darknet_torch.engines.engine import EngineSettings
from darknet_torch.errors import UsageError
from darknet_torch.export.graphs import Graph, GraphOptions, find_second_size
from darknet_torch.export.onnx import export_onnx, load_onnx, writes_loops
from darknet_torch.media.images import read_image
from tests.conversion.small_models import DETECTOR, pictures, trained_network
from tests.export.cases import (
    HEADS,
    NMS_KINDS,
    NO_DETECTIONS,
    SPP_CELLS,
    WITH_SPP,
    assert_close,
    assert_detections_of_batch,
    assert_detections_of_picture,
    decoded_boxes,
    grey_input,
    needs_loops_in_onnx,
    raw_outputs,
    sizes_of,
    stretched_inputs,
    toy_graph,
)
from tests.toy.files import PICTURE, WEIGHTS

LONG = pytest.mark.long
CASES = ["all", "detection", *(pytest.param(name, marks=LONG) for name in list(HEADS)[:4])]


@pytest.mark.parametrize("name", CASES)
def test_boxes_equal_those_of_every_head(name):
    network = trained_network(HEADS[name])
    graph = Graph(network, GraphOptions("boxes"))
    assert graph.output_names == ["boxes", "scores"]
    data = export_onnx(graph, {})
    outputs = onnx.load_from_string(data).graph.output
    sizes = {one.name: [d.dim_param for d in one.type.tensor_type.shape.dim] for one in outputs}
    boxes = "" if name == "detection" else "boxes"  # whose number of boxes is fixed
    assert sizes == {"boxes": ["batch", boxes, ""], "scores": ["batch", boxes, ""]}
    run = load_onnx(data)
    for batch, height, width in sizes_of(name):
        images = pictures(batch, 3, height, width)
        assert_close(run(images), decoded_boxes(network, images))


@pytest.fixture(scope="module")
def spp():
    """A network with spatial pyramid pooling, and what runs its folded graph."""
    network = trained_network(WITH_SPP)
    folded = Graph(network, GraphOptions(fold=True, opset=20))
    return network, load_onnx(export_onnx(folded, {}))


@pytest.mark.parametrize("cells", SPP_CELLS)
def test_pyramid_pooling_is_equal_at_every_width(cells, spp):
    network, run = spp
    for batch in (1, 2):
        images = pictures(batch, 3, 80, 8 * cells)
        assert_close(run(images), raw_outputs(network, images))


@pytest.mark.parametrize("opset", [20, pytest.param(18, marks=LONG)])
def test_the_file_holds_metadata_opset_and_dynamic_sizes(opset):
    graph = Graph(trained_network(DETECTOR), GraphOptions(opset=opset))
    model = onnx.load_from_string(export_onnx(graph, {"note": "dög\r\n"}))
    assert {prop.key: prop.value for prop in model.metadata_props} == {"note": "dög\r\n"}
    assert [one.version for one in model.opset_import if not one.domain] == [opset]
    assert model.producer_name == "darknet_torch"
    (images,) = model.graph.input
    assert images.name == "images"
    dimensions = images.type.tensor_type.shape.dim
    assert [dimension.dim_param for dimension in dimensions] == ["batch", "", "height", "width"]
    (output,) = model.graph.output
    sizes = [size.dim_param for size in output.type.tensor_type.shape.dim]
    assert (output.name, sizes) == ("yolo_2", ["batch", "", "yolo_2_height", "yolo_2_width"])


@pytest.fixture(scope="module", params=NMS_KINDS)
def toy(request, tmp_path_factory):
    """The toy network and what runs its graph that returns detections."""
    needs_loops_in_onnx()
    network, graph = toy_graph(tmp_path_factory.mktemp("toy"), request.param)
    return network, load_onnx(export_onnx(graph, {}))


@LONG
class TestDetections:
    """Suppression in the graph against `Detector` on the toy model's picture, stretched.

    By default tests/export/test_graphs.py compares the graph with `Detector`, and `convert --nms`
    of the README its ONNX model with the graph, on the same picture.
    """

    def test_of_a_batch_equal_those_of_the_detector(self, toy):
        assert_detections_of_batch(*toy)

    def test_of_an_empty_picture_have_no_rows(self, toy):
        network, run = toy
        assert [list(part.shape) for part in run(grey_input(network))] == NO_DETECTIONS

    def test_at_another_size_equal_those_of_a_network_of_that_size(self, toy):
        network, run = toy
        height, width = find_second_size(network)
        other = dt.load(network.net.where.file, WEIGHTS, width=width, height=height)
        detector = dt.Detector(other, threshold=0.1, nms_threshold=0.3, letterbox=False)
        found = detector(PICTURE)
        assert_detections_of_picture(run(stretched_inputs(other, read_image(PICTURE))), found, 0)


@pytest.mark.parametrize("release", ["2.9.1", "2.9.1+cu128"])
def test_a_pytorch_that_cannot_write_a_loop_is_named(release, monkeypatch):
    monkeypatch.setattr("torch.__version__", TorchVersion(release))
    monkeypatch.setattr("torch.onnx.export", lambda *_, **__: pytest.fail("was called"))
    graph = Graph(trained_network(DETECTOR), GraphOptions("detections"))
    with pytest.raises(UsageError) as caught:
        export_onnx(graph, {})
    assert str(caught.value) == (
        "this PyTorch cannot write non-maximum suppression, which is a loop, into ONNX: expected "
        "PyTorch newer than 2.9; or --decode, or .pt2 with --nms, got --nms, "
        f"PyTorch {release}"
    )


@pytest.mark.parametrize("release", ["2.10.0", "2.13.0+cpu", "2.14.1", "3.0.0"])
def test_later_releases_write_loops(release, monkeypatch):
    monkeypatch.setattr("torch.__version__", TorchVersion(release))
    assert writes_loops()


@pytest.mark.parametrize("missing", ["onnx", "onnxscript"])
def test_a_package_missing_for_the_export_is_named_with_its_extra(missing, monkeypatch):
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.setattr("torch.onnx.export", lambda *_, **__: pytest.fail("was called"))
    with pytest.raises(UsageError, match=rf"package {missing}, .*pip install onnx "):
        export_onnx(Graph(trained_network(DETECTOR), GraphOptions()), {})


def test_it_runs_with_the_number_of_threads_of_pytorch(monkeypatch):
    settings = []

    def create(source, given):
        settings.append(given)
        return SimpleNamespace(get_inputs=lambda: [SimpleNamespace(name="images")])

    monkeypatch.setattr("darknet_torch.export.onnx.create_session", create)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        load_onnx(b"", on_gpu=True)
    finally:
        torch.set_num_threads(before)
    assert settings == [EngineSettings(3, on_gpu=True)]


def test_a_graph_for_engines_returns_what_heads_are_decoded_from():
    """Two heads of one layer share an input; a head that a later layer reads keeps its output."""
    network = trained_network(
        f"{DETECTOR}[route]\nlayers=-2\n{DETECTOR[DETECTOR.index('[yolo]') :]}"
    )
    assert network.raw_heads == (True, True)
    graph = Graph(network, GraphOptions("for_decoding", fold=True))
    graph.fix_size()
    data = export_onnx(graph, {})
    (images,) = onnx.load_from_string(data).graph.input
    sizes = [size.dim_param or size.dim_value for size in images.type.tensor_type.shape.dim]
    assert sizes == ["batch", 3, 32, 32]
    batch = pictures(3, 3, 32, 32)
    with torch.inference_mode():
        expected = network.forward_for_decoding(batch)
    assert_close(load_onnx(data)(batch), expected)
