"""The commands of Darknet that are not here, and what to do instead. No torch."""

from __future__ import annotations

_WEIGHTS = "compute with the arrays of darknet_torch.load, and write them with write_weights"
_OTHER_NETWORK = "its cfg may load all the same: dtorch info CFG shows its layers"

# Source: darknet.c main (both code bases), darknet_cli.cpp main (hank-ai).
ABSENT = {
    "3d": "blend pictures with a program for pictures",
    "art": _OTHER_NETWORK,
    "captcha": _OTHER_NETWORK,
    "cfglayers": "show the layers of a cfg with dtorch info CFG",
    "cifar": "train it with dtorch train, and measure it with dtorch eval",
    "coco": "use dtorch detector, with coco.data",
    "compare": _OTHER_NETWORK,
    "denormalize": "fold normalisation with dtorch convert WEIGHTS OUT.onnx --fold",
    "dice": _OTHER_NETWORK,
    "go": _OTHER_NETWORK,
    "imtest": "draw pictures as they are trained on with dtorch train --show-batch PNG",
    "isegmenter": _OTHER_NETWORK,
    "lsd": _OTHER_NETWORK,
    "mkimg": "read the arrays of darknet_torch.load",
    "nightmare": "there is nothing like it here",
    "normalize": _WEIGHTS,
    "oneoff": _WEIGHTS,
    "oneoff2": _WEIGHTS,
    "ops": "dtorch info CFG counts the operations",
    "print": "dtorch statistics CFG WEIGHTS describes all arrays",
    "regressor": _OTHER_NETWORK,
    "rescale": _WEIGHTS,
    "reset": _WEIGHTS,
    "rgbgr": _WEIGHTS,
    "segmenter": _OTHER_NETWORK,
    "speed": "dtorch detect prints the milliseconds of each picture",
    "super": _OTHER_NETWORK,
    "tag": _OTHER_NETWORK,
    "test": "draw pictures as they are trained on with dtorch train --show-batch PNG",
    "vid": _OTHER_NETWORK,
    "visualize": "dtorch statistics CFG WEIGHTS describes all arrays",
    "voxel": _OTHER_NETWORK,
    "writing": _OTHER_NETWORK,
    "yolo": "use dtorch detector, with voc.data",
}

# Programs of hank-ai's, as docs/migration-from-darknet.md lists them.
PROGRAMS = {
    "darknet": "leave the word out",
    "darknet_01_inference_images": "dtorch detect --cfg CFG PICTURE",
    "darknet_02_display_annotated_images": "dtorch detect --cfg CFG --show PICTURE",
    "darknet_03_display_videos": "dtorch detect --cfg CFG --show PICTURE",
    "darknet_04_process_videos": "dtorch detect --cfg CFG --save DIR VIDEO",
    "darknet_05_process_videos_multithreaded": "dtorch detect --cfg CFG --save DIR VIDEO",
    "darknet_06_images_to_json": "dtorch detect --cfg CFG --format json --out FILE PICTURE",
    "darknet_07_display_rtsp_stream": "dtorch detect --cfg CFG --show 0, or the URL of the stream",
    "darknet_08_display_webcam": "dtorch detect --cfg CFG --show 0, or the URL of the stream",
    "darknet_09_keypoints_images": "keypoints are classes like any others; no skeletons are drawn",
    "darknet_10_keypoints_videos": "keypoints are classes like any others; no skeletons are drawn",
    "darknet_11_images_to_yolo": "dtorch detect --cfg CFG --format txt --out DIR PICTURE",
    "darknet_onnx_export": "dtorch convert --cfg CFG WEIGHTS OUT.onnx, with --decode for boxes",
}
