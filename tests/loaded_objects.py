"""Garbage collection that leaves out what a process of tests has loaded before its first test."""

import gc
from types import SimpleNamespace

from darknet_torch.cli import garbage_collection


def leave_out_loaded_objects():
    """Freeze all objects that exist.

    The collector would visit thousands of tests and all of PyTorch in every full collection,
    which then takes longer than many a test. Commands in this process neither freeze what a
    test has made, which would stay for ever, nor unfreeze.
    """
    gc.collect()
    gc.freeze()
    garbage_collection.gc = SimpleNamespace(
        isenabled=gc.isenabled,
        enable=gc.enable,
        disable=gc.disable,
        freeze=lambda: None,
        unfreeze=lambda: None,
    )
