"""The last weights of a run and the state that belongs to them, written and found as one."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from darknet_torch.errors import UsageError, WeightsError
from darknet_torch.files import file_digest
from darknet_torch.model.network import Network
from darknet_torch.model.weights import open_for_writing, write_values
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.run_folder import LAST, PREVIOUS, STATE, WEIGHTS
from darknet_torch.training.run_record import RunRecord
from darknet_torch.training.saved_state import read_state, write_state

_PARTS = {"weights": str, "replaces": str, "record": dict, "iteration": int}  # of a state


class CheckpointPair:
    """Writes ``_last.weights`` and ``_last.state`` as one unit.

    The state has the checksum of the weights, and the weights themselves. Both files are on the
    disk before the state, then the weights, get their names, and the pair before is kept as
    ``_previous``. So there is a state to go on from whenever the program is killed.

    Args:
        plan: says where.
        last_is_complete: whether the last pair that is there belongs together; only such a pair
            takes the place of the one before.
    """

    def __init__(self, plan: TrainPlan, *, last_is_complete: bool) -> None:
        self.plan, self.last_is_complete = plan, last_is_complete

    def write(self, network: Network, state: dict[str, Any]) -> None:
        """Replace the last pair.

        Raises:
            WeightsError: it cannot be written; the pair before is then still there.
        """
        try:
            self._replace(network, state)
        except WeightsError as error:
            raise WeightsError(
                error.what,
                where=error.where,
                fix="make room or correct the rights; --resume then continues from the last pair "
                f"of {LAST} or {PREVIOUS} that is complete",
            ) from None

    def _replace(self, network: Network, state: dict[str, Any]) -> None:
        weights, state_path = (self.plan.path(f"{LAST}{suffix}") for suffix in (WEIGHTS, STATE))
        # The blocks end in the opposite order, each with a file that gets its name.
        with open_for_writing(weights) as weights_file, open_for_writing(state_path) as state_file:
            digested = _DigestedFile(weights_file)
            write_values(network, digested)
            digests = {"weights": digested.hexdigest(), "replaces": digest_of(weights)}
            write_state({**digests, **state}, state_file)
            for file in (weights_file, state_file):
                file.flush()
                os.fsync(file.fileno())
            if self.last_is_complete:
                for suffix in (WEIGHTS, STATE):
                    previous = self.plan.path(f"{PREVIOUS}{suffix}")
                    keep_as(self.plan.path(f"{LAST}{suffix}"), previous)
            self.last_is_complete = False
        self.last_is_complete = True


class _DigestedFile:
    """Writes to a file, and computes the checksum of what it writes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._digest = file, hashlib.sha256()

    def write(self, data: bytes, /) -> None:
        self._digest.update(data)
        self._file.write(data)

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def keep_as(path: Path, other: Path) -> None:
    """Give a file that is about to be replaced a second name, in the place of another file.

    Nothing happens if there is no such file.
    """
    if not path.exists():
        return
    other.unlink(missing_ok=True)
    try:
        os.link(path, other)
    except OSError:  # a file system without links
        path.replace(other)


@dataclass(frozen=True)
class SavedRun:
    """A state with the weights that it belongs to.

    Attributes:
        weights, state_path: the files.
        state: the content of the state.
        is_last: whether they are the pair that was written last.
        faults: why newer files were not taken.
    """

    weights: Path
    state_path: Path
    state: dict[str, Any]
    is_last: bool
    faults: tuple[str, ...] = ()

    @property
    def record(self) -> RunRecord:
        """What the state belongs to."""
        return RunRecord.from_dict(self.state["record"])


def find_saved_run(plan: TrainPlan) -> SavedRun:
    """The newest complete pair in the folder of a run.

    Raises:
        UsageError: there is none; the message says what is wrong with the files that are there.
    """
    faults: list[str] = []
    for kind in (LAST, PREVIOUS):
        state_path = plan.path(f"{kind}{STATE}")
        try:
            state = _complete_state(state_path)
        except WeightsError as error:
            faults.append(str(error))
            continue
        for name in (LAST, PREVIOUS):
            weights = plan.path(f"{name}{WEIGHTS}")
            if name == PREVIOUS and not weights.exists():
                continue
            digest = digest_of(weights)
            # A kill between the two renames leaves the weights that the new ones replace.
            if digest in (state["weights"], state["replaces"]):
                is_last = name == kind == LAST and digest == state["weights"]
                return SavedRun(weights, state_path, state, is_last, tuple(faults))
        faults.append(f"{state_path}: does not belong to {plan.path(f'{kind}{WEIGHTS}')}")
    raise UsageError(
        "nothing to resume",
        where=plan.backup,
        expected=f"a state and the weights that it belongs to, such as {plan.base}{LAST}{STATE} "
        f"and {plan.base}{LAST}{WEIGHTS}",
        got="; ".join(faults),
        fix="--weights starts a new run from weights alone",
    )


def _complete_state(path: Path) -> dict[str, Any]:
    """Read a state that has what is needed to find its weights and to say what it belongs to.

    Raises:
        WeightsError: as `read_state`, or something is missing.
    """
    state = read_state(path)
    wrong = [name for name, kind in _PARTS.items() if not isinstance(state.get(name), kind)]
    if wrong:
        raise WeightsError(
            "is not a whole state of a run",
            where=path,
            expected=", ".join(_PARTS),
            got=f"nothing usable for {', '.join(wrong)}",
        )
    return state


def digest_of(path: Path) -> str:
    """The checksum of a file; "" if there is none, and no checksum if it is a pipe or a folder."""
    if not path.exists():
        return ""
    return file_digest(path) if path.is_file() else "no file"
