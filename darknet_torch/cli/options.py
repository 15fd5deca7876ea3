"""The options that mean the same in every command. No torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from darknet_torch.cfg.dialect import DIALECTS
from darknet_torch.cli.value_completion import (
    PATH,
    complete_cfg,
    complete_device,
    complete_weights,
)
from darknet_torch.datasets import VOC_ORIGIN
from darknet_torch.inference.backends import BACKENDS

_F = TypeVar("_F", bound=Callable[..., Any])

_POSITIVE = click.IntRange(min=1)
_PART = click.FloatRange(0, 1)


def all_options(*decorators: Callable[[Any], Any]) -> Callable[[_F], _F]:
    """Several options as one decorator, in this order."""

    def decorate(function: _F) -> _F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


cfg_options = all_options(
    click.option(
        "--cfg",
        metavar="CFG",
        shell_complete=complete_cfg,
        help="The network: a path, or the name of a shipped one.",
    ),
    click.option("--dialect", type=click.Choice(list(DIALECTS)), default="alexeyab"),
    click.option("--width", type=_POSITIVE, help="Input width, instead of the cfg's."),
    click.option("--height", type=_POSITIVE, help="Input height, instead of the cfg's."),
    click.option("--allow-leftover", is_flag=True, help="Accept a weight file that is too long."),
    click.option("--strict", is_flag=True, help="Warnings about the cfg are errors."),
)

network_options = all_options(
    cfg_options,
    click.option(
        "--weights",
        metavar="FILE",
        shell_complete=complete_weights,
        help="Its weights, or the name of downloaded ones [default: <cfg>.weights].",
    ),
)

names_options = all_options(
    click.option(
        "--names", type=PATH, metavar="FILE", help="Names of the classes, or coco or voc."
    ),
    click.option("--data", type=PATH, metavar="FILE", help="A .data file, for its names."),
)

data_form_options = all_options(
    click.option(
        "--images", type=PATH, metavar="DIR", help="Where the pictures of a COCO .json lie."
    ),
    click.option(
        "--voc-origin",
        type=click.IntRange(0, 1),
        default=VOC_ORIGIN,
        show_default=True,
        help="Where a VOC root counts pixels from; 1 as in voc_label.py.",
    ),
    click.option(
        "--names", type=PATH, metavar="FILE", help="Names of the classes, or coco or voc."
    ),
)

device_option = click.option(
    "--device",
    default="auto",
    show_default=True,
    shell_complete=complete_device,
    help="auto, cpu, cuda or cuda:N.",
)

data_set_options = all_options(
    click.option(
        "--data",
        type=PATH,
        metavar="DATA",
        help="The data set: a .data file, a COCO .json or a VOC root [default: <cfg>.data].",
    ),
    click.option("--split", metavar="NAME", help="Which list, such as train or valid."),
    data_form_options,
)

workers_option = click.option(
    "--workers",
    type=click.IntRange(min=0),
    default=2,
    show_default=True,
    help="Threads that read pictures.",
)

run_options = all_options(
    device_option,
    click.option(
        "--backend",
        type=click.Choice(BACKENDS),
        default="torch",
        show_default=True,
        help="What runs the network.",
    ),
    click.option(
        "--batch", type=_POSITIVE, default=1, show_default=True, help="Pictures at once."
    ),
    workers_option,
    click.option("--threads", type=_POSITIVE, help="Threads that compute."),
    click.option("--seed", type=int, help="For what is random."),
)

picture_options = all_options(
    click.option(
        "--letterbox/--stretch",
        default=None,
        help="Keep the aspect of pictures, or not [default: the cfg's and the dialect's way].",
    ),
    click.option("--exif/--no-exif", default=True, help="Turn pictures as EXIF says."),
)

overlap_options = all_options(
    click.option(
        "--nms-threshold",
        type=_PART,
        default=0.45,
        show_default=True,
        help="Overlaps above are dropped; 0 keeps all.",
    ),
    click.option(
        "--resize",
        type=click.Choice(["darknet", "opencv"]),
        help="How pictures are resized [default: darknet; opencv for frames, stretched].",
    ),
    picture_options,
)

detection_options = all_options(
    click.option(
        "--threshold",
        "--thresh",
        "-thresh",
        "threshold",
        type=_PART,
        default=0.25,
        show_default=True,
        help="Scores at or below are dropped.",
    ),
    overlap_options,
)


def output_options_of(*forms: str, into_folder: bool = False) -> Callable[[_F], _F]:
    """The options on results, which can be had in these forms, the first by default.

    Args:
        into_folder: --out may be a folder.
    """
    return all_options(
        click.option(
            "--format",
            "form",
            type=click.Choice(forms),
            default=forms[0],
            show_default=True,
            help="The form of the results.",
        ),
        click.option(
            "--out",
            type=click.Path(dir_okay=into_folder),
            help="Write results to this file"
            + (", of --format txt into this folder." if into_folder else "."),
        ),
        click.option("--quiet", is_flag=True, help="No warnings and no progress."),
        click.option("--verbose", is_flag=True, help="Say more about what is loaded."),
    )


output_options = output_options_of("text", "json")
