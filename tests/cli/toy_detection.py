"""`dtorch detect` with the toy model."""

import json

from tests.cli.command import dtorch
from tests.toy.files import CFG

DONE, SOME_FAILED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130
CLIP_FRAMES = 6  # in clip.avi of `clip_folder`
SHORT_CLIP_FRAMES = 3  # in clip.avi of `mixed_folder`


def detect(*arguments, **more):
    """The result of `dtorch detect` with these words."""
    return dtorch("detect", "--cfg", CFG, *arguments, **more)


def records(*arguments, status=DONE, **more):
    """The records of a run, one for each picture or frame."""
    result = detect("--format", "jsonl", *arguments, **more)
    assert result.exit_code == status, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def printed(form, *arguments):
    """The standard output of a run in a format, which printed nothing to standard error."""
    result = detect("--format", form, *arguments)
    assert (result.exit_code, result.stderr) == (DONE, "")
    return result.stdout
