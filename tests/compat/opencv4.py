"""Run OpenCV 4 in its own environment, and read and write its recorded results.

To record again, with DTORCH_OPENCV4_PYTHON set to that environment's Python:

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
_RECORDED = 400  # values of each array


def opencv4_python() -> str | None:
    """The Python of the environment with OpenCV 4; None if it is not set."""
    return os.environ.get("DTORCH_OPENCV4_PYTHON")


def run_opencv4(model: Model, out: Path) -> dict[str, np.ndarray]:
    """The results of the script with OpenCV 4."""
    files = (model.cfg, model.weights, model.picture, out)
    words = [opencv4_python(), SCRIPT, "opencv", *files, *model.inner]
    subprocess.run([str(word) for word in words], check=True)
    return read(out)


def thinned(results: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Sample each array, and add its shape."""
    thin = {}
    for key, values in results.items():
        values = np.asarray(values)
        many = values.size > _RECORDED and values.dtype.kind == "f"
        thin[key] = values.ravel()[positions(values.size, _RECORDED)] if many else values
        thin[f"{key} shape"] = np.array(values.shape, int)
    return thin


def read(file: Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz file by name."""
    with np.load(file) as stored:
        return dict(stored)


def main() -> None:
    """Write the record of every available model."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for model_name in NAMES:
            model = make(model_name, folder)
            if model is not None:
                found = run_opencv4(model, folder / "out.npz")
                np.savez_compressed(DATA / f"{model_name}.npz", **thinned(found))


if __name__ == "__main__":
    main()
