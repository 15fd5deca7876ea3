"""`dtorch classifier predict`: `dtorch classify` with Darknet's command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from darknet_torch.cli.classify import ClassifyOptions, classify, run_classification
from darknet_torch.cli.darknet.flags import apply_darknet_flags, darknet_style
from darknet_torch.cli.options import parsed_into
from darknet_torch.cli.path_prompt import prompt_for_pictures
from darknet_torch.media.sources import PictureSource, find_sources

_DEFAULT_TOP = 1


@darknet_style(classify)
@parsed_into(ClassifyOptions)
def predict(options: ClassifyOptions) -> None:
    """Classify pictures, with the names or labels of DATA.

    Without a SOURCE it asks for pictures on standard input, one by one, until that ends. How
    many classes it prints is -t, top= of DATA, or 1.

    Source: classifier.c predict_classifier.
    """
    groups: Iterable[Sequence[PictureSource]] = prompt_for_pictures()
    if options.source:
        groups = [find_sources(options.source, videos=False)]
    run_classification(apply_darknet_flags(options), groups, default_top=_DEFAULT_TOP)
