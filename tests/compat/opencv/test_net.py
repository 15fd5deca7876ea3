"""Net: inputs, outputs and errors."""

import cv2 as opencv
import numpy as np
import pytest

import darknet_torch as dt
from darknet_torch.compat import opencv as dnn
from darknet_torch.compat.opencv.importer import build, read_sections
from tests.compat.models import LAYERS
from tests.compat.opencv.nets import HEADER, NAMES_PREFIX, ROWS, as_array
from tests.toy.files import CFG, PICTURE, WEIGHTS


def test_forward_accepts_no_name_one_name_or_several(net, blob):
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


def test_rows_equal_the_detections_of_detector(net, blob):
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


def test_the_input_may_have_another_size_and_is_scaled_by_the_net(net, blob):
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


def test_errors_say_why_nothing_can_be_computed(net, blob):
    with pytest.raises(dt.UsageError, match=r"no input yet; call setInput\(blob\) first"):
        net.forward()
    with pytest.raises(dt.UsageError, match="no such input: expected 'data', got 'x'"):
        net.setInput(blob, "x")
    with pytest.raises(
        dt.UsageError, match=r"expected \[N, 3, 160, 160\], got \[1, 1, 160, 160\]"
    ):
        net.setInput(blob[:, :1])
    net.setInput(blob)
    with pytest.raises(dt.UsageError, match="exactly one input"):
        net.setInputsNames(["a", "b"])


def test_an_input_of_an_unsuitable_size_is_an_error():
    with pytest.warns(dt.CfgWarning, match="thresh"):
        net = dnn.readNetFromDarknet(as_array(LAYERS), zeros_for(LAYERS))
    net.setInput(np.zeros((1, 3, 64, 36), np.float32))
    with pytest.raises(dt.UsageError, match=r"such as 64x64, got \[1, 3, 64, 36\]"):
        net.forward()


def test_a_net_without_weights_has_layer_names_only(blob):
    net = dnn.readNetFromDarknet(CFG)
    assert net.getLayerNames()[:6] == NAMES_PREFIX
    net.setInput(blob)
    with pytest.raises(dt.UsageError, match=r"no weights; give readNetFromDarknet the \.weights"):
        net.forward()
    assert dnn.Net().empty()
    with pytest.raises(dt.UsageError, match="the net is empty"):
        dnn.Net().forward()


def test_the_input_can_be_named(net, blob):
    net.setInputsNames(["picture"])
    net.setInput(blob, "picture")
    assert net.forward().shape == ROWS


def test_backends_and_targets_have_no_effect(net, blob):
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


def zeros_for(text):
    """A weight file of zeros for the network of `text`."""
    network = build(read_sections(text.encode()))
    count = sum(slot.tensor.numel() for _, slot in network.slots())
    return HEADER + bytes(4 * count)


def test_the_network_normalizes_the_blob_as_its_cfg_says(blob, tmp_path):
    cfg = tmp_path / "toy.cfg"
    cfg.write_text(CFG.read_text().replace("[net]", "[net]\nnormalize=imagenet"))
    own, plain = (dnn.readNetFromDarknet(str(path), str(WEIGHTS)) for path in (cfg, CFG))
    own.setInput(blob)
    mean, deviation = (
        np.array(values, np.float32)[:, None, None]
        for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    plain.setInput((blob - mean) / deviation)
    for name in ("leaky_1", "yolo_7"):
        np.testing.assert_allclose(own.forward(name), plain.forward(name), rtol=1e-3, atol=1e-4)
