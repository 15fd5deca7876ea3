"""Every engine computes what PyTorch computes, and says what it cannot run."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from darknet_torch.engines.engine import ENGINES, EngineSettings, find_engine
from darknet_torch.errors import UsageError
from darknet_torch.extras import install_command
from tests.conftest import ROOT
from tests.engines.cases import (
    SETTINGS,
    assert_close,
    expected_outputs,
    images_of,
    needs_engine,
    tiny_model,
)

WITHOUT_TORCH = """
import sys
from pathlib import Path
import numpy as np
from darknet_torch.engines.engine import EngineSettings, find_engine

name, folder = sys.argv[1:]
session = find_engine(name).load(Path(folder), EngineSettings(threads=1))
session.run(np.zeros((2, 3, 32, 32), np.float32))
print(sorted({"torch", "onnx", "openvino_telemetry"} & set(sys.modules)))
"""


LOADED_AND_DROPPED = """
import faulthandler, os, signal, sys
from pathlib import Path
from darknet_torch.engines.engine import EngineSettings, find_engine
from darknet_torch.errors import UsageError

faulthandler.enable()  # gives the thread a stack for signals, as pytest does
name, folder = sys.argv[1:]
(path,) = Path(folder).iterdir()
broken = path.parent.parent / "broken"
broken.mkdir()
(broken / path.name).write_bytes(path.read_bytes()[:500])
sessions = []
for place in (folder, broken, folder, broken):
    try:
        sessions.append(find_engine(name).load(Path(place), EngineSettings(threads=1)))
    except UsageError:
        del sessions[:]
signal.signal(signal.SIGTERM, lambda number, frame: print("arrived"))
os.kill(os.getpid(), signal.SIGTERM)
"""


@pytest.fixture(params=ENGINES)
def engine(request):
    needs_engine(request.param)
    return find_engine(request.param)


@pytest.fixture
def written(engine, tmp_path):
    """The folder in which the engine has written the detector."""
    engine.write(tiny_model(), tmp_path, SETTINGS)
    return tmp_path


@pytest.fixture
def session(engine, written):
    return engine.load(written, SETTINGS)


def test_every_batch_equals_pytorch(session):
    for batch in (1, 3, 1):
        images = images_of(batch)
        assert_close(session.run(images), expected_outputs(images))


def test_the_order_of_memory_does_not_matter(session):
    images = images_of(2)
    expected = session.run(images)
    other = np.asfortranarray(images)
    for same in (np.ascontiguousarray(images), other, np.repeat(images, 2, axis=3)[..., ::2]):
        assert_close(session.run(same), expected)


def test_no_pictures_have_empty_outputs(session):
    shapes = [output.shape for output in session.run(images_of(1)[:0])]
    assert shapes == [(0, 14, 2, 2), (0, 8, 4, 4)]


def test_a_later_call_does_not_change_outputs(session):
    first = session.run(images_of(1))
    kept = [output.copy() for output in first]
    session.run(np.zeros((1, 3, 32, 32), np.float32))
    session.run(np.zeros((2, 3, 32, 32), np.float32))
    for output, before in zip(first, kept, strict=True):
        np.testing.assert_array_equal(output, before)


def test_another_thread_may_call_it(session):
    found = []
    thread = threading.Thread(target=lambda: found.append(session.run(images_of(1))))
    thread.start()
    thread.join()
    assert_close(found[0], session.run(images_of(1)))


@pytest.mark.parametrize("for_throughput", [False, True])
def test_threads_may_call_it_at_once(engine, written, for_throughput):
    session = engine.load(written, EngineSettings(2, for_throughput=for_throughput))
    together, batches = threading.Barrier(4), [images_of(count) for count in (1, 2, 3, 4)]

    def call(images):
        together.wait()
        return [session.run(images) for _ in range(50)]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(call, batches))
    for images, answers in zip(batches, found, strict=True):
        for answer in answers:
            assert_close(answer, expected_outputs(images))


@pytest.mark.parametrize("settings", [{"for_throughput": True}, {"threads": 2}])
def test_it_may_be_loaded_with_other_settings(engine, written, settings):
    session = engine.load(written, replace(SETTINGS, **settings))
    images = images_of(5)
    assert_close(session.run(images), expected_outputs(images))


def test_the_files_may_be_removed_after_loading(session, written):
    for path in written.iterdir():
        path.unlink()
    assert_close(session.run(images_of(1)), expected_outputs(images_of(1)))


def test_loading_and_running_import_no_torch_and_report_nothing(engine, written):
    command = [sys.executable, "-c", WITHOUT_TORCH, engine.name, str(written)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "[]\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill ends the process there")
def test_signals_arrive_after_models_were_dropped(engine, tmp_path):
    folder = tmp_path / "written"
    folder.mkdir()
    engine.write(tiny_model(), folder, SETTINGS)
    command = [sys.executable, "-c", LOADED_AND_DROPPED, engine.name, str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (run.returncode, run.stdout) == (0, "arrived\n"), run.stderr


@pytest.mark.parametrize("size", [0, 20, 500])
def test_a_file_that_was_cut_off_is_named(engine, written, size, capfd):
    (path,) = written.iterdir()
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(UsageError) as caught:
        engine.load(written, SETTINGS)
    assert caught.value.where == path
    assert caught.value.fix == "prepare the model again, or take another --backend"
    assert capfd.readouterr() == ("", "")


def test_a_missing_file_is_named(engine, tmp_path):
    with pytest.raises(UsageError) as caught:
        engine.load(tmp_path, SETTINGS)
    assert str(caught.value.where).startswith(str(tmp_path))


def test_a_graph_that_it_cannot_run_is_refused(engine, tmp_path, capfd):
    with pytest.raises(UsageError, match=r"cannot (load|run) this graph: got .*NoSuchName"):
        engine.write(tiny_model(activation="NoSuchName"), tmp_path, SETTINGS)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ENGINES)
def test_a_missing_package_is_named_with_the_command_that_installs_it(name, monkeypatch, tmp_path):
    engine = find_engine(name)
    monkeypatch.setitem(sys.modules, name, None)
    for call in (
        lambda: engine.write(b"", tmp_path, SETTINGS),
        lambda: engine.load(tmp_path, SETTINGS),
    ):
        with pytest.raises(UsageError, match=f"this needs the package {name}, ") as caught:
            call()
        assert caught.value.fix == install_command(engine.extra, engine.package)


@pytest.mark.parametrize("name", ENGINES)
def test_the_version_is_known_without_an_import(name, monkeypatch):
    needs_engine(name)
    monkeypatch.setitem(sys.modules, name, None)
    assert find_engine(name).version()[0].isdecimal()


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_that_is_not_installed_has_no_version(name, monkeypatch):
    monkeypatch.setattr(f"darknet_torch.engines.{name}.installed_version", lambda *_: None)
    assert find_engine(name).version() is None
