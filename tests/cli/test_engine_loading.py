"""Which engine runs a model, from the command line; a fake one stands for the libraries."""

import json
import os
import shutil
from pathlib import Path

import pytest

from darknet_torch import load
from darknet_torch.cli import engine_loading
from darknet_torch.cli.engine_loading import expected_pictures
from darknet_torch.cpu.machine import machine_name
from darknet_torch.engines.cache import CacheError, EngineCache
from darknet_torch.engines.choice import Speed, Speeds
from darknet_torch.engines.engine import EngineSettings
from darknet_torch.engines.prepared import DIFFERENCE_FILE, find_speeds, store_speeds
from darknet_torch.inference import engine_bench
from darknet_torch.inference.engine_bench import prepare_and_measure
from darknet_torch.inference.preparing import Preparation
from darknet_torch.media.sources import PictureSource, SourceKind
from tests.cli.command import dtorch
from tests.conversion.small_models import DETECTOR, trained_network, write_model
from tests.engines.fake_engine import FILE, install_fake_engine
from tests.toy.files import PICTURE

FAKE, TORCH = "Fake Runtime 1.0", "PyTorch"
MAIN = [PictureSource("a.png")]


@pytest.fixture(autouse=True)
def engine(monkeypatch, tmp_path):
    """A small model in the working folder, and an engine that runs it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(engine_loading, "may_have_gpu", lambda: False)
    write_model(tmp_path)
    return install_fake_engine(monkeypatch, trained_network(DETECTOR))


@pytest.fixture
def without_torch(monkeypatch):
    """Building a network with PyTorch fails."""

    def refuse(options):
        raise AssertionError("PyTorch was asked to load the network")

    monkeypatch.setattr(engine_loading, "load_on_device", refuse)


def detect(*arguments, ok=True):
    """The command's result and what computed it."""
    run = dtorch("detect", "--format", "json", "small.cfg", "small.weights", PICTURE, *arguments)
    assert run.exit_code == (0 if ok else 2), run.stderr
    return run, json.loads(run.stdout)[0]["engine"] if ok else None


def store(*, torch, fake, start=(2.0, 0.5)):
    """Remember seconds per picture of PyTorch and of the engine, for the model."""
    key = engine_loading.find_key(_Options(), "float32")
    engines = {
        "torch": Speed("2", start[0], torch, 1 / torch, 1),
        "onnxruntime": Speed("1.0", start[1], fake, 1 / fake, 1),
    }
    store_speeds(EngineCache(), key, Speeds(machine_name(), 1, engines))


class _Options:
    cfg, weights, width, height = "small.cfg", "small.weights", None, None
    dialect, allow_leftover, allow_large = "alexeyab", False, False


def test_by_default_nothing_is_prepared():
    run, computed = detect()
    assert computed.startswith(TORCH)
    assert "engine" not in run.stderr
    assert EngineCache().entries() == []


def test_an_engine_that_is_named_is_prepared_once(request):
    first, computed = detect("--backend", "onnxruntime")
    assert computed == FAKE
    request.getfixturevalue("without_torch")
    second, computed = detect("--backend", "onnxruntime")
    assert computed == FAKE
    assert json.loads(second.stdout) == json.loads(first.stdout)


def test_changed_weights_are_prepared_anew(engine, tmp_path):
    detect("--backend", "onnxruntime")
    data = bytearray((tmp_path / "small.weights").read_bytes())
    data[-2] ^= 1
    (tmp_path / "small.weights").write_bytes(data)
    engine.network = load("small.cfg", "small.weights")
    detect("--backend", "onnxruntime")
    assert len(EngineCache().entries()) == 2


def test_weights_that_are_replaced_while_they_are_loaded_are_not_stored(monkeypatch, tmp_path):
    load_model = engine_loading.load_on_device

    def load_and_replace(options):
        model = load_model(options)
        data = bytearray((tmp_path / "small.weights").read_bytes())
        data[-2] ^= 1
        (tmp_path / "small.weights").write_bytes(data)
        return model

    monkeypatch.setattr(engine_loading, "load_on_device", load_and_replace)
    detect("--backend", "onnxruntime")
    assert EngineCache().entries() == []


def test_auto_takes_the_fastest_that_is_prepared(request):
    detect("--backend", "onnxruntime")
    store(torch=0.02, fake=0.01)
    request.getfixturevalue("without_torch")
    run, computed = detect()
    assert computed == FAKE
    assert f"engine: {FAKE}, the fastest for this job" in run.stderr


