"""The classifier: from pictures to classes; every command that classifies uses it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from darknet_torch.arguments import check_count, check_flag
from darknet_torch.cfg.zoo import resolve_names
from darknet_torch.decoding.arrays import NUMPY
from darknet_torch.decoding.trees import ClassTree
from darknet_torch.engines.model import EngineModel
from darknet_torch.errors import CfgError
from darknet_torch.inference.backends import Backend, backend_title, find_backend
from darknet_torch.inference.description import describe, require_network
from darknet_torch.inference.head_outputs import to_numpy
from darknet_torch.media.images import classifier_input
from darknet_torch.media.picture_input import (
    OpenedPicture,
    batched_pictures,
    open_picture,
    several_pictures,
)
from darknet_torch.ops.precision_names import FLOAT32
from darknet_torch.results.classification import Classification

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from darknet_torch.engines.description import ModelDescription
    from darknet_torch.media.picture_input import Picture
    from darknet_torch.model.network import Network
    from darknet_torch.ops.trees import TreeProbabilities


class Classifier:
    """Assigns classes to pictures.

    Args:
        network: a network without detection heads, which is put into evaluation mode; or the
            model of an engine, which runs it: `backend`, `device`, `precision`, `optimize` and
            `keep_weights` do not count then.
        names: the names of its classes, or a names file. None: `network.names`, those that
            `darknet_torch.load` found. Without names, as with [], a class is called "class N".
        top: how many classes to return, all if there are fewer; 1 or more.
        letterbox: fit the whole picture and pad with grey; else resize the shorter side and
            crop the centre. None: as the network's dialect does.
        backend: what runs the network: the name of a backend, see `BACKENDS`, or a `Backend`.
        exif: rotate files, their bytes and PIL's images according to their EXIF orientation.
        device: the device to move the network to, such as "cuda"; None leaves it where it is.
        batch: how many pictures of a list go through the network at once, 1 or more.
        precision: "float32", "tf32", "bfloat16" or "float16", that of the network's layers, see
            `darknet_torch.ops.precision.Precision`; all that follows them is float32. Other
            backends than "torch" take "float32" alone.
        optimize: run what `Network.optimize` returns, on a CPU in float32. The network itself is
            not changed, and later changes of its arrays are noticed.
        keep_weights: False frees the network's own arrays once the backend has copies, on a CPU,
            so that memory for one is enough. The network cannot be used by anything else then.

    Raises:
        CfgError: the network has detection heads, or its input is not a picture.
        NamesError: there are fewer names than classes.
        UsageError: an argument of another type, top or batch below 1, an unknown backend,
            device or precision.

    Source: classifier.c predict_classifier (both code bases).
    Differs: a network of one channel gets grey pictures; Darknet gives it the red channel.
    """

    def __init__(
        self,
        network: Network | EngineModel,
        *,
        names: Sequence[str] | str | os.PathLike[str] | None = None,
        top: int = 5,
        letterbox: bool | None = None,
        backend: str | Backend = "torch",
        exif: bool = True,
        device: str | torch.device | None = None,
        batch: int = 16,
        precision: str = FLOAT32,
        optimize: bool = True,
        keep_weights: bool = True,
    ) -> None:
        self.model: ModelDescription = describe(network, device)
        self._source = network
        _check_classifies(network)
        self.classes: int = self.model.classes
        self.top: int = min(check_count("top", top, least=1), self.classes)
        self.names: tuple[str, ...] = resolve_names(
            self.model.names if names is None else names, self.classes, allow_more=True
        )
        self.letterbox: bool = check_flag(
            "letterbox", self.model.letterbox if letterbox is None else letterbox
        )
        self.exif: bool = check_flag("exif", exif)
        self.batch: int = check_count("batch", batch, least=1)
        self.backend: Backend = find_backend(
            backend,
            network,
            precision,
            optimize=check_flag("optimize", optimize),
            keep_weights=check_flag("keep_weights", keep_weights),
        )

    @property
    def network(self) -> Network:
        """The network; `UsageError` if an engine runs its model."""
        return require_network(self._source)

    @property
    def tree(self) -> TreeProbabilities | None:
        """The class hierarchy of the network's output layer; None if it has none."""
        tree: TreeProbabilities | None = getattr(self.network.output_layer, "tree", None)
        return tree

    @overload
    def __call__(self, pictures: Picture) -> Classification: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, pictures: Tensor) -> Any: ...
    @overload
    def __call__(self, pictures: Iterable[Picture | Tensor]) -> list[Classification]: ...

    def __call__(
        self, pictures: Picture | Tensor | Iterable[Picture | Tensor]
    ) -> Classification | list[Classification]:
        """Classify one picture, or several.

        Args:
            pictures: in the forms that `Detector.__call__` takes.

        Returns:
            The classes of the picture; for several pictures a list of them, in their order.

        Raises:
            ImageError: a picture cannot be opened, or is in another form.

        Warns:
            CfgWarning: a JPEG is cut off; what is there was read.
        """
        several = several_pictures(pictures)
        if several is None:
            return self._classify([open_picture(pictures, exif=self.exif)])[0]
        return [
            found
            for batch in batched_pictures(several, self.batch, exif=self.exif)
            for found in self._classify(batch)
        ]

    def _classify(self, opened: list[OpenedPicture]) -> list[Classification]:
        return self.classify_images([one.image for one in opened], [one.name for one in opened])

    def classify_images(
        self, images: Sequence[np.ndarray], filenames: Sequence[str]
    ) -> list[Classification]:
        """Classify images in memory, each BGR uint8 [H, W, 3], as one batch.

        Args:
            images: the images.
            filenames: `Classification.filename` of each image.

        Returns:
            The `top` most likely classes of each image.
        """
        return self.rank_classes(self.predict_inputs(self.prepare_inputs(images)), filenames)

    def prepare_inputs(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Resize and crop or letterbox images to the size of the network's input.

        Args:
            images: each BGR uint8 [H, W, 3].

        Returns:
            [N, C, height, width] float32 in 0-1, RGB or grey, in memory [N, height, width, C].
        """
        model = self.model
        inputs = np.empty((len(images), model.height, model.width, model.channels), np.float32)
        for image, out in zip(images, inputs, strict=True):
            classifier_input(
                image,
                model.height,
                model.width,
                channels=model.channels,
                letterbox=self.letterbox,
                fill=model.fill,
                out=out,
            )
        return inputs.transpose(0, 3, 1, 2)

    def predict_inputs(self, inputs: np.ndarray) -> np.ndarray:
        """Run the network on what `prepare_inputs` returned; return its output, [N, C] float32."""
        (output,) = self.backend.predict(inputs)
        return to_numpy(output).reshape(len(inputs), -1)

    def rank_classes(
        self, output: np.ndarray | Tensor, filenames: Sequence[str]
    ) -> list[Classification]:
        """Return the best classes of each image.

        Args:
            output: the result of `predict_inputs`, or the same as a tensor: [N, C].
            filenames: `Classification.filename` of each image.

        Returns:
            The `top` most likely classes of each image.
        """
        probabilities = self._to_probabilities(to_numpy(output))
        # A stable sort, as top_k of utils.c: of equal scores the lower id comes first.
        ids = np.argsort(-probabilities, axis=1, kind="stable")[:, : self.top]
        scores = np.take_along_axis(probabilities, ids, 1)
        return [
            self._to_classification(row_ids.tolist(), row_scores.tolist(), filename)
            for row_ids, row_scores, filename in zip(ids, scores, filenames, strict=True)
        ]

    def _to_probabilities(self, output: np.ndarray) -> np.ndarray:
        """Turn the outputs [N, C] into probabilities; in a tree, multiply along the ancestors."""
        if self.model.tree is None:
            return output
        tree = ClassTree(self.model.tree)
        chained = tree.chain(NUMPY, output)
        return tree.leaves(NUMPY, chained) if self.model.leaves_only else chained

    def _to_classification(
        self, ids: list[int], scores: list[float], filename: str
    ) -> Classification:
        tree = self.model.tree
        parents = tuple(tree.parents[i] for i in ids) if tree is not None else None
        title = backend_title(self.backend)
        return Classification(
            tuple(ids), tuple(scores), self.names, parents, filename, engine=title
        )


def _check_classifies(network: Network | EngineModel) -> None:
    """Check that a network takes pictures, and has no detection heads."""
    if isinstance(network, EngineModel):
        if network.description.heads:
            raise CfgError("this model is a detector", got=network.title, fix="use dtorch detect")
        return
    if network.heads or not network.net.is_picture:
        raise CfgError(
            "this network is not a classifier of pictures",
            where=network.net.where,
            expected="width=, height= and channels= in [net], and no detection head",
            got=f"[{network.layers[-1].section}] at its end",
            fix="use dtorch detect" if network.heads else "use dtorch rnn",
        )
