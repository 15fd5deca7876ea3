"""Every reader of a file: whatever the file has, only the package's own errors come out."""

import ast
import csv
import io
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import safetensors
import torch
import yaml

from darknet_torch.augment.transforms.steps_file import read_steps
from darknet_torch.cfg.data_file import read_data_file
from darknet_torch.cfg.grammar import read_cfg
from darknet_torch.cfg.tree import read_tree
from darknet_torch.cfg.zoo import read_names
from darknet_torch.datasets import xml_file, yaml_file
from darknet_torch.datasets.box_table import BoxTable
from darknet_torch.datasets.coco import read_coco
from darknet_torch.datasets.darknet import read_labels
from darknet_torch.datasets.forms.yolo_yaml import YoloYaml
from darknet_torch.datasets.voc import AnnotationReader
from darknet_torch.datasets.xml_file import read_xml
from darknet_torch.engines.checked_json import read_checked_json, to_checked_json
from darknet_torch.errors import CfgWarning, DarknetError
from darknet_torch.evaluation.ground_truth import GroundTruth
from darknet_torch.evaluation.results_reader import read_results
from darknet_torch.loading.filling import read_state_file
from darknet_torch.loading.model import METADATA_KEY, parse_metadata
from darknet_torch.loading.state_files import write_pt, write_safetensors
from darknet_torch.reading import read_paths
from darknet_torch.report.run_history import read_history
from darknet_torch.training.records.table import Table
from darknet_torch.training.resumption import with_saved_options
from darknet_torch.training.saved_state import read_state, write_state
from tests.conversion.small_models import small_model
from tests.mutations import mutations

PACKAGE = Path(__file__).parents[1] / "darknet_torch"
COCO = {
    "images": [{"id": 1, "file_name": "a.png", "height": 100, "width": 200}],
    "annotations": [{"id": 1, "image_id": 1, "category_id": 3, "bbox": [1, 2, 30, 4.5]}],
    "categories": [{"id": 3, "name": "cat"}, {"id": 9, "name": "dog"}],
}
RESULT = {"image_id": 1, "category_id": 3, "bbox": [1, 2, 30, 4.5], "score": 0.5}
BOX = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>4</ymax></bndbox>"
SIZE = "<size><width>200</width><height>100</height></size>"
XML = f"<annotation>{SIZE}<object><name>cat</name>{BOX}</object></annotation>"
YAML = "train: images\nval: images\nnc: 2\nnames: ['cat', 'dog']\n"
STEPS = "- flip: {probability: 0.5}\n- fog: {probability: 0.25}\n- cfg\n"
CSV = "filename,width,height,class,xmin,ymin,xmax,ymax\na.png,200,100,cat,1,2,30,4\n"
EVENTS = '{"event": "start", "time": "2026-01-01T10:00:00", "max_batches": 9}\n' * 2
METADATA = small_model().metadata()


def written(write: Callable[[io.BytesIO], object]) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def read_coco_results(path: Path) -> None:
    truth = path.with_name("truth.json")
    truth.write_text(json.dumps(COCO))
    read_results(path, GroundTruth.from_data_set(read_coco(truth)))


def read_txt_results(path: Path) -> None:
    truth = path.with_name("truth.json")
    truth.write_text(json.dumps(COCO))
    read_results(path.parent, GroundTruth.from_data_set(read_coco(truth)))


def read_annotation(path: Path) -> None:
    AnnotationReader(path.parent, ("cat",), 0, True).read(path.with_suffix(".png"), path)


@dataclass(frozen=True)
class Reader:
    """A reader of files.

    Attributes:
        suffix: of the files.
        content: of a file that it reads.
        read: reads a file.
        parser: the module and the function that parse; None where there is none of a library.
    """

    suffix: str
    content: str | bytes
    read: Callable[[Path], object]
    parser: tuple[object, str] | None = None

    @property
    def data(self) -> bytes:
        return self.content.encode() if isinstance(self.content, str) else self.content


READERS = {
    "COCO": Reader(".json", json.dumps(COCO), read_coco, (json, "loads")),
    "results": Reader(".json", json.dumps([RESULT]), read_coco_results, (json, "loads")),
    "XML": Reader(".xml", XML, read_xml, (xml_file.ElementTree, "XMLPullParser")),
    "VOC": Reader(".xml", XML, read_annotation),
    "YAML": Reader(".yaml", YAML, YoloYaml().splits, (yaml, "load")),
    "steps": Reader(".yaml", STEPS, read_steps, (yaml, "compose")),
    "CSV": Reader(".csv", CSV, BoxTable.read),
    ".pt": Reader(
        ".pt", written(lambda to: write_pt(small_model(), to)), read_state_file, (torch, "load")
    ),
    ".safetensors": Reader(
        ".safetensors",
        written(lambda to: write_safetensors(small_model(), to)),
        read_state_file,
        (safetensors, "safe_open"),
    ),
    METADATA_KEY: Reader(
        ".json",
        METADATA,
        lambda path: parse_metadata(path.read_bytes().decode("latin-1"), str(path)),
        (json, "loads"),
    ),
    "state": Reader(
        ".state", written(lambda to: write_state({"a": 1}, to)), read_state, (torch, "load")
    ),
    "plan": Reader(
        ".json",
        '{"seed": 1, "map": true}',
        lambda path: with_saved_options(path, {}),
        (json, "loads"),
    ),
    "checked": Reader(".json", to_checked_json({"a": 1}), read_checked_json, (json, "loads")),
    "table": Reader(
        ".csv",
        "iteration,loss\n1,2.5\n2,1.5\n",
        lambda path: Table(path).read(9),
        (csv, "reader"),
    ),
    "events": Reader(".jsonl", EVENTS, lambda path: read_history(path.read_text("latin-1"))),
    "list": Reader(".txt", "a.png\nb.png\n", read_paths),
    "txt results": Reader(".txt", "cat 0.5 1 2 30 4\n", read_txt_results),
    "cfg": Reader(".cfg", small_model().cfg, read_cfg),
    ".data": Reader(".data", "classes=2\ntrain=a.txt\nnames=a.names\n", read_data_file),
    "names": Reader(".names", "cat\ndog\n", read_names),
    "labels": Reader(".txt", "0 .5 .5 .2 .2\n1 .1 .1 .2 .2\n", read_labels),
    "tree": Reader(".tree", "a -1\nb -1\nc 0\ngroup 1 3\n", read_tree),
}
GUARDED = [name for name, reader in READERS.items() if reader.parser is not None]


