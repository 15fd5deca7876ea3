"""Detection with several engines: processes that take turns, outputs that agree, goals, tables."""

import importlib.util
import json
import re
import shutil
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from darknet_torch.cpu.turns import WorkerError
from darknet_torch.errors import UsageError
from darknet_torch.extras import required_packages
from darknet_torch.inference.engine_speeds import Job
from tests.training.runs import DETECTOR, written
from tools.bench import main
from tools.bench_infer import (
    ENGINES,
    LABELS,
    find_missing,
    largest_difference,
    start,
)
from tools.bench_infer_inputs import NETWORKS, Settings, parse_net, prepare
from tools.bench_infer_report import draw_chart, markdown, result_lines
from tools.bench_infer_results import GOALS, Result, Timing, verdicts
from tools.bench_infer_worker import ENGINES as LOADERS
from tools.bench_infer_worker import Given, Program, answer

FILES = ("net.cfg", "net.weights", "net.data", "picture.png")
# A program that answers as Darknet does; its network takes 20 milliseconds.
FAKE_DARKNET = f"""#!{sys.executable}
import os, sys
assert all(os.path.exists(name) for name in {FILES}), os.listdir()
print("Enter Image Path: ", end="", flush=True)
for line in sys.stdin:
    print(line.strip() + ": Predicted in 20.000000 milli-seconds.")
    print("Enter Image Path: ", end="", flush=True)
"""


def program(path, text):
    path.write_text(text)
    path.chmod(0o700)
    return path


def result(network="yolov3-416", batch=1, **medians):
    found = Result(network, "statistics of noise", batch, 0.5)
    found.timings = {
        name: Timing((0.9 * one, one, 1.2 * one), 0.8 * one) for name, one in medians.items()
    }
    return found


def test_two_engines_on_a_small_network(tmp_path):
    cfg = written(tmp_path, DETECTOR)
    out = tmp_path / "infer.json"
    words = ["--net", f"{cfg}:32", "--rounds", 5, "--seconds", 0, "--json", out, "--markdown"]
    peer = program(tmp_path / "darknet", FAKE_DARKNET)
    engines = ["--engine", "torch", "--engine", "darknet", "--darknet", peer]
    done = CliRunner().invoke(main, ["infer", *map(str, [*words, *engines])])
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0].startswith("small-32, statistics of noise, batch 1, Detector's threshold 0.")
    assert re.match(
        r"  torch +median .* ms, min .*, CPU .*, outputs differ by \de[-+]\d\d$", lines[1]
    )
    assert re.match(r"  darknet +median 20\.0 ms, min 20\.0, rounds \+0% to \+0%$", lines[2])
    report = json.loads(out.read_text())
    (one,) = report["results"]
    assert one["failures"] == {}
    assert [len(engine["rounds"]) for engine in one["engines"].values()] == [5, 5]
    assert one["engines"]["darknet"]["median"] == pytest.approx(0.02)
    assert report["machine"]["versions"]["torch"]
    assert "| Darknet | 20.0 (min 20.0) |" in lines


def test_the_largest_difference_is_a_part_of_each_output_s_largest_value():
    ones, hundreds = np.ones((1, 2), np.float32), np.full((1, 3), 100, np.float32)
    assert largest_difference([ones + 0.25, hundreds + 1], [ones, hundreds]) == 0.25
    assert np.isnan(largest_difference([ones * np.nan, hundreds], [ones, hundreds]))
    with pytest.raises(WorkerError, match=r"shapes \[\(1, 2\)\], not \[\(1, 3\)\]"):
        largest_difference([ones], [hundreds])


def test_an_engine_that_cannot_be_loaded_says_why(tmp_path):
    with pytest.raises(WorkerError, match=r"settings\.json"):
        start("opencv", sys.executable, tmp_path, 1, Settings())
    with pytest.raises(WorkerError, match="cannot be started"):
        start("opencv", str(tmp_path / "python"), tmp_path, 1, Settings())


def test_every_engine_can_be_loaded_and_is_named():
    assert list(LOADERS) == list(ENGINES)
    assert {name for goal in GOALS for name in (goal.ours, *goal.peers)} == set(ENGINES)


def test_engines_that_are_missing_are_left_out_and_say_how_to_get_them(monkeypatch):
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "openvino" else name
    )
    monkeypatch.setattr(shutil, "which", lambda name: None)
    found = find_missing(list(ENGINES), Settings(darknet="darknet"))
    assert found.keys() == {"openvino", "opencv", "torch-aot"}
    assert "g++" in found["torch-aot"]
    assert re.match(r"pip install .*\bopenvino\b", found["openvino"])
    assert "pip install 'opencv-python<5'" in found["opencv"]
    with pytest.raises(UsageError, match="torch, auto, detector"):
        find_missing(["tensorrt"], Settings())


def test_a_net_has_a_size():
    assert [str(parse_net(net)).split(",")[0] for net in NETWORKS] == [
        network for goal in GOALS[:1] for network in goal.limits
    ]
    assert parse_net("a:b/own.cfg:96").cfg == "a:b/own.cfg"
    for net in ("yolov3", "yolov3:", ":416", "yolov3:wide"):
        with pytest.raises(UsageError, match="NAME:SIZE"):
            parse_net(net)


