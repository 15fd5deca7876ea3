"""Net and the functions that read one: names, ways in, and what is refused."""

import subprocess
import sys

import cv2 as opencv
import numpy as np
import pytest

import darknet_torch as dt
from darknet_torch.cfg.zoo import sample_folder
from darknet_torch.compat import opencv as dnn
from darknet_torch.compat.opencv import cv2
from darknet_torch.compat.opencv.importer import build, read_sections
from tests.compat.models import CLASSIFIER, LAYERS, PICTURE

CFG, WEIGHTS = (sample_folder() / f"toy-shapes{suffix}" for suffix in (".cfg", ".weights"))
ROWS = (100, 8)
HEADER = np.array([0, 2, 5, 0, 0], np.int32).tobytes()
NAMES_PREFIX = ("conv_0", "bn_0", "leaky_1", "conv_1", "bn_1", "leaky_2")


def as_array(text):
    return np.frombuffer(text.encode(), np.uint8)


def net_of(text):
    """The net of a cfg's text, with Darknet's starting weights' names but no weights."""
    return dnn.readNetFromDarknet(as_array(text))


@pytest.fixture
def net():
    return dnn.readNetFromDarknet(str(CFG), str(WEIGHTS))


@pytest.fixture(scope="module")
def blob():
    return opencv.dnn.blobFromImage(opencv.imread(str(PICTURE)), 1 / 255, (160, 160), swapRB=True)


def test_layers_have_opencvs_names_and_numbers(net):
    names = net.getLayerNames()
    assert names[:6] == NAMES_PREFIX
    assert names[-2:] == ("permute_7", "yolo_7")
    assert net.getUnconnectedOutLayersNames() == ("yolo_7",)
    numbers = net.getUnconnectedOutLayers()
    assert numbers.dtype == np.int32
    assert numbers.tolist() == [len(names)]
    assert [names[number - 1] for number in numbers.flatten()] == ["yolo_7"]
    assert (net.getLayerId("bn_0"), net.getLayerId("none"), net.getLayerId("_input")) == (2, -1, 0)
    assert (net.getLayer(0).name, net.getLayer(0).type) == ("_input", "")
    assert net.getLayer("bn_0") == net.getLayer(2) == dnn.Layer("bn_0", "BatchNorm")
    indices = [net.getLayer(layer).outputNameToIndex("im_info") for layer in (0, 1)]
    assert indices == [-1, 0]
    assert net.getLayer(0).outputNameToIndex("data") == 0
    assert net.getLayersCount("Region") == 1
    assert "__NetInputLayer__" in net.getLayerTypes()
    assert not net.empty()


def test_forward_takes_nothing_a_name_or_names(net, blob):
    net.setInput(blob)
    last = net.forward()
    assert last.shape == ROWS
    assert last.dtype == np.float32
    np.testing.assert_array_equal(net.forward("yolo_7"), last)
    for several in (["leaky_1", "yolo_7"], ("leaky_1", "yolo_7")):
        found = net.forward(several)
        assert isinstance(found, tuple)
        assert found[0].shape == (1, 12, 80, 80)
        np.testing.assert_array_equal(found[1], last)
    ((only,),) = net.forwardAndRetrieve(["yolo_7"])
    np.testing.assert_array_equal(only, last)
    np.testing.assert_array_equal(net.forward(outBlobNames=["yolo_7"])[0], last)
    assert net.getPerfProfile()[0] > 0


def test_rows_are_the_detections_of_the_detector(net, blob):
    net.setInput(blob)
    rows = net.forward()
    rows = rows[rows[:, 5:].max(1) > 0.5]
    network = dt.load(CFG, WEIGHTS)
    detector = dt.Detector(network, threshold=0.5, nms_threshold=0, resize="opencv")
    found = detector(opencv.imread(str(PICTURE)))
    assert len(found) == len(rows) >= 4
    order = np.argsort(-rows[:, 5:].max(1), kind="stable")
    # Another epsilon in batch normalisation: 1e-6 instead of 1e-5.
    np.testing.assert_allclose(rows[order, :4], found.boxes_cxcywh_relative, atol=1e-3)
    np.testing.assert_array_equal(rows[order, 5:].argmax(1), found.class_ids)


