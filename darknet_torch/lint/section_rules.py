"""Rules for the options of one section, without regard to the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from darknet_torch.cfg.dialect import Dialect
from darknet_torch.cfg.grammar import Section
from darknet_torch.cfg.net import NetOptions
from darknet_torch.cfg.options import Options, declared_options
from darknet_torch.heads.yolo import AnchorOptions
from darknet_torch.layers.convolutional import ConvolutionalOptions
from darknet_torch.lint.finding import Finding, note, warning

SectionRule = Callable[[Section, Any, Dialect], Iterator[Finding]]

# Key -> the smallest and the largest sensible value, and the reason.
_SENSIBLE_RANGES = {
    "momentum": (0, 1, "above 1 the updates grow without bound"),
    "ema_alpha": (0, 1, "it is the fraction of the old average that is kept"),
    "jitter": (0, 1, "it is a fraction of the picture's width and height"),
    "ignore_thresh": (0, 1, "it is compared with an IoU"),
    "truth_thresh": (0, 1, "it is compared with an IoU"),
    "iou_thresh": (0, 1, "it is compared with an IoU"),
    "thresh": (0, 1, "it is compared with an IoU"),
    "label_smooth_eps": (
        0,
        0.5,
        "above 0.5 the targets of the true and the other classes are less than 0.5 apart",
    ),
    "scale_x_y": (
        1,
        3,
        "a centre reaches the edges of its cell at 1, the centres of the next at 2",
    ),
    "probability": (0, 1, "it is a probability"),
    "hue": (0, 1, "it is a fraction of the colour circle"),
}

# Options -> key -> the condition for the key to have an effect, in words and as a function.
_Condition = tuple[str, Callable[[Any], bool]]
_CONDITIONS: dict[type[Options], dict[str, _Condition]] = {
    NetOptions: {
        "steps": ("policy=steps", lambda net: net.policy == "steps"),
        "scales": ("policy=steps", lambda net: net.policy == "steps"),
        "scale": ("policy=step", lambda net: net.policy == "step"),
        "step": ("policy=step or sigmoid", lambda net: net.policy in ("step", "sigmoid")),
        "gamma": ("policy=exp or sigmoid", lambda net: net.policy in ("exp", "sigmoid")),
        "power": (
            "burn_in, or policy=poly or random",
            lambda net: net.burn_in > 0 or net.policy in ("poly", "random"),
        ),
        "learning_rate_min": ("policy=sgdr", lambda net: net.policy == "sgdr"),
        "sgdr_cycle": ("policy=sgdr", lambda net: net.policy == "sgdr"),
        "sgdr_mult": ("policy=sgdr", lambda net: net.policy == "sgdr"),
        "B1": ("adam=1", lambda net: net.adam),
        "B2": ("adam=1", lambda net: net.adam),
        "eps": ("adam=1", lambda net: net.adam),
        "mosaic_bound": ("mosaic=1", lambda net: net.mosaic),
        "contrastive_jit_flip": ("contrastive=1", lambda net: net.contrastive),
        "contrastive_color": ("contrastive=1", lambda net: net.contrastive),
    },
    ConvolutionalOptions: {
        "padding": ("pad=0", lambda options: not options.pad),
        "dilation": ("size above 1", lambda options: options.size > 1),
        "angle": ("rotate=1 or sway=1", lambda options: options.rotate or options.sway),
        "bin_output": ("xnor=1", lambda options: options.xnor),
    },
    AnchorOptions: {
        "beta_nms": ("nms_kind=diounms", lambda head: head.nms_kind == "diounms"),
        "iou_thresh_kind": ("iou_thresh below 1", lambda head: head.iou_thresh < 1),
    },
}


def unusual_values(section: Section, options: Options, dialect: Dialect) -> Iterator[Finding]:
    """Report numbers outside their sensible range."""
    for key, (low, high, why) in _SENSIBLE_RANGES.items():
        value = getattr(options, key, None)
        entry = section.first().get(key)
        if entry is not None and value is not None and not low <= value <= high:
            yield warning(
                entry.where,
                f"[{section.name}] {key} makes no sense: {why}",
                expected=f"{low}..{high}",
                got=entry.value,
                fix=f"correct {key}=",
            )


def ignored_options(section: Section, options: Options, dialect: Dialect) -> Iterator[Finding]:
    """Report options that were changed but have no effect without another option."""
    for cls, conditions in _CONDITIONS.items():
        if not isinstance(options, cls):
            continue
        for key, (name, option) in declared_options(type(options)).items():
            entry = section.first().get(key)
            if key not in conditions or entry is None:
                continue
            words, met = conditions[key]
            if getattr(options, name) != option.default_for(dialect) and not met(options):
                yield note(entry.where, f"[{section.name}] {key} has no effect without {words}")


def truth_below_ignore(section: Section, options: Options, dialect: Dialect) -> Iterator[Finding]:
    """Report thresholds with which boxes are trained on that ignore_thresh says to ignore."""
    if isinstance(options, AnchorOptions) and options.truth_thresh < options.ignore_thresh:
        yield warning(
            section.where,
            f"[{section.name}] truth_thresh is below ignore_thresh",
            expected="truth_thresh=1",
            got=f"truth_thresh={options.truth_thresh:g}, ignore_thresh={options.ignore_thresh:g}",
            fix="write truth_thresh=1",
        )


SECTION_RULES: tuple[SectionRule, ...] = (
    unusual_values,
    ignored_options,
    truth_below_ignore,
)
