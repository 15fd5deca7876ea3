"""The toy model for the tests of compat.darknet, and darknet.py's names."""

import ctypes

from darknet_torch.compat import darknet
from tests.toy import files

CFG, WEIGHTS, NAMES = (str(path) for path in (files.CFG, files.WEIGHTS, files.NAMES))
# The names that darknet.py defines and scripts can use.
DARKNET_PY = """BOX DETECTION DETECTIONPtr DETNUMPAIR DETNUMPAIRPtr FloatPtr IMAGE IntPtr METADATA
bbox2points class_colors copy_image_from_bytes decode_detection detect_image do_nms_obj do_nms_sort
draw_boxes free_batch_detections free_detections free_image free_network_ptr free_ptrs
get_network_boxes init_cpu letterbox_image load_image load_meta load_net load_net_custom
load_network make_image network_height network_predict network_predict_batch network_width
non_max_suppression_fast predict predict_image predict_image_letterbox print_detections
remove_negatives remove_negatives_faster reset_rnn rgbgr_image set_gpu""".split()


def boxes_of(network, threshold=0.25, relative=0):
    """The boxes of the last picture, and their number."""
    count = ctypes.pointer(ctypes.c_int(0))
    found = darknet.get_network_boxes(network, 160, 160, threshold, 0.5, None, relative, count, 0)
    return found, count[0]
