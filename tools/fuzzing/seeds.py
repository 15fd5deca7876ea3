"""Small valid files of every kind, made here: what the fuzzer starts from."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import torch

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.cfg.options import declared_options
from darknet_torch.loading.model import Model
from darknet_torch.loading.state_files import write_pt, write_safetensors
from darknet_torch.model.network import Network, build_network
from darknet_torch.model.registry import LAYER_TYPES
from darknet_torch.model.weights import write_values
from darknet_torch.training.saved_state import seal_state, write_state

NET = "[net]\nwidth=8\nheight=6\nchannels=4\n"
MODEL_CFG = NET + "[convolutional]\nfilters=3\nsize=1\nbatch_normalize=1\n[connected]\noutput=2\n"
_VERSIONS = ((0, 1, 0), (0, 2, 5), (1001, 2, 0))
_RAW_PICTURES = (b"P6 2 1 255\n\1\2\3\4\5\6", b"P1 2 1\n0 1\n", b"P5 1 1 65535\n\1\2")
_PICTURE_KINDS = (".png", ".jpg", ".bmp", ".webp", ".tiff", ".jp2", ".gif", ".ppm", ".hdr")


def cfgs() -> list[bytes]:
    """A cfg for each layer type, and one with comments and options of [net]."""
    spelt = b"# comment\n[net]\r\nwidth = 4\nheight=4\nchannels=3\nsteps=1,2\nscales=.1,.1\n"
    spelt += b"policy=steps\nlearning_rate=0.001\n;\n[conv]\nfilters=1\nactivation=leaky\n"
    return [spelt, *((NET + layer.example_cfg).encode() for layer in LAYER_TYPES)]


def cfg_words() -> list[str]:
    """Section names, and keys with their ``=``."""
    keys = {key for layer in LAYER_TYPES for key in declared_options(layer.Options)}
    sections = {name for layer in LAYER_TYPES for name in layer.section_names}
    return [f"[{name}]\n" for name in sorted(sections)] + [f"{key}=" for key in sorted(keys)]


@cache
def _network() -> Network:
    network = build_network(parse_cfg(MODEL_CFG))
    network.initialize()
    return network


def weight_files() -> list[bytes]:
    """The weights of `MODEL_CFG` with headers of three versions."""
    buffer = io.BytesIO()
    write_values(_network(), buffer)
    values = buffer.getvalue()
    headers = [struct.pack("<3i", *version) for version in _VERSIONS]
    sizes = ["<I" if version < (0, 2) else "<Q" for version in _VERSIONS]
    return [
        head + struct.pack(size, 64) + values for head, size in zip(headers, sizes, strict=True)
    ]


def data_files() -> list[bytes]:
    """Files with the keys of detectors and of classifiers."""
    return [
        b"classes = 2\ntrain = train.txt\nvalid=valid.txt\nnames = a.names\nbackup=backup\n",
        b"# comment\nclasses=3\nlabels=a b.list\ntop=5\ndifficult=d.txt\neval=coco\n",
    ]


def data_words() -> list[str]:
    """Keys of .data files."""
    return [f"{key}=" for key in "classes train valid test names labels difficult top".split()]


def lists() -> list[bytes]:
    """Lists of pictures, in several encodings and with several line ends."""
    text = "images/1.jpg\nC:\\a\\2.png\n\n/no/folder/é 3.JPEG\r\nhttp://127.0.0.1/4.png\n"
    return [text.encode(encoding) for encoding in ("utf-8", "latin-1", "utf-16")]


def names_files() -> list[bytes]:
    """Lists of class names."""
    return [b"dog\ntraffic light\n", "é\n\n".encode("latin-1"), "a\nb".encode("utf-16")]


def trees() -> list[bytes]:
    """Trees of classes, with and without groups."""
    return [b"group -1 4\n# comment\ngroup 0 2\ngroup 4 3\n", b"animal -1\ndog 0\ncat 0\ncar -1\n"]


def tree_words() -> list[str]:
    """The word that starts a line of several classes."""
    return ["group ", "-1"]


def label_files() -> list[bytes]:
    """Label files, one with a bad line."""
    return [b"0 .5 .5 .25 .25\n1 0.1 0.2 1e-2 3e-1\n", b"dog 1 2\n0 1 1 1 1 0.9\n", b""]


def coco_files() -> list[bytes]:
    """COCO files, without and with what tools add."""
    small: dict[str, Any] = {
        "images": [{"id": 1, "file_name": "1.jpg", "width": 8, "height": 6}],
        "categories": [{"id": 1, "name": "dog"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}],
    }
    more = json.loads(json.dumps(small))
    more["annotations"][0] |= {"iscrowd": 0, "area": 12.0, "segmentation": [[0, 0, 1, 1]]}
    more["categories"] = [
        {"id": "0", "name": "all", "supercategory": "none"},
        {"id": 1, "name": "dog", "supercategory": "all"},
    ]
    return [json.dumps(small).encode(), json.dumps(more, indent=1).encode("utf-16")]


def coco_words() -> list[str]:
    """Keys of COCO files, and constants of JSON."""
    keys = "images annotations categories id image_id category_id bbox file_name width height"
    words = [*keys.split(), *"name supercategory iscrowd area".split()]
    return [f'"{key}":' for key in words] + ["NaN", "Infinity", "null", "1e999", "[[", "{}"]


def voc_files() -> list[bytes]:
    """An annotation as labelling tools write it, with and without an encoding."""
    box = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox>"
    text = (
        "<annotation><filename>1.jpg</filename><size><width>8</width><height>6</height>"
        f"</size><object><name>dog</name><difficult>0</difficult>{box}</object></annotation>"
    )
    return [
        text.encode(),
        f'<?xml version="1.0" encoding="gb2312"?>{text}'.encode("gb2312"),
        f'<?xml version="1.0" encoding="utf-16"?>{text}'.encode("utf-16"),
    ]


def voc_words() -> list[str]:
    """Elements of annotations, and what XML has for attackers."""
    elements = "annotation object name bndbox xmin ymin xmax ymax size width height filename"
    return [f"<{name}>" for name in elements.split()] + [
        '<!DOCTYPE a [<!ENTITY b "c">]>',
        "&b;",
        'encoding="rot13"',
        'encoding="utf-7"',
        'encoding="idna"',
        "<![CDATA[",
    ]


def result_files() -> list[bytes]:
    """COCO's results."""
    record = {"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4.5], "score": 0.5}
    return [json.dumps([record, {**record, "category_id": 10}]).encode(), b"[]"]


def result_words() -> list[str]:
    """Keys of COCO's results, and constants of JSON."""
    keys = "image_id category_id bbox score".split()
    return [f'"{key}":' for key in keys] + ["NaN", "Infinity", "null", "1e999", "[[", "{}"]


def voc_result_files() -> list[bytes]:
    """Pascal VOC's results of one class, one of them with a name that has a space."""
    return [b"000000000001 0.5 1 2 3.5 4\nb c 1e-3 1 1 2 2\n"]


def txt_result_files() -> list[bytes]:
    """Results of one picture."""
    return [b"dog 0.5 1 2 3 4\ntraffic_light 0.25 0 0 8 6\n"]


def torch_files() -> list[bytes]:
    """State_dicts, one of this package and others, in today's format and the one before."""
    own = io.BytesIO()
    write_pt(Model(_network(), MODEL_CFG, ("a", "b")), own)
    state = _network().state_dict()
    old, checkpoint = io.BytesIO(), io.BytesIO()
    torch.save(state, old, _use_new_zipfile_serialization=False)
    torch.save({"state_dict": state, "epoch": 1}, checkpoint)
    return [own.getvalue(), old.getvalue(), checkpoint.getvalue()]


@cache
def _own_archive() -> bytes:
    return torch_files()[0]


@cache
def _own_state() -> bytes:
    parts = {"weights": "", "replaces": "", "record": {"layers": [], "settings": {}}}
    buffer = io.BytesIO()
    write_state({**parts, "iteration": 1, "random": torch.zeros(2)}, buffer)
    return buffer.getvalue()


def pickles() -> list[bytes]:
    """The pickle inside of a .pt file of this package."""
    return [_pickle_in(_own_archive())]


def state_pickles() -> list[bytes]:
    """The pickle inside of the state of a run."""
    return [_pickle_in(_own_state())]


def _pickle_in(archive: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        return file.read(next(name for name in file.namelist() if name.endswith("data.pkl")))


def torch_archive(pickle: bytes) -> bytes:
    """A .pt file of this package with another pickle, and right checksums."""
    return _with_pickle(_own_archive(), pickle)


def state_file(pickle: bytes) -> bytes:
    """The state of a run with another pickle, and right checksums."""
    return seal_state(_with_pickle(_own_state(), pickle))


def _with_pickle(archive: bytes, pickle: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as original, zipfile.ZipFile(buffer, "w") as file:
        for name in original.namelist():
            is_pickle = name.endswith("data.pkl")
            file.writestr(name, pickle if is_pickle else original.read(name))
    return buffer.getvalue()


def safetensors_files() -> list[bytes]:
    """A state_dict of this package, with its metadata."""
    own = io.BytesIO()
    write_safetensors(Model(_network(), MODEL_CFG, ("a", "b")), own)
    return [own.getvalue()]


def pictures() -> list[bytes]:
    """A picture in each format that OpenCV writes, and some by hand."""
    image = np.arange(32 * 32 * 3, dtype=np.uint16).astype(np.uint8).reshape(32, 32, 3)
    encoded = []
    for suffix in _PICTURE_KINDS:
        done, data = cv2.imencode(suffix, image)
        assert done, suffix
        encoded.append(data.tobytes())
    return [*encoded, *_RAW_PICTURES]


def videos() -> list[bytes]:
    """Two frames of 16 x 16 pixels in each container."""
    return [_video(*kind) for kind in ((".avi", "MJPG"), (".mp4", "mp4v"))]


def _video(suffix: str, codec: str) -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"video{suffix}"
        writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*codec), 10, (16, 16))
        for value in (50, 200):
            writer.write(np.full((16, 16, 3), value, np.uint8))
        writer.release()
        return file.read_bytes()
