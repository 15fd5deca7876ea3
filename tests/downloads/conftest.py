import hashlib
import threading

import pytest

from darknet_torch.downloads.published import Published
from tests.downloads.server import WEIGHTS, Server, publish


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache folder of the test's own, and no proxy before the server."""
    monkeypatch.setenv("DTORCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("DTORCH_MIRROR", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def server():
    server = Server(WEIGHTS.read_bytes())
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.go_on.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def toy(monkeypatch):
    """The bundled weights, published as toy.weights with their digest."""
    data = WEIGHTS.read_bytes()
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    toy = Published("toy.weights", len(data), ("http://127.0.0.1:9/nobody",), (digest,))
    publish(monkeypatch, toy)
    return toy
