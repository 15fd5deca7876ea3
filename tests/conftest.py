"""Fixtures and helpers that many tests share."""

import hashlib
import os
import threading
from pathlib import Path

# Threads that wait for each other on busy cores make tests slow, and commands warn of them.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

from darknet_torch.downloads.published import Published
from darknet_torch.media import stb
from tests.downloads.server import Server, publish
from tests.loaded_objects import leave_out_loaded_objects
from tests.no_charts import draw_no_charts
from tests.toy.files import WEIGHTS

ROOT = Path(__file__).resolve().parents[1]
NO_REFERENCE = "no recorded results: neither DTORCH_REFERENCE nor ../shared/reference"


def pytest_collection_finish():
    """Make every garbage collection of the run quick."""
    leave_out_loaded_objects()


def reference_folder() -> Path | None:
    """The folder of recorded results: DTORCH_REFERENCE, else ../shared/reference, else None."""
    named = os.environ.get("DTORCH_REFERENCE")
    folder = Path(named) if named else ROOT.parent / "shared" / "reference"
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of recorded results; without it the tests that need it are skipped."""
    folder = reference_folder()
    if folder is None:
        pytest.skip(NO_REFERENCE)
    return folder


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """An empty cache folder, so that files downloaded earlier change no test."""
    folder = tmp_path_factory.mktemp("user") / "cache"
    monkeypatch.setenv("DTORCH_CACHE", str(folder))
    monkeypatch.delenv("DTORCH_MIRROR", raising=False)
    return folder


@pytest.fixture(autouse=True)
def quick_charts(monkeypatch):
    """Trainings draw no chart."""
    draw_no_charts(monkeypatch.setattr)


@pytest.fixture
def without_libstb(monkeypatch):
    """libstb is missing, as far as decoding knows, and nothing has warned of that."""
    monkeypatch.setattr(stb, "_libstb", None)
    monkeypatch.setattr(stb, "_unusable", "the package libstb is not installed")
    monkeypatch.setattr(stb, "_has_warned", False)


@pytest.fixture
def server(monkeypatch):
    """A server on this machine, which is reached without a proxy."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Server(WEIGHTS.read_bytes())
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def toy(monkeypatch):
    """The toy model's weights, published as toy.weights with their digest."""
    data = WEIGHTS.read_bytes()
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    toy = Published("toy.weights", len(data), ("http://127.0.0.1:9/nobody",), (digest,))
    publish(monkeypatch, toy)
    return toy
