"""The report of a conversion, with the differences of its result from its source."""

from __future__ import annotations

from dataclasses import dataclass

from darknet_torch.conversion.comparison import Difference


@dataclass(frozen=True)
class ConversionReport:
    """The report of one conversion.

    Attributes:
        origin: what was read.
        path: what was written.
        kind: the kind of file that was written.
        layers: how many layers, counted from the first, the file covers; None for all.
        differences: of what was written from what was read.
        restores: whether converting the result back to .weights gives the bytes of the
            original weight file; None if the source was not a weight file, or the result
            cannot be read back.
        notes: other things worth knowing, a sentence each.
    """

    origin: str
    path: str
    kind: str
    layers: int | None
    differences: tuple[Difference, ...]
    restores: bool | None = None
    notes: tuple[str, ...] = ()

    @property
    def worst(self) -> float:
        """The worst of the differences."""
        return max(difference.worst for difference in self.differences)

    def lines(self) -> list[str]:
        """The report as lines of text."""
        lines = [f"{self.origin} -> {self.path}: {self.kind}"]
        if self.layers is not None:
            lines.append(f"partial: the first {self.layers} layers")
        lines += self.notes
        if any(difference.values for difference in self.differences):
            details = ", ".join(str(difference) for difference in self.differences)
            lines.append(f"worst difference {self.worst:.2g} ({details})")
        else:
            lines.append("nothing could be compared: no boxes in the bundled picture")
        if self.restores is not None:
            what = "byte for byte" if self.restores else "in its values, but not byte for byte"
            lines.append(f"converted back to .weights, it restores the original {what}")
        return lines
