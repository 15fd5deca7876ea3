"""--report and --plots: the page of a run, and its plots as files. No torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from darknet_torch.cli.options import ReportingOptions, all_options
from darknet_torch.cli.parameter_types import OUTPUT_FOLDER
from darknet_torch.errors import UsageError
from darknet_torch.extras import import_extra
from darknet_torch.input_files import protected_inputs
from darknet_torch.text import is_folder

if TYPE_CHECKING:
    from darknet_torch.report.content import PageContent, Plot
    from darknet_torch.report.named_plots import NamedPlot

_PAGE_SUFFIXES = (".html", ".htm")
_Data = TypeVar("_Data")


@dataclass(frozen=True, kw_only=True)
class PageOptions(ReportingOptions):
    """Where the page and the plots of a run go; see `page_options`.

    Attributes:
        report: the folder of the page; None for no page.
        plots: the folder of the plots; None for none.
    """

    report: str | None
    plots: str | None


def _refuse_page_name(
    context: click.Context, parameter: click.Parameter, folder: str | None
) -> str | None:
    """Refuse the name of a page for a new folder."""
    path = Path(folder or "")
    if path.suffix.lower() not in _PAGE_SUFFIXES or is_folder(path):
        return folder
    raise UsageError(
        "--report takes a folder, not the name of a page",
        where=folder,
        expected=f"a folder, such as --report {path.with_suffix('')}",
        fix="the page in it is index.html",
    )


page_options = all_options(
    click.option(
        "--report",
        type=OUTPUT_FOLDER,
        metavar="DIR",
        callback=_refuse_page_name,
        help="Write a page about the results to DIR/index.html; it opens from disk.",
    ),
    click.option(
        "--plots",
        type=OUTPUT_FOLDER,
        metavar="DIR",
        help="Write the plots of such a page to DIR, each as PNG and SVG.",
    ),
)


def check_page(options: PageOptions, plots: Callable[[], Sequence[NamedPlot[_Data]]]) -> None:
    """Check before a long run that its page and plots can be drawn and written.

    Args:
        options: where they go.
        plots: gives those that will be written.

    Raises:
        UsageError: a package is missing, or a file would replace one that the command reads or
            that another program has written.
    """
    if not (options.report or options.plots):
        return
    from darknet_torch.report.named_plots import plot_paths
    from darknet_torch.report.page import check_page_folder

    import_extra("matplotlib.figure", extra="report")
    if options.report:
        import_extra("jinja2", extra="report")
        check_page_folder(Path(options.report))
    if options.plots:
        for path in plot_paths([one.name for one in plots()], Path(options.plots)):
            protected_inputs.refuse(path)


def write_page_and_plots(
    options: PageOptions,
    plots: Sequence[NamedPlot[_Data]],
    data: _Data,
    content: Callable[[Sequence[Plot]], PageContent],
) -> None:
    """Write the page and the plots that the options ask for, and say where they are.

    Args:
        options: where they go.
        plots: those to draw.
        data: what they show.
        content: makes the content of the page that has the plots.

    Raises:
        UsageError: as `write_page` and `write_plots`.
    """
    from darknet_torch.report.named_plots import write_plots
    from darknet_torch.report.page import write_page

    if options.plots:
        write_plots([(one.name, one.draw(data)) for one in plots], Path(options.plots))
        options.print_remark(f"plots: {options.plots}")
    if options.report:
        page = content([one.on_page(data) for one in plots])
        options.print_remark(f"report: {write_page(page, Path(options.report))}")
