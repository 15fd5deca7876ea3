"""Decode the bundled JPEG and compare its pixels with those that Darknet's own decoder makes."""

from __future__ import annotations

import hashlib

from darknet_torch.cfg.zoo import sample_folder
from darknet_torch.extras import installed_version
from darknet_torch.media import stb

PICTURE_DECODER = "picture decoder"
OK = "OK"
# 107 x 81 pixels with colours at half the size, so that every step of the decoder is taken.
BUNDLED_JPEG = "decoder.jpg"
# SHA-256 of its pixels (BGR), as stbi_load of AlexeyAB's stb_image.h, compiled with gcc, has them.
PIXELS = "6b7ff8445d442661173680423d43d6248f7dc127f1f190c7aff0f1e5d99484ba"
_PIXELS_OF_PICTURE = 107 * 81


def examine_picture_decoder() -> dict[str, str]:
    """Return which decoder reads JPEGs, and whether its pixels are Darknet's.

    Returns:
        decoder: the package that decodes, with its version; status: `OK`, or what differs and why.

    Raises:
        OSError: the bundled picture cannot be read.
    """
    reason = stb.unusable()
    if reason is None:
        version = installed_version(stb.PACKAGE) or ""
        return {"decoder": f"{stb.PACKAGE} {version}".strip(), "status": _status_of_pixels()}
    return {"decoder": "OpenCV", "status": f"{reason}; {stb.DIFFERENCE}"}


def _status_of_pixels() -> str:
    data = (sample_folder() / BUNDLED_JPEG).read_bytes()
    image = stb.decode_jpeg(data, exif=True, max_pixels=_PIXELS_OF_PICTURE)
    if image is None:
        return f"libstb cannot decode {BUNDLED_JPEG}"
    digest = hashlib.sha256(image.tobytes()).hexdigest()
    if digest == PIXELS:
        return OK
    return (
        f"libstb decodes {BUNDLED_JPEG} to other pixels than Darknet: expected the SHA-256 "
        f"{PIXELS[:12]}..., got {digest[:12]}..."
    )
