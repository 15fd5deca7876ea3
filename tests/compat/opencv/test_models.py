"""DetectionModel and ClassificationModel: settings, types and errors."""

import cv2 as opencv
import numpy as np
import pytest

import darknet_torch as dt
from darknet_torch.compat import opencv as dnn
from tests.compat.models import make
from tests.toy import files
from tests.toy.files import PICTURE

CFG, WEIGHTS = str(files.CFG), str(files.WEIGHTS)


@pytest.fixture(scope="module")
def frame():
    return opencv.imread(str(PICTURE))


@pytest.fixture
def model():
    made = dnn.DetectionModel(WEIGHTS, CFG)
    made.setInputParams(1 / 255, (160, 160), swapRB=True)
    return made


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    files = make("classifier", tmp_path_factory.mktemp("models"))
    return dnn.readNetFromDarknet(files.cfg, files.weights)


def test_detections_have_the_types_and_order_of_opencv(model, frame):
    class_ids, confidences, boxes = model.detect(frame, confThreshold=0.3, nmsThreshold=0.4)
    assert (class_ids.dtype, confidences.dtype, boxes.dtype) == (np.int32, np.float32, np.int32)
    assert boxes.shape == (len(class_ids), 4)
    order = np.lexsort((-confidences, class_ids))
    np.testing.assert_array_equal(order, np.arange(len(order)))
    assert class_ids.flatten().tolist() == class_ids.tolist()


def test_without_detections_three_empty_tuples_are_returned(model, frame):
    assert model.detect(frame, 1.1, 0.4) == ((), (), ())
    assert model.detect(np.zeros_like(frame), 0.9) == ((), (), ())


def test_boxes_lie_inside_the_picture(model, frame):
    _, _, boxes = model.detect(frame, 0.2)
    height, width = frame.shape[:2]
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] >= 1).all()
    assert (boxes[:, 0] + boxes[:, 2] <= width).all()
    assert (boxes[:, 1] + boxes[:, 3] <= height).all()


def test_nms_across_classes_keeps_fewer_boxes(model, frame):
    assert model.getNmsAcrossClasses() is False
    apart = model.detect(frame, 0.21, 0.01)[0]
    assert model.setNmsAcrossClasses(True) is model
    assert model.getNmsAcrossClasses() is True
    together = model.detect(frame, 0.21, 0.01)[0]
    assert 0 < len(together) <= len(apart)
    scores = model.detect(frame, 0.21, 0.01)[1]
    np.testing.assert_array_equal(scores, np.sort(scores)[::-1])


def test_single_setters_have_the_effect_of_set_input_params(model, frame):
    wanted = model.predict(frame)
    other = dnn.DetectionModel(dnn.readNet(WEIGHTS, CFG))
    other.setInputSize(160, 160).setInputScale(1 / 255).setInputSwapRB(True).setInputCrop(False)
    other.setInputMean((0, 0, 0)).setPreferableBackend(0).setPreferableTarget(0)
    np.testing.assert_array_equal(other.predict(frame), wanted)
    other.setInputSize(np.array((128, 96))).enableWinograd(False)
    assert other.predict(frame)[0].shape == (8 * 6, 8)
    other.setInputSize((160, 160)).setInputScale((1 / 255, 1 / 255, 1 / 255))
    np.testing.assert_array_equal(other.predict(frame), wanted)
    other.setOutputNames(["leaky_1", "yolo_7"])
    assert [blob.shape for blob in other.predict(frame)] == [(1, 12, 80, 80), (100, 8)]


def test_without_a_size_the_size_of_the_cfg_is_used(frame):
    assert dnn.DetectionModel(WEIGHTS, CFG).predict(frame)[0].shape == (100, 8)


def test_a_detection_model_turns_off_the_nms_of_its_net(frame, tmp_path):
    cfg = tmp_path / "nms.cfg"
    cfg.write_text(files.CFG.read_text() + "\nnms_threshold=0.1\n")
    with pytest.warns(dt.CfgWarning, match="nms_threshold"):
        net = dnn.readNetFromDarknet(cfg, WEIGHTS)
    net.setInput(opencv.dnn.blobFromImage(frame, 1 / 255, (160, 160), swapRB=True))
    with_nms = np.count_nonzero(net.forward()[:, 5:])
    dnn.DetectionModel(net)
    assert np.count_nonzero(net.forward()[:, 5:]) > with_nms > 0


def test_classify_returns_an_int_and_a_float(classifier, frame):
    model = dnn.ClassificationModel(classifier)
    class_id, score = model.classify(frame)
    assert type(class_id) is int
    assert type(score) is float
    assert model.getEnableSoftmaxPostProcessing() is False
    assert model.setEnableSoftmaxPostProcessing(True) is model
    assert model.getEnableSoftmaxPostProcessing() is True
    again, flatter = model.classify(frame)
    assert again == class_id
    assert 1 / 5 < flatter < score


def test_models_refuse_nets_of_the_other_kind(classifier, frame, tmp_path):
    with pytest.raises(dt.UnsupportedError, match=r"got Identity; use Classification"):
        dnn.DetectionModel(classifier).detect(frame)
    files = make("layers", tmp_path)
    with pytest.warns(dt.CfgWarning):
        model = dnn.ClassificationModel(files.cfg, files.weights)
    with pytest.raises(dt.UnsupportedError, match=r"got yolo_18, yolo_22; use DetectionModel"):
        model.classify(frame)


def test_a_net_of_opencv_itself_is_refused():
    with pytest.raises(dt.UnsupportedError, match=r"use OpenCV's own cv2\.dnn\.DetectionModel"):
        dnn.DetectionModel(opencv.dnn.Net())
