"""The module that replaces cv2."""

import cv2 as opencv

from darknet_torch.compat import opencv as dnn
from darknet_torch.compat.opencv import cv2


def test_the_stand_in_has_the_names_of_cv2_and_our_nets():
    assert cv2.imread is opencv.imread
    assert cv2.IMREAD_COLOR == opencv.IMREAD_COLOR
    assert cv2.dnn is dnn
    assert cv2.dnn.blobFromImage is opencv.dnn.blobFromImage
    assert cv2.dnn.DNN_TARGET_CUDA == 6
    assert cv2.dnn_DetectionModel is dnn.DetectionModel
    assert cv2.dnn_Net is dnn.Net
    assert not hasattr(cv2.dnn, "readNetFromNowhere")


def test_cv2_itself_is_not_changed():
    assert opencv.dnn is not dnn
    assert opencv.dnn.Net is not dnn.Net
