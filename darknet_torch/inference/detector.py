"""The detector: from pictures to detections; every command that detects uses it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from darknet_torch.arguments import check_count, check_flag, check_fraction
from darknet_torch.cfg.zoo import resolve_names
from darknet_torch.engines.model import EngineModel
from darknet_torch.errors import UsageError
from darknet_torch.inference.backends import (
    Backend,
    backend_title,
    decodes_inputs,
    find_backend,
    find_device_detector,
)
from darknet_torch.inference.batch_predictions import BatchPredictions
from darknet_torch.inference.class_choice import choose_class_ids
from darknet_torch.inference.description import check_heads, describe, require_network
from darknet_torch.inference.head_outputs import read_outputs
from darknet_torch.media.images import Placement, input_placement, network_input
from darknet_torch.media.picture_input import (
    OpenedPicture,
    batched_pictures,
    open_picture,
    several_pictures,
)
from darknet_torch.media.resizing import RESIZE_METHODS
from darknet_torch.ops.precision_names import FLOAT32
from darknet_torch.results.boxes import cxcywh_to_xyxy
from darknet_torch.results.detections import Detections
from darknet_torch.results.filtered_boxes import FilteredBoxes, FoundBoxes
from darknet_torch.results.suppression import apply_nms, suppress_overlaps

if TYPE_CHECKING:
    import torch

    from darknet_torch.engines.description import ModelDescription
    from darknet_torch.heads.base import Head, Predictions
    from darknet_torch.inference.gpu.pipeline import DeviceInputs
    from darknet_torch.media.picture_input import Picture
    from darknet_torch.model.network import Network


class Detector:
    """Finds objects in pictures.

    Args:
        network: a network with detection heads, which is put into evaluation mode; or the model of
            an engine, which runs it: `backend`, `device`, `precision`, `optimize` and
            `keep_weights` do not count then.
        names: the names of its classes, or a names file. None: `network.names`, those that
            `darknet_torch.load` found. Without names, as with [], a class is called "class N".
        threshold: detections with a score at or below this are dropped, 0-1.
        nms_threshold: a box that overlaps a box of the same class with a higher score by more
            than this is dropped, 0-1; 0 keeps all.
        letterbox: keep the aspect ratio of pictures and pad with grey, or stretch them. None:
            as the cfg says, otherwise as the network's dialect does.
        backend: what runs the network: the name of a backend, see `BACKENDS`, or a `Backend`.
        resize: "darknet", its own rule on floats, or "opencv", cv2.resize on bytes. None: as
            Darknet does, which is opencv for video frames that are stretched, else darknet.
        exif: rotate files, their bytes and PIL's images according to their EXIF orientation.
        only: names or ids of the classes to detect; all by default.
        skip: names or ids of classes to leave out; none by default.
        max_detections: keep at most this many detections per picture, those with the highest
            scores; None keeps all.
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
        CfgError: the network has no detection heads, or their numbers of classes differ.
        NamesError: there are fewer or more names than classes.
        UsageError: an argument of another type, a threshold outside 0-1, max_detections below
            0, batch below 1, an unknown backend, resize method, class, device or precision.

    A process that is forked after a detection lacks PyTorch's threads, and would wait for them for
    ever: the child's first detection raises a `UsageError`. Start processes by
    ``multiprocessing.get_context("spawn")``, and make a detector in each.

    Source: detector.c test_detector (AlexeyAB).
    """

    def __init__(
        self,
        network: Network | EngineModel,
        *,
        names: Sequence[str] | str | os.PathLike[str] | None = None,
        threshold: float = 0.25,
        nms_threshold: float = 0.45,
        letterbox: bool | None = None,
        backend: str | Backend = "torch",
        resize: str | None = None,
        exif: bool = True,
        only: Sequence[str | int] | None = None,
        skip: Sequence[str | int] = (),
        max_detections: int | None = None,
        device: str | torch.device | None = None,
        batch: int = 16,
        precision: str = FLOAT32,
        optimize: bool = True,
        keep_weights: bool = True,
    ) -> None:
        self.model: ModelDescription = describe(network, device)
        self._source = network
        check_heads(network)
        self.classes: int = self.model.classes
        self.names: tuple[str, ...] = resolve_names(
            self.model.names if names is None else names, self.classes, allow_more=False
        )
        if resize not in (None, *RESIZE_METHODS):
            expected = " or ".join(RESIZE_METHODS)
            raise UsageError("unknown resize method", expected=expected, got=repr(resize))
        self.threshold: float = check_fraction("threshold", threshold)
        self.nms_threshold: float = check_fraction("nms_threshold", nms_threshold)
        self.letterbox: bool = check_flag(
            "letterbox", self.model.letterbox if letterbox is None else letterbox
        )
        self.resize: str | None = resize
        self.exif: bool = check_flag("exif", exif)
        self.only: list[int] | None = choose_class_ids(
            only, skip, names=self.names, classes=self.classes
        )
        self.max_detections: int | None = (
            None
            if max_detections is None
            else check_count("max_detections", max_detections, least=0)
        )
        self.batch: int = check_count("batch", batch, least=1)
        self.backend: Backend = find_backend(
            backend,
            network,
            precision,
            optimize=check_flag("optimize", optimize),
            keep_weights=check_flag("keep_weights", keep_weights),
        )
        self._on_device = find_device_detector(network, self.backend) if optimize else None

    @property
    def network(self) -> Network:
        """The network; `UsageError` if an engine runs its model."""
        return require_network(self._source)

    @property
    def heads(self) -> list[Head]:
        """The network's heads, in the order of its outputs; `UsageError` as `network`."""
        return self.network.heads

    @overload
    def __call__(self, pictures: Picture) -> Detections: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, pictures: torch.Tensor) -> Any: ...
    @overload
    def __call__(self, pictures: Iterable[Picture | torch.Tensor]) -> list[Detections]: ...

    def __call__(
        self, pictures: Picture | torch.Tensor | Iterable[Picture | torch.Tensor]
    ) -> Detections | list[Detections]:
        """Detect objects in one picture, or in several.

        The same pixels give the same boxes in whatever form they come. The decoders of JPEG
        files differ: those of Darknet, which read paths, URLs and bytes, and those of OpenCV and
        PIL by a few grey levels.

        Args:
            pictures: one picture, of any size:

                - a path; an http or https URL; the bytes of a file, or a file opened in binary
                  mode;
                - an array as OpenCV gives it: BGR [H, W, 3], BGRA [H, W, 4], grey [H, W] or
                  [H, W, 1]; uint8 in 0-255, or uint16, of which the upper 8 bits count;
                - a PIL image of any mode but F;
                - a tensor on any device: RGB [3, H, W] or grey [1, H, W], uint8, or floats in
                  0-1, which are rounded to 256 levels.

                Or several: a list, tuple or generator of these, or a tensor [N, 3, H, W].
                They are opened in batches of `batch`, so that a generator of many pictures
                needs memory for one batch only. Transparency is dropped in every form.

        Returns:
            The detections in the picture; for several pictures a list of them, in their order.

        Raises:
            ImageError: a picture cannot be opened, or is in another form.
            UsageError: the process was forked after a detection; see `Detector`.

        Warns:
            CfgWarning: a JPEG is cut off; what is there was read.
        """
        several = several_pictures(pictures)
        if several is None:
            return next(self._detect_all([[open_picture(pictures, exif=self.exif)]]))
        return list(self._detect_all(batched_pictures(several, self.batch, exif=self.exif)))

    def _detect_all(self, batches: Iterable[list[OpenedPicture]]) -> Iterator[Detections]:
        """Detect in batches. A GPU is given the next one before the last one is waited for."""
        started: list[tuple[BatchPredictions, list[OpenedPicture]]] = []
        for batch in batches:
            started.append((self.predict([one.image for one in batch]), batch))
            if len(started) > 1:
                yield from self._finish(*started.pop(0))
        for one in started:
            yield from self._finish(*one)

    def _finish(self, predicted: BatchPredictions, batch: list[OpenedPicture]) -> list[Detections]:
        images, names = [one.image for one in batch], [one.name for one in batch]
        return self.find_detections(predicted, images, names)

    def detect_images(
        self, images: Sequence[np.ndarray], filenames: Sequence[str], *, from_video: bool = False
    ) -> list[Detections]:
        """Detect objects in images in memory, as one batch.

        Args:
            images: each BGR uint8 [H, W, 3].
            filenames: `Detections.filename` of each image.
            from_video: whether the images are video frames, see `resize_method`.

        Returns:
            The detections in each image.
        """
        predicted = self.predict(images, from_video=from_video)
        return self.find_detections(predicted, images, filenames)

    def predict(
        self, images: Sequence[np.ndarray], *, from_video: bool = False
    ) -> BatchPredictions:
        """Run the network on images as one batch, without applying thresholds.

        Args:
            images: each BGR uint8 [H, W, 3], of any size.
            from_video: whether the images are video frames, see `resize_method`.

        Returns:
            What the heads predict, decoded as far as it is asked for, and where each image lies
            in the network's input.
        """
        return self.predict_inputs(*self.prepare_inputs(images, from_video=from_video))

    def predict_inputs(
        self, inputs: np.ndarray | DeviceInputs, placements: list[Placement]
    ) -> BatchPredictions:
        """Run the network on prepared inputs, without applying thresholds.

        Args:
            inputs, placements: what `prepare_inputs` returned.

        Returns:
            As `predict`.
        """
        if self._on_device is not None and not isinstance(inputs, np.ndarray):
            predicted = self._on_device.predict_inputs(inputs)
            return BatchPredictions(predicted.outputs, placements, predicted)
        raw = decodes_inputs(self.backend)
        predict = getattr(self.backend, "predict_for_decoding" if raw else "predict")
        outputs = read_outputs(self.model, predict(inputs), self._own_heads(), raw=raw)
        return BatchPredictions(outputs, placements)

    def find_detections(
        self,
        predicted: BatchPredictions,
        images: Sequence[np.ndarray],
        filenames: Sequence[str],
    ) -> list[Detections]:
        """Apply the threshold and NMS to the predictions for a batch.

        Args:
            predicted: the result of `predict` or `predict_inputs`.
            images: of that batch, each BGR uint8 [H, W, 3].
            filenames: `Detections.filename` of each image.

        Returns:
            The detections in each image.
        """
        if self._on_device is not None and predicted.on_device is not None:
            found = self._on_device.find_detections(
                predicted.on_device, threshold=self.threshold, nms_threshold=self.nms_threshold
            )
        else:
            found = [
                boxes.by_score() for boxes in self._filter_pictures(predicted, self.threshold)
            ]
        return [
            self._to_detections(boxes, image, filename)
            for boxes, image, filename in zip(found, images, filenames, strict=True)
        ]

    def prepare_inputs(
        self, images: Sequence[np.ndarray], *, from_video: bool = False
    ) -> tuple[np.ndarray | DeviceInputs, list[Placement]]:
        """Letterbox or stretch images to the size of the network's input.

        Args:
            images: each BGR uint8 [H, W, 3].
            from_video: whether the images are video frames, see `resize_method`.

        Returns:
            [N, C, height, width] float32 in 0-1, RGB or grey, in memory [N, height, width, C],
            or the same on the network's GPU; and where each image lies in it.
        """
        model, method = self.model, self.resize_method(from_video=from_video)
        placements = [
            input_placement(image, model.height, model.width, letterbox=self.letterbox)
            for image in images
        ]
        if self._on_device is not None and images:
            return self._on_device.prepare_inputs(images, placements, method), placements
        inputs = np.empty((len(images), model.height, model.width, model.channels), np.float32)
        for image, placement, out in zip(images, placements, inputs, strict=True):
            network_input(
                image,
                placement,
                channels=model.channels,
                method=method,
                fill=model.fill,
                out=out,
            )
        return inputs.transpose(0, 3, 1, 2), placements

    def resize_method(self, *, from_video: bool) -> str:
        """Return how pictures are resized to the size of the network's input.

        Args:
            from_video: whether the pictures are video frames; those Darknet resizes with
                OpenCV, unless they are letterboxed.

        Returns:
            "darknet" or "opencv".

        Source: image_opencv.cpp get_image_from_stream_resize, get_image_from_stream_letterbox
        (AlexeyAB), demo.c fetch_in_thread (pjreddie).
        """
        return self.resize or ("opencv" if from_video and not self.letterbox else "darknet")

    def decode(self, outputs: Sequence[torch.Tensor]) -> Predictions:
        """Decode the outputs of all heads and join them.

        Args:
            outputs: the output of each head, in the order of `heads`.

        Returns:
            For N pictures with A boxes: `boxes` [N, A, 4], centre x, centre y, width, height in
            0-1 of the network's input; `objectness` [N, A]; and `class_scores` [N, A, C], which
            include it. The last two are in 0-1.
        """
        read = read_outputs(self.model, outputs, self._own_heads())
        return BatchPredictions(read, []).predictions

    def _own_heads(self) -> Sequence[Head]:
        return () if isinstance(self._source, EngineModel) else self._source.heads

    def filter_boxes(
        self, predicted: BatchPredictions, index: int, threshold: float | None = None
    ) -> FilteredBoxes:
        """Apply the threshold and NMS to one picture's boxes, and place them in the picture.

        Args:
            predicted: the result of `predict`.
            index: index of the picture in that batch.
            threshold: the score threshold, 0-1; the detector's by default.

        Returns:
            The A boxes above the threshold: `boxes_cxcywh` [A, 4], centre x, centre y, width,
            height in 0-1 of the picture; `scores` [A, C], and `scores_after_nms` [A, C], which
            are 0 where NMS dropped the box.

        Source: network.c get_network_boxes, yolo_layer.c get_yolo_detections. The last
        head's kind of NMS is used for the whole network, as in detector.c test_detector.
        Differs: boxes that are not finite, which untrained networks give, are dropped.
        """
        threshold = self.threshold if threshold is None else threshold
        (filtered,) = self._filter_pictures(predicted.of_picture(index), threshold)
        return filtered

    def _filter_pictures(
        self, predicted: BatchPredictions, threshold: float
    ) -> list[FilteredBoxes]:
        """`filter_boxes` of every picture."""
        found = predicted.candidates(threshold).finite()
        found = found.select(np.any(found.class_scores > threshold, 1))
        scores = np.where(found.class_scores > threshold, found.class_scores, 0)
        boxes = predicted.boxes_in_pictures(found)
        last = self.model.heads[-1]
        after = suppress_overlaps(
            boxes,
            scores,
            found.pictures,
            self.nms_threshold,
            nms_kind=last.nms_kind,
            beta_nms=last.beta_nms,
        )
        return [
            FilteredBoxes(boxes[own], scores[own], after[own]) for own in predicted.slices(found)
        ]

    def propose_boxes(
        self, predicted: BatchPredictions, index: int, threshold: float
    ) -> np.ndarray:
        """Return the boxes of any class above an objectness threshold, after NMS by objectness.

        Args:
            predicted: the result of `predict`.
            index: index of the picture in that batch.
            threshold: the objectness threshold, 0-1.

        Returns:
            [A, 4] centre x, centre y, width, height in 0-1 of the picture.

        Source: detector.c validate_detector_recall, box.c do_nms_obj.
        """
        found = predicted.of_picture(index)
        candidates = found.candidates(threshold).finite()
        boxes = found.boxes_in_pictures(candidates)
        kept = apply_nms(boxes, candidates.objectness[:, None], self.nms_threshold)
        return boxes[kept[:, 0] > 0]

    def _to_detections(self, found: FoundBoxes, image: np.ndarray, filename: str) -> Detections:
        """Place the boxes of a picture in its pixels."""
        height, width = image.shape[:2]
        detections = Detections(
            cxcywh_to_xyxy(found.boxes_cxcywh) * (width, height, width, height),
            found.scores,
            found.class_ids,
            height,
            width,
            self.names,
            filename,
            engine=backend_title(self.backend),
        )
        return detections.visible(self.only).first(self.max_detections)
