"""--batch: a number, or auto, which measures."""

import re

import pytest

from darknet_torch.cli.batch_choice import pictures_at_once
from darknet_torch.inference import batch_size
from darknet_torch.inference.batch_size import BatchChoice
from darknet_torch.media.sources import PictureSource, SourceKind
from tests.cli.toy_detection import DONE, UNUSABLE, detect, records
from tests.toy.files import PICTURE

PICTURES = [PictureSource("a.jpg"), PictureSource("b.jpg")]


def source(kind):
    return PictureSource("name", kind)


@pytest.mark.parametrize(
    ("groups", "most"),
    [
        ([PICTURES], 2),
        ([[*PICTURES, source(SourceKind.VIDEO)]], None),
        ([[*PICTURES, source(SourceKind.WEBCAM)]], 1),
        ([[source(SourceKind.STREAM)]], 1),
        ([[source(SourceKind.WEB)]], 1),
        ([[source(SourceKind.STANDARD_INPUT)]], 1),
        (iter([PICTURES]), 1),  # asked for one by one
    ],
)
def test_no_picture_waits_for_one_that_may_come_later(groups, most):
    assert pictures_at_once(groups) == most


@pytest.fixture
def asked(monkeypatch):
    """The largest sizes that were asked for; 2 is the fastest."""
    found = []

    def choose(network, backend, *, most):
        found.append(most)
        return BatchChoice(min(2, most), {1: 10.0, 2: 20.04})

    monkeypatch.setattr(batch_size, "choose_batch", choose)
    return found


def test_auto_says_what_it_takes(asked, tmp_path):
    result = detect("--batch", "auto", PICTURE, PICTURE)
    assert result.exit_code == DONE
    assert result.stderr == "--batch auto: 1 (pictures per second of 1: 10.0, 2: 20.0)\n"
    assert detect("--batch", "auto", "--quiet", PICTURE).stderr == ""
    assert asked == [1, 1]  # the same picture twice is one


def test_the_results_are_those_of_another_size():
    one = records("--batch", 1, PICTURE)
    assert records("--batch", "auto", PICTURE) == one


@pytest.mark.parametrize("word", ["0", "-1", "automatic", "1.5"])
def test_other_words_are_refused(word):
    result = detect("--batch", word, PICTURE)
    assert result.exit_code == UNUSABLE
    assert re.search(r"--batch.*'?" + re.escape(word), result.stderr)
