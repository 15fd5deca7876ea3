"""OpenCV 4 in an environment of its own, and what was recorded of it.

Write the records anew, with DTORCH_OPENCV4_PYTHON set to that environment's Python:

    python -m tests.compat.opencv4
"""

import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from tests.compat.models import NAMES, Model, make
from tools.records import positions

DATA = Path(__file__).parent / "data"
SCRIPT = Path(__file__).with_name("opencv_script.py")
_MOST = 400  # values of an array that are recorded


def opencv4_python() -> str | None:
    """The Python that has OpenCV 4, None if nobody said."""
    return os.environ.get("DTORCH_OPENCV4_PYTHON")


def run_opencv4(model: Model, out: Path) -> dict[str, np.ndarray]:
    """What the script says with OpenCV 4."""
    files = (model.cfg, model.weights, model.picture, out)
    words = [opencv4_python(), SCRIPT, "opencv", *files, *model.inner]
    subprocess.run([str(word) for word in words], check=True)
    return read(out)


def thinned(results: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A part of each array, and its shape."""
    thin = {}
    for key, values in results.items():
        values = np.asarray(values)
        many = values.size > _MOST and values.dtype.kind == "f"
        thin[key] = values.ravel()[positions(values.size, _MOST)] if many else values
        thin[f"{key} shape"] = np.array(values.shape, int)
    return thin


def read(file: Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz file by name."""
    with np.load(file) as stored:
        return dict(stored)


def main() -> None:
    """Write the record of every model that is there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for model_name in NAMES:
            model = make(model_name, folder)
            if model is not None:
                found = run_opencv4(model, folder / "out.npz")
                np.savez_compressed(DATA / f"{model_name}.npz", **thinned(found))


if __name__ == "__main__":
    main()
