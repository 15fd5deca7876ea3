"""Draws labelled pictures of shapes, symbols and digits, to train and evaluate detectors on."""

from tools.drawn.classes import CLASSES
from tools.drawn.picture import draw_picture

__all__ = ["CLASSES", "draw_picture"]
