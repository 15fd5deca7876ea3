"""`dtorch classifier predict`: `dtorch classify` in Darknet's spelling."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from darknet_torch.cli.classify import classify, classify_all
from darknet_torch.cli.darknet.flags import darknet_style, take_darknet_flags
from darknet_torch.cli.path_prompt import asked_pictures
from darknet_torch.media.sources import PictureSource, find_sources

_DEFAULT_TOP = 1


@darknet_style(classify)
def predict(source: tuple[str, ...], **arguments: Any) -> None:
    """Say what pictures show, with the names or labels of DATA.

    Without a SOURCE it asks for pictures on standard input, one by one, until that ends. How
    many classes it gives is -t, top= of DATA, or 1.

    Source: classifier.c predict_classifier.
    """
    groups: Iterable[Sequence[PictureSource]] = asked_pictures()
    if source:
        groups = [find_sources(source, videos=False)]
    classify_all(take_darknet_flags(arguments), groups, top=_DEFAULT_TOP)
