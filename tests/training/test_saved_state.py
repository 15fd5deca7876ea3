"""The state of a run as a file."""

import random
import zipfile

import pytest
import torch

from darknet_torch.errors import WeightsError
from darknet_torch.training.saved_state import read_state, write_state

STATE = {"iteration": 3, "momentum": torch.arange(200.0), "names": ["a", "b"]}


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "tiny_last.state"
    with path.open("wb") as file:
        write_state(STATE, file)
    return path


def test_it_is_read_as_it_was_written(written):
    state = read_state(written)
    assert state["iteration"] == 3
    assert torch.equal(state["momentum"], STATE["momentum"])


def test_other_programs_can_read_it(written):
    assert torch.load(written, weights_only=True)["names"] == ["a", "b"]
    assert zipfile.ZipFile(written).comment.startswith(b"sha256:")


def test_any_damage_is_our_error(written):
    """Bytes that are flipped, missing or added."""
    whole, draw = written.read_bytes(), random.Random(1)
    for kind in range(300):
        place, damaged = draw.randrange(len(whole)), bytearray(whole)
        if kind % 3 == 0:
            damaged[place] ^= 1 << draw.randrange(8)
        elif kind % 3 == 1:
            del damaged[place:]
        else:
            damaged[place:place] = b"x"
        written.write_bytes(damaged)
        with pytest.raises(WeightsError) as error:
            read_state(written)
        assert error.value.where == written


def test_a_file_that_is_longer_than_the_memory_is_not_read(tmp_path):
    path = tmp_path / "a.state"
    with path.open("wb") as file:
        file.truncate(2**42)
    with pytest.raises(WeightsError, match=r"a\.state: is not the state of a run"):
        read_state(path)


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(WeightsError, match=r"a\.state: there is no such file"):
        read_state(tmp_path / "a.state")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"kind": "another"}, "is not the state of a run"),
        ({"version": 99}, "expected version 2 of the file, got 99"),
    ],
)
def test_other_files_are_named(tmp_path, content, message):
    path = tmp_path / "other.state"
    with path.open("wb") as file:
        write_state(content, file)
    with pytest.raises(WeightsError, match=message):
        read_state(path)


class Harmful:
    def __reduce__(self):
        return print, ("ran",)


def test_no_code_in_it_runs(tmp_path, capsys):
    path = tmp_path / "harmful.state"
    with path.open("wb") as file:
        write_state({"x": Harmful()}, file)
    with pytest.raises(WeightsError, match="could run harmful code"):
        read_state(path)
    assert capsys.readouterr().out == ""
