"""The words for forms of data sets and for what becomes of their pictures. Imports nothing."""

from __future__ import annotations

FORMS = ("darknet", "coco", "voc")
PICTURE_WAYS = ("copy", "link", "keep")
