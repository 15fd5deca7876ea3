"""The folder of a run: which one it is, whether an earlier run is in it, its lock. No torch."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from darknet_torch.errors import CfgNote, UsageError, warn
from darknet_torch.files import make_folder
from darknet_torch.text import real_path

RUNS = Path("runs")
STATE, WEIGHTS = ".state", ".weights"
LAST, PREVIOUS = "_last", "_previous"
PLAN, RESULTS = "_plan.json", "_results.csv"
EVENTS, ENVIRONMENT = "_events.jsonl", "_environment.json"
_WRITTEN = re.compile(rf"({LAST}|{PREVIOUS}|_best|_final|_ema|_\d+)({WEIGHTS}|{STATE})")
_LOCK = ".training.lock"
# After a kill the processes that loaded pictures hold the lock until they notice.
_PATIENCE = 10.0  # seconds


def files_of_run(folder: Path, base: str) -> list[Path]:
    """The weights and states in `folder` that a run of that name may write, sorted."""
    try:
        found = [path for path in folder.iterdir() if path.name.startswith(base)]
    except (OSError, ValueError):  # no such folder, or no name that the system takes
        return []
    return sorted(path for path in found if _WRITTEN.fullmatch(path.name.removeprefix(base)))


def new_run_folder(base: str, runs: Path = RUNS) -> Path:
    """Create the folder of a new run: the first of ``base``, ``base-2``, ... that does not exist.

    An empty folder is not used again: it may belong to a run that is about to start.

    Raises:
        UsageError: it cannot be created.
    """
    make_folder(runs)
    for folder in _numbered(base, runs):
        try:
            folder.mkdir(parents=True)  # another run may just have removed an empty `runs`
        except FileExistsError:
            continue
        except OSError as error:
            raise UsageError(f"cannot be created ({error.strerror})", where=folder) from None
        else:
            return folder
    raise AssertionError("there are always more numbers")


@contextmanager
def removed_if_empty(folder: Path, runs: Path = RUNS) -> Iterator[None]:
    """Remove the folder of a run in `runs`, and `runs`, if the block ends without a file there."""
    try:
        yield
    finally:
        if folder.parent == runs:
            with suppress(OSError):  # it has files
                folder.rmdir()
                runs.rmdir()


def last_run_folder(base: str, runs: Path = RUNS) -> Path:
    """The folder among ``base``, ``base-2``, ... in which a state was written last.

    Raises:
        UsageError: there is none.

    Warns:
        CfgNote: a newer folder has no state.
    """
    pattern = re.compile(rf"{re.escape(base)}(-\d+)?")
    found = runs.iterdir() if runs.is_dir() else ()
    folders = [path for path in found if pattern.fullmatch(path.name)]
    written = {
        path.stat().st_mtime_ns: folder
        for folder in folders
        for path in files_of_run(folder, base)
        if path.suffix == STATE
    }
    if not written:
        raise UsageError(
            "nothing to resume",
            where=runs,
            expected=f"a folder {base} with the files {base}{LAST}{STATE} and "
            f"{base}{LAST}{WEIGHTS} of a run that was stopped",
            got=", ".join(sorted(path.name for path in folders)) or "no run of this cfg",
            fix="give the folder of the run with --backup",
        )
    found_in, newest = written[max(written)], max(written)
    for folder in sorted(folders):
        if folder not in written.values() and folder.stat().st_mtime_ns > newest:
            warn(
                f"this newer run has nothing saved, and is skipped for {found_in}",
                where=folder,
                category=CfgNote,
            )
    return found_in


def free_path(name: str) -> Path:
    """The first of ``name``, ``name-2``, ... in the working folder that does not exist."""
    return next(path for path in _numbered(name, Path()) if not path.exists())


def _numbered(base: str, runs: Path) -> Iterator[Path]:
    yield runs / base
    yield from (runs / f"{base}-{number}" for number in itertools.count(2))


def lies_in(file: str | None, folder: str) -> bool:
    """Whether a file, if there is one, lies directly in a folder; symbolic links are followed."""
    return file is not None and real_path(file).parent == real_path(folder)


def check_free(folder: Path, base: str) -> None:
    """Refuse a folder in which a new run would overwrite the weights of an earlier one.

    Raises:
        UsageError: it holds weights or the state of a run of that name.
    """
    found = files_of_run(folder, base)
    if found:
        names = [path.name for path in found]
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        raise UsageError(
            "a run of this cfg has left its weights here, and a new one would overwrite them",
            where=folder,
            expected=f"a folder without weights of {base}.cfg",
            got=shown,
            fix="--resume continues that run, another --backup DIR keeps it, "
            "--overwrite replaces it",
        )


@contextmanager
def locked(folder: Path, on_wait: Callable[[str], None]) -> Iterator[None]:
    """Keep other runs out of `folder` while the block runs; the system frees it at a kill.

    Args:
        folder: created if it does not exist.
        on_wait: gets a message if another process holds the lock, which is waited for briefly.

    Raises:
        UsageError: another run writes there, or the folder cannot be written.
    """
    make_folder(folder)
    lock = FileLock(folder / _LOCK)
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            on_wait(f"{folder}: another process holds its lock; waiting up to {_PATIENCE:.0f} s")
            lock.acquire(timeout=_PATIENCE)
    except Timeout:
        raise UsageError(
            "another run is writing to this folder",
            where=folder,
            expected="one run at a time in a folder",
            got=f"its lock {_LOCK} is held",
            fix="wait until that run ends, or give another --backup DIR",
        ) from None
    except OSError as error:
        raise UsageError(f"cannot be locked ({error.strerror or error})", where=folder) from None
    try:
        yield
    finally:
        lock.release()
