"""The published weight files: names, sizes, digests, and the servers that have them."""

from __future__ import annotations

import os
from dataclasses import dataclass

from darknet_torch.cfg.zoo import nearest_model
from darknet_torch.errors import UsageError

MIRROR = "DTORCH_MIRROR"
_SUFFIX = ".weights"
_SHORT_HEADER = 4  # how many bytes shorter a header of version 0.1 is than one of 0.2

# The second redirects to the first, except when it answers with a web page.
_PJREDDIE = ("https://data.pjreddie.com/files", "https://pjreddie.com/media/files")
_RELEASES = "https://github.com/AlexeyAB/darknet/releases/download"
_V3 = f"{_RELEASES}/darknet_yolo_v3_optimal"
_V4_PRE = f"{_RELEASES}/darknet_yolo_v4_pre"
_V4 = f"{_RELEASES}/yolov4"
_HANK = "https://github.com/hank-ai/darknet/releases/download/v2.0"


@dataclass(frozen=True)
class Published:
    """A published weight file.

    Attributes:
        name: of the file.
        size: its length in bytes with a header of version 0.2.
        servers: folders that have it, as URLs without a final slash, the best first.
        digests: of the copies known to be good, as ``md5:...``, ``sha1:...`` or
            ``sha256:...``; a file has to match one of them. Empty if none is known.
        definition: the shipped definition that it belongs to, if that has another name.
        part_of: the published file that this one is cut from, if it is not published itself.
        starts: the shipped definitions whose training usually starts from it.
    """

    name: str
    size: int
    servers: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    definition: str = ""
    part_of: str = ""
    starts: tuple[str, ...] = ()

    @property
    def sizes(self) -> tuple[int, int]:
        """The lengths in bytes that it may have, with a header of version 0.2 and of 0.1.

        Source: parser.c load_weights_upto.
        """
        return self.size, self.size - _SHORT_HEADER

    @property
    def names(self) -> tuple[str, ...]:
        """The names it is found by: with and without .weights, and its definition's name."""
        short = self.name.removesuffix(_SUFFIX)
        return tuple(dict.fromkeys(filter(None, (short, self.name, self.definition))))

    @property
    def definition_name(self) -> str:
        """The name of the definition that it belongs to, whether or not that is shipped."""
        return self.definition or self.name.removesuffix(_SUFFIX)

    def urls(self) -> list[str]:
        """Its URLs in the order to try them; the folders in DTORCH_MIRROR replace the servers."""
        mirrors = os.environ.get(MIRROR, "").split()
        return [f"{server.rstrip('/')}/{self.name}" for server in mirrors or self.servers]


