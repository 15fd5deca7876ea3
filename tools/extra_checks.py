"""Check what an extra is for, in the environment where it is installed.

`tools/test_extras.py` runs it in an empty folder; it imports nothing of this repository's tools.
"""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from darknet_torch.cfg.zoo import (
    BUNDLED_DETECTIONS,
    BUNDLED_MODEL,
    BUNDLED_PICTURE,
    read_names,
    sample_folder,
    shipped,
)
from darknet_torch.extras import required_packages

_MODEL = sample_folder() / f"{BUNDLED_MODEL}.weights"
_NAMES = sample_folder() / f"{BUNDLED_MODEL}.names"
_PICTURE = sample_folder() / BUNDLED_PICTURE
_DETECTIONS = json.loads((sample_folder() / BUNDLED_DETECTIONS).read_bytes())
_REPOSITORY = Path(__file__).resolve().parents[1]
_WRONG_USAGE = 2
_RUN = "import sys; from darknet_torch.cli.main import main; main()"
_SAME = 1e-9  # two programs add the same numbers in another order


def dtorch(*words: object, status: int = 0, start: str = "") -> str:
    """Run the command that is installed next to this Python, and return what it prints.

    Args:
        words: of the command line.
        status: the exit status that is right.
        start: Python code to run before the command, in place of the installed script.
    """
    program = [str(Path(sys.executable).with_name("dtorch"))]
    if start:
        program = [sys.executable, "-c", f"{start}; {_RUN}"]
    done = subprocess.run(
        [*program, *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == status, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout if status == 0 else done.stderr


def check_none() -> None:
    """Without extras, what needs one says which packages to install."""
    Path("out").mkdir()
    dtorch("detect", "--save", "out")
    assert list(Path("out").iterdir())
    message = dtorch("convert", _MODEL, "model.onnx", status=_WRONG_USAGE)
    assert "pip install onnx onnxruntime onnxscript" in message, message
    message = dtorch("lr-plot", "yolov3", "--out", "rate.png", status=_WRONG_USAGE)
    assert "pip install matplotlib" in message, message


def check_onnx() -> None:
    dtorch("convert", _MODEL, "model.onnx")
    _check_backend("onnxruntime")


def check_openvino() -> None:
    _check_backend("openvino")


def check_safetensors() -> None:
    dtorch("convert", _MODEL, "model.safetensors")
    dtorch("convert", "model.safetensors", "back.weights")
    assert Path("back.weights").read_bytes() == _MODEL.read_bytes()


def check_plot() -> None:
    dtorch("lr-plot", "yolov3", "--out", "rate.svg")
    assert "<svg" in Path("rate.svg").read_text("utf-8")


def check_report() -> None:
    dtorch("eval", _MODEL, _labelled(), "--split", "train", "--report", "page")
    (page,) = Path("page").glob("*.html")
    assert "<svg" in page.read_text("utf-8")


def check_tensorboard() -> None:
    cfg = shipped(".cfg")["yolov3-tiny"].read_text("utf-8").replace("batch=64", "batch=1")
    Path("tiny.cfg").write_text(cfg, "utf-8")
    words = "--width 64 --height 64 --max-batches 2 --tensorboard".split()
    dtorch("train", "--cfg", "tiny.cfg", "--data", _labelled(), *words)
    assert list(Path().rglob("events.out.tfevents.*"))


def check_pandas() -> None:
    table = _detect().to_pandas()
    assert table["name"].tolist() == [one["name"] for one in _DETECTIONS]


def check_supervision() -> None:
    assert len(_detect().to_supervision()) == len(_DETECTIONS)


def check_fast_eval() -> None:
    """The numbers of faster-coco-eval are those of pycocotools."""
    found = [
        json.loads(
            dtorch(
                "eval", _MODEL, _labelled(), *"--split train --format json".split(), start=start
            )
        )["coco"]
        for start in ("", "import sys; sys.modules['faster_coco_eval'] = None")
    ]
    assert [one.pop("program") for one in found] == ["faster_coco_eval", "pycocotools"]
    fast, slow = map(_numbers, found)
    assert fast.keys() == slow.keys()
    assert 0 < slow["/AP"] < 1, "the detections are all right, or all wrong"
    for name, value in slow.items():
        other = fast[name]
        same = value == other or (None not in (value, other) and abs(value - other) < _SAME)
        assert same, f"{name}: {other}, pycocotools {value}"


def check_peers() -> None:
    check_onnx()
    check_openvino()
    check_plot()


def check_bench() -> None:
    import cv2

    assert cv2.__version__.startswith("4."), cv2.__version__
    assert cv2.dnn.readNetFromDarknet(str(shipped(".cfg")["yolov3-tiny"])).getLayerNames()


def check_dev() -> None:
    for program in ("ruff", "mypy", "lint-imports"):
        subprocess.run([Path(sys.executable).with_name(program), "--help"], check=True)
    tests = "tests/test_errors.py", "tests/properties/test_registered_layer.py"
    pytest = [sys.executable, "-m", "pytest", "-q", "-n", "1", *tests]
    subprocess.run(pytest, cwd=_REPOSITORY, check=True)


def check_docs() -> None:
    """The site of the repository's pages builds."""
    shutil.copy(_REPOSITORY / "zensical.toml", ".")  # the site is written next to it
    shutil.copytree(_REPOSITORY / "docs", "docs")
    subprocess.run(
        [Path(sys.executable).with_name("zensical"), "build", "--strict"],
        check=True,
        capture_output=True,
    )
    assert Path("site/index.html").exists()


def check_fuzz() -> None:
    """A target is fuzzed for a few seconds."""
    command = [sys.executable, _REPOSITORY / "tools/fuzz.py", "names", "--seconds", "3"]
    subprocess.run(command, check=True, capture_output=True)


def check_coverage() -> None:
    """The branches of a program are counted."""
    coverage = [sys.executable, "-m", "coverage"]
    Path("program.py").write_text("if True:\n    print()\n", "utf-8")
    subprocess.run([*coverage, "run", "--branch", "program.py"], check=True, capture_output=True)
    subprocess.run([*coverage, "report"], check=True, capture_output=True)


# Extras that are others under another name are checked as these.
CHECKS: dict[str, Callable[[], None]] = {
    "none": check_none,
    "onnx": check_onnx,
    "onnxruntime": check_onnx,
    "onnxruntime-gpu": check_onnx,
    "openvino": check_openvino,
    "safetensors": check_safetensors,
    "plot": check_plot,
    "report": check_report,
    "tensorboard": check_tensorboard,
    "pandas": check_pandas,
    "supervision": check_supervision,
    "fast-eval": check_fast_eval,
    "peers": check_peers,
    "bench": check_bench,
    "fuzz": check_fuzz,
    "coverage": check_coverage,
    "docs": check_docs,
    "dev": check_dev,
}


def check_installation(extra: str) -> None:
    """Check that `dtorch doctor` finds no problem, and that the extra's packages are there."""
    dtorch("doctor")
    for package in required_packages().get(extra, {}):
        importlib.metadata.version(package)


def _check_backend(name: str) -> None:
    """The bundled model finds its objects when another program runs it."""
    cfg = _MODEL.with_suffix(".cfg")
    words = ["--cfg", cfg, "--weights", _MODEL, "--names", _NAMES, "--backend", name]
    (found,) = json.loads(dtorch("detect", *words, _PICTURE, "--format", "json"))
    names = [one["name"] for one in found["objects"]]
    assert names == [one["name"] for one in _DETECTIONS], names


def _detect() -> Any:
    import darknet_torch

    detector = darknet_torch.Detector(darknet_torch.load(_MODEL), names=_NAMES)
    return detector(_PICTURE)


def _labelled() -> Path:
    """Write a data set of the bundled picture, some of whose labels are wrong; return its file."""
    folder = Path("labelled")
    folder.mkdir(exist_ok=True)
    shutil.copy(_PICTURE, folder)
    classes = read_names(_NAMES)
    lines = []
    for number, one in enumerate(_DETECTIONS):
        box = list(one["relative_coordinates"].values())
        box[0] += box[2] * number / 10  # the centre; the overlap falls from one to the next
        lines.append(" ".join(map(str, [classes.index(one["name"]), *box])))
    (folder / _PICTURE.with_suffix(".txt").name).write_text("\n".join(lines), "utf-8")
    (folder / "train.txt").write_text(f"{folder / _PICTURE.name}\n", "utf-8")
    data = folder / "labelled.data"
    data.write_text(
        f"classes={len(classes)}\ntrain={folder}/train.txt\nvalid={folder}/train.txt\n"
        f"names={_NAMES}\nbackup=backup\n",
        "utf-8",
    )
    return data


def _numbers(content: Any, name: str = "") -> dict[str, Any]:
    """Return the values of nested dictionaries and lists by their path."""
    if isinstance(content, dict):
        items = [(str(key), value) for key, value in content.items()]
    elif isinstance(content, list):
        items = [(str(index), value) for index, value in enumerate(content)]
    else:
        return {name: content}
    return {
        path: value
        for key, part in items
        for path, value in _numbers(part, f"{name}/{key}").items()
    }


if __name__ == "__main__":
    check_installation(sys.argv[1])
    CHECKS[sys.argv[1]]()
