"""Finds pictures that are nearly the same. No torch.

Neighbouring frames of a video, and copies that were saved again, resized, or made a little
brighter, are nearly the same. Mirrored, turned and cropped copies are not.

Hashes that are alike are a cheap first test, and a comparison of the details of both pictures is
the second one, because hashes of plain pictures, and of pictures from one camera, are often alike
by chance. The package imagehash has the hash alone, and would need scipy and PyWavelets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from darknet_torch.errors import ImageError
from darknet_torch.media.decoding import read_grey

_SIDE = 32  # pixels of the small grey picture that stands for a picture
_HASH_SIDE, _HASH_BITS = 9, 64  # of its lowest frequencies 64 make the hash
_BLUR = 2.0  # pixels of the small picture; what is left of it after that is no detail
# The figures come from 292 photos of blood cells, three photos of Darknet's and drawn pictures.
# Copies, as JPEG of quality 10, at any size, with gamma 0.8 or 15% brighter, differ in at most 8
# bits and 1.5 deviations. If two pictures of one camera show an object in different places, they
# differ by 1.8 or more there, unless it is hardly visible, and little elsewhere. If the whole
# picture moves by a hundredth, the difference is as large, but evenly spread.
_MOST_BITS = 10  # that differ
_LEAST_CORRELATION = 0.9
_LARGEST_DIFFERENCE = 1.7  # standard deviations of the details, at any place
_LEAST_CORRELATION_IF_EVEN = 0.85
_LARGEST_IF_EVEN = 4.5  # times the root mean square; of 1024 normal numbers it is about 3.3
_LEAST_DETAIL = 0.5  # grey levels; below it the details are noise
_ROWS = 64  # pictures whose hashes are compared with all others at once
_MOST_AT_ONCE = 4096  # pictures whose details are compared with those of one


@dataclass(frozen=True)
class Fingerprint:
    """What is compared of a picture.

    Attributes:
        bits: [64] int8, its perceptual hash: 1 for each of its lowest frequencies that is above
            their median, -1 for the others.
        details: [1024] float16, the picture at 32 x 32 pixels without its coarse shading, in
            standard deviations from its mean.
    """

    bits: np.ndarray
    details: np.ndarray


def fingerprint(image: np.ndarray) -> Fingerprint | None:
    """The fingerprint of a picture; None if it is too plain to recognise, such as a clear sky.

    Args:
        image: uint8, BGR [H, W, 3] or grey [H, W].
    """
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    details = small - cv2.GaussianBlur(small, (0, 0), _BLUR)
    deviation = float(details.std())
    if deviation < _LEAST_DETAIL:
        return None
    frequencies = cv2.dct(small)[:_HASH_SIDE, :_HASH_SIDE].ravel()[1 : _HASH_BITS + 1]
    bits = np.where(frequencies > np.median(frequencies), 1, -1).astype(np.int8)
    return Fingerprint(bits, ((details - details.mean()) / deviation).ravel().astype(np.float16))


def find_near_pairs(fingerprints: Sequence[Fingerprint | None]) -> Iterator[tuple[int, int]]:
    """Find the pictures that are nearly the same, and what connects them.

    Args:
        fingerprints: of each picture; None is like no other.

    Yields:
        Pairs (i, j) with i < j of pictures that are nearly the same, by i. Two pictures that
        earlier pairs connect are not compared again: n pictures that are all nearly the same
        give n - 1 pairs.
    """
    known = [index for index, item in enumerate(fingerprints) if item is not None]
    chosen = [item for item in fingerprints if item is not None]
    if not chosen:
        return
    bits = np.stack([item.bits for item in chosen]).astype(np.float32)
    details = np.stack([item.details for item in chosen])
    groups = np.arange(len(chosen))
    for start in range(0, len(chosen), _ROWS):
        # [rows, pictures], so that memory grows with the number of pictures alone
        products = bits[start : start + _ROWS] @ bits[start:].T  # 64 - 2 * Hamming distance
        for row, product in enumerate(products, start):
            others = start + np.flatnonzero(product >= _HASH_BITS - 2 * _MOST_BITS)
            others = others[(others > row) & (groups[others] != groups[row])]
            for other in _with_near_details(details, row, others):
                if groups[other] != groups[row]:
                    groups[groups == groups[other]] = groups[row]
                    yield known[row], known[other]


def _with_near_details(details: np.ndarray, row: int, others: np.ndarray) -> Iterator[int]:
    """Those of the rows `others` of `details`, [N, 1024], that are nearly the row `row`."""
    one = details[row].astype(np.float32)
    for start in range(0, len(others), _MOST_AT_ONCE):
        rows = others[start : start + _MOST_AT_ONCE]
        found = details[rows].astype(np.float32)
        correlation = found @ one / len(one)
        difference = np.abs(found - one)
        largest, mean = difference.max(1), np.sqrt((difference**2).mean(1))
        is_small = (correlation >= _LEAST_CORRELATION) & (largest <= _LARGEST_DIFFERENCE)
        is_even = (correlation >= _LEAST_CORRELATION_IF_EVEN) & (
            largest <= _LARGEST_IF_EVEN * mean
        )
        yield from rows[is_small | is_even].tolist()


def group_pictures(
    pictures: Mapping[Path, bool], *, workers: int = 2
) -> tuple[dict[Path, int], list[ImageError]]:
    """Put pictures that are equal or nearly the same into groups.

    Args:
        pictures: their paths, and whether each is rotated according to its EXIF orientation.
        workers: number of threads that read pictures.

    Returns:
        The number of the group of each picture, from 0 in the order of their first pictures, and
        why pictures could not be read. Each of these is a group of its own.
    """
    with ThreadPoolExecutor(max(1, workers)) as pool:
        read = list(pool.map(_read, pictures, pictures.values()))
    firsts: dict[Hashable, int] = {}
    groups = np.array([firsts.setdefault(key, index) for index, (key, _) in enumerate(read)], int)
    representatives = sorted(firsts.values())
    prints = [item if isinstance(item, Fingerprint) else None for _, item in read]
    for one, other in find_near_pairs([prints[index] for index in representatives]):
        pair = groups[representatives[one]], groups[representatives[other]]
        groups[groups == max(pair)] = min(pair)
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups.tolist()))}
    errors = [item for _, item in read if isinstance(item, ImageError)]
    found = {path: numbers[group] for path, group in zip(pictures, groups.tolist(), strict=True)}
    return found, errors


def _read(path: Path, exif: bool) -> tuple[Hashable, Fingerprint | ImageError | None]:
    """A key that equal pictures share, and the fingerprint, or why the picture cannot be read."""
    try:
        grey = read_grey(path, exif=exif, least_side=2 * _SIDE)
    except ImageError as error:
        return path, error
    return (grey.shape, hashlib.blake2b(grey.tobytes()).digest()), fingerprint(grey)
