"""Graphs in ONNX, TorchScript and torch.export: equal to the network at every size."""

import json

import numpy as np
import pytest
import torch

import darknet_torch as dt
from darknet_torch.conversion.convert import convert
from darknet_torch.conversion.model import Model
from darknet_torch.errors import CfgError, UsageError
from darknet_torch.export.exporters import (
    METADATA_KEY,
    exported_bytes,
    onnx_bytes,
    run_exported,
    run_onnx,
    run_torchscript,
    torchscript_bytes,
)
from darknet_torch.export.graphs import Graph, GraphOptions, other_size
from darknet_torch.heads.base import Predictions
from darknet_torch.media.images import input_placement, network_input, read_image
from tests.checkpoints.ports import CFG as TWO_HEADS
from tests.conversion.models import (
    DETECTOR,
    NET,
    PICTURE,
    TOY_CFG,
    TOY_WEIGHTS,
    built,
    model_in,
    pictures,
)

CONVOLUTION = "[convolutional]\nsize=3\nstride=8\npad=1\nbatch_normalize=1\nactivation=leaky\n"
STEM = f"{NET}{CONVOLUTION}filters=8\n"
LAST = "[convolutional]\nactivation={}\nfilters={}\n"
ANCHORS = "classes=2\nnum=2\nanchors="
SPP = (
    "[maxpool]\nsize=5\nstride=1\n[route]\nlayers=-2\n[maxpool]\nsize=9\nstride=1\n"
    "[route]\nlayers=-4\n[maxpool]\nsize=13\nstride=1\n[route]\nlayers=-1,-3,-5,-6\n"
)
YOLO = f"{LAST.format('linear', 14)}[yolo]\n{ANCHORS}8,8, 16,12\n"
NEW_COORDS = f"{YOLO.replace('linear', 'logistic')}new_coords=1\nscale_x_y=2\n"
REGION = f"{LAST.format('linear', 14)}[region]\n{ANCHORS}1,1, 2,1.5\nsoftmax=1\n"
GAUSSIAN = f"{LAST.format('linear', 22)}[Gaussian_yolo]\n{ANCHORS}8,8, 16,12\nscale_x_y=1.1\n"
HEADS = {
    "yolo": TWO_HEADS,
    "yolo of new_coords": STEM + NEW_COORDS,
    "region": STEM + REGION,
    "gaussian": STEM + GAUSSIAN,
    "all": STEM + "[route]\nlayers=0\n".join((YOLO, NEW_COORDS, REGION, GAUSSIAN)),
    "detection": f"{STEM}[connected]\noutput=48\nactivation=linear\n"
    "[detection]\nclasses=2\ncoords=4\nside=2\nnum=2\nsqrt=1\n",
}
FIXED = {"detection"}  # a [connected] takes pictures of one size only
SIZES = [(1, 32, 32), (3, 32, 32), (1, 64, 96), (2, 96, 32)]
WITH_SPP = STEM + SPP + YOLO
LONG = pytest.mark.long
IN_ONNX = ["all", "detection", *(pytest.param(name, marks=LONG) for name in list(HEADS)[:4])]
KINDS = ("default", "greedynms", "diounms\nbeta_nms=0.8")
GREY, NOTHING = 128, [[0, 4], [0], [0], [0]]  # the toy finds nothing in a grey picture
# Float32 through six convolutions; onnxruntime and fused loops add in another order.
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def same(got, wanted):
    assert len(got) == len(wanted)
    for mine, theirs in zip(got, wanted, strict=True):
        torch.testing.assert_close(torch.as_tensor(mine), theirs, **CLOSE)


def raw(network, images):
    with torch.inference_mode():
        return network(images)


def boxes(network, images):
    """What the heads decode, without a graph."""
    with torch.inference_mode():
        found = Predictions.join(
            [
                head.decode(output, *images.shape[-2:])
                for head, output in zip(network.heads, network(images), strict=True)
            ]
        )
    return found.boxes, found.class_scores


def sizes_of(name):
    return [size for size in SIZES if name not in FIXED or size[1:] == SIZES[0][1:]]


@pytest.mark.parametrize("name", IN_ONNX)
def test_boxes_in_onnx_are_those_of_every_head(name):
    network = built(HEADS[name])
    graph = Graph(network, GraphOptions("boxes"))
    assert graph.output_names == ["boxes", "scores"]
    run = run_onnx(onnx_bytes(graph, ""))
    for batch, height, width in sizes_of(name):
        images = pictures(batch, 3, height, width)
        same(run(images), boxes(network, images))


