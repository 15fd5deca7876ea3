"""Pictures in every form in which programs have them, as BGR arrays. No torch.

`PICTURE_FORMS` lists the forms. Tensors and PIL's images are recognised without importing torch
or Pillow: whoever has one has imported its package.
"""

from __future__ import annotations

import itertools
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np

from darknet_torch.arguments import described
from darknet_torch.errors import ImageError
from darknet_torch.media.decoding import DecodedPicture, decode_picture
from darknet_torch.media.images import Image, as_bgr, read_image
from darknet_torch.media.path_advice import advising
from darknet_torch.media.picture_limits import check_pixels
from darknet_torch.media.web_picture import fetch_picture
from darknet_torch.text import is_web_url

if TYPE_CHECKING:
    from PIL.Image import Image as PilImage

    # One picture in any form but a tensor, which may also be a batch.
    Picture: TypeAlias = (
        str | os.PathLike[str] | bytes | bytearray | memoryview | np.ndarray | PilImage | BinaryIO
    )

_BATCH_DIMENSIONS = 4
_IN_MEMORY = "the picture given as bytes"
_ROUNDING = 1e-3  # how far beyond 0-1 float16 may round the result of a resize


@dataclass(frozen=True)
class OpenedPicture:
    """A picture in memory.

    Attributes:
        image: BGR uint8 [H, W, 3].
        name: its path or URL, "" if it has none.
    """

    image: Image
    name: str = ""


@dataclass(frozen=True)
class PictureForm:
    """A form in which a picture may be given.

    Attributes:
        description: what it is, for messages.
        matches: whether an object has this form.
        open: returns the picture; the second argument says whether to rotate it according to
            its EXIF orientation.
    """

    description: str
    matches: Callable[[object], bool]
    open: Callable[[Any, bool], OpenedPicture]


def open_picture(picture: object, *, exif: bool = True) -> OpenedPicture:
    """Return a picture given in any of the `PICTURE_FORMS`; the given object is not changed.

    Args:
        picture: the picture.
        exif: rotate files, their bytes and PIL's images according to their EXIF orientation.

    Raises:
        ImageError: the object has none of these forms, or is not a picture.

    Warns:
        CfgWarning: a JPEG is cut off; what is there was read.
    """
    for form in PICTURE_FORMS:
        if form.matches(picture):
            return form.open(picture, exif)
    raise ImageError(
        "this is not a picture", expected=_FORMS, got=described(picture), fix=_advice(picture)
    )


def several_pictures(pictures: object) -> Iterable[object] | None:
    """Return the pictures that an object stands for; None if it is a single picture.

    Args:
        pictures: a picture in one of the `PICTURE_FORMS`, an iterable of such, or a tensor
            [N, C, H, W].

    Raises:
        ImageError: it is neither.
    """
    if any(form.matches(pictures) for form in PICTURE_FORMS):
        is_batch = _is_tensor(pictures) and _dimensions(pictures) == _BATCH_DIMENSIONS
        return iter(pictures) if is_batch and isinstance(pictures, Iterable) else None
    if isinstance(pictures, Iterable) and not isinstance(pictures, Mapping | Set):
        return pictures
    raise ImageError(
        "neither a picture nor a list of pictures",
        expected=f"{_FORMS}; or a list or generator of these",
        got=described(pictures),
        fix=_advice(pictures),
    )


def _advice(thing: object) -> str | None:
    if thing is None:
        return "cv2.imread gives None for a file that it cannot read; give the path itself"
    return "give its values as a list" if isinstance(thing, Mapping | Set) else None


def open_pictures(pictures: Iterable[object], *, exif: bool = True) -> Iterator[OpenedPicture]:
    """Yield each of several pictures, opened when it is asked for.

    Args:
        pictures: a list, a generator or a tensor [N, C, H, W].
        exif: see `open_picture`.

    Raises:
        ImageError: one cannot be opened; the message says which.
    """
    for index, picture in enumerate(pictures):
        try:
            yield open_picture(picture, exif=exif)
        except ImageError as error:
            if error.where not in (None, _IN_MEMORY):
                raise
            raise ImageError(
                error.what,
                where=f"pictures[{index}]",
                expected=error.expected,
                got=error.got,
                fix=error.fix,
            ) from None


