"""The public names of darknet_torch, with their signatures, are those written down here.

When one changes on purpose, edit PUBLIC as the failing test's diff says, and add a line to
CHANGELOG.md.
"""

import ast
import difflib
import subprocess
import sys
from pathlib import Path

import pytest

import darknet_torch
from tools.public_surface import PACKAGE, describe

PUBLIC = """\
class ArgumentError(UsageError, TypeError)

class Callback
    on_every_rank: ClassVar[bool]
    def is_due(self, loop: TrainingLoop) -> bool
    def load_state_dict(self, state: State) -> None
    def on_batch(self, loop: TrainingLoop, batch: TrainBatch) -> None
    def on_end(self, loop: TrainingLoop) -> None
    def on_error(self, loop: TrainingLoop, error: Exception) -> None
    def on_evaluation(self, loop: TrainingLoop, score: Score) -> None
    def on_evaluation_progress(self, loop: TrainingLoop, done: int, total: int) -> None
    def on_interrupt(self, loop: TrainingLoop) -> None
    def on_iteration(self, loop: TrainingLoop, update: Update) -> None
    def on_iteration_start(self, loop: TrainingLoop) -> None
    def on_message(self, loop: TrainingLoop, text: str) -> None
    def on_mini_batch(self, loop: TrainingLoop, result: MiniBatchResult) -> None
    def on_problem(self, loop: TrainingLoop, problem: Problem) -> None
    def on_start(self, loop: TrainingLoop) -> None
    def on_waiting(self, loop: TrainingLoop, text: str) -> None
    def on_warning(self, loop: TrainingLoop, text: str) -> None
    def state_dict(self) -> State

class CfgError(DarknetError)

class CfgNote(CfgWarning)

class CfgWarning(_StructuredMessage, UserWarning)
    def __init__(
        what: str,
        *,
        where: object = None,
        expected: object = None,
        got: object = None,
        fix: str | None = None,
    ) -> None
    expected: object
    fix: str | None
    got: object
    what: str
    where: object

class CharacterModel
    def __init__(network: Network, *, precision: str = 'float32') -> None
    inputs: int
    network: Network
    def generate(
        self,
        seed: bytes,
        length: int,
        *,
        temperature: float = 0.7,
        random_seed: int | None = None,
    ) -> Iterator[int]
    def perplexities(self, text: bytes, *, seed: bytes = ...) -> Iterator[tuple[float, float]]
    def read(self, character: int) -> Tensor

@dataclass(frozen=True)
class ClassScore
    def __init__(class_id: int, score: float, name: str)

@dataclass(frozen=True)
class Classification
    def __init__(
        class_ids: tuple[int, ...],
        scores: tuple[float, ...],
        names: tuple[str, ...],
        parents: tuple[int, ...] | None,
        filename: str = '',
        engine: str = '',
    )
    def __getitem__(
        self,
        key: int | slice | Sequence[int] | np.ndarray,
    ) -> ClassScore | Classification
    def __iter__(self) -> Iterator[ClassScore]
    def __len__(self) -> int
    def lines(self) -> list[str]
    def name(self, class_id: int) -> str
    def to_dict(self) -> dict[str, Any]
    def to_json(self) -> str
    def to_numpy(self) -> np.ndarray
    def to_pandas(self) -> Any

class Classifier
    def __init__(
        network: Network | EngineModel,
        *,
        names: Sequence[str] | str | os.PathLike[str] | None = None,
        top: int = 5,
        letterbox: bool | None = None,
        backend: str | Backend = 'torch',
        exif: bool = True,
        device: str | torch.device | None = None,
        batch: int = 16,
        precision: str = 'float32',
        optimize: bool = True,
        keep_weights: bool = True,
    ) -> None
    backend: Backend
    batch: int
    classes: int
    exif: bool
    letterbox: bool
    model: ModelDescription
    names: tuple[str, ...]
    top: int
    def __call__(
        self,
        pictures: Picture | Tensor | Iterable[Picture | Tensor],
    ) -> Classification | list[Classification]
    def classify_images(
        self,
        images: Sequence[np.ndarray],
        filenames: Sequence[str],
    ) -> list[Classification]
    @property
    def network(self) -> Network
    def predict_inputs(self, inputs: np.ndarray) -> np.ndarray
    def prepare_inputs(self, images: Sequence[np.ndarray]) -> np.ndarray
    def rank_classes(
        self,
        output: np.ndarray | Tensor,
        filenames: Sequence[str],
    ) -> list[Classification]
    @property
    def tree(self) -> TreeProbabilities | None

@dataclass(frozen=True)
class ConversionReport
    def __init__(
        origin: str,
        path: str,
        kind: str,
        layers: int | None,
        differences: tuple[Difference, ...],
        restores: bool | None = None,
        notes: tuple[str, ...] = (),
    )
    def lines(self) -> list[str]
    @property
    def worst(self) -> float

class DarknetError(_StructuredMessage)
    def __init__(
        what: str,
        *,
        where: object = None,
        expected: object = None,
        got: object = None,
        fix: str | None = None,
    ) -> None
    expected: object
    fix: str | None
    got: object
    what: str
    where: object

@dataclass(frozen=True)
class Detection
    def __init__(
        box_xyxy: tuple[float, float, float, float],
        score: float,
        class_id: int,
        name: str,
    )

@dataclass(frozen=True)
class Detections
    def __init__(
        boxes_xyxy: np.ndarray,
        scores: np.ndarray,
        class_ids: np.ndarray,
        height: int,
        width: int,
        names: tuple[str, ...] = (),
        filename: str = '',
        frame_id: int = 1,
        engine: str = '',
    )
    def __getitem__(
        self,
        key: int | slice | Sequence[int] | np.ndarray,
    ) -> Detection | Detections
    def __iter__(self) -> Iterator[Detection]
    def __len__(self) -> int
    @property
    def boxes_cxcywh_relative(self) -> np.ndarray
    @property
    def boxes_xyxy_clipped(self) -> np.ndarray
    def draw(
        self,
        image: Picture,
        *,
        line_width: int | None = None,
        font_size: int | None = None,
        boxes: bool = True,
        labels: bool = True,
        scores: bool = True,
    ) -> np.ndarray
    def first(self, count: int | None) -> Detections
    def label_lines(self, *, scores: bool = False) -> list[str]
    def lines(self) -> list[str]
    def name(self, class_id: int) -> str
    def select(self, indices: list[int]) -> Detections
    def to_dict(self) -> dict[str, Any]
    def to_json(self) -> str
    def to_numpy(self) -> np.ndarray
    def to_pandas(self) -> Any
    def to_supervision(self) -> Any
    def visible(self, only: Collection[int] | None = None) -> Detections

class Detector
    def __init__(
        network: Network | EngineModel,
        *,
        names: Sequence[str] | str | os.PathLike[str] | None = None,
        threshold: float = 0.25,
        nms_threshold: float = 0.45,
        letterbox: bool | None = None,
        backend: str | Backend = 'torch',
        resize: str | None = None,
        exif: bool = True,
        only: Sequence[str | int] | None = None,
        skip: Sequence[str | int] = (),
        max_detections: int | None = None,
        device: str | torch.device | None = None,
        batch: int = 16,
        precision: str = 'float32',
        optimize: bool = True,
        keep_weights: bool = True,
    ) -> None
    backend: Backend
    batch: int
    classes: int
    exif: bool
    letterbox: bool
    max_detections: int | None
    model: ModelDescription
    names: tuple[str, ...]
    nms_threshold: float
    only: list[int] | None
    resize: str | None
    threshold: float
    def __call__(
        self,
        pictures: Picture | torch.Tensor | Iterable[Picture | torch.Tensor],
    ) -> Detections | list[Detections]
    def decode(self, outputs: Sequence[torch.Tensor]) -> Predictions
    def detect_images(
        self,
        images: Sequence[np.ndarray],
        filenames: Sequence[str],
        *,
        from_video: bool = False,
    ) -> list[Detections]
    def filter_boxes(
        self,
        predicted: BatchPredictions,
        index: int,
        threshold: float | None = None,
    ) -> FilteredBoxes
    def find_detections(
        self,
        predicted: BatchPredictions,
        images: Sequence[np.ndarray],
        filenames: Sequence[str],
    ) -> list[Detections]
    @property
    def heads(self) -> list[Head]
    @property
    def network(self) -> Network
    def predict(
        self,
        images: Sequence[np.ndarray],
        *,
        from_video: bool = False,
    ) -> BatchPredictions
    def predict_inputs(
        self,
        inputs: np.ndarray | DeviceInputs,
        placements: list[Placement],
    ) -> BatchPredictions
    def prepare_inputs(
        self,
        images: Sequence[np.ndarray],
        *,
        from_video: bool = False,
    ) -> tuple[np.ndarray | DeviceInputs, list[Placement]]
    def propose_boxes(
        self,
        predicted: BatchPredictions,
        index: int,
        threshold: float,
    ) -> np.ndarray
    def resize_method(self, *, from_video: bool) -> str

class DownloadError(DarknetError)

class EngineModel
    def __init__(description: ModelDescription, session: Session, title: str) -> None
    description: ModelDescription
    session: Session
    title: str
    def predict(self, images: np.ndarray) -> tuple[np.ndarray, ...]
    def predict_for_decoding(self, images: np.ndarray) -> tuple[np.ndarray, ...]

@dataclass(frozen=True)
class GraphOptions
    def __init__(
        outputs: str = 'raw',
        threshold: float = 0.25,
        nms_threshold: float = 0.45,
        opset: int = 18,
        fold: bool = False,
    )

class ImageError(DarknetError)

@dataclass(frozen=True)
class LoadReport
    def __init__(
        path: str,
        header: WeightsHeader,
        layers: int,
        total: int,
        floats: int,
        leftover: int,
        missing: tuple[int, ...],
        last: str,
    )
    @property
    def complete(self) -> bool

class NamesError(DarknetError)

class Network(Module)
    def __init__(
        net: NetOptions,
        layers: Sequence[Layer],
        dialect: Dialect,
        arithmetic: Arithmetic = ...,
    ) -> None
    arithmetic: Arithmetic
    dialect: Dialect
    frozen_layers: int
    header: WeightsHeader
    held_in_evaluation: tuple[nn.Module, ...]
    input_normalization: nn.Module
    last_readers: dict[int, list[int]]
    layers: Sequence[Layer]
    names: tuple[str, ...]
    net: NetOptions
    output_indices: tuple[int, ...]
    raw_heads: tuple[bool, ...]
    weights_freed: bool
    def check_has_weights(self) -> None
    def check_input(self, images: Tensor) -> Tensor
    @property
    def device(self) -> torch.device
    def fold_normalization(self) -> None
    def forward(self, images: Tensor) -> tuple[Tensor, ...]
    def forward_for_decoding(self, images: Tensor) -> tuple[Tensor, ...]
    @property
    def heads(self) -> list[Head]
    def initialize(self, only: Sequence[int] | None = None) -> None
    def layer_outputs(self, images: Tensor) -> list[Tensor]
    @property
    def left_out_for_decoding(self) -> frozenset[int]
    def optimize(self, *, keep_weights: bool = True) -> OptimizedNetwork
    @property
    def output_layer(self) -> Layer
    def prepare_input(self, images: Tensor) -> Tensor
    def reset_state(self) -> None
    def saved_slots(self, cutoff: int | None = None) -> Iterator[Slot]
    def slots(self) -> Iterator[tuple[Layer, Slot]]
    def train(self, mode: bool = True) -> Network

class NetworkLoss
    def __init__(
        network: Network,
        *,
        precision: str = 'float32',
        losses: LossFamily = ...,
    ) -> None
    network
    seen
    def __call__(self, images: Tensor, truths: Tensor) -> Tensor
    def computing(self) -> AbstractContextManager[None]

@dataclass(frozen=True)
class TrainResult
    def __init__(
        network: Network,
        names: tuple[str, ...],
        folder: Path,
        final_weights: Path,
        last_weights: Path,
        best_weights: Path | None,
        iterations: int,
        losses: tuple[float, ...],
        best_score: float | None,
        last_score: float | None,
    )

class TrainingError(DarknetError)

class UnsupportedError(CfgError)

class UsageError(DarknetError)

class WeightsError(DarknetError)

@dataclass(frozen=True)
class WeightsHeader
    def __init__(major: int, minor: int, revision: int, seen: int = 0)
    @property
    def transposed(self) -> bool

__version__: str

def average(
    cfg: StrPath,
    out: StrPath,
    weights: Sequence[StrPath],
    *,
    dialect: str | Dialect = ...,
    allow_large: bool = False,
) -> None

def build_network(
    sections: Sequence[Section],
    *,
    dialect: Dialect = ...,
    width: int | None = None,
    height: int | None = None,
    batch: int | None = None,
    subdivisions: int | None = None,
    max_batches: int | None = None,
    arithmetic: str = 'fast',
    initialize: bool = True,
    files: NamedFiles | None = None,
    allow_large: bool = False,
) -> Network

def convert(
    src: str | os.PathLike[str],
    dst: str | os.PathLike[str],
    *,
    cfg: str | os.PathLike[str] | None = None,
    names: Sequence[str] | str | os.PathLike[str] | None = None,
    dialect: str | Dialect = ...,
    dialect_to: str | Dialect | None = None,
    width: int | None = None,
    height: int | None = None,
    strict: bool = True,
    allow_large: bool = False,
    graph: GraphOptions | None = None,
    tolerance: float = 0.0001,
    on_stage: OnStage = ...,
) -> ConversionReport

def download(
    name: str,
    folder: str | os.PathLike[str] | None = None,
    *,
    force: bool = False,
    timeout: float = 30.0,
    on_message: OnMessage = ...,
    on_progress: OnProgress = ...,
) -> Path

def load(
    cfg: str | os.PathLike[str],
    weights: str | os.PathLike[str] | None = None,
    *,
    width: int | None = None,
    height: int | None = None,
    dialect: str | Dialect = 'alexeyab',
    device: str | torch.device | None = None,
    strict: bool = True,
    allow_large: bool = False,
) -> Network

def load_engine(
    cfg: str | os.PathLike[str],
    weights: str | os.PathLike[str] | None = None,
    *,
    engine: str,
    width: int | None = None,
    height: int | None = None,
    dialect: str = 'alexeyab',
    strict: bool = True,
    threads: int | None = None,
) -> EngineModel

def load_to_train(
    cfg: StrPath,
    weights: StrPath | None = None,
    *,
    width: int | None = None,
    height: int | None = None,
    dialect: str | Dialect = 'alexeyab',
    device: str | torch.device | None = None,
) -> Network

def partial(
    cfg: StrPath,
    weights: StrPath,
    out: StrPath,
    layers: int,
    *,
    dialect: str | Dialect = ...,
    allow_large: bool = False,
) -> LoadReport

def read_weights(
    network: Network,
    path: str | Path,
    *,
    cutoff: int | None = None,
    strict: bool = True,
) -> LoadReport

def register_layer(layer: LayerClass) -> LayerClass

def statistics(
    cfg: StrPath | None,
    weights: StrPath,
    *,
    dialect: str | Dialect = ...,
    strict: bool = True,
    allow_large: bool = False,
) -> list[ArrayStatistics]

def summarize(network: Network) -> Summary

def train(
    cfg: str | os.PathLike[str],
    data: str | os.PathLike[str],
    *,
    weights: str | os.PathLike[str] | None = None,
    callbacks: Iterable[Callback] = (),
    verbose: bool = False,
    **options: Any,
) -> TrainResult

def training_batches(
    network: Network,
    data: StrPath,
    *,
    mini_batches: int | None = None,
    split: str = 'train',
    images: StrPath | None = None,
    names: StrPath | None = None,
    voc_origin: int = 0,
    exif: bool = True,
    augment: bool | StrPath = True,
    seed: int = 0,
    workers: int = 2,
) -> Generator[TrainBatch]

def write_weights(
    network: Network,
    path: str | Path,
    *,
    cutoff: int | None = None,
) -> None
"""