@pytest.mark.parametrize(("outputs", "fold"), [("raw", True), ("boxes", False)])
@pytest.mark.parametrize("name", HEADS)
def test_torchscript_gives_the_same(name, outputs, fold, tmp_path):
    network = built(HEADS[name])
    path = tmp_path / "model.ts"
    path.write_bytes(torchscript_bytes(Graph(network, GraphOptions(outputs, fold=fold)), ""))
    run, wanted = run_torchscript(path), {"raw": raw, "boxes": boxes}[outputs]
    for batch, height, width in sizes_of(name):
        images = pictures(batch, 3, height, width)
        same(run(images), wanted(network, images))


@pytest.mark.parametrize(
    ("name", "outputs", "fold"),
    [("region", "boxes", True), ("detection", "raw", False)],
)
def test_torch_export_gives_the_same(name, outputs, fold, tmp_path):
    network = built(HEADS[name])
    path = tmp_path / "model.pt2"
    path.write_bytes(exported_bytes(Graph(network, GraphOptions(outputs, fold=fold)), ""))
    run, wanted = run_exported(path), {"raw": raw, "boxes": boxes}[outputs]
    for batch, height, width in sizes_of(name):
        images = pictures(batch, 3, height, width)
        same(run(images), wanted(network, images))


@pytest.fixture(scope="module")
def spp(tmp_path_factory):
    network = built(WITH_SPP)
    path = tmp_path_factory.mktemp("spp") / "spp"
    path.with_suffix(".ts").write_bytes(torchscript_bytes(Graph(network, GraphOptions()), ""))
    folded = Graph(network, GraphOptions(fold=True, opset=20))
    runs = {
        "onnx": run_onnx(onnx_bytes(folded, "")),
        "torchscript": run_torchscript(path.with_suffix(".ts")),
    }
    return network, runs


@pytest.fixture(scope="module")
def model():
    return Model(built(DETECTOR), f"{DETECTOR}# \xe4\xff\r\n", ("cat", "dög"))


def toy_of(folder, kind):
    """The toy's network with a kind of NMS in its cfg, and its graph."""
    cfg = folder / "toy.cfg"
    cfg.write_text(f"{TOY_CFG.read_text()}\nnms_kind={kind}\n")
    network = dt.load(cfg, TOY_WEIGHTS)
    return network, Graph(network, GraphOptions("detections", threshold=0.1, nms_threshold=0.3))


@pytest.fixture(
    scope="module", params=[KINDS[-1], *(pytest.param(kind, marks=LONG) for kind in KINDS[:-1])]
)
def toy(request, tmp_path_factory):
    """The toy's network and what runs its graph."""
    network, graph = toy_of(tmp_path_factory.mktemp("toy"), request.param)
    return network, run_onnx(onnx_bytes(graph, ""))


class TestSpp:
    """Maps of 10, 13 and 19 cells, of which AlexeyAB's vectorised [maxpool] treats some apart."""

    CELLS = (4, 10, 13, 14, 17, 19, 21, 24)

    @pytest.mark.parametrize("cells", CELLS)
    @pytest.mark.parametrize("kind", ["onnx", "torchscript"])
    def test_every_width_gives_the_same(self, kind, cells, spp):
        network, run = spp[0], spp[1][kind]
        for batch in (1, 2):
            images = pictures(batch, 3, 80, 8 * cells)
            same(run(images), raw(network, images))

    def test_the_widths_do_differ(self):
        """The proof above covers maps with the vectorised border and without."""
        here, there = (built(WITH_SPP, dialect) for dialect in ("alexeyab", "alexeyab-cuda"))
        differ = set()
        for cells in self.CELLS:
            images = pictures(1, 3, 80, 8 * cells)
            mine, other = raw(here, images), raw(there, images)
            if not torch.allclose(mine[0], other[0], rtol=1e-3, atol=1e-3):
                differ.add(cells)
        assert 10 not in differ
        assert {14, 17, 19, 21, 24} <= differ