def batched_pictures(
    pictures: Iterable[object], size: int, *, exif: bool = True
) -> Iterator[list[OpenedPicture]]:
    """Yield several pictures in batches; each is opened when its batch is asked for.

    Args:
        pictures, exif: see `open_pictures`.
        size: pictures per batch, 1 or more.
    """
    opened = open_pictures(pictures, exif=exif)
    while batch := list(itertools.islice(opened, size)):
        yield batch


def _open_path(path: str | os.PathLike[str], exif: bool) -> OpenedPicture:
    with advising(path):
        return OpenedPicture(read_image(path, exif=exif), os.fspath(path))


def _open_url(url: str, exif: bool) -> OpenedPicture:
    decoded = decode_picture(fetch_picture(url), where=url, exif=exif)
    return OpenedPicture(_undamaged(decoded), url)


def _open_bytes(data: bytes | bytearray | memoryview, exif: bool) -> OpenedPicture:
    decoded = decode_picture(bytes(data), where=_IN_MEMORY, exif=exif)
    return OpenedPicture(_undamaged(decoded))


def _open_file(file: Any, exif: bool) -> OpenedPicture:
    try:
        data = file.read()
    except (OSError, ValueError) as error:  # a closed file is a ValueError
        raise ImageError(f"this file cannot be read ({error})", got=described(file)) from None
    if not isinstance(data, bytes | bytearray):
        raise ImageError(
            "this file does not give bytes",
            expected="a file opened in binary mode",
            got=described(data),
            fix='open it with open(path, "rb"), or give its path',
        )
    return _open_bytes(data, exif)


def _undamaged(decoded: DecodedPicture) -> Image:
    if decoded.damage is not None:
        warnings.warn(decoded.damage, stacklevel=2)
    return decoded.image


def _open_array(array: Image, exif: bool) -> OpenedPicture:
    if array.ndim in (2, 3):
        check_pixels(array.shape[0], array.shape[1], None)
    return OpenedPicture(np.ascontiguousarray(as_bgr(array)))