@pytest.fixture(params=READERS)
def reader(request):
    return READERS[request.param]


def test_broken_files_give_errors_of_the_package_alone(reader, tmp_path, request):
    path = tmp_path / f"a{reader.suffix}"
    path.write_bytes(reader.data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CfgWarning)
        reader.read(path)
        refused = 0
        for broken in mutations(reader.data, 25, request.node.name):
            path.write_bytes(broken)
            try:
                reader.read(path)
            except DarknetError as error:
                assert str(path) in str(error)
                assert len(str(error)) < 2000
                refused += 1
    assert refused or reader.suffix in (".jsonl", ".data", ".names", ".txt", ".xml", ".csv")


@pytest.mark.parametrize("name", GUARDED)
@pytest.mark.parametrize(
    "cause", [RuntimeError("inside"), OverflowError("inside"), RecursionError(), MemoryError()]
)
def test_what_a_parser_raises_is_the_cause_of_an_error(name, cause, tmp_path, monkeypatch):
    reader = READERS[name]
    path = tmp_path / f"a{reader.suffix}"
    path.write_bytes(reader.data)

    def fail(*arguments, **options):
        raise cause

    yaml_file._load.cache_clear()
    monkeypatch.setattr(*reader.parser, fail)
    with pytest.raises(DarknetError) as caught:
        reader.read(path)
    assert caught.value.__cause__ is cause


FILE_READERS = {("read_bytes",), ("open_to_read",)}  # of `darknet_torch.text`
PARSERS = {
    ("json", "loads"),
    ("json", "load"),
    ("torch", "load"),
    ("yaml", "load"),
    ("yaml", "compose"),
    ("csv", "reader"),
    ("ElementTree", "fromstring"),
    ("ElementTree", "XMLPullParser"),
    ("ET", "fromstring"),
    ("library", "safe_open"),
    ("np", "load"),
    ("pickle", "loads"),
    ("onnx", "load_from_string"),
}
# Where nothing from outside is parsed, or where the guard is in a caller.
WITHOUT_GUARD = {
    "augment/picture_reading.py": "arrays that this run has written to its own folder",
    "checkpoints/torch_files.py": "read_torch_file guards _load",
    "cpu/turns.py": "lines of a process of this package",
    "datasets/box_table.py": "the reader parses when it is asked for a row, in the guard",
    "datasets/yaml_file.py": "_read guards the parser that it is given",
    "datasets/xml_file.py": "read_xml guards _parse",
    "doctor/self_test.py": "a file of the package",
    "engines/checked_json.py": "values that were written a line above",
    "inference/engine_speeds.py": "the arguments of a process of this package",
    "inference/quantization.py": "a graph that was made a line above",
    "plots/inline_svg.py": "a plot that was drawn a line above",
    "training/channel.py": "messages of worker processes of this package",
    "training/outcome.py": "a file that a process of this run has written",
}


# What reads a file outside of a guard, and what becomes of a file that cannot be read.
OPENED_WITHOUT_GUARD = {
    "cfg/model_names.py": "the start of an archive; the reader reports it",
    "checkpoints/torch_files.py": "read_torch_file guards",
    "datasets/box_table.py": "the first line; the file is then no table",
    "datasets/forms/coco_json.py": "the start; the file is then another form",
    "datasets/forms/yolo_yaml.py": "the start; the file is then another form",
    "lint/inputs.py": "the start; an error of its own",
    "reading.py": "for callers, which guard",
    "report/page.py": "an output",
    "text.py": "read_bytes itself",
    "training/kept_files.py": "a cfg that was read before, and an output",
}


def unguarded_calls(
    tree: ast.AST, functions: set[tuple[str, ...]], *, guarded: bool = False
) -> bool:
    """Whether one of the functions is called outside of a block of `guarded`."""
    if isinstance(tree, ast.With):
        names = [ast.unparse(item.context_expr).partition("(")[0] for item in tree.items]
        guarded = guarded or "guarded" in names
    is_call = isinstance(tree, ast.Call) and not guarded
    if is_call and tuple(ast.unparse(tree.func).rsplit(".", 1)) in functions:
        return True
    return any(
        unguarded_calls(child, functions, guarded=guarded) for child in ast.iter_child_nodes(tree)
    )


def files_with_unguarded_calls(functions: set[tuple[str, ...]]) -> set[str]:
    names = [f"{'.'.join(function)}(" for function in functions]
    found = set()
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text("utf-8")
        if any(name in text for name in names) and unguarded_calls(ast.parse(text), functions):
            found.add(path.relative_to(PACKAGE).as_posix())
    return found


def test_every_parser_is_called_in_a_guard():
    assert files_with_unguarded_calls(PARSERS) == set(WITHOUT_GUARD)


def test_every_file_is_read_in_a_guard():
    assert files_with_unguarded_calls(FILE_READERS) == set(OPENED_WITHOUT_GUARD)
