"""The readers that are fuzzed, one row each; none of this needs atheris.

`TARGETS` is the list. A new target is a function that reads a file, the seeds in
`tools/fuzzing/seeds.py`, and a row.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from pathlib import Path

import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg, read_cfg
from darknet_torch.cfg.tree import read_tree
from darknet_torch.datasets.check import find_problems
from darknet_torch.datasets.coco import read_coco
from darknet_torch.datasets.darknet import DataFile, read_darknet, read_labels
from darknet_torch.datasets.examples import DataSet, Example, Labels
from darknet_torch.datasets.label_rule import leave_out_wrong_boxes
from darknet_torch.datasets.moved_files import read_picture_list
from darknet_torch.datasets.reading import resolve_class_names
from darknet_torch.datasets.statistics import compute_statistics
from darknet_torch.datasets.voc import read_voc
from darknet_torch.errors import DarknetError
from darknet_torch.evaluation.ground_truth import GroundTruth
from darknet_torch.evaluation.results_reader import read_results
from darknet_torch.loading.readers import ModelSource, read_model
from darknet_torch.media.decoding import read_picture
from darknet_torch.media.sources import PictureSource, SourceKind, find_sources
from darknet_torch.media.video_reader import VideoReadOptions, expected_frames, read_frames
from darknet_torch.model.network import Network, build_network
from darknet_torch.model.weights import read_weights
from darknet_torch.training.saved_state import read_state
from tools.fuzzing import seeds

_FRAMES = 3  # of a video
_DIALECTS = ("alexeyab", "pjreddie")


@dataclass(frozen=True)
class Target:
    """A reader, and what it is fed.

    Attributes:
        name: the word on the command line.
        file: the path of the input below an empty folder; its suffix may choose the reader.
        read: reads that file. It may raise a `DarknetError`, and nothing else.
        seeds: small valid inputs, from which the fuzzer starts.
        wrap: makes the content of the file of an input; by default the input is the content.
            Used where a checksum would refuse every change of the content.
        words: what the fuzzer may insert at once, such as keys.
    """

    name: str
    file: str
    read: Callable[[Path], object]
    seeds: Callable[[], Sequence[bytes]]
    wrap: Callable[[bytes], bytes] = bytes
    words: Callable[[], Sequence[str]] = tuple

    def run(self, data: bytes, folder: Path) -> DarknetError | None:
        """Write an input to a file and read it.

        Args:
            data: the input.
            folder: an existing folder that this target alone uses.

        Returns:
            The error with which the reader refused the input; None if it was read.

        Raises:
            Exception: any other error, which is a finding.
        """
        file = folder / self.file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(self.wrap(data))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.read(file)
        except DarknetError as error:
            str(error).encode("utf-8", "surrogateescape")
            return error
        return None


def _any_of(*readers: Callable[[], object]) -> None:
    """Read in every way; raise the first error only if none of them reads the file."""
    errors = []
    for read in readers:
        try:
            read()
        except DarknetError as error:
            errors.append(error)
    if len(errors) == len(readers):
        raise errors[0]


def _build_cfg(file: Path) -> None:
    """Read a cfg and build its network in the dialects, with arrays that take no memory."""
    sections = read_cfg(file)

    def build(dialect: str) -> None:
        with torch.device("meta"):
            build_network(sections, dialect=find_dialect(dialect), initialize=False)

    _any_of(*(partial(build, dialect) for dialect in _DIALECTS))


@cache
def _network(dialect: str) -> Network:
    sections = parse_cfg(seeds.MODEL_CFG)
    return build_network(sections, dialect=find_dialect(dialect), initialize=False)


def _read_weights(file: Path) -> None:
    _any_of(
        *(partial(read_weights, _network(dialect), file, strict=False) for dialect in _DIALECTS),
        lambda: read_weights(_network("alexeyab"), file),
    )


def _use(data_set: DataSet) -> None:
    """Do with a data set what commands do: check, count, and evaluate with it."""
    splits = {"train": data_set}
    find_problems(splits, workers=1)
    kept = leave_out_wrong_boxes(data_set)
    compute_statistics({"train": kept})
    truth = GroundTruth.from_data_set(kept)
    assert len(truth.truths.pictures) == sum(len(each.labels or ()) for each in kept.examples)
    assert len(truth.picture_ids) == len(truth.stems) == len(kept.examples)


def _read_data(file: Path) -> None:
    data = DataFile.read(file)
    for split in data.splits:
        with suppress(DarknetError):
            _use(read_darknet(file, split))
    with suppress(DarknetError):
        data.names()


def _read_list(file: Path) -> None:
    read_picture_list(file)
    find_sources([str(file)])


def _read_tree(file: Path) -> None:
    tree = read_tree(file)
    assert len(tree.group_of) == len(tree.child_group) == sum(map(len, tree.levels))


def _read_labels(file: Path) -> None:
    labels, _ = read_labels(file)
    picture = Example(file.with_suffix(".png"), labels, size=(6, 8), label_file=file)
    _use(DataSet((picture,), ("a", "b"), str(file)))


def _read_coco(file: Path) -> None:
    _use(read_coco(file))


def _read_voc(file: Path) -> None:
    _use(read_voc(file.parents[1], "all"))


@cache
def _ground_truth() -> GroundTruth:
    pictures = (
        Example(Path("000000000001.jpg"), Labels.empty(), size=(8, 8), picture_id=1),
        Example(Path("b c.jpg"), Labels.empty(), size=(6, 8), picture_id=2),
    )
    data_set = DataSet(pictures, ("dog", "traffic light"), "fuzz", category_ids=(1, 10))
    return GroundTruth.from_data_set(data_set)


def _read_results(file: Path) -> None:
    truth = _ground_truth()
    truth.clipped_boxes_xyxy(read_results(file, truth).by_score())


def _read_results_folder(file: Path) -> None:
    _read_results(file.parent)


def _read_model(file: Path) -> None:
    cfg = file.with_name("model.cfg")
    if not cfg.exists():
        cfg.write_text(seeds.MODEL_CFG)
    _any_of(*(partial(read_model, ModelSource(file, own_cfg)) for own_cfg in (cfg, None)))


def _read_picture(file: Path) -> None:
    _any_of(*(partial(read_picture, file, decoder=decoder) for decoder in ("darknet", "opencv")))


def _read_video(file: Path) -> None:
    source = PictureSource(str(file), SourceKind.VIDEO)
    expected_frames(source)
    for frame in islice(read_frames(source, VideoReadOptions()), _FRAMES):
        if isinstance(frame, DarknetError):
            raise frame


TARGETS = (
    Target("cfg", "input.cfg", _build_cfg, seeds.cfgs, words=seeds.cfg_words),
    Target("weights", "input.weights", _read_weights, seeds.weight_files),
    Target("data", "input.data", _read_data, seeds.data_files, words=seeds.data_words),
    Target("list", "input.txt", _read_list, seeds.lists),
    Target("names", "input.names", resolve_class_names, seeds.names_files),
    Target("tree", "input.tree", _read_tree, seeds.trees, words=seeds.tree_words),
    Target("labels", "input.txt", _read_labels, seeds.label_files),
    Target("coco", "input.json", _read_coco, seeds.coco_files, words=seeds.coco_words),
    Target("voc", "Annotations/input.xml", _read_voc, seeds.voc_files, words=seeds.voc_words),
    Target("results", "input.json", _read_results, seeds.result_files, words=seeds.result_words),
    Target("results-voc", "comp4_det_test_dog.txt", _read_results, seeds.voc_result_files),
    Target("results-txt", "000000000001.txt", _read_results_folder, seeds.txt_result_files),
    Target("pt", "input.pt", _read_model, seeds.torch_files),
    # An archive's checksums would refuse each change, so these two change what is inside.
    Target("pt-pickle", "input.pt", _read_model, seeds.pickles, wrap=seeds.torch_archive),
    Target("state", "input.state", read_state, seeds.state_pickles, wrap=seeds.state_file),
    Target("safetensors", "input.safetensors", _read_model, seeds.safetensors_files),
    Target("picture", "input.png", _read_picture, seeds.pictures),
    Target("video", "input.avi", _read_video, seeds.videos),
)


def find_target(name: str) -> Target:
    """Return the target of a name.

    Raises:
        KeyError: there is none.
    """
    return {target.name: target for target in TARGETS}[name]
