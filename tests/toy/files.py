"""The toy model of the tests, which finds circles, squares and triangles, and its picture.

make_toy.py draws the picture and trains the model.
"""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent
CFG, WEIGHTS, NAMES = (FOLDER / f"toy-shapes{suffix}" for suffix in (".cfg", ".weights", ".names"))
PICTURE = FOLDER / "shapes.png"
