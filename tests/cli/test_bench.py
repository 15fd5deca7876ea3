"""`dtorch bench`, with an engine that PyTorch stands for and speeds that were not measured."""

import json
from pathlib import Path

import pytest

from darknet_torch.cli.engine_loading import find_key
from darknet_torch.cpu.turns import Timing
from darknet_torch.engines.cache import EngineCache
from darknet_torch.engines.prepared import find_prepared, find_speeds
from darknet_torch.extras import install_command
from darknet_torch.inference import engine_bench
from darknet_torch.inference.engine_speeds import Comparison, Measurement
from darknet_torch.loading.load import load_model
from tests.cli.command import dtorch
from tests.conversion.small_models import DETECTOR, trained_network, write_model
from tests.engines.fake_engine import GRAPH, install_fake_engine

INSTALL = install_command("onnxruntime", "fake")  # of the fake engines' extra
SECONDS = {"torch": 0.02, "onnxruntime": 0.01}


@pytest.fixture(autouse=True)
def engine(monkeypatch, tmp_path):
    """A small model in the working folder, and an engine that runs it."""
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path)
    cls = install_fake_engine(monkeypatch, trained_network(DETECTOR))

    def export(network):
        cls.network = network
        return GRAPH

    monkeypatch.setattr("darknet_torch.inference.preparing.export_for_engines", export)
    return cls


@pytest.fixture(autouse=True)
def measured(monkeypatch):
    """What was measured: (jobs, effort) of each comparison."""
    calls = []

    def compare(jobs, effort):
        calls.append((jobs, effort))
        assert all(Path(job.folder).is_dir() for job in jobs.values())
        if jobs["torch"].network["weights"] != "small.weights":
            load_model(**jobs["torch"].network)  # files from which the process could load it
        found = {
            name: Measurement(
                "1.0", 0.5, Timing((SECONDS[name],), SECONDS[name]), {1: 1 / SECONDS[name]}
            )
            for name in jobs
        }
        return Comparison(jobs["torch"].threads, found, {})

    monkeypatch.setattr(engine_bench, "compare", compare)
    return calls


def bench(*words):
    run = dtorch("bench", *words)
    assert run.exit_code == 0, run.stderr
    return run


class _Options:
    cfg, weights, width, height = "small.cfg", "small.weights", None, None
    dialect, allow_leftover, allow_large = "alexeyab", False, False


def test_engines_are_prepared_measured_and_found_by_auto(measured):
    run = bench("small.cfg", "small.weights", "--threads", "1")
    lines = run.stdout.splitlines()
    assert lines[0].startswith("small 32x32, small.weights; ")
    assert lines[0].endswith(", 1 thread")
    assert [line.split()[0] for line in lines[1:4]] == ["engine", "torch", "onnxruntime"]
    assert lines[3].split()[-1] == "0.50"
    assert float(lines[3].split()[-2]) < 1e-6  # the fake engine's difference
    assert lines[5] == f"openvino is not installed: {INSTALL}"
    assert lines[6].startswith("auto takes onnxruntime for 1 picture, onnxruntime for 1000")
    assert run.stderr == "measuring torch, onnxruntime in turns\n"
    key = find_key(_Options(), "float32")
    assert find_prepared(EngineCache(), key, "onnxruntime") is not None
    assert find_speeds(EngineCache(), key).engines["onnxruntime"].seconds == 0.01
    ((jobs, _),) = measured
    assert jobs["torch"].network["cfg"] == "small.cfg"
    assert jobs["onnxruntime"].shape == (3, 32, 32)


def test_the_options_say_how_to_measure(measured):
    words = ["--rounds", "7", "--seconds", "0.2", "--batch", "6", "--backend", "torch"]
    bench("--cfg", "small.cfg", *words, "--width", "64")
    ((jobs, effort),) = measured
    assert (effort.rounds, effort.seconds, effort.sizes) == (7, 0.2, (1, 2, 4, 6))
    assert jobs.keys() == {"torch"}
    assert jobs["torch"].shape == (3, 32, 64)
    assert jobs["torch"].network["weights"] == "small.weights"  # found by the name of the cfg
    bench("small.cfg", "--batch", "1", "--backend", "torch", "--backend", "onnxruntime")
    jobs, effort = measured[1]
    assert effort.sizes == (1,)
    assert jobs.keys() == {"torch", "onnxruntime"}


def test_without_weights_nothing_is_kept(engine):
    Path("small.weights").unlink()
    report = json.loads(bench("small.cfg", "--format", "json").stdout)
    assert report["weights"] == "random weights with the statistics of noise"
    assert report["auto"]["a stream"] == "onnxruntime"
    assert EngineCache().entries() == []


def test_weights_of_some_layers_are_as_none(measured):
    path = Path("small.weights")
    path.write_bytes(path.read_bytes()[: 20 + 4 * 8 * (4 + 27)])  # the first layer alone
    report = json.loads(bench("small.cfg", "small.weights", "--format", "json").stdout)
    assert report["weights"].startswith("random")
    assert EngineCache().entries() == []


def test_a_shipped_network_keeps_its_whole_name():
    words = ["yolo-fastest-1.1", "--backend", "torch", "--width", "32", "--height", "32"]
    assert bench(*words).stdout.startswith("yolo-fastest-1.1 32x32, random weights")


def test_json_can_go_to_a_file():
    bench("small.cfg", "--out", "bench.json")
    report = json.loads(Path("bench.json").read_text())
    assert list(report["engines"]) == ["torch", "onnxruntime"]
    assert report["engines"]["onnxruntime"]["ratio"] == 0.5
    assert report["missing"] == {"openvino": INSTALL}


def test_an_engine_with_other_numbers_is_left_out(engine):
    engine.error = 1.0
    lines = bench("small.cfg").stdout.splitlines()
    assert any(line.startswith("onnxruntime is left out: ") for line in lines)
    assert lines[-1].startswith("auto takes torch for 1 picture")


def test_a_cache_that_cannot_be_written_costs_no_measurement(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("DTORCH_CACHE", str(tmp_path / "file"))
    lines = bench("small.cfg").stdout.splitlines()
    assert lines[3].startswith("onnxruntime")
    assert lines[-1].startswith("nothing is kept in the cache: ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "no network: expected dtorch bench CFG [WEIGHTS]"),
        (["small.cfg", "dog.jpg"], "dog.jpg: not a cfg or weights"),
        (["small.cfg", "small.weights", "--rounds", "0"], "0 is not in the range"),
        (["small.cfg", "--max-drop", "nan"], "'nan' is not a finite number"),
        (["small.cfg", "--seconds", "inf"], "'inf' is not a finite number"),
        (["small.cfg", "small.weights", "--data", "d"], "--data has no use without int8"),
        (
            ["small.cfg", "small.weights", "--precision", "int8", "--backend", "torch"],
            "--backend onnxruntime or openvino, installed, got --backend torch; leave out",
        ),
    ],
)
def test_wrong_words_are_refused(words, message):
    run = dtorch("bench", *words)
    assert run.exit_code == 2
    assert message in run.stderr
