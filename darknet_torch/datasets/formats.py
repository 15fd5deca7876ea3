"""The words for forms of data sets and for what becomes of their pictures. Imports nothing."""

from __future__ import annotations

DATASET_FORMATS = ("darknet", "coco", "voc")
PICTURE_MODES = ("copy", "link", "keep")
