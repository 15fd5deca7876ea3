"""AlexeyAB's darknet.py without its C library: a script changes one import only.

    from darknet_torch.compat import darknet

Names, signatures and results are those of darknet.py. Networks are Python objects instead of C
pointers; IMAGE, DETECTION and the others are ctypes structures, as in darknet.py. Functions of the
C library that darknet.py does not name itself, reached through ``lib``, are missing here.
"""

from ctypes import POINTER, c_float, c_int

from darknet_torch.compat.darknet.boxes import (
    do_nms_obj,
    do_nms_sort,
    free_batch_detections,
    free_detections,
    free_ptrs,
    get_network_boxes,
    network_predict_batch,
)
from darknet_torch.compat.darknet.listing import (
    bbox2points,
    class_colors,
    draw_boxes,
    non_max_suppression_fast,
    print_detections,
)
from darknet_torch.compat.darknet.networks import (
    free_network_ptr,
    init_cpu,
    load_meta,
    load_net,
    load_net_custom,
    network_height,
    network_predict,
    network_width,
    predict_image,
    predict_image_letterbox,
    reset_rnn,
    set_gpu,
)
from darknet_torch.compat.darknet.pictures import (
    copy_image_from_bytes,
    free_image,
    letterbox_image,
    load_image,
    make_image,
    resize_image,
    rgbgr_image,
)
from darknet_torch.compat.darknet.results import (
    decode_detection,
    detect_image,
    load_network,
    remove_negatives,
    remove_negatives_faster,
)
from darknet_torch.compat.darknet.structures import (
    BOX,
    DETECTION,
    DETNUMPAIR,
    IMAGE,
    METADATA,
    DETECTIONPtr,
    DETNUMPAIRPtr,
    FloatPtr,
    IntPtr,
)

predict = network_predict

__all__ = [
    "BOX",
    "DETECTION",
    "DETNUMPAIR",
    "IMAGE",
    "METADATA",
    "POINTER",
    "DETECTIONPtr",
    "DETNUMPAIRPtr",
    "FloatPtr",
    "IntPtr",
    "bbox2points",
    "c_float",
    "c_int",
    "class_colors",
    "copy_image_from_bytes",
    "decode_detection",
    "detect_image",
    "do_nms_obj",
    "do_nms_sort",
    "draw_boxes",
    "free_batch_detections",
    "free_detections",
    "free_image",
    "free_network_ptr",
    "free_ptrs",
    "get_network_boxes",
    "init_cpu",
    "letterbox_image",
    "load_image",
    "load_meta",
    "load_net",
    "load_net_custom",
    "load_network",
    "make_image",
    "network_height",
    "network_predict",
    "network_predict_batch",
    "network_width",
    "non_max_suppression_fast",
    "predict",
    "predict_image",
    "predict_image_letterbox",
    "print_detections",
    "remove_negatives",
    "remove_negatives_faster",
    "reset_rnn",
    "resize_image",
    "rgbgr_image",
    "set_gpu",
]
