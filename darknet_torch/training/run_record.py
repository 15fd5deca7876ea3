"""What a saved state belongs to: the network and the settings of its run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch

from darknet_torch.cfg.options import Options
from darknet_torch.errors import UsageError
from darknet_torch.layers.base import Layer
from darknet_torch.model.network import Network
from darknet_torch.training.data import TrainingData
from darknet_torch.training.distributed import Processes
from darknet_torch.training.plan import TrainPlan

# Where the files lie and when they are written changes nothing; the values of [net] are
# compared as the network has them, the data by its content.
_NOT_COMPARED = frozenset(
    "cfg data base backup weights images names resume overwrite clear workers cache save_every "
    "save_last width height batch subdivisions max_batches epochs learning_rate scale_schedule "
    "tensorboard net_options normalize fill label_smoothing patience time_limit augment".split()
)
_SIZE = ("width", "height")
# In the order in which a difference explains the others.
_LAYER_FIELDS = ("section", "classes", "sources", "activation", "arrays", "output")


@dataclass(frozen=True)
class RunRecord:
    """The network and the settings of a run, as plain values.

    Attributes:
        layers: of each layer what an update of its weights depends on: its section, sources,
            arrays, activation, classes and output.
        settings: everything else that decides how the run goes on, by a name for messages.
    """

    layers: list[dict[str, str]]
    settings: dict[str, str]

    @staticmethod
    def of_run(
        network: Network, plan: TrainPlan, data: TrainingData, processes: Processes
    ) -> RunRecord:
        """The record of a run that is about to start."""
        settings = dict(_options("[net]", network.net))
        for layer in network.layers:
            settings |= _options(f"layer {layer.index} [{layer.section}]", layer.options)
        settings |= {
            name: str(value) for name, value in plan.to_dict().items() if name not in _NOT_COMPARED
        }
        settings |= {
            "augmentation": data.augmentation,
            "class names": ", ".join(data.names),
            "training data": data.content,
            **({"evaluation data": data.valid_content} if data.valid_content else {}),
            "processes": str(processes.count),
            "PyTorch": str(torch.__version__),
        }
        return RunRecord([_describe(layer) for layer in network.layers], settings)

    def check_network(self, before: RunRecord, where: object) -> None:
        """Refuse to go on with the weights of another network.

        Args:
            before: the record of the run that was stopped.
            where: its state, for the message.

        Raises:
            UsageError: the networks differ, other than in the size of their input.
        """
        changed = next(self._other_layers(before), None)
        if changed is not None:
            raise UsageError(
                "belongs to another network than that of the cfg",
                where=where,
                expected=f"{changed[0]} {changed[1]}",
                got=changed[2],
                fix="train with the cfg of that run, or start a new one from its weights: "
                "--weights instead of --resume, and another --backup",
            )

    def _other_layers(self, before: RunRecord) -> Iterator[tuple[str, str, str]]:
        """What differs between the networks, as (what, before, now)."""
        resized = any(
            self.settings.get(f"[net] {name}") != before.settings.get(f"[net] {name}")
            for name in _SIZE
        )
        for name in _LAYER_FIELDS:
            if name == "output" and resized:
                continue
            for index, (old, new) in enumerate(zip(before.layers, self.layers, strict=False)):
                if new[name] != old[name]:
                    yield f"layer {index} [{new['section']}] {name}", old[name], new[name]
        if len(before.layers) != len(self.layers):
            yield "a number of layers of", str(len(before.layers)), str(len(self.layers))

    def changes(self, before: RunRecord) -> list[str]:
        """The settings that differ from those of `before`, one a line."""
        names = {**before.settings, **self.settings}
        pairs = {
            name: (before.settings.get(name, "not set"), self.settings.get(name, "not set"))
            for name in names
        }
        return [f"{name}: {old} -> {new}" for name, (old, new) in pairs.items() if old != new]

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain values."""
        return {"layers": self.layers, "settings": self.settings}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> RunRecord:
        """The record that `to_dict` gave.

        Raises:
            ValueError: it is something else.
        """
        layers: Any = values.get("layers")
        settings: Any = values.get("settings")
        if not isinstance(layers, list) or not all(map(_is_of_texts, (*layers, settings))):
            raise ValueError("its record is not that of a run")
        return RunRecord(layers, settings)


def _is_of_texts(value: object) -> bool:
    """Whether a value is a dictionary of texts."""
    return isinstance(value, dict) and all(
        isinstance(part, str) for item in value.items() for part in item
    )


def _options(where: str, options: Options) -> Iterator[tuple[str, str]]:
    for one in fields(options):
        if one.name != "where":
            yield f"{where} {one.name}", _text(getattr(options, one.name))


def _text(value: object) -> str:
    """The value of an option as it may be written in a cfg: its numbers are float32."""
    if isinstance(value, tuple):
        return ",".join(map(_text, value))
    return str(np.float32(value)) if isinstance(value, float) else str(value)


def _describe(layer: Layer) -> dict[str, str]:
    shape = layer.output_shape
    arrays = [
        f"{slot.name} {'x'.join(map(str, slot.tensor.shape))}" for slot in layer.weight_slots()
    ]
    return {
        "section": layer.section,
        "classes": str(getattr(layer.options, "classes", "")),
        "sources": " ".join(map(str, layer.sources)),
        "activation": str(getattr(layer.options, "activation", "")),
        "arrays": ", ".join(arrays),
        "output": f"{shape.channels}x{shape.height}x{shape.width}",
    }
