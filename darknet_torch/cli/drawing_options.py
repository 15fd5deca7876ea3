"""The options of commands that draw boxes on pictures. No torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from darknet_torch.cli.options import all_options

if TYPE_CHECKING:
    from darknet_torch.media.drawing import DrawingStyle


@dataclass(frozen=True, kw_only=True)
class DrawingOptions:
    """How boxes are drawn; see `drawing_options`, and `hide_scores_option` where there are scores.

    Attributes:
        line_width, font_size: in pixels; None to follow the size of the picture.
    """

    line_width: int | None
    font_size: int | None
    hide_labels: bool
    hide_scores: bool = False

    def given(self) -> list[str]:
        """The options that were given."""
        values = {
            "--line-width": self.line_width,
            "--font-size": self.font_size,
            "--hide-labels": self.hide_labels,
            "--hide-scores": self.hide_scores,
        }
        return [name for name, value in values.items() if value]

    def style(self, *, boxes: bool = True) -> DrawingStyle:
        """The style that they describe; without `boxes` nothing is drawn."""
        from darknet_torch.media.drawing import DrawingStyle

        return DrawingStyle(
            line_width=self.line_width,
            font_size=self.font_size,
            boxes=boxes,
            labels=boxes and not self.hide_labels,
            scores=not self.hide_scores,
        )


drawing_options = all_options(
    click.option(
        "--line-width",
        type=click.IntRange(1, 1000),
        help="Width of the boxes' lines in pixels [default: by the picture's size].",
    ),
    click.option(
        "--font-size",
        type=click.IntRange(4, 1000),
        help="Size of the labels' font in pixels [default: by the picture's size].",
    ),
    click.option("--hide-labels", is_flag=True, help="Draw boxes without labels."),
)
hide_scores_option = click.option(
    "--hide-scores", is_flag=True, help="Draw labels without scores."
)


def note_undrawable_names(names: Iterable[str]) -> str:
    """Say which names the installed OpenCV cannot draw as they are; an empty text for none."""
    from darknet_torch.media.text_drawing import undrawable_names

    found = undrawable_names(names)
    if not found:
        return ""
    return (
        f"note: OpenCV 4 draws names in ASCII alone, so {found[0]!r} is drawn with other "
        "characters: pip install 'opencv-python>=5' for its fonts"
    )
