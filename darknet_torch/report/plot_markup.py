"""Plots as a part of an HTML page. No torch."""

from __future__ import annotations

import re

# What comes before the svg element, what only other programs read, and matplotlib's style
# element: it would hold for the whole page, whose own style has the same rule.
_LEFT_OUT = re.compile(rb"\A.*?(?=<svg\b)|<metadata>.*?</metadata>|<style\b.*?</style>", re.DOTALL)


def plot_markup(svg: bytes) -> str:
    """Return the svg element of a plot's file, to stand in a page.

    Args:
        svg: the content of a file as `darknet_torch.plots.figure.Figure.encode` gives it. The
            names of its parts are digests of these, so that those of several plots agree.
    """
    return _LEFT_OUT.sub(b"", svg).decode("utf-8").strip()