def test_auto_takes_pytorch_where_that_is_faster():
    detect("--backend", "onnxruntime")
    store(torch=0.01, fake=0.02, start=(0.1, 0.5))
    assert detect()[1].startswith(TORCH)


def test_what_was_removed_from_the_cache_is_not_taken():
    store(torch=0.02, fake=0.01)
    assert detect()[1].startswith(TORCH)


@pytest.mark.parametrize(
    "words", ["--backend torch", "--precision bfloat16", "--no-optimize", "--device cpu:0"]
)
def test_options_of_pytorch_ask_for_it(words):
    detect("--backend", "onnxruntime")
    store(torch=0.02, fake=0.01)
    assert detect(*words.split())[1].startswith(TORCH)


def test_where_there_may_be_a_gpu_nothing_prepared_is_taken(monkeypatch):
    detect("--backend", "onnxruntime")
    store(torch=0.02, fake=0.01)
    monkeypatch.setattr(engine_loading, "may_have_gpu", lambda: True)
    assert detect()[1].startswith(TORCH)
    assert detect("--device", "cpu")[1] == FAKE


def test_strict_reads_the_cfg_again():
    detect("--backend", "onnxruntime")
    cfg = Path("small.cfg")
    cfg.write_text(cfg.read_text() + "unknown=1\n")
    detect("--backend", "onnxruntime")
    run, _ = detect("--backend", "onnxruntime", "--strict", ok=False)
    assert "unknown" in run.stderr


def test_random_numbers_are_not_kept(tmp_path):
    write_model(tmp_path, cutoff=1)
    run, _ = detect("--backend", "onnxruntime", ok=True)
    assert "random numbers" in run.stderr
    assert EngineCache().entries() == []


def test_a_corrupt_graph_is_prepared_again(engine):
    detect("--backend", "onnxruntime")
    (entry,) = EngineCache().entries()

    def write(folder):
        shutil.copy(entry.folder / DIFFERENCE_FILE, folder)
        (folder / FILE).write_bytes(b"other")

    EngineCache().store(entry.key, entry.description, write)
    run, computed = detect("--backend", "onnxruntime")
    assert computed == FAKE
    assert "it is prepared again" in run.stderr


def test_a_corrupt_graph_in_a_cache_that_may_only_be_read_is_left_there(engine, monkeypatch):
    detect("--backend", "onnxruntime")
    (entry,) = EngineCache().entries()

    def write(folder):
        shutil.copy(entry.folder / DIFFERENCE_FILE, folder)
        (folder / FILE).write_bytes(b"other")

    def refuse(cache, *arguments):
        raise CacheError("may only be read", where=cache.folder)

    EngineCache().store(entry.key, entry.description, write)
    monkeypatch.setattr(EngineCache, "remove", refuse)
    monkeypatch.setattr(EngineCache, "store", refuse)
    run, computed = detect("--backend", "onnxruntime")
    assert computed == FAKE
    assert "for this run only" in run.stderr


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_where_nothing_can_be_stored_the_engine_runs_all_the_same(cache):
    cache.mkdir(parents=True)
    cache.chmod(0o500)
    run, computed = detect("--backend", "onnxruntime")
    assert computed == FAKE
    assert "for this run only" in run.stderr


def test_a_cache_without_room_is_no_error(monkeypatch):
    monkeypatch.setenv("DTORCH_CACHE_LIMIT", "1")
    run, _ = detect("--backend", "onnxruntime")
    assert "for this run only" in run.stderr


def test_an_engine_that_is_missing_is_named_with_the_way_to_install_it():
    run, _ = detect("--backend", "openvino", ok=False)
    assert "pip install fake" in run.stderr


def test_int8_must_be_prepared_first():
    for words in ("", "--backend onnxruntime"):
        run, _ = detect("--precision", "int8", *words.split(), ok=False)
        assert "is not prepared in int8" in run.stderr
        assert "dtorch bench small.cfg small.weights --precision int8 --data DATA" in run.stderr


def test_pytorch_does_not_compute_in_int8():
    run, _ = detect("--precision", "int8", "--backend", "torch", ok=False)
    assert "only engines do" in run.stderr