class TestInTheFile:
    def check(self, model, text):
        found = json.loads(text)
        assert found == json.loads(model.metadata())
        assert found["cfg"] == model.cfg
        assert found["names"] == ["cat", "dög"]

    @pytest.mark.parametrize("opset", [18, 20])
    def test_onnx_holds_metadata_opset_and_open_sizes(self, opset, model):
        onnx = pytest.importorskip("onnx")
        graph = Graph(model.network, GraphOptions(opset=opset))
        made = onnx.load_from_string(onnx_bytes(graph, model.metadata()))
        self.check(model, {p.key: p.value for p in made.metadata_props}[METADATA_KEY])
        assert [one.version for one in made.opset_import if not one.domain] == [opset]
        assert made.producer_name == "darknet_torch"
        (images,) = made.graph.input
        assert images.name == "images"
        sides = images.type.tensor_type.shape.dim
        assert [bool(side.dim_param) for side in sides] == [True, False, True, True]
        assert [one.name for one in made.graph.output] == ["yolo_2"]

    def test_torchscript_holds_metadata(self, model, tmp_path):
        path = tmp_path / "model.ts"
        path.write_bytes(torchscript_bytes(Graph(model.network, GraphOptions()), model.metadata()))
        files = {METADATA_KEY: ""}
        with pytest.warns(DeprecationWarning, match="torch.jit.load"):
            torch.jit.load(str(path), _extra_files=files)
        self.check(model, files[METADATA_KEY])

    def test_torch_export_holds_metadata(self, model, tmp_path):
        path = tmp_path / "model.pt2"
        path.write_bytes(exported_bytes(Graph(model.network, GraphOptions()), model.metadata()))
        files = {METADATA_KEY: ""}
        with path.open("rb") as file:
            torch.export.load(file, extra_files=files)
        self.check(model, files[METADATA_KEY])


class TestSizes:
    @pytest.mark.parametrize(
        ("width", "height", "other"),
        [(32, 32, (64, 64)), (416, 320, (160, 192)), (64, 32, (32, 32))],
    )
    def test_a_network_of_convolutions_takes_another(self, width, height, other):
        assert other_size(built(DETECTOR, width=width, height=height)) == other

    @pytest.mark.parametrize(
        "cfg", [HEADS["detection"], "[net]\ninputs=4\n[connected]\noutput=2\n"]
    )
    def test_one_of_matrices_does_not(self, cfg):
        assert other_size(built(cfg)) is None

    def test_a_convolution_with_few_channels_is_no_reason_for_a_fixed_size(self):
        assert other_size(built(TWO_HEADS)) == (64, 64)


class TestDetections:
    """The whole way in the graph against `Detector` on the bundled picture, stretched."""

    def inputs(self, network, *images):
        net = network.net
        return torch.from_numpy(
            np.stack(
                [
                    network_input(
                        image, input_placement(image, net.height, net.width, letterbox=False)
                    )
                    for image in images
                ]
            )
        )

    def check(self, got, found, picture):
        """The part of `got` that belongs to a picture, against what `Detector` found in it."""
        corners, scores, class_ids, picture_ids = (part.numpy() for part in got)
        mine = picture_ids == picture
        scale = (found.width, found.height) * 2
        np.testing.assert_array_equal(class_ids[mine], found.class_ids)
        # Float32 against float64 boxes, in pixels of a picture of 500 or so.
        np.testing.assert_allclose(corners[mine] * scale, found.boxes_xyxy, atol=1e-2)
        np.testing.assert_allclose(scores[mine], found.scores, atol=1e-5)

    def check_batch(self, network, run):
        image = read_image(PICTURE)
        every = [image, np.full_like(image, GREY), image[:, ::-1].copy()]
        detector = dt.Detector(network, threshold=0.1, nms_threshold=0.3, letterbox=False)
        got = run(self.inputs(network, *every))
        assert {int(picture) for picture in got[3]} == {0, 2}
        for picture, found in enumerate(detector(every)):
            self.check(got, found, picture)
        unsuppressed = dt.Detector(network, threshold=0.1, nms_threshold=0, letterbox=False)
        assert 4 <= len(detector(image)) < len(unsuppressed(image))

    @pytest.mark.parametrize("kind", KINDS, ids=["default", "greedynms", "diounms"])
    def test_are_those_of_the_detector_in_a_batch(self, kind, tmp_path):
        network, graph = toy_of(tmp_path, kind)
        self.check_batch(network, graph)
        grey = self.inputs(network, np.full((64, 64, 3), GREY, np.uint8))
        assert [list(part.shape) for part in graph(grey)] == NOTHING

    def test_are_the_same_in_onnx(self, toy):
        self.check_batch(*toy)

    def test_none_give_empty_outputs(self, toy):
        network, run = toy
        found = run(self.inputs(network, np.full((64, 64, 3), GREY, np.uint8)))
        assert [list(part.shape) for part in found] == NOTHING

    def test_of_another_size_are_those_of_a_network_of_that_size(self, toy):
        network, run = toy
        height, width = other_size(network)
        other = dt.load(network.net.where.file, TOY_WEIGHTS, width=width, height=height)
        detector = dt.Detector(other, threshold=0.1, nms_threshold=0.3, letterbox=False)
        found = detector(PICTURE)
        self.check(run(self.inputs(other, read_image(PICTURE))), found, 0)

    def test_come_by_convert(self, tmp_path):
        _, weights = model_in(tmp_path)
        options = GraphOptions("detections", threshold=0.1)
        report = convert(weights, tmp_path / "a.pt2", graph=options)
        assert report.worst < 1e-4  # the default tolerance
        assert [one.at for one in report.differences] == ["1 x 32x32", "3 x 32x32", "1 x 64x64"]
        assert all(one.values for one in report.differences)
        assert report.notes == ("returns detections",)