def _is_instance(thing: object, module: str, name: str) -> bool:
    """Whether an object is of a class of a package that may not be imported."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(thing, getattr(loaded, name, ()))


def _is_pil_image(thing: object) -> bool:
    return _is_instance(thing, "PIL.Image", "Image")


def _open_pil_image(image: Any, exif: bool) -> OpenedPicture:
    """Return a PIL image as the same file would be read; transparency is dropped.

    Raises:
        ImageError: it is empty, too large, its file cannot be read, or its mode has no colours.
    """
    from PIL import ImageOps

    name = os.fspath(getattr(image, "filename", "") or "")
    where = name or None
    check_pixels(image.height, image.width, where)
    if not image.width or not image.height:
        got = f"{image.width} x {image.height} pixels"
        raise ImageError("this PIL image is empty", where=where, got=got)
    try:
        turned = ImageOps.exif_transpose(image) if exif else image
        if turned.mode.startswith("I"):
            return OpenedPicture(_from_16_bits(turned, where), name)
        # PIL converts premultiplied transparency only to the plain one.
        plain = turned.convert({"RGBa": "RGBA", "La": "LA"}.get(turned.mode, turned.mode))
        if plain.mode == "F":
            raise ValueError("floats, whose range is not known")
        rgb = np.asarray(plain.convert("RGB"))
    except ImageError:
        raise
    except Exception as error:  # noqa: BLE001 (PIL raises many for a broken file)
        raise ImageError(
            f"this PIL image cannot be read ({error or type(error).__name__})",
            where=where,
            expected="mode RGB, L, P, RGBA, CMYK, I;16 or another that PIL converts to RGB",
            got=f"mode {image.mode}",
            fix='convert it: image.convert("RGB")',
        ) from None
    return OpenedPicture(np.ascontiguousarray(rgb[:, :, ::-1]), name)


def _from_16_bits(image: Any, where: str | None) -> Image:
    """Return the upper 8 of 16 bits, as of a file; PIL would clip values above 255."""
    values = np.asarray(image)
    if values.min() < 0 or values.max() > np.iinfo(np.uint16).max:
        raise ImageError(
            "the values of this PIL image have more than 16 bits",
            where=where,
            expected="0 to 65535",
            got=f"{values.min()} to {values.max()}",
        )
    return as_bgr(values.astype(np.uint16))


def _is_tensor(thing: object) -> bool:
    return _is_instance(thing, "torch", "Tensor")


def _dimensions(tensor: Any) -> int:
    return int(tensor.ndim)


def _open_tensor(tensor: Any, exif: bool) -> OpenedPicture:
    """Return a tensor [3, H, W] RGB or [1, H, W] grey, uint8 or float in 0-1, of any device.

    Floats are rounded to the 256 levels of a picture.
    """
    shape, dtype = list(tensor.shape), str(tensor.dtype).removeprefix("torch.")
    if len(shape) != 3 or shape[0] not in (1, 3) or not tensor.numel():
        raise ImageError(
            "this tensor is not a picture",
            expected="RGB [3, H, W], grey [1, H, W], or a batch [N, 3, H, W] not in a list",
            got=shape,
            fix=_tensor_advice(shape),
        )
    if dtype != "uint8" and not tensor.is_floating_point():
        raise ImageError(
            "this tensor is not a picture",
            expected="uint8 in 0-255, or floats in 0-1",
            got=dtype,
            fix="convert it: tensor.to(torch.uint8)",
        )
    check_pixels(shape[1], shape[2], None)
    try:
        plain = tensor.detach().cpu()
        values = plain.numpy() if dtype == "uint8" else plain.float().numpy()
    except (RuntimeError, TypeError) as error:  # without values, sparse
        reason = str(error).splitlines()[0]
        raise ImageError(f"this tensor cannot be read ({reason})", got=tensor.device) from None
    planes = values if dtype == "uint8" else _bytes_of(values)
    return OpenedPicture(np.ascontiguousarray(as_bgr(planes[::-1].transpose(1, 2, 0))))


def _tensor_advice(shape: list[int]) -> str | None:
    if len(shape) == 3 and shape[2] in (1, 3):
        return "put the channels first: tensor.permute(2, 0, 1)"
    return "give the pictures of the batch: list(tensor)" if len(shape) == 4 else None


def _bytes_of(planes: np.ndarray) -> np.ndarray:
    """Round floats in 0-1 to 0-255."""
    low, high = float(planes.min()), float(planes.max())
    if not (low >= -_ROUNDING and high <= 1 + _ROUNDING):  # also if one is not a number
        raise ImageError(
            "this tensor is not a picture",
            expected="floats in 0-1",
            got=f"{low:g} to {high:g}",
            fix="divide 0-255 by 255; undo a normalisation by mean and deviation",
        )
    return np.rint(planes.clip(0, 1) * np.float32(255)).astype(np.uint8)


# The first form that matches is taken: a URL is text, and so is a path.
PICTURE_FORMS = (
    PictureForm(
        "an http or https URL",
        lambda thing: isinstance(thing, str) and is_web_url(thing),
        _open_url,
    ),
    PictureForm("a path", lambda thing: isinstance(thing, str | os.PathLike), _open_path),
    PictureForm(
        "the bytes of a picture file",
        lambda thing: isinstance(thing, bytes | bytearray | memoryview),
        _open_bytes,
    ),
    PictureForm(
        "a BGR uint8 array [H, W, 3]", lambda thing: isinstance(thing, np.ndarray), _open_array
    ),
    PictureForm("a PIL image", _is_pil_image, _open_pil_image),
    PictureForm("an RGB torch tensor [3, H, W]", _is_tensor, _open_tensor),
    PictureForm("a binary file", lambda thing: hasattr(thing, "read"), _open_file),
)
_FORMS = ", ".join(form.description for form in PICTURE_FORMS)
