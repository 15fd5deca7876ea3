"""The classes of the drawn pictures, in the order of their numbers."""

from __future__ import annotations

SHAPES = ("circle", "square", "triangle", "star", "heart", "plus", "arrow", "moon")
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
CLASSES = SHAPES + DIGITS