def test_public_names_and_signatures_are_those_written_down():
    described = "".join(f"{describe(name)}\n\n" for name in sorted(darknet_torch.__all__))
    difference = "\n".join(
        difflib.unified_diff(
            PUBLIC.strip().splitlines(),
            described.strip().splitlines(),
            "PUBLIC in this file",
            "darknet_torch",
            lineterm="",
        )
    )
    assert not difference, f"the public surface changed:\n{difference}"


def test_type_checkers_and_the_running_program_see_the_same_names():
    tree = ast.parse(Path(darknet_torch.__file__).read_text(encoding="utf-8"))
    imported = {
        (alias.asname, node.module, alias.name)
        for block in tree.body
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
        for alias in node.names
    }
    exported = {
        (name, f"{PACKAGE}.{module}", name)
        for module, names in darknet_torch._EXPORTS.items()
        for name in names
    }
    assert imported == exported


def test_a_name_is_the_object_of_its_module():
    for name, module in darknet_torch._MODULE_OF.items():
        assert getattr(darknet_torch, name).__module__ == f"{PACKAGE}.{module}"


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'darknet_torch' has no attribute 'loads'"):
        _ = darknet_torch.loads


@pytest.mark.parametrize(
    "use", ["", "darknet_torch.CfgError", "dir(darknet_torch)"], ids=["import", "error", "dir"]
)
def test_no_heavy_package_is_imported_before_a_name_needs_it(use):
    heavy = "{'torch', 'numpy', 'cv2'} & {*sys.modules}"
    code = f"import sys, darknet_torch\n{use}\nprint({heavy})"
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.strip() == "set()"
