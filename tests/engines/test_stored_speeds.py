"""Speeds in the cache: found where they were measured, by whoever can read them."""

from dataclasses import replace

import pytest

from darknet_torch.cpu.machine import machine_name
from darknet_torch.engines.cache import EngineCache
from darknet_torch.engines.choice import Speed, Speeds
from darknet_torch.engines.stored_speeds import find_speeds, store_speeds

SPEEDS = Speeds(machine_name(), 2, {"torch": Speed("2.13.0", 2.0, 0.01, 100.0, 1)})


@pytest.fixture
def cache(tmp_path):
    return EngineCache(tmp_path)


def test_speeds_are_found_on_the_machine_that_measured_them(cache):
    assert find_speeds(cache, "key") is None
    store_speeds(cache, "key", "yolov3-tiny", SPEEDS)
    assert find_speeds(cache, "key") == SPEEDS
    store_speeds(cache, "key", "yolov3-tiny", replace(SPEEDS, machine="another, 64 cores"))
    assert find_speeds(cache, "key") is None


def test_the_last_measurement_counts(cache):
    store_speeds(cache, "key", "a", SPEEDS)
    store_speeds(cache, "key", "a", replace(SPEEDS, threads=1))
    assert find_speeds(cache, "key").threads == 1
    (entry,) = cache.entries()
    assert entry.description["label"] == "a"


def test_an_entry_of_another_kind_has_no_speeds(cache):
    cache.store("key", {"engine": "openvino"}, lambda folder: None)
    assert find_speeds(cache, "key") is None
