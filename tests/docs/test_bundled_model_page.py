"""The page about the bundled model has the figures of the JSON, and these are of the weights."""

import json
import re
import shlex

import pytest

from darknet_torch.cfg.zoo import sample_folder
from darknet_torch.files import file_digest
from tests.docs.pages import ROOT, commands
from tools.bundled import page, recipe, results
from tools.draw_dataset import main as draw_dataset
from tools.drawn.classes import CLASSES
from tools.scenes import SCENES

PAGE = f"docs/{results.PAGE}"
TEXT = (ROOT / PAGE).read_text("utf-8")
FIGURES = json.loads((ROOT / "docs" / results.FIGURES).read_bytes())
WEIGHTS = sample_folder() / f"{recipe.NAME}.weights"


def test_the_tables_are_those_of_the_figures():
    assert page.with_tables(TEXT, FIGURES) == TEXT


def test_the_figures_are_of_these_weights():
    assert FIGURES["model"]["sha256"] == file_digest(WEIGHTS)
    assert FIGURES["model"]["bytes"] == WEIGHTS.stat().st_size < 2_000_000


def test_the_model_reaches_its_goal():
    assert FIGURES["held_back"]["mAP@0.50"] >= 0.9


def test_every_class_and_scene_has_its_row():
    names = (sample_folder() / f"{recipe.NAME}.names").read_text().split()
    assert names == list(CLASSES) == list(FIGURES["held_back"]["classes"])
    assert list(FIGURES["scenes"]["scenes"]) == [name for name, _ in SCENES]


def test_the_recipe_is_the_one_that_was_used():
    assert FIGURES["training"] | results.recorded_recipe() == FIGURES["training"]


def test_what_the_page_says_of_the_recipe_is_so():
    cfg = recipe.CFG.read_text()
    settings = recipe.PICTURES
    for stage in recipe.STAGES:
        assert f"{stage:,}" in TEXT
    iterations, batch = (int(re.search(rf"^{key}=(\d+)", cfg, re.M)[1]) for key in _LENGTH)
    shown = iterations * batch / settings["data"].train
    assert f"{settings['data'].train:,} pictures of seed {settings['data'].seed}" in TEXT
    assert f"each {shown:.0f} times" in TEXT
    held_back = settings["held-back"]
    assert f"{held_back.valid:,} held-back pictures of seed {held_back.seed}" in TEXT
    for option in ("flip=0", "iou_loss=ciou", "iou_thresh=0.213"):
        assert f"\n{option}\n" in cfg
        assert f"`{option}`" in TEXT


_LENGTH = ("max_batches", "batch")


@pytest.mark.parametrize("command", commands(PAGE))
def test_the_command_exists(command):
    program, *words = shlex.split(command)
    if program == "make":
        assert re.search(rf"^{words[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    else:
        assert words[0] == "tools/draw_dataset.py"
        with draw_dataset.make_context("draw", words[1:]):
            pass


def test_the_pictures_of_the_page_exist_and_are_small():
    for name in re.findall(r"!\[[^]]+\]\(([^)]+)\)", TEXT):
        assert (ROOT / "docs" / name).stat().st_size < 200_000
    assert (ROOT / "docs" / results.SHEET).stat().st_size < 150_000
