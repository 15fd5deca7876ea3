"""The option values of `dtorch dataset`. Imports nothing, so that ``--help`` starts fast."""

from __future__ import annotations

DATASET_FORMATS = ("darknet", "coco", "voc")
PICTURE_MODES = ("copy", "link", "keep")