# Source: the web pages of both code bases; the sizes follow from their cfgs.
PUBLISHED = (
    Published(
        "yolov2.weights",
        203_934_264,
        (*_PJREDDIE, _HANK),
        ("md5:70d89ba2e180739a1c700a9ff238e354",),
    ),
    Published(
        "yolo-voc.weights",
        202_704_264,
        _PJREDDIE,
        ("sha1:1cc1a7f8ad12d563d85b76e9de025dc28ac397bb",),
        definition="yolov2-voc",
    ),
    Published("yolov2-tiny.weights", 44_948_600, (*_PJREDDIE, _HANK)),
    Published(
        "yolov2-tiny-voc.weights",
        63_471_560,
        _PJREDDIE,
        ("sha1:24b4bd049fc4fa5f5e95f684a8967e65c625dff9",),
    ),
    Published("yolo9000.weights", 195_230_024, _PJREDDIE),
    Published("darknet19_448.conv.23", 79_327_124, _PJREDDIE, starts=("yolov2", "yolov2-voc")),
    Published(
        "yolov3.weights",
        248_007_048,
        (*_PJREDDIE, _HANK),
        (
            "md5:c84e5b99d0e52cd466ae710cadf6d84c",
            "sha1:520878f12e97cf820529daea502acca380f1cb8e",
        ),
    ),
    Published(
        "yolov3-tiny.weights",
        35_434_956,
        (*_PJREDDIE, _HANK),
        ("md5:3bcd6b390912c18924b46b26a9e7ff53",),
    ),
    Published(
        "yolov3-tiny.conv.11",
        6_303_188,
        part_of="yolov3-tiny.weights",
        starts=("yolov3-tiny", "yolov3-tiny-prn"),
    ),
    Published("yolov3-tiny.conv.15", 30_973_396, part_of="yolov3-tiny.weights"),
    Published("yolov3-spp.weights", 252_209_544, _PJREDDIE),
    Published("yolov3-openimages.weights", 259_229_388, _PJREDDIE),
    Published(
        "darknet53.conv.74",
        162_482_580,
        _PJREDDIE,
        starts=("yolov3", "yolov3-voc", "yolov3-spp", "Gaussian-yolov3"),
    ),
    Published(
        "yolov4.weights",
        257_717_640,
        (_V3, _V4, _HANK),
        (
            "sha1:0143deb6c46fcc7f74dd35bf3c14edc3784e99ee",
            "sha256:8463fde6ee7130a947a73104ce73c6fa88618a9d9ecd4a65d0b38f07e17ec4e4",
        ),
    ),
    Published("yolov4.conv.137", 170_038_676, (_V3,), starts=("yolov4", "yolov4-custom")),
    Published(
        "yolov4-tiny.weights",
        24_251_276,
        (_V4_PRE, _V4, _HANK),
        (
            "sha1:451caaab22fb9831aa1a5ee9b5ba74a35ffa5dcb",
            "sha256:cf9fbfd0f6d4869b35762f56100f50ed05268084078805f0e7989efe5bb8ca87",
            "sha1:d110379b7b86899226b591ad4affc7115f707157",  # as first released
        ),
    ),
    Published(
        "yolov4-tiny.conv.29", 19_789_716, (_V4_PRE,), starts=("yolov4-tiny", "yolov4-tiny-3l")
    ),
    Published("yolov4-csp.weights", 211_944_840, (_V4_PRE,)),
    Published("yolov4-csp.conv.142", 146_548_116, (_V4_PRE,), starts=("yolov4-csp",)),
    Published(
        "yolov4x-mish.weights",
        399_388_168,
        (_V4_PRE,),
        ("sha1:a6f2879af2241de2e9730d317a55db6afd0af00b",),
    ),
    Published("yolov4x-mish.conv.166", 277_307_668, (_V4_PRE,), starts=("yolov4x-mish",)),
    Published("yolov4-p5.weights", 283_669_892, (_V4_PRE,)),
    Published("yolov4-p5.conv.232", 256_427_412, (_V4_PRE,), starts=("yolov4-p5",)),
    Published("yolov4-p6.weights", 510_868_180, (_V4_PRE,)),
    Published("yolov7.weights", 147_898_248, (_V4, _HANK)),
    Published("yolov7-tiny.weights", 24_967_560, (_V4, _HANK)),
    Published("yolov7x.weights", 285_638_760, (_V4,)),
    Published("yolov7.conv.132", 121_266_068, (_V4,), starts=("yolov7",)),
    Published(
        "yolov7-tiny.conv.87", 17_843_092, part_of="yolov7-tiny.weights", starts=("yolov7-tiny",)
    ),
)
_BY_NAME = {name: published for published in PUBLISHED for name in published.names}
_STARTS = {definition: published for published in PUBLISHED for definition in published.starts}


def published_by_name(name: str) -> Published | None:
    """The published file that has `name` among its names; None if there is none."""
    return _BY_NAME.get(name)


def published_of_size(size: int) -> Published | None:
    """The published file of that length in bytes; None unless exactly one has it."""
    found = [published for published in PUBLISHED if size in published.sizes]
    return found[0] if len(found) == 1 else None


def nearest_name(name: str) -> str | None:
    """The name of a published file that is most similar to `name`; None if none is similar."""
    return nearest_model(name, _BY_NAME)


def usual_start(definition: str) -> Published | None:
    """The partial file from which the training of a shipped definition usually starts.

    Returns:
        None if there is none.

    Source: AlexeyAB's README and pjreddie's pages, where the files they name still exist.
    """
    return _STARTS.get(definition)


def published_cuts() -> dict[str, int]:
    """Shipped definitions -> layers of the partial file that training them starts from."""
    return {name: int(start.name.rpartition(".")[2]) for name, start in _STARTS.items()}


def find_published(name: str) -> Published:
    """The published file that has `name` among its names.

    Raises:
        UsageError: no published file has that name.
    """
    published = published_by_name(name)
    if published is not None:
        return published
    close = nearest_name(name)
    question = f"did you mean {close!r}? " if close else ""
    raise UsageError(
        "no published weight file of that name",
        where=name,
        fix=f"{question}dtorch download --list names all {len(PUBLISHED)}",
    )