@pytest.mark.parametrize("words", ["", "--backend onnxruntime"])
def test_what_is_prepared_in_int8_is_taken_where_that_is_asked_for(words, request):
    detect("--backend", "onnxruntime")
    (entry,) = EngineCache().entries()
    key = engine_loading.find_key(_Options(), "int8")
    machine = machine_name()

    def write(folder):
        for name in (DIFFERENCE_FILE, FILE):
            shutil.copy(entry.folder / name, folder)

    EngineCache().store(key.key("onnxruntime", "1.0", machine), entry.description, write)
    speeds = {"onnxruntime": Speed("1.0", 0.5, 0.01, 100.0, 1)}
    store_speeds(EngineCache(), key, Speeds(machine, 1, speeds))
    request.getfixturevalue("without_torch")
    assert detect("--precision", "int8", *words.split())[1] == FAKE


def compared(monkeypatch, **seconds):
    """Let a job have no end, and measurements return these seconds per picture.

    Returns:
        The list of what measurements were asked for.
    """
    monkeypatch.setattr("darknet_torch.cli.detection_run.expected_pictures", lambda groups: None)
    monkeypatch.setattr(engine_loading, "_seconds", lambda loaded: seconds["torch"])
    found = {name: Speed("1.0", 1.0, one, 1 / one, 1) for name, one in seconds.items()}

    class Comparison:
        failures, threads = {}, 1
        speeds = Speeds(machine_name(), 1, found)

    jobs = []
    monkeypatch.setattr(
        engine_bench, "compare", lambda given, effort: jobs.append(given) or Comparison()
    )
    return jobs


def test_a_long_job_prepares_and_measures_first(monkeypatch):
    jobs = compared(monkeypatch, torch=0.2, onnxruntime=0.1)
    run, computed = detect()
    assert computed == FAKE
    assert "preparing onnxruntime for this long job" in run.stderr
    assert set(jobs[0]) == {"torch", "onnxruntime"}
    assert jobs[0]["torch"].network["weights"] == "small.weights"
    assert detect()[1] == FAKE
    assert len(jobs) == 1


def test_a_long_job_whose_engines_are_slower_is_measured_once(monkeypatch):
    jobs = compared(monkeypatch, torch=0.1, onnxruntime=0.2)
    run, computed = detect()
    assert computed.startswith(TORCH)
    assert "engine: PyTorch, the fastest for this job" in run.stderr
    assert detect()[1].startswith(TORCH)
    assert len(jobs) == 1


def test_speeds_that_are_not_measured_again_stay(monkeypatch):
    store(torch=0.2, fake=0.1)
    compared(monkeypatch, torch=0.3)
    key = engine_loading.find_key(_Options(), "float32")
    network = trained_network(DETECTOR).eval()
    preparation = Preparation(network, key, EngineCache(), EngineSettings(1))
    prepare_and_measure(preparation, [], {}, None)
    found = find_speeds(EngineCache(), key).engines
    assert {name: speed.seconds for name, speed in found.items()} == {
        "torch": 0.3,
        "onnxruntime": 0.1,
    }


def test_nothing_is_measured_where_nothing_may_be_kept(monkeypatch):
    monkeypatch.setenv("DTORCH_CACHE_LIMIT", "0")
    jobs = compared(monkeypatch, torch=0.2, onnxruntime=0.1)
    assert detect()[1].startswith(TORCH)
    assert not jobs


def test_pictures_are_counted():
    assert expected_pictures([MAIN, [PictureSource("b.png"), PictureSource("c.png")]]) == 3
    assert expected_pictures([[PictureSource("0", SourceKind.WEBCAM)]]) is None
    assert expected_pictures([[PictureSource("missing.mp4", SourceKind.VIDEO)]]) == 0
    assert expected_pictures(iter([MAIN])) == 1


@pytest.mark.parametrize("backend", ["onnxruntime", "auto"])
def test_what_is_prepared_warns_as_loading_the_network_does(request, tmp_path, backend):
    """The place is that of the cfg now: the same content may lie elsewhere later."""
    text = (tmp_path / "small.cfg").read_text().replace("[net]", "[net]\nfoo=1", 1)
    (tmp_path / "small.cfg").write_text(text)
    first, _ = detect("--backend", "onnxruntime")
    store(torch=0.02, fake=0.01)
    assert "warning: small.cfg:2: unknown key 'foo'" in first.stderr
    (tmp_path / "other").mkdir()
    shutil.copy(tmp_path / "small.cfg", "other")
    request.getfixturevalue("without_torch")
    words = ["other/small.cfg", "small.weights", PICTURE, "--backend", backend]
    second = dtorch("detect", *words)
    assert second.exit_code == 0
    assert second.stderr.count("warning: other/small.cfg:2: unknown key 'foo'") == 1
    assert "warning" not in dtorch("detect", *words, "--quiet").stderr
