"""How OpenVINO is imported, and what it refuses."""

import subprocess
import sys

import pytest

from darknet_torch.engines.engine import EngineSettings
from darknet_torch.engines.openvino import OpenVino
from darknet_torch.errors import UsageError
from tests.conftest import ROOT
from tests.engines.cases import needs_engine

THEN_CONVERTERS = """
import sys
from darknet_torch.engines.openvino import _import_openvino

_import_openvino()
assert "openvino.tools.ovc" not in sys.modules
sys.modules["openvino_telemetry"] = None  # the test reports nothing either
from openvino.tools.ovc import convert_model
"""

STARTED_AT_ONCE = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
from darknet_torch.engines.openvino import _core

sys.setswitchinterval(1e-5)
together = threading.Barrier(4)

def start(number):
    together.wait()
    return _core()

with ThreadPoolExecutor(4) as pool:
    print(len(set(pool.map(start, range(4)))))
"""


def test_a_gpu_is_refused(tmp_path):
    settings, engine = EngineSettings(1, on_gpu=True), OpenVino()
    for call in (
        lambda: engine.write(b"", tmp_path, settings),
        lambda: engine.load(tmp_path, settings),
    ):
        with pytest.raises(UsageError, match=r"^OpenVINO does not compute on CUDA devices"):
            call()


def test_its_converters_can_be_imported_afterwards():
    needs_engine("openvino")
    command = [sys.executable, "-W", "ignore", "-c", THEN_CONVERTERS]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (run.returncode, run.stderr) == (0, "")


def test_threads_that_start_it_at_once_share_one_core():
    needs_engine("openvino")
    command = [sys.executable, "-c", STARTED_AT_ONCE]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "1\n", "")