def test_an_input_may_have_another_size_and_be_scaled_by_the_net(net, blob):
    net.setInput(blob[:, :, :128])
    assert net.forward().shape == (80, 8)
    net.setInput(np.concatenate((blob, blob)))
    assert net.forward().shape == (2, *ROWS)
    net.setInput(blob)
    wanted = net.forward("leaky_1")
    bytes_ = np.round(blob * 255).astype(np.uint8)
    net.setInput(bytes_, scalefactor=1 / 255)
    np.testing.assert_allclose(net.forward("leaky_1"), wanted, atol=1e-4)  # float32, 1/255 rounded
    net.setInput(bytes_, "", 1 / 255, (255, 0, 0))
    assert not np.allclose(net.forward("leaky_1"), wanted, atol=0.1)


def test_the_input_is_a_copy(net, blob):
    mine = blob.copy()
    net.setInput(mine)
    wanted = net.forward()
    mine[:] = 0
    np.testing.assert_array_equal(net.forward(), wanted)


def test_files_come_in_either_order_as_paths_or_bytes(blob):
    cfg, weights = CFG.read_bytes(), WEIGHTS.read_bytes()
    arrays = np.frombuffer(cfg, np.uint8), np.frombuffer(weights, np.uint8)
    nets = [
        dnn.readNetFromDarknet(CFG, WEIGHTS),
        dnn.readNetFromDarknet(cfg, weights),
        dnn.readNetFromDarknet(*arrays),
        dnn.readNet(str(WEIGHTS), str(CFG)),
        dnn.readNet(str(CFG), str(WEIGHTS)),
        dnn.readNet(str(CFG), str(WEIGHTS), "darknet"),
        dnn.readNet("darknet", weights, cfg),
    ]
    outputs = []
    for net in nets:
        net.setInput(blob)
        outputs.append(net.forward())
    for output in outputs[1:]:
        np.testing.assert_array_equal(output, outputs[0])


def test_other_files_are_opencvs_own_business(tmp_path):
    with pytest.raises(opencv.error):
        dnn.readNet(str(tmp_path / "none.onnx"))


def test_bytes_left_over_are_ignored_and_too_few_are_an_error():
    weights = WEIGHTS.read_bytes()
    assert not dnn.readNetFromDarknet(CFG, weights + b"12345678").empty()
    with pytest.raises(dt.WeightsError, match="ends inside layer 6"):
        dnn.readNetFromDarknet(CFG, weights[:-8])
    first_layer = 20 + 4 * (4 * 12 + 12 * 27)
    with pytest.raises(dt.WeightsError, match=r"ends before the network does.*1 of 8 layers"):
        dnn.readNetFromDarknet(CFG, weights[:first_layer])


def test_a_layer_that_nobody_reads_is_an_output():
    text = CLASSIFIER.replace("[softmax]", "[softmax]\n[route]\nlayers=2")
    assert net_of(text).getUnconnectedOutLayersNames() == ("softmax_5", "identity_7")


def region_net(extra, bias=0.0):
    """A net of one [region] whose convolution gives its biases alone: t0 is `bias`, others 0."""
    head = f"[region]\nanchors=4,4\nnum=1\nclasses=3\nsoftmax=1\n{extra}"
    layer = "[convolutional]\nfilters=8\nactivation=linear\n"
    text = f"[net]\nwidth=32\nheight=32\nchannels=3\n{layer}{head}"
    biases = np.array([0, 0, 0, 0, bias, 0, 0, 0], np.float32).tobytes()
    net = dnn.readNetFromDarknet(as_array(text), HEADER + biases + bytes(4 * 24))
    net.setInput(np.zeros((1, 3, 8, 8), np.float32))
    return net


def test_region_gives_parts_of_the_objectness_and_suppresses():
    rows = region_net("").forward()
    assert rows.shape == (64, 8)
    # The first box: centre of its cell, four cells large, each class a third of a half.
    wanted = [0.5 / 8, 0.5 / 8, 4 / 8, 4 / 8, 0.5, 1 / 6, 1 / 6, 1 / 6]
    np.testing.assert_allclose(rows[0], wanted, atol=1e-6)  # float32
    assert not rows[1, 5:].any()  # its neighbour, whose box overlaps by more than 0.4
    assert rows[6, 5:].all()
    assert not region_net("thresh=0.2\n").forward()[:, 5:].any()


def test_region_overlooks_nms_threshold_as_opencvs_importer_does():
    with pytest.warns(dt.CfgWarning, match="nms_threshold"):
        rows = region_net("nms_threshold=0\n").forward()
    np.testing.assert_array_equal(rows, region_net("").forward())


