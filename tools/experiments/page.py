"""docs/experiments.md: the parts of it that are made from the results of experiments.

What stands between ``<!-- NAME: tables -->`` and ``<!-- end -->`` is made, the rest is written by
hand. `_KINDS` lists what can stand after the name.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from darknet_torch.errors import UsageError
from darknet_torch.files import write_bytes, write_text
from darknet_torch.plots.figure import Figure
from tools.experiments import page_charts, page_tables
from tools.experiments.declaration import Experiment
from tools.experiments.results import read_results
from tools.experiments.summary import StageSummary, summarise

_START = r"<!-- ([\w-]+): (\w+) -->"
_END = "<!-- end -->"
_BLOCK = re.compile(rf"{_START}(.*?){_END}", re.DOTALL)
_DIGEST = "results-sha256"  # the keyword of a chart's text
_COLOURS = 128  # of a chart


@dataclass(frozen=True)
class Look:
    """How the page shows an experiment.

    Attributes:
        table: the lines of a stage's table.
        figures: what the page's first table says of the last stage.
        chart: draws all stages.
    """

    table: Callable[[StageSummary], list[str]] = page_tables.seed_table
    figures: Callable[[StageSummary], str] = page_tables.seed_figures
    chart: Callable[[Sequence[StageSummary]], Figure] = page_charts.seed_chart


_USUAL = Look()
# Experiments that do not look as usual.
_LOOKS: Mapping[str, Look] = {
    "freezing": Look(chart=page_charts.loss_chart),
    "schedules": Look(chart=page_charts.schedule_chart),
    "thresholds": Look(
        page_tables.threshold_table, page_tables.threshold_figures, page_charts.threshold_chart
    ),
    "multi-scale": Look(chart=page_charts.size_chart),
}


@dataclass(frozen=True)
class Page:
    """A page, and what it reports.

    Attributes:
        path: the page.
        folder: next to the page, with NAME.json and NAME.png of each experiment.
        experiments: those that the page may name.
    """

    path: Path
    folder: Path
    experiments: tuple[Experiment, ...]

    def outdated(self) -> list[str]:
        """Return the blocks and charts that are not those of the results.

        Raises:
            UsageError: a marker of the page is wrong, or there are results that do not belong to
                their experiment.
        """
        text = self.path.read_text("utf-8")
        blocks = zip(_BLOCK.findall(text), _BLOCK.findall(self._filled(text)), strict=True)
        return [
            *(
                f"{self.path.name}: {name}: {kind}"
                for (name, kind, old), (*_, new) in blocks
                if old != new
            ),
            *(f"{self.folder.name}/{one.name}.png" for one in self._without_chart()),
        ]

    def write(self) -> None:
        """Fill the blocks of the page, and draw the charts that are not those of the results.

        Raises:
            UsageError: as for `outdated`, or matplotlib is not installed.
        """
        text = self.path.read_text("utf-8")
        filled = self._filled(text)
        if filled != text:
            write_text(self.path, filled)
        for one in self._without_chart():
            drawn = _look(one).chart(self._summaries(one)).encode()
            write_bytes(self._chart(one), _small_png(drawn, _digest(self._results(one))))

    def _filled(self, text: str) -> str:
        self._check_ends(text)
        return _BLOCK.sub(self._fill, text)

    def _fill(self, block: re.Match[str]) -> str:
        name, kind, old = block.groups()
        experiments = {one.name: one for one in self.experiments}
        if name not in experiments or kind not in _KINDS:
            raise UsageError(
                "unknown marker",
                where=self.path,
                expected=f"a name of {', '.join(experiments)}; a kind of {', '.join(_KINDS)}",
                got=f"<!-- {name}: {kind} -->",
            )
        summaries = self._summaries(experiments[name])
        new = _KINDS[kind](experiments[name], summaries, self.folder.name) if summaries else ""
        return block[0].removesuffix(old + _END) + new + _END

    def _check_ends(self, text: str) -> None:
        blocks = [block[0] for block in _BLOCK.finditer(text)]
        starts = re.findall(_START, text)
        if len(blocks) != len(starts) or text.count(_END) != len(starts):
            raise UsageError(
                "a block of the page has no start or no end",
                where=self.path,
                expected=f"{_END} after each <!-- NAME: KIND -->",
                got=f"{len(starts)} starts, {text.count(_END)} ends, {len(blocks)} pairs",
            )

    def _without_chart(self) -> list[Experiment]:
        """Experiments with results of which there is no chart, or one of other results."""
        return [
            one
            for one in self.experiments
            if self._results(one).exists()
            and _digest_of_chart(self._chart(one)) != _digest(self._results(one))
        ]

    def _summaries(self, experiment: Experiment) -> list[StageSummary]:
        return summarise(experiment, read_results(self._results(experiment)))

    def _results(self, experiment: Experiment) -> Path:
        return self.folder / f"{experiment.name}.json"

    def _chart(self, experiment: Experiment) -> Path:
        return self.folder / f"{experiment.name}.png"


def _look(experiment: Experiment) -> Look:
    return _LOOKS.get(experiment.name, _USUAL)


def _tables(experiment: Experiment, summaries: Sequence[StageSummary], folder: str) -> str:
    name = experiment.name
    lines = ["", f"![The chart of {name}]({folder}/{name}.png)", ""]
    for summary in summaries:
        table = _look(experiment).table(summary)
        lines += [page_tables.stage_heading(summary), "", *table, ""]
        lines += [*page_tables.commands(summary), ""]
    return "\n".join([*lines, page_tables.how_to_repeat(name, summaries), ""])


def _figures(experiment: Experiment, summaries: Sequence[StageSummary], folder: str) -> str:
    return _look(experiment).figures(summaries[-1])


# What a block may hold; each function gets the name of the folder with the charts, too.
_KINDS: Mapping[str, Callable[[Experiment, Sequence[StageSummary], str], str]] = {
    "tables": _tables,
    "figures": _figures,
}


def _small_png(content: bytes, digest: str) -> bytes:
    """A PNG file with few colours, a third of the size, that carries the digest of its results."""
    texts = PngInfo()
    texts.add_text(_DIGEST, digest)
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(content)) as image:
        few = image.convert("RGB").quantize(
            _COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
        )
    few.save(buffer, "PNG", optimize=True, pnginfo=texts)
    return buffer.getvalue()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _digest_of_chart(path: Path) -> str | None:
    """The digest of the results that a chart was drawn from; None without a chart."""
    if not path.exists():
        return None
    with Image.open(path) as image:
        return image.info.get(_DIGEST)
