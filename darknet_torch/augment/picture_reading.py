"""Reads the pictures of samples: from their files each time, or once and then from a copy.

The pictures are the same. No torch.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from darknet_torch.cpu.memory import available_memory
from darknet_torch.errors import ImageError
from darknet_torch.files import atomic_write, make_folder
from darknet_torch.media.decoding import DecodedPicture, read_picture
from darknet_torch.temporary_files import remove_stale

_LEFT_FREE = 0.2  # part of the free memory that decoded pictures leave
_ASKED_EVERY = 100  # pictures between two looks at the free memory

_COPY = re.compile(r"[0-9a-f]{64}\.npy")  # the name of a decoded picture

Report = Callable[[str], None]  # takes a line for the user


class PictureReader(Protocol):
    """Reads pictures to train on."""

    def read(self, path: Path, *, exif: bool) -> DecodedPicture:
        """Read a picture, whose array must not be written to.

        Raises:
            ImageError: it cannot be read.
        """
        ...

    def keeping(
        self, paths: Sequence[Path], report: Report, *, exif: bool
    ) -> AbstractContextManager[None]:
        """Keep copies of these pictures, where the reader does so, while the block runs."""
        ...


@dataclass(frozen=True)
class FileReader:
    """Decodes the file each time.

    OpenCV decodes JPEGs, as in training with Darknet's OpenCV builds. It takes half the time of
    stb_image (which predictions need for equal numbers), and decoding costs most in a training's
    data.
    """

    def read(self, path: Path, *, exif: bool) -> DecodedPicture:
        return read_picture(path, exif=exif, decoder="opencv")

    def keeping(
        self, paths: Sequence[Path], report: Report, *, exif: bool
    ) -> AbstractContextManager[None]:
        return nullcontext()


@dataclass(frozen=True)
class MemoryReader:
    """Decodes all pictures before the first is needed; processes that are forked then share them.

    Those that do not fit into four fifths of the free memory are decoded each time.

    Attributes:
        pictures: the decoded ones, by their path.
    """

    pictures: dict[Path, DecodedPicture] = field(default_factory=dict)

    def read(self, path: Path, *, exif: bool) -> DecodedPicture:
        kept = self.pictures.get(path)
        return FileReader().read(path, exif=exif) if kept is None else kept

    @contextmanager
    def keeping(self, paths: Sequence[Path], report: Report, *, exif: bool) -> Iterator[None]:
        distinct = list(dict.fromkeys(paths))
        left = available_memory()
        least = None if left is None else _LEFT_FREE * left
        for number, path in enumerate(distinct):
            if least is not None and number % _ASKED_EVERY == 0:
                left = available_memory()
                if left is not None and left < least:
                    break
            with suppress(ImageError):  # reported where it is drawn
                self.pictures[path] = FileReader().read(path, exif=exif)
                self.pictures[path].image.flags.writeable = False
        size = sum(each.image.nbytes for each in self.pictures.values())
        report(f"kept in memory: {len(self.pictures)} of {len(distinct)} pictures, {size:,} bytes")
        try:
            yield
        finally:
            self.pictures.clear()


@dataclass(frozen=True)
class DiskReader:
    """Writes each picture that it decodes to a folder, and maps it into memory from then on.

    Damaged pictures, and those that do not fit on the disk, are decoded each time.

    Attributes:
        folder: of the copies, which exist during a training alone.
    """

    folder: Path

    def read(self, path: Path, *, exif: bool) -> DecodedPicture:
        copy = self.folder / f"{hashlib.sha256(os.fsencode(path)).hexdigest()}.npy"
        with suppress(OSError, ValueError):  # not there yet
            return DecodedPicture(np.asarray(np.load(copy, mmap_mode="r", allow_pickle=False)))
        decoded = FileReader().read(path, exif=exif)
        if decoded.damage is None and self.folder.is_dir():
            with suppress(OSError), atomic_write(copy) as file:
                np.save(file, decoded.image, allow_pickle=False)
        return decoded

    @contextmanager
    def keeping(self, paths: Sequence[Path], report: Report, *, exif: bool) -> Iterator[None]:
        self._remove_copies()  # of a run that was killed
        make_folder(self.folder)
        report(f"decoded pictures are kept in {self.folder} until the training ends")
        try:
            yield
        finally:
            self._remove_copies()

    def _remove_copies(self) -> None:
        """Remove the copies, and the folder if nothing else is in it: it may be the user's."""
        with suppress(OSError):
            remove_stale(self.folder)
            for path in self.folder.iterdir():
                if _COPY.fullmatch(path.name):
                    path.unlink(missing_ok=True)
            self.folder.rmdir()
