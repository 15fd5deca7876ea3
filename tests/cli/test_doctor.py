"""`dtorch doctor`."""

import json
import shlex

from darknet_torch.doctor import machine
from darknet_torch.extras import required_packages
from tests.cli.command import dtorch


def test_a_working_installation_is_described():
    result = dtorch("doctor")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    headings = [line for line in lines if not line.startswith(" ")]
    assert headings == [
        "program",
        "packages",
        "cores",
        "devices",
        "opencv",
        "picture decoder",
        "cache",
        "definitions",
        "self-test",
    ]
    assert any(line.startswith("  cpu  threads ") for line in lines)
    assert any(line.split()[:2] == ["files", "none"] for line in lines)
    assert "  status   OK" in lines


def test_json_has_the_same_content():
    parts = json.loads(dtorch("doctor", "--format", "json", "--device", "cpu").stdout)["parts"]
    assert parts["self-test"]["device"] == "cpu"
    assert parts["cache"]["free_bytes"] > 0


def test_problems_are_printed_to_standard_error(monkeypatch):
    def packages():
        return {"": {"libstb": None}, "onnx": {"onnx": None}}

    monkeypatch.setattr(machine, "packages", packages)
    libstb = shlex.quote(required_packages()[""]["libstb"])
    result = dtorch("doctor")
    assert result.exit_code == 1
    assert result.stderr == (f"dtorch: packages: libstb not installed; pip install {libstb}\n")
    assert "  libstb  missing\n" in result.stdout
    assert "  onnx    not installed; pip install onnx onnxruntime onnxscript\n" in result.stdout


def test_a_device_that_is_not_there_is_a_problem():
    result = dtorch("doctor", "--device", "cuda:99")
    assert result.exit_code == 1
    assert result.stderr.startswith("dtorch: self-test: no such device")