def test_goals_are_met_or_missed_by_a_part():
    fast = result(torch=0.2, detector=0.23, onnxruntime=0.25, openvino=0.21, opencv=0.4)
    shown = {one.goal.title: str(one) for one in verdicts([fast])}
    assert shown == {
        "torch / the faster of ONNX Runtime and OpenVINO": "0.95, goal 1.00 met",
        "auto / the fastest of ONNX Runtime, OpenVINO and torch": "not measured",
        "Detector / the faster of ONNX Runtime and OpenVINO, network alone": "1.10, goal 1.05 "
        "missed by 4.3%",
        "torch / OpenCV 4": "0.50, goal 0.65 met",
        "torch / plain": "not measured",
        "torch / Darknet": "not measured",
    }


def test_yolo_fastest_has_a_stretch_goal_too():
    small = result("yolo-fastest-1.1-320", torch=0.013, onnxruntime=0.01, openvino=0.02)
    (first, *_) = verdicts([small])
    assert str(first) == "1.30, goal 1.50 met, stretch goal 1.20 missed by 8.3%"
    assert first.is_met


def test_networks_without_goals_have_ratios_and_batches_have_none():
    own = result("own-96", torch=0.02, plain=0.04)
    several = result(batch=8, torch=0.02, plain=0.04)
    assert [(one.network, str(one)) for one in verdicts([own, several])] == [("own-96", "0.50")]


def test_the_lines_of_a_network_name_noise_and_failures():
    found = result(torch=0.2)
    found.failures["openvino"] = "no such file"
    lines = list(result_lines(found))
    assert lines[1] == "  torch        median 200 ms, min 160, rounds -10% to +20%"
    assert lines[2] == "  openvino     failed: no such file"


def test_tables_have_a_column_for_each_network_and_a_part_for_each_batch():
    broken = result("own-96", plain=0.004)
    broken.failures["torch"] = "out of memory"
    lines = list(
        markdown([result(torch=0.2, plain=0.5), broken, result(batch=8, torch=1)], LABELS)
    )
    assert lines[:4] == [
        "| ms | yolov3-416 | own-96 |",
        "|---|---|---|",
        "| our network | 200 (min 160) | failed |",
        "| plain PyTorch modules | 500 (min 400) | 4.00 (min 3.20) |",
    ]
    assert "| ms, 8 pictures at once | yolov3-416 |" in lines
    assert "| torch / plain | 0.40, goal 0.75 met |" in lines


def test_the_chart_has_no_date_and_one_picture_at_once(tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "infer.svg"
    draw_chart(path, [result(torch=0.2, onnxruntime=0.25), result(batch=8, torch=1)], LABELS)
    text = path.read_text()
    assert "dc:date" not in text
    assert text.count("<!-- 250 ms -->") == 1
    assert text.count("<!-- yolov3-416 -->") == 1


def test_a_chart_that_cannot_be_drawn_is_refused_before_the_engines_run(tmp_path):
    pytest.importorskip("matplotlib")
    done = CliRunner().invoke(main, ["infer", "--chart", str(tmp_path / "infer.xyz")])
    assert done.exit_code == 1
    assert ".svg or .png" in done.output
    with pytest.raises(UsageError, match="--batch 1"):
        draw_chart(tmp_path / "infer.svg", [result(batch=8, torch=1)], LABELS)


def test_a_worker_saves_outputs_where_it_has_some(tmp_path):
    path = tmp_path / "a b.npz"
    assert answer(Program(list, {}), f"outputs {path}") == {"saved": False}
    assert answer(Program(list, {}, lambda: [np.arange(3)]), f"outputs {path}")["saved"]
    with np.load(path) as saved:
        assert [list(one) for one in saved.values()] == [[0, 1, 2]]
    with pytest.raises(ValueError, match="unknown command"):
        answer(Program(list, {}), "stop")


def test_what_darknet_prints_before_it_ends_is_in_the_error(tmp_path):
    peer = program(tmp_path / "darknet", f"#!{sys.executable}\nprint('no weights')\n")
    settings = {"threads": 1, "warm_up": 0, "threshold": 0.5, "darknet": str(peer)}
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    with pytest.raises(WorkerError, match="darknet ended: 'no weights'"):
        start("darknet", sys.executable, tmp_path, 1, Settings())


def test_the_peer_of_plain_modules_computes_what_our_network_does(tmp_path):
    subject = parse_net(f"{written(tmp_path, DETECTOR)}:32")
    kinds = {"torch": "heads", "plain": "heads", "auto": "maps"}
    prepared = prepare(
        subject, tmp_path, Settings(1), batch=2, outputs={*kinds.values()}, onnx=False
    )
    network = {"cfg": str(tmp_path / "net.cfg"), "weights": str(tmp_path / "net.weights")}
    job = Job("torch", (3, 32, 32), 1, network=network)  # what auto may take, too
    (tmp_path / "auto.json").write_text(job.to_json())
    given = Given.read(tmp_path, 2)
    for name, kind in kinds.items():
        outputs = LOADERS[name](given).outputs()
        # The same sums, in the order of the plain path or a faster one.
        assert largest_difference(outputs, prepared.outputs[kind]) < 1e-5
    assert LOADERS["detector"](given).call().height == 480


def test_the_extra_for_peers_has_what_the_engines_need():
    extra = required_packages()["peers"].keys()
    assert {module for engine in ENGINES.values() for module in engine.modules} < extra
