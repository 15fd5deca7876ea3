"""A step that is a function of the user, in a Python file. Its code runs. No torch."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from darknet_torch.augment.transforms.labelled_image import ADDED, LabelledImage
from darknet_torch.errors import UsageError, nearest
from darknet_torch.files import file_digest

SIGNATURE = "def NAME(image, boxes, class_ids, random): ... return image, boxes, class_ids"
Function = Callable[..., Any]


@dataclass(frozen=True)
class FunctionStep:
    """Calls ``FILE.py:NAME``.

    Workers read the file again. One that has changed since the start is refused.

    Attributes:
        file: the Python file, an absolute path.
        function: the name in it.
        digest: of the content of the file at the start.
        classes: number of classes of the network, or None for any.
    """

    file: Path
    function: str
    digest: str
    classes: int | None

    @staticmethod
    def open(file: Path, function: str, classes: int | None) -> FunctionStep:
        """Run the file, and find the function in it.

        Raises:
            UsageError: the file cannot be read or run, or has no such function.
        """
        try:
            digest = file_digest(file)
        except OSError as error:
            raise UsageError(
                f"cannot be read ({error.strerror})",
                where=file,
                expected=f"a Python file with {SIGNATURE}",
            ) from None
        step = FunctionStep(file.absolute(), function, digest, classes)
        _load(step.file, function, digest)
        return step

    def __str__(self) -> str:
        return f"{self.file.name}:{self.function}, content {self.digest[:12]}"

    @property
    def where(self) -> str:
        """The file and the function, for messages."""
        return f"{self.file}:{self.function}"

    def apply(self, picture: LabelledImage, random: np.random.Generator) -> LabelledImage:
        """Call the function with copies, and check what it returns.

        Raises:
            UsageError: it raised an error, or returned something else than a picture, its boxes
                and their classes.
        """
        function = _load(self.file, self.function, self.digest)
        parts = picture.image.copy(), picture.boxes.copy(), picture.class_ids.copy()
        try:
            result = function(*parts, random)
        except (Exception, SystemExit) as error:
            raise _raised(self.file, f"{self.function} raised an error", error) from error
        image, boxes, class_ids = self._checked(result)
        same = np.array_equal(class_ids, picture.class_ids)
        rows = picture.rows if same else np.full(len(class_ids), ADDED)
        return LabelledImage(image, boxes, class_ids, rows).clipped(visible=0)

    def _checked(self, result: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if not isinstance(result, tuple) or len(result) != 3:
            raise self._nonsense("image, boxes, class_ids", _describe(result))
        image, boxes, class_ids = result
        is_image = isinstance(image, np.ndarray) and image.dtype == np.uint8
        if not is_image or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            raise self._nonsense("a BGR image, uint8 [H, W, 3]", _describe(image))
        boxes, ids = self._array(boxes, "boxes"), self._array(class_ids, "class_ids").reshape(-1)
        boxes = boxes.reshape(-1, 4) if not boxes.size else boxes
        if boxes.ndim != 2 or boxes.shape[1] != 4 or len(boxes) != len(ids):
            got = f"boxes {list(boxes.shape)}, class_ids {list(ids.shape)}"
            raise self._nonsense("boxes [K, 4] and class_ids [K]", got)
        if _is_no_box(boxes).any():
            expected = "boxes of left, top, right, bottom, the latter two not below the former"
            raise self._nonsense(expected, _first(boxes, _is_no_box(boxes)))
        most = np.inf if self.classes is None else self.classes - 1
        wrong = (ids != np.floor(ids)) | (ids < 0) | (ids > most)
        if wrong.any():
            expected = "0 or more" if self.classes is None else f"0 to {self.classes - 1}"
            raise self._nonsense(f"whole class_ids, {expected}", _first(ids, wrong))
        return np.ascontiguousarray(image), boxes, ids.astype(np.int64)

    def _array(self, value: Any, name: str) -> np.ndarray:
        try:
            return np.asarray(value, np.float64)
        except (TypeError, ValueError):
            raise self._nonsense(f"{name} that are numbers", _describe(value)) from None

    def _nonsense(self, expected: str, got: str) -> UsageError:
        return UsageError(
            "the function returned something that cannot be used",
            where=self.where,
            expected=expected,
            got=got,
            fix=f"write it as {SIGNATURE}",
        )


@cache
def _load(file: Path, name: str, digest: str) -> Function:
    """Run a file and return a function of it, once in each process and for each content."""
    if file_digest(file) != digest:
        raise UsageError(
            "the file has changed since the start",
            where=file,
            expected="the same content until the end",
            got="another one",
            fix="start again; --resume goes on with the new content, and says so",
        )
    spec = importlib.util.spec_from_file_location(f"_augmentation_{digest}", file)
    if spec is None or spec.loader is None:
        raise UsageError("cannot be run", where=file, expected="a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses of the file look themselves up there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[spec.name]
        raise _raised(file, "cannot be run", error) from error
    functions = {key: value for key, value in vars(module).items() if callable(value)}
    if name not in functions:
        known = [key for key in functions if not key.startswith("_")]
        near = nearest(name, known)
        raise UsageError(
            f"has no function {name}" if not hasattr(module, name) else f"{name} is no function",
            where=file,
            expected=SIGNATURE.replace("NAME", name),
            got=", ".join(known) or "no functions",
            fix=f"did you mean {near}?" if near else None,
        )
    return functions[name]


def _raised(file: Path, what: str, error: BaseException) -> UsageError:
    """What to raise when code of the file raised an error; it names the last line there."""
    lines = [one.lineno for one in traceback.extract_tb(error.__traceback__)]
    files = [one.filename for one in traceback.extract_tb(error.__traceback__)]
    own = [line for name, line in zip(files, lines, strict=True) if name == str(file)]
    line = error.lineno if isinstance(error, SyntaxError) else own[-1] if own else None
    return UsageError(
        what,
        where=f"{file}:{line}" if line else file,
        expected="a function that takes every picture",
        got=f"{type(error).__name__}: {error}",
        fix="correct the file",
    )


def _is_no_box(boxes: np.ndarray) -> np.ndarray:
    return ~np.isfinite(boxes).all(1) | (boxes[:, 2:] < boxes[:, :2]).any(1)


def _first(values: np.ndarray, wrong: np.ndarray) -> str:
    """The first of the wrong values."""
    return str(values[np.flatnonzero(wrong)[0]].tolist())


def _describe(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {list(value.shape)}"
    if isinstance(value, tuple):
        return f"{len(value)} values: {', '.join(type(one).__name__ for one in value)}"
    return "None" if value is None else type(value).__name__
