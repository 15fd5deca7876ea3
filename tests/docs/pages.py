"""The commands and examples of a page, and a folder with the files that it assumes."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import torch

import darknet_torch as dt
from tests.checkpoints.backbone_modules import randomized
from tests.checkpoints.test_resnet import ResNet
from tests.conversion.small_models import DETECTOR, write_model
from tests.toy.files import CFG, NAMES, PICTURE, WEIGHTS

ROOT = Path(__file__).resolve().parents[2]
LETTERS = """[net]
inputs=256
[rnn]
output=16
hidden=16
activation=tanh
[connected]
output=256
activation=linear
[softmax]
"""


def blocks(page, language):
    """The code blocks of a page in `language`."""
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


def commands(page):
    """The command lines of a page, without their comments."""
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    return [line.partition("#")[0].strip() for line in lines if line.strip()]


def fill_folder(folder):
    """Write a custom model, pictures, and links to this source tree into `folder`."""
    for file in (CFG, WEIGHTS, NAMES):
        shutil.copy(file, folder / f"custom{file.suffix}")
    (folder / "photos").mkdir()
    picture = cv2.imread(str(PICTURE))
    for name in ("photo.jpg", "photos/one.jpg", "photos/two.jpg"):
        cv2.imwrite(str(folder / name), picture)
    for name in ("tools", "tests", "cfg", "examples", "darknet_torch"):
        (folder / name).symlink_to(ROOT / name)


def shorten_custom_model(folder):
    """Replace the custom model in `folder` by two convolutions, which export in half the time."""
    cfg = DETECTOR.replace("classes=2", "classes=3").replace("filters=14", "filters=16")
    for path in write_model(folder, cfg):
        path.replace(folder / f"custom{path.suffix}")


def save_untrained(folder, *cfgs):
    """Write a weight file into `folder` for each of `cfgs`, shipped or in the folder."""
    for cfg in cfgs:
        path = folder / f"{cfg}.cfg"
        dt.write_weights(dt.load(path if path.exists() else cfg), folder / f"{cfg}.weights")


def save_port_checkpoint(path, cfg, weights):
    """Save a model as eriklindernoren/PyTorch-YOLOv3 does."""
    state = {}
    for layer in dt.load(cfg, weights).layers:
        arrays = {slot.name: slot.tensor.detach() for slot in layer.weight_slots()}
        convolution = f"module_list.{layer.index}.conv_{layer.index}"
        norm = f"module_list.{layer.index}.batch_norm_{layer.index}"
        names = {"weights": f"{convolution}.weight", "biases": f"{convolution}.bias"}
        if "scales" in arrays:
            names |= {"biases": f"{norm}.bias", "scales": f"{norm}.weight"}
            names |= {"rolling_mean": f"{norm}.running_mean"}
            names |= {"rolling_variance": f"{norm}.running_var"}
        state |= {names[name]: array for name, array in arrays.items()}
    torch.save({"epoch": 300, "model": state}, path)


def save_resnet18(path):
    """Save a random ResNet-18 as torchvision does."""
    torch.save(randomized(ResNet((2, 2, 2, 2), bottleneck=False)).float().state_dict(), path)


def run(command, folder):
    """Run a command line in a folder; return its exit status and its output."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",  # an untrained character model writes any bytes
    )
    return done.returncode, done.stdout + done.stderr