def test_classfix_drops_what_is_less_sure_than_a_half():
    assert region_net("classfix=0\n", bias=-0.1).forward()[:, 5:].any()
    rows = region_net("classfix=-1\n", bias=-0.1).forward()
    assert not rows[:, 5:].any()
    assert (rows[:, 4] > 0.4).all()
    assert region_net("classfix=-1\n", bias=0.1).forward()[:, 5:].any()


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("[local]\nfilters=4\nsize=1\nactivation=linear\n", r"<cfg>:5: .*knows no \[local\]"),
        ("[convolutional]\nactivation=elu\n", "knows no activation=elu: expected linear, leaky"),
        ("[region]\nanchors=1,1\nnum=1\nclasses=3\ncoords=4\n", "knows softmax=1 without a tree"),
    ],
)
def test_what_opencv_refuses_is_refused(layer, message):
    text = f"[net]\nwidth=32\nheight=32\nchannels=8\n{layer}"
    with pytest.raises(dt.UnsupportedError, match=message):
        net_of(text)


def test_what_cannot_be_computed_says_why(net, blob):
    with pytest.raises(dt.UsageError, match=r"no input yet; call setInput\(blob\) first"):
        net.forward()
    with pytest.raises(dt.UsageError, match="no such input: expected 'data', got 'x'"):
        net.setInput(blob, "x")
    with pytest.raises(
        dt.UsageError, match=r"expected \[N, 3, 160, 160\], got \[1, 1, 160, 160\]"
    ):
        net.setInput(blob[:, :1])
    net.setInput(blob)
    with pytest.raises(dt.UsageError, match=r"no such layer.*got 'leaky_9'; did you mean 'leaky_"):
        net.forward("leaky_9")
    with pytest.raises(dt.UnsupportedError, match=r"'bn_0' is a part .*; ask for 'leaky_1'"):
        net.forward("bn_0")
    with pytest.raises(dt.UsageError, match=r"no such layer.*got 99"):
        net.getLayer(99)
    with pytest.raises(dt.UsageError, match="one input"):
        net.setInputsNames(["a", "b"])


def test_a_size_that_does_not_suit_the_network_is_named():
    with pytest.warns(dt.CfgWarning, match="thresh"):
        net = dnn.readNetFromDarknet(as_array(LAYERS), zeros_for(LAYERS))
    net.setInput(np.zeros((1, 3, 64, 36), np.float32))
    with pytest.raises(dt.UsageError, match=r"such as 64x64, got \[1, 3, 64, 36\]"):
        net.forward()


def test_a_net_without_weights_has_names_only(blob):
    net = dnn.readNetFromDarknet(CFG)
    assert net.getLayerNames()[:6] == NAMES_PREFIX
    net.setInput(blob)
    with pytest.raises(dt.UsageError, match=r"no weights; give readNetFromDarknet the \.weights"):
        net.forward()
    assert dnn.Net().empty()
    with pytest.raises(dt.UsageError, match="the net is empty"):
        dnn.Net().forward()


def test_inputs_can_be_named(net, blob):
    net.setInputsNames(["picture"])
    net.setInput(blob, "picture")
    assert net.forward().shape == ROWS


def test_backends_and_targets_are_accepted(net, blob):
    net.setPreferableBackend(opencv.dnn.DNN_BACKEND_OPENCV)
    net.setPreferableTarget(opencv.dnn.DNN_TARGET_CPU)
    net.enableFusion(False)
    net.enableWinograd(False)
    net.setInput(blob)
    assert net.forward().shape == ROWS


def test_a_cuda_target_without_cuda_warns_and_stays_on_the_cpu(net, blob, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.warns(RuntimeWarning, match="no CUDA here; the net stays on the CPU"):
        net.setPreferableTarget(opencv.dnn.DNN_TARGET_CUDA)
    net.setInput(blob)
    assert net.forward().shape == ROWS


def test_the_stand_in_is_cv2_but_for_darknets_nets():
    assert cv2.imread is opencv.imread
    assert cv2.IMREAD_COLOR == opencv.IMREAD_COLOR
    assert cv2.dnn is dnn
    assert cv2.dnn.blobFromImage is opencv.dnn.blobFromImage
    assert cv2.dnn.DNN_TARGET_CUDA == 6
    assert cv2.dnn_DetectionModel is dnn.DetectionModel
    assert cv2.dnn_Net is dnn.Net
    assert not hasattr(cv2.dnn, "readNetFromNowhere")


def test_opencvs_own_module_is_left_alone():
    code = (
        "import cv2, darknet_torch.compat.opencv as dnn\n"
        "assert cv2.dnn.Net is not dnn.Net and cv2.dnn is not dnn\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def zeros_for(text):
    """A weight file of zeros for the network of `text`."""
    network = build(read_sections(text.encode()))
    count = sum(slot.tensor.numel() for _, slot in network.slots())
    return HEADER + bytes(4 * count)
