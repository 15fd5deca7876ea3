"""The classifier: from pictures to classes; every command that classifies uses it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from darknet_torch.cfg.zoo import resolve_names
from darknet_torch.errors import CfgError, UsageError
from darknet_torch.inference.backends import Backend, find_backend
from darknet_torch.media.images import Picture, classifier_input, open_picture
from darknet_torch.model.network import Network
from darknet_torch.ops.trees import TreeProbabilities


@dataclass(frozen=True)
class Classification:
    """The most likely classes of one picture, sorted by score, the highest first.

    Attributes:
        class_ids: [K] from 0.
        scores: [K] 0-1.
        names: the names of all classes; a class without a name is called "class N".
        parents: [K] id of each class's parent in the tree, -1 for a root; None without a tree.
        filename: path of the picture, empty if it was given as an array.
    """

    class_ids: tuple[int, ...]
    scores: tuple[float, ...]
    names: tuple[str, ...]
    parents: tuple[int, ...] | None
    filename: str = ""

    def name(self, class_id: int) -> str:
        """Return the name of a class."""
        return self.names[class_id] if class_id < len(self.names) else f"class {class_id}"

    def lines(self) -> list[str]:
        """Return Darknet's lines of text, one per class.

        Source: classifier.c predict_classifier (AlexeyAB).
        """
        pairs = list(zip(self.class_ids, self.scores, strict=True))
        if self.parents is None:
            return [f"{self.name(i)}: {score:f}" for i, score in pairs]
        parents = [self.name(parent) if parent >= 0 else "Root" for parent in self.parents]
        return [
            f"{i}, {self.name(i)}: {score:f}, parent: {parent} "
            for (i, score), parent in zip(pairs, parents, strict=True)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        classes = [
            {"class_id": i, "name": self.name(i), "confidence": round(score, 6)}
            for i, score in zip(self.class_ids, self.scores, strict=True)
        ]
        return {"filename": self.filename, "classes": classes}


class Classifier:
    """Assigns classes to pictures.

    Args:
        network: a network without detection heads; it is put into evaluation mode.
        names: the names of its classes, or a names file.
        top: how many classes to return, all if there are fewer; 1 or more.
        letterbox: fit the whole picture and pad with grey; else resize the shorter side and
            crop the centre. None: as the network's dialect does.
        backend: what runs the network: the name of a backend, see `BACKENDS`, or a `Backend`.
        exif: rotate pictures given by path according to their EXIF orientation.

    Raises:
        CfgError: the network has detection heads, or its input is not a picture.
        NamesError: there are fewer names than classes.
        UsageError: top below 1, an unknown backend.

    Source: classifier.c predict_classifier (both code bases).
    Differs: a network of one channel gets grey pictures; Darknet gives it the red channel.
    """

    def __init__(
        self,
        network: Network,
        *,
        names: Sequence[str] | str | os.PathLike[str] | None = None,
        top: int = 5,
        letterbox: bool | None = None,
        backend: str | Backend = "torch",
        exif: bool = True,
    ) -> None:
        self.network: Network = network.eval()
        if network.heads or not network.net.is_picture:
            raise CfgError(
                "this network is not a classifier of pictures",
                where=network.net.where,
                expected="width=, height= and channels= in [net], and no detection head",
                got=f"[{network.layers[-1].section}] at its end",
                fix="use dtorch detect" if network.heads else "use dtorch rnn",
            )
        self.classes: int = network.output_layer.output_shape.count
        if top < 1:
            raise UsageError("top is out of its bounds", expected="1 or more", got=top)
        self.top: int = min(top, self.classes)
        self.names: tuple[str, ...] = resolve_names(names, self.classes, allow_more=True)
        default = network.dialect.defaults.letterbox
        self.letterbox: bool = default if letterbox is None else letterbox
        self.exif: bool = exif
        self.backend: Backend = find_backend(backend, network)

    @property
    def tree(self) -> TreeProbabilities | None:
        """The class hierarchy of the output layer; None if it has none."""
        tree: TreeProbabilities | None = getattr(self.network.output_layer, "tree", None)
        return tree

    def __call__(self, picture: Picture) -> Classification:
        """Classify one picture.

        Args:
            picture: a path, or an array as `Detector` takes it.

        Raises:
            ImageError: the picture cannot be read.
        """
        image, filename = open_picture(picture, exif=self.exif)
        return self.classify_images([image], [filename])[0]

    def classify_images(
        self, images: Sequence[np.ndarray], filenames: Sequence[str]
    ) -> list[Classification]:
        """Classify images in memory, each BGR uint8 [H, W, 3], as one batch.

        Args:
            images: the images.
            filenames: `Classification.filename` of each image.
        """
        inputs = np.stack([self._prepare_input(image) for image in images])
        (output,) = self.backend.predict(inputs)
        probabilities = self._to_probabilities(output.flatten(1).float())
        # A stable sort, as top_k of utils.c: of equal scores the lower id comes first.
        scores, ids = probabilities.sort(stable=True, dim=1, descending=True)
        scores, ids = scores[:, : self.top], ids[:, : self.top]
        return [
            self._to_classification(row_ids.tolist(), row_scores.tolist(), filename)
            for row_ids, row_scores, filename in zip(ids, scores, filenames, strict=True)
        ]

    def _prepare_input(self, image: np.ndarray) -> np.ndarray:
        net = self.network.net
        return classifier_input(
            image, net.height, net.width, channels=net.channels, letterbox=self.letterbox
        )

    def _to_probabilities(self, output: Tensor) -> Tensor:
        """Turn the outputs [N, C] into probabilities; in a tree, multiply along the ancestors."""
        if self.tree is None:
            return output
        chained = self.tree.chain(output)
        return (
            self.tree.leaves(chained)
            if self.network.dialect.geometry.names_leaves_only
            else chained
        )

    def _to_classification(
        self, ids: list[int], scores: list[float], filename: str
    ) -> Classification:
        tree = self.tree.tree if self.tree is not None else None
        parents = tuple(tree.parents[i] for i in ids) if tree is not None else None
        return Classification(tuple(ids), tuple(scores), self.names, parents, filename)
