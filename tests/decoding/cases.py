"""Every head with every option that acts on its boxes."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.model.network import build_network
from tests.decoding import plain_loops

ANCHORS = [(10.0, 14.0), (23.0, 9.0)]
PARENTS = (-1, -1, 0, 0, 0, 2, 2)  # a tree of seven classes


@dataclass(frozen=True)
class Case:
    """A head for pictures of 96x32 on a map of 2 rows and 3 columns."""

    section: str
    text: str = ""
    dialect: str = "alexeyab"
    classes: int = 3

    width, height, rows, columns = 96, 64, 2, 3
    anchors = ANCHORS
    tree_parents = PARENTS
    tree_groups = ((0, 2), (2, 3), (5, 2))

    def __str__(self):
        return f"{self.dialect} {self.section} {self.text}".strip()

    @cached_property
    def options(self):
        return dict(item.split("=") for item in self.text.split())

    def number(self, key, default):
        return type(default)(float(self.options.get(key, default)))

    @property
    def channels(self):
        coords = 8 if self.section == "Gaussian_yolo" else int(self.number("coords", 4))
        return 2 * (coords + 1 + self.classes)

    def head(self, folder):
        """Build the head; a tree's file is written to `folder`."""
        text = self.text
        if "tree" in self.options:
            path = folder / "seven.tree"
            path.write_text("".join(f"name {parent}\n" for parent in PARENTS))
            text = text.replace("tree=seven", f"tree={path}")
        net = f"[net]\nwidth={self.width}\nheight={self.height}\n"
        lines = [f"[{self.section}]", f"classes={self.classes}", "num=2", *text.split()]
        if self.section == "detection":
            before = f"channels=1\n[connected]\noutput={self.values.size}\n"
        else:
            before = f"channels={self.channels}\n[maxpool]\nsize=32\nstride=32\n"
            lines.append("anchors=" + ",".join(f"{w},{h}" for w, h in ANCHORS))
        sections = parse_cfg(net + before + "\n".join(lines))
        (head,) = build_network(
            sections, dialect=find_dialect(self.dialect), initialize=False
        ).heads
        return head

    @property
    def values(self):
        """The shape of the head's input for a picture, as zeros."""
        if self.section == "detection":
            side = int(self.options["side"])
            values = 2 * (1 + int(self.options["coords"])) + self.classes
            return np.zeros((side * side * values, 1, 1))
        return np.zeros((self.channels, self.rows, self.columns))

    def inputs(self, seed=1):
        """[3, C, H, W] float32 inputs of the head."""
        shape = (3, *self.values.shape)
        return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * 2

    def expected(self, x):
        """Boxes [N, A, 4], objectness [N, A], scores [N, A, C] by plain loops."""
        loop = getattr(plain_loops, self.section.split("_")[0].lower())
        found = [list(loop(self, picture)) for picture in x.double().numpy()]
        return [np.array([[box[at] for box in each] for each in found]) for at in range(3)]


REGIONS = ("", "softmax=1", "softmax=1 classfix=-1", "softmax=1 coords=6", "classfix=-1")
CASES = [
    *(Case("yolo", text) for text in ("", "scale_x_y=1.2", "scale_x_y=2 new_coords=1")),
    Case("yolo", "new_coords=1"),
    Case("yolo", dialect="pjreddie"),
    *(
        Case("Gaussian_yolo", text)
        for text in ("", "scale_x_y=1.1 yolo_point=left_top", "yolo_point=right_bottom")
    ),
    *(Case("region", text, dialect) for text in REGIONS for dialect in ("alexeyab", "pjreddie")),
    *(
        Case("region", text, dialect, classes=7)
        for text in ("tree=seven", "tree=seven softmax=1 classfix=-1")
        for dialect in ("alexeyab", "pjreddie")
    ),
    Case("region", "background=1", "pjreddie"),
    Case("region", "background=1 softmax=1", "pjreddie"),
    Case("region", "background=1 tree=seven", "pjreddie", classes=7),
    *(
        Case("detection", f"side=2 {text}", dialect)
        for text in ("coords=4", "coords=4 softmax=1 sqrt=1", "coords=5 sqrt=1")
        for dialect in ("alexeyab", "pjreddie")
    ),
]
