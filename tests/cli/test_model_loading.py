"""The network and the names of the classes that a command's options name."""

from contextlib import contextmanager

import click
import cv2
import pytest
import torch

from darknet_torch.cfg.zoo import read_names
from darknet_torch.cli import model_loading
from darknet_torch.cli.model_loading import find_given_names, find_names
from darknet_torch.cli.options import (
    ModelOptions,
    ReportingOptions,
    network_options,
    quiet_option,
    verbose_option,
)
from darknet_torch.errors import UsageError
from tests.cli.toy_detection import detect
from tests.datasets.forms.tiny_forms import flat
from tests.toy.files import PICTURE

COMMAND = click.Command("x")
for decorate in (network_options, quiet_option(""), verbose_option):
    COMMAND = decorate(COMMAND)


@pytest.fixture
def options(tmp_path):
    (tmp_path / "a.cfg").touch()
    context = COMMAND.make_context("x", ["--cfg", str(tmp_path / "a.cfg")])
    return ModelOptions(**context.params)


def test_a_given_names_file_comes_first(options, tmp_path):
    (tmp_path / "a.names").touch()
    assert find_names(options, 80, "other.names") == "other.names"
    assert find_names(options, 80, None) == str(tmp_path / "a.names")


@pytest.mark.parametrize(("classes", "name"), [(80, "coco"), (20, "voc")])
def test_the_number_of_classes_suggests_names_with_a_note(options, classes, name, capsys):
    assert find_names(options, classes, None) == read_names(name)
    note = f"note: {classes} classes, named as in {name}; --names FILE for others\n"
    assert capsys.readouterr().err == note


def test_other_numbers_of_classes_have_no_names(options):
    assert find_names(options, 3, None) is None


def test_the_names_file_is_the_given_one_or_that_of_the_data_file(tmp_path):
    data = tmp_path / "a.data"
    data.write_text("names=a.names\n")
    (tmp_path / "a.names").touch()
    options = ReportingOptions()
    assert find_given_names(options, "b.names", str(data)) == "b.names"
    assert find_given_names(options, None, str(data)) == str(tmp_path / "a.names")
    assert find_given_names(options, None, None) is None
    data.write_text("names=data/a.names\n")  # of CVAT and Yolo_mark
    assert find_given_names(options, None, str(data)) == str(tmp_path / "a.names")
    data.write_text("classes=3\n")
    with pytest.raises(UsageError, match=r"a\.data: has no names=: expected names=FILE"):
        find_given_names(options, None, str(data))


def test_names_of_a_data_set_in_any_form(tmp_path):
    options = ReportingOptions()
    flat(tmp_path)
    assert find_given_names(options, None, str(tmp_path)) == ["cat", "dog"]
    (tmp_path / "classes.txt").unlink()
    with pytest.raises(UsageError, match=r"the classes have no names: expected classes\.txt"):
        find_given_names(options, None, str(tmp_path))


def test_threads_reach_pytorch_and_opencv():
    before = torch.get_num_threads(), cv2.getNumThreads()
    try:
        assert detect(PICTURE, "--threads", 2, "--quiet").exit_code == 0
        assert (torch.get_num_threads(), cv2.getNumThreads()) == (2, 2)
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])


class TestContention:
    """Threads that wait for cores, while a command runs a network."""

    @pytest.fixture
    def watched(self, monkeypatch):
        """What a run that is watched tells: the threads, then "ended"."""
        calls = []

        @contextmanager
        def watching(threads, report):
            calls.append(threads)
            report("the threads that compute wait for cores")
            yield
            calls.append("ended")

        monkeypatch.setattr(model_loading, "watching_contention", watching)
        before = torch.get_num_threads()
        yield calls
        torch.set_num_threads(before)

    def test_a_command_warns_until_it_ends(self, watched):
        result = detect(PICTURE, "--threads", 2)
        assert watched == [2, "ended"]
        assert result.stderr == "warning: the threads that compute wait for cores\n"

    @pytest.mark.parametrize("words", [("--threads", 1), ("--threads", 2, "--quiet")])
    def test_one_thread_and_quiet_commands_are_not_watched(self, watched, words):
        assert detect(PICTURE, *words).stderr == ""
        assert watched == []