class TestWhatCannotBeAGraph:
    @pytest.mark.parametrize("section", ["rnn", "lstm", "gru"])
    def test_a_layer_with_a_memory_is_named(self, section):
        cfg = f"[net]\ninputs=4\n[connected]\noutput=4\n[{section}]\noutput=2\n"
        expected = (
            rf"^small\.cfg:5: layer 1 \[{section}\] remembers what it saw, and a graph has no "
            r"memory; convert to \.pt or \.safetensors instead$"
        )
        with pytest.raises(CfgError, match=expected):
            Graph(built(cfg), GraphOptions())

    @pytest.mark.parametrize("outputs", ["boxes", "detections"])
    def test_no_boxes_without_a_head(self, outputs):
        expected = (
            r"^small\.cfg:5: there are no boxes: layer 0 \[convolutional\] is no detection "
            "head; leave out --decode and --nms$"
        )
        with pytest.raises(CfgError, match=expected):
            Graph(built(f"{NET}[convolutional]\nfilters=2\n"), GraphOptions(outputs))

    def test_torchscript_holds_no_loop(self, tmp_path):
        _, weights = model_in(tmp_path)
        with pytest.raises(UsageError, match="TorchScript cannot hold the removal of boxes"):
            convert(weights, tmp_path / "a.ts", graph=GraphOptions("detections"))
        assert not (tmp_path / "a.ts").exists()

    def test_a_layer_that_pytorch_cannot_export_is_named(self, monkeypatch):
        network = built(DETECTOR)

        def moody(x):
            return x if x.sum().item() > 0 else -x

        monkeypatch.setattr(network.layers[1], "activation", moody)
        expected = r"^small\.cfg:12: \[convolutional\] layer 1 cannot be exported: got .+$"
        with pytest.raises(CfgError, match=expected):
            exported_bytes(Graph(network, GraphOptions()), "")


def test_the_network_itself_is_not_folded(tmp_path):
    network = built(DETECTOR)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    images = pictures(1, 3, 32, 32)
    wanted = raw(network, images)
    graph = Graph(network, GraphOptions(fold=True))
    same(graph(images), wanted)
    assert len(graph.network.state_dict()) < len(before)
    for key, value in network.state_dict().items():
        torch.testing.assert_close(value, before[key], rtol=0, atol=0)


@pytest.mark.parametrize("missing", ["onnx", "onnxscript", "onnxruntime"])
def test_a_missing_package_is_named_with_its_extra(missing, monkeypatch, tmp_path):
    _, weights = model_in(tmp_path)
    monkeypatch.setitem(__import__("sys").modules, missing, None)
    monkeypatch.setattr("torch.onnx.export", lambda *_, **__: pytest.fail("was not needed"))
    if missing == "onnxruntime":
        with pytest.raises(UsageError, match=r"package onnxruntime, .*darknet-torch\[onnx\]"):
            run_onnx(b"")
        return
    with pytest.raises(UsageError, match=rf"package {missing}, .*darknet-torch\[onnx\]"):
        convert(weights, tmp_path / "a.onnx")
    assert not (tmp_path / "a.onnx").exists()
