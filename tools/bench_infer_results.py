"""What `tools/bench.py infer` measured, and the goals that the ratios are compared with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from darknet_torch.cpu import turns


@dataclass(frozen=True)
class Timing(turns.Timing):
    """The seconds of one engine.

    Attributes:
        difference: the largest one of its outputs from those of the plain network, as a part of
            the largest value; None if they cannot be compared.
    """

    difference: float | None = None


@dataclass
class Result:
    """The engines on one network.

    Attributes:
        network: such as "yolov3-416".
        weights: where they come from.
        batch: pictures at once.
        threshold: with which `Detector` found boxes.
        timings: by engine.
        failures: why an engine has no timing.
        versions: of the engines' packages, by name.
    """

    network: str
    weights: str
    batch: int
    threshold: float
    timings: dict[str, Timing] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def ratio(self, ours: str, peers: Sequence[str]) -> float | None:
        """The ratio of medians of an engine to the fastest of some; None if one has no timing."""
        medians = {name: timing.median for name, timing in self.timings.items()}
        if not {ours, *peers} <= medians.keys():
            return None
        return medians[ours] / min(medians[peer] for peer in peers)


RAW_ENGINES = ("onnxruntime", "openvino")


@dataclass(frozen=True)
class Goal:
    """The highest ratio that is wanted, by network, with one picture at once.

    Attributes:
        title: what is divided by what.
        ours, peers: the engines; the fastest of the peers counts.
        limits: network -> ratio.
        stretch: network -> ratio that would be better still.
    """

    title: str
    ours: str
    peers: tuple[str, ...]
    limits: Mapping[str, float]
    stretch: Mapping[str, float] = field(default_factory=dict)


_NETWORKS = ("yolov3-416", "yolov3-tiny-416", "yolov4-416", "yolov4-tiny-416")
_SMALL = "yolo-fastest-1.1-320"

GOALS = (
    Goal(
        "torch / the faster of ONNX Runtime and OpenVINO",
        "torch",
        RAW_ENGINES,
        dict(zip((*_NETWORKS, _SMALL), (1.0, 0.9, 1.05, 0.95, 1.5), strict=True)),
        {_SMALL: 1.2},
    ),
    Goal(
        "auto / the fastest of ONNX Runtime, OpenVINO and torch",
        "auto",
        (*RAW_ENGINES, "torch"),
        dict.fromkeys((*_NETWORKS, _SMALL), 1.03),
    ),
    Goal(
        "Detector / the faster of ONNX Runtime and OpenVINO, network alone",
        "detector",
        RAW_ENGINES,
        dict(zip((*_NETWORKS, _SMALL), (1.05, 1.15, 1.08, 1.15, 2.2), strict=True)),
    ),
    Goal(
        "torch / OpenCV 4", "torch", ("opencv",), dict.fromkeys(_NETWORKS, 0.65) | {_SMALL: 0.75}
    ),
    Goal("torch / plain", "torch", ("plain",), dict.fromkeys(_NETWORKS, 0.75) | {_SMALL: 0.4}),
    Goal("torch / AOTInductor", "torch", ("torch-aot",), {}),
    Goal("torch / Darknet", "torch", ("darknet",), dict.fromkeys(_NETWORKS, 0.2) | {_SMALL: 0.25}),
)


@dataclass(frozen=True)
class Verdict:
    """A measured ratio next to its goal.

    Attributes:
        goal: the goal.
        network: such as "yolov3-416".
        ratio: as measured; None if an engine has no timing.
        limit: the goal's for this network; None if it has none.
    """

    goal: Goal
    network: str
    ratio: float | None
    limit: float | None

    @property
    def is_met(self) -> bool | None:
        """None if there is nothing to compare."""
        if self.ratio is None or self.limit is None:
            return None
        return self.ratio <= self.limit

    def __str__(self) -> str:
        if self.ratio is None:
            return "not measured"
        if self.limit is None:
            return f"{self.ratio:.2f}"
        parts = [f"{self.ratio:.2f}", f"goal {self.limit:.2f} {_compared(self.ratio, self.limit)}"]
        stretch = self.goal.stretch.get(self.network)
        if stretch is not None:
            parts.append(f"stretch goal {stretch:.2f} {_compared(self.ratio, stretch)}")
        return ", ".join(parts)


def _compared(ratio: float, limit: float) -> str:
    return "met" if ratio <= limit else f"missed by {ratio / limit - 1:.1%}"


def verdicts(results: Iterable[Result]) -> list[Verdict]:
    """Compare the results with one picture at once to the goals, network by network.

    What has neither a ratio nor a limit is left out.
    """
    found = [
        Verdict(goal, one.network, one.ratio(goal.ours, goal.peers), goal.limits.get(one.network))
        for one in results
        if one.batch == 1
        for goal in GOALS
    ]
    return [one for one in found if one.ratio is not None or one.limit is not None]
