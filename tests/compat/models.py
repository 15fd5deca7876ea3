"""The networks on which compat.opencv and OpenCV 4 are compared."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import darknet_torch as dt
from darknet_torch.cfg.zoo import definitions_folder
from darknet_torch.model.network import WeightsHeader
from tests.conftest import ROOT, reference_folder
from tests.toy.files import CFG, PICTURE, WEIGHTS
from tools.records import cfg_text, read_record, weight_file

RECORDS = ROOT / "tests/parity/data/forward"

# Each layer type and activation function that OpenCV's importer supports, once.
LAYERS = """[net]
width=64
height=64
channels=3
[convolutional]
filters=8
size=3
stride=2
pad=1
batch_normalize=1
activation=leaky
[convolutional]
filters=8
size=1
batch_normalize=1
activation=mish
[shortcut]
from=-2
activation=leaky
[avgpool]
[convolutional]
filters=8
size=1
activation=swish
[convolutional]
filters=8
size=1
activation=logistic
[scale_channels]
from=2
[convolutional]
filters=8
size=3
pad=1
groups=2
batch_normalize=1
activation=relu
[sam]
from=6
[route]
layers=-1
groups=2
group_id=1
[maxpool]
size=2
stride=2
[maxpool]
size=3
stride=1
[convolutional]
filters=8
size=3
pad=1
activation=tanh
[reorg]
stride=2
[convolutional]
filters=16
size=1
activation=leaky
[upsample]
stride=2
[route]
layers=15,12
[convolutional]
filters=24
size=1
activation=linear
[yolo]
mask=0,1,2
anchors=8,9, 15,12, 25,30, 40,40
num=4
classes=3
thresh=0.1
nms_threshold=0.45
scale_x_y=1.1
[route]
layers=14
[dropout]
probability=.5
[convolutional]
filters=8
size=1
activation=logistic
[yolo]
mask=3
anchors=8,9, 15,12, 25,30, 40,40
num=4
classes=3
scale_x_y=2
new_coords=1
"""
INNER = (
    "leaky_1 mish_2 leaky_3 avgpool_3 swish_5 logistic_6 scale_channels_6 relu_8 sam_8 slice_9 "
    "pool_10 pool_11 tanh_13 reorg_13 leaky_15 upsample_15 concat_16 conv_17 permute_18 "
    "identity_19 identity_20 logistic_22"
).split()
CLASSIFIER = """[net]
width=32
height=24
channels=3
[crop]
crop_width=28
crop_height=20
noadjust=1
[convolutional]
filters=8
size=3
stride=2
batch_normalize=1
activation=leaky
[connected]
output=12
activation=tanh
[dropout]
probability=.5
[connected]
output=5
activation=linear
[softmax]
[cost]
type=sse
"""
CLASSIFIER_INNER = "crop_0 leaky_2 tanh_3 identity_3 fullyConnected_4 softmax_5".split()


@dataclass(frozen=True)
class Model:
    """The files of a network, and the picture to run it on.

    Attributes:
        inner: names of layers to compare besides the outputs.
        trained: whether its detections are compared; with random weights the boxes overlap so
            much that the last bit decides which ones remain.
    """

    cfg: Path
    weights: Path
    picture: Path = PICTURE
    inner: tuple[str, ...] = ()
    trained: bool = False


def make(name: str, folder: Path) -> Model | None:
    """Return the model of one of `NAMES`, or None if its files are missing.

    Args:
        name: one of `NAMES`.
        folder: where to write the files of a model that is not stored anywhere.
    """
    if name in INLINE:
        text, inner = INLINE[name]
        cfg, weights = folder / f"{name}.cfg", folder / f"{name}.weights"
        cfg.write_text(text)
        _save_seeded(cfg, weights)
        return Model(cfg, weights, inner=tuple(inner))
    if name in SEEDED:
        record = read_record(RECORDS / f"{name}.json")
        cfg, weights = folder / f"{name}.cfg", folder / f"{name}.weights"
        cfg.write_text(cfg_text(record, definitions_folder()), "latin-1")
        weight_file(record).tofile(weights)
        return Model(cfg, weights)
    if name == TOY:
        return Model(CFG, WEIGHTS, trained=True)
    reference = reference_folder()
    if reference is None:
        return None
    stem = reference.parent / "models" / name
    files = stem.with_name(f"{name}.cfg"), stem.with_name(f"{name}.weights")
    return Model(*files, picture=reference.parent / "images/dog.png", trained=True)


def _save_seeded(cfg: Path, weights: Path) -> None:
    """Write random weights with which the activations stay bounded."""
    random = np.random.RandomState(11)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dt.CfgWarning)  # thresh= is OpenCV's own
        network = dt.load(cfg)
    network.header = WeightsHeader(0, 2, 5)
    for _, slot in network.slots():
        values = random.random_sample(tuple(slot.tensor.shape)).astype("<f4")
        if slot.name == "weights":
            values = (values * 2 - 1) * np.float32(np.sqrt(6 / values[0].size))
        elif slot.name in ("rolling_variance", "scales"):
            values += np.float32(0.5)
        else:
            values -= np.float32(0.5)
        slot.tensor.data.numpy()[:] = values
    dt.write_weights(network, weights)


TOY = CFG.stem
INLINE = {"layers": (LAYERS, INNER), "classifier": (CLASSIFIER, CLASSIFIER_INNER)}
SEEDED = ("yolov3-tiny", "yolov4-tiny", "yolov2-tiny-voc", "yolov7-tiny", "darknet19")
SHARED = (
    "bccd",
    "yolo-fastest-1.1",
    "yolo-fastest-1.1-xl",
    "MobileNetV2-YOLO-Fastest-voc",
    "MobileNetV2-YOLOv3-Nano-coco",
)
NAMES = (*INLINE, *SEEDED, TOY, *SHARED)
