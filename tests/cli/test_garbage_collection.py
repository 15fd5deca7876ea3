"""Garbage collection while a command loads its network."""

import gc

import click
import pytest
from click.testing import CliRunner

from darknet_torch.cli import garbage_collection
from darknet_torch.cli.garbage_collection import objects_stay


@pytest.fixture(autouse=True)
def nothing_is_frozen(monkeypatch):
    """Undo what tests/loaded_objects.py does, for one test."""
    monkeypatch.setattr(garbage_collection, "gc", gc)
    gc.unfreeze()
    yield
    gc.freeze()


@click.command()
def load():
    before = gc.get_freeze_count()
    with objects_stay():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > before


def test_what_is_loaded_is_frozen_until_the_command_ends():
    CliRunner().invoke(load, catch_exceptions=False)
    assert gc.get_freeze_count() == 0


def test_without_a_command_nothing_is_frozen():
    with objects_stay():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
