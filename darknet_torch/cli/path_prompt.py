"""Darknet's prompt for pictures: one path after the other, on standard input."""

from __future__ import annotations

from collections.abc import Iterator

from darknet_torch.cli.terminal import echo
from darknet_torch.media.sources import (
    PictureSource,
    open_standard_input,
    source_from_path,
)

PROMPT = "Enter Image Path: "


def prompt_for_pictures() -> Iterator[list[PictureSource]]:
    """Yield the pictures that the lines of standard input name, after a prompt for each.

    The prompt goes to standard output, where programs that drive Darknet wait for it.

    Source: detector.c test_detector, classifier.c predict_classifier. Differs: empty lines are
    skipped.
    """
    with open_standard_input() as lines:
        echo(PROMPT, nl=False)
        for line in lines:
            if line.strip():
                yield [source_from_path(line.strip(), videos=False)]
            echo(PROMPT, nl=False)
