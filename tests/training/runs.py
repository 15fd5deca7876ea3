"""Small data sets and networks to train on."""

from pathlib import Path

import cv2
import numpy as np

from darknet_torch.training.callbacks import Callback
from darknet_torch.training.evaluation import Score
from darknet_torch.training.plan import TrainPlan
from darknet_torch.training.setup import prepare

COLOURS = np.array(((0, 0, 255), (0, 255, 0), (255, 0, 0)), np.uint8)  # BGR
NAMES = ("red", "green", "blue")


def convolution(filters, stride=1):
    """A section that normalises, 3x3."""
    step = f"stride={stride}\n" if stride > 1 else ""
    return (
        f"[convolutional]\nfilters={filters}\nsize=3\n{step}"
        "pad=1\nbatch_normalize=1\nactivation=leaky\n"
    )


def outputs(filters):
    """A section that makes what a head or [softmax] takes."""
    return f"[convolutional]\nfilters={filters}\nsize=1\nactivation=linear\n"


DETECTOR = f"""[net]
width=64
height=64
channels=3
batch=4
subdivisions=2
learning_rate=0.01
momentum=0.9
decay=0.0005
burn_in=2
max_batches=6
policy=steps
steps=5
scales=.1
saturation=1.3
exposure=1.3
hue=.05

{convolution(8, stride=2)}
{convolution(16, stride=2)}
[dropout]
probability=.1

{convolution(16, stride=2)}
{outputs(24)}
[yolo]
mask=0,1,2
anchors=12,12, 20,20, 30,30
num=3
classes=3
jitter=.2
ignore_thresh=.7
iou_loss=ciou
iou_normalizer=.07
iou_thresh=.3
"""

CELLS = (Path(__file__).parents[2] / "tools" / "experiments" / "seven-layers.cfg").read_text()

CLASSIFIER = f"""[net]
width=24
height=24
channels=3
batch=12
subdivisions=2
learning_rate=.05
momentum=.9
decay=.0005
policy=poly
power=1
max_batches=30
min_crop=24
max_crop=32

{convolution(8, stride=2)}
{outputs(3)}
[avgpool]

[softmax]
"""

CHARACTERS = """[net]
inputs=256
batch=8
subdivisions=1
time_steps=4
learning_rate=.1
momentum=.9
decay=0
policy=constant
max_batches=40

[rnn]
output=24
hidden=24
activation=tanh

[connected]
output=256
activation=linear

[softmax]
"""


def detector_data(root, count=6, split="train"):
    """A .data file with pictures of one or two coloured squares on grey."""
    root.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(sum(split.encode()))
    paths = []
    for index in range(count):
        image = np.full((80, 80, 3), 110, np.uint8)
        lines = []
        for left in (0, 40)[: 1 + index % 2]:
            side, kind = int(random.integers(14, 34)), int(random.integers(3))
            x = left + int(random.integers(0, 40 - side))
            y = int(random.integers(0, 80 - side))
            image[y : y + side, x : x + side] = COLOURS[kind]
            box = ((x + side / 2) / 80, (y + side / 2) / 80, side / 80, side / 80)
            lines.append(f"{kind} {' '.join(f'{value:.6f}' for value in box)}\n")
        path = root / f"{split}_{index}.png"
        cv2.imwrite(str(path), image)
        path.with_suffix(".txt").write_text("".join(lines))
        paths.append(path)
    (root / f"{split}.txt").write_text("".join(f"{path}\n" for path in paths))
    (root / "squares.names").write_text("\n".join(NAMES) + "\n")
    data = root / "squares.data"
    text = data.read_text() if data.exists() else f"classes=3\nnames={root}/squares.names\n"
    data.write_text(f"{text}{split}={root}/{split}.txt\n")
    return data


def classifier_data(root, count=8):
    """Folders of pictures of one colour each."""
    random = np.random.default_rng(0)
    for split in ("train", "valid"):
        for name, colour in zip(NAMES, COLOURS, strict=True):
            (root / split / name).mkdir(parents=True)
            for index in range(count):
                noise = random.integers(0, 60, (30, 40, 3))
                image = np.clip(noise + colour * 0.7, 0, 255).astype(np.uint8)
                cv2.imwrite(str(root / split / name / f"{index}.png"), image)
    return root


def written(folder, text, name="small.cfg"):
    path = folder / name
    path.write_text(text)
    return path


class Recorder(Callback):
    """Keeps the events of a training."""

    def __init__(self):
        self.iterations, self.problems, self.messages, self.scores = [], [], [], []

    def on_message(self, loop, text):
        self.messages.append(text)

    def on_iteration(self, loop, update):
        self.iterations.append(update.iteration)

    def on_problem(self, loop, problem):
        self.problems.append(problem)

    def on_evaluation(self, loop, score):
        self.scores.append(score)


class GivenScores:
    """An evaluator that gives scores one after the other.

    Args:
        scores: an iterator of fractions.
    """

    def __init__(self, scores):
        self.scores = scores

    def share(self, loop, on_progress):
        loop.network.eval()

    def score(self, shares):
        return Score(next(self.scores), [], "mAP@0.50")


def small_plan(folder):
    """A plan to train DETECTOR on a few squares."""
    cfg, data = written(folder, DETECTOR), detector_data(folder / "data")
    detector_data(folder / "data", 3, "valid")
    return TrainPlan(
        cfg=str(cfg), data=str(data), base="small", backup=str(folder / "backup"), workers=0
    )


def changed(plan, **options):
    return TrainPlan(**{**plan.to_dict(), **options})


def final_weights(plan):
    """Train, and return the bytes of the final weights."""
    prepare(plan).run()
    return plan.path("_final.weights").read_bytes()
