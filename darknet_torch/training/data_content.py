"""Descriptions of training data that are equal for equal data. No torch."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator

from darknet_torch.datasets.classification import ClassifiedPictures
from darknet_torch.datasets.examples import Example


def describe_examples(examples: Iterable[Example]) -> str:
    """Describe pictures with boxes by their names and labels, wherever they lie."""
    return _describe("pictures", map(_labelled, examples))


def describe_classified(pictures: ClassifiedPictures) -> str:
    """Describe pictures of classes by their names and classes, wherever they lie."""
    return _describe("pictures", _classified(pictures))


def describe_text(text: bytes) -> str:
    """Describe a text by its bytes."""
    return _describe("text", [text])


def _describe(kind: str, parts: Iterable[bytes]) -> str:
    digest, count = hashlib.sha256(), 0
    for part in parts:
        digest.update(part)
        count += 1
    return f"{count} {kind} ({digest.hexdigest()[:12]})"


def _labelled(example: Example) -> bytes:
    name = os.fsencode(example.path.name)
    if example.labels is None:
        return name
    return name + example.labels.class_ids.tobytes() + example.labels.boxes.tobytes()


def _classified(pictures: ClassifiedPictures) -> Iterator[bytes]:
    for path, class_id in zip(pictures.paths, pictures.class_ids, strict=True):
        yield b"%b %d" % (os.fsencode(path.name), -1 if class_id is None else class_id)
